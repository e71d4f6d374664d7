"""From a scenario and a seed to a run: the walk of the whole laboratory, one function per step."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping
from copy import copy
from functools import partial
from time import process_time
from typing import Any, Literal, NamedTuple

from bft.adversary.draw import behaviours, faulty_nodes
from bft.adversary.held_keys import HeldKeys
from bft.adversary.node import Behaviour, Coalition, FaultyNode
from bft.adversary.settings import describe
from bft.arguments import check_instance, check_whole
from bft.clock import Clock
from bft.core.account import Account
from bft.core.lean import filler
from bft.core.request import Request
from bft.core.signatures import SymbolicKeyring
from bft.core.state_machine import AnswerLog, StateMachine
from bft.errors import ScenarioError, bad_value
from bft.llm_service.panel import ServicePanel
from bft.network.plan import NetworkPlan
from bft.operations.policies import Operator
from bft.randomness import Randomness, ReplicationStreams
from bft.record.safety import SafetyMonitor
from bft.scenario import Scenario
from bft.simulation.clients import Clients
from bft.simulation.evaluation import both, count_obeyed, measured, outcome_of_all
from bft.simulation.fabric import Fabric
from bft.simulation.fault_injection import Machines, operations_report, served
from bft.simulation.host import Host
from bft.simulation.journalled import JournalledHost
from bft.simulation.keys import FadingKeyring
from bft.simulation.links import Links
from bft.simulation.member_changes import changes_told
from bft.simulation.memberships import Application, Check, MakeReplica, membership_of
from bft.simulation.meter import MeteredPanel
from bft.simulation.operations_report import OperationsReport
from bft.simulation.recorders import KeepAll, KeepSummary
from bft.simulation.replays import refuse_if_unsettled
from bft.simulation.request_counts import Asked, count_requests
from bft.simulation.run import Run
from bft.simulation.workload import Workload
from bft.simulation.world import PanelWorld
from bft.validators.panel import NO_VOICES, Panel, Voice

new_run = filler(Run)


class Assembly(NamedTuple):
    """What one replication is made of."""

    streams: ReplicationStreams
    started_s: float
    plan: Mapping[int, Behaviour]
    byzantine: set[int]
    replicas: tuple[int, ...]
    keyring: SymbolicKeyring
    validators: Panel
    panel: MeteredPanel
    calls: ServicePanel | None
    contexts: Mapping[int, FaultyNode]
    clients: Clients
    monitor: SafetyMonitor
    full: Check | None
    accounts: dict[int, Account]
    keep: KeepAll | KeepSummary
    fabric: Fabric | None
    host: Host


class Simulator:
    """Runs replications of one scenario; what they share is built once.

    Parameters
    ----------
    scenario : Scenario
        What to run.
    seed : int, str or Randomness
        0 or more, or the text of a seed in a table, such as "1_000"; all randomness comes from it.
    rules : object, optional
        Replaces the rules of a protocol that keeps them as data (PBFT), to plant a bug.
    make_replica : callable, optional
        Makes the replica of a node from its number, the configuration and the keys; by default the scenario's protocol.
    check : {"basic", "full"}, optional
        Invariants to watch: S1 to S3, or all of them (`bft.checking.monitor`), which takes several times as long.
    keep : {"all", "summary"}, optional
        The whole trace, or what a run of months has room for; see `bft.simulation.summary`.
    operator : callable, optional
        Shown each incident of a machine; returns the action to take, or None to leave it to the policy.
    journal : bool, optional
        Whether runs keep every message, validator's call and timer in `Run.journal`.
    recoverable : bool, optional
        Whether any node may be stopped and brought back from outside, so that all keep what they persist.
    remember : bool, optional
        Whether replicas may do again what others did in earlier replications, where the protocol has such
        (`bft.protocols.pbft.remembering`); runs are the same either way.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int | str | Randomness,
        *,
        rules: object | None = None,
        make_replica: MakeReplica | None = None,
        check: Literal["basic", "full"] = "basic",
        keep: Literal["all", "summary"] = "all",
        operator: Operator | None = None,
        journal: bool = False,
        recoverable: bool = False,
        remember: bool = True,
    ) -> None:
        check_instance("scenario", scenario, Scenario, "must be a bft.Scenario", ScenarioError)
        if check not in ("basic", "full"):
            raise ScenarioError(bad_value("check", check, "must be 'basic' or 'full'"))
        if keep not in ("all", "summary"):
            raise ScenarioError(bad_value("keep", keep, "must be 'all' or 'summary'"))
        self.scenario = scenario
        self._membership = membership_of(scenario, make_replica, keep)
        self._randomness = seed if isinstance(seed, Randomness) else Randomness(seed)
        self.seed = self._randomness.seed
        self._model = scenario.validators.model(scenario.n)
        self._config = self._protocol_config(rules)
        self._check = check
        self._summary = keep == "summary"
        self._operator = operator
        self._host: type[Host] = JournalledHost if journal else Host
        self._end_s = scenario.end_s
        self._plan = NetworkPlan(scenario.network, scenario.n) if scenario.network.beyond_delays else None
        self._nodes = tuple(range(scenario.n))
        self._every_node = frozenset(self._nodes)
        self._workload = Workload(scenario.requests, self._randomness, self._membership.changes)
        faults = scenario.faults
        self._none_faulty = not faults.nodes and (faults.nodes is not None or faults.delta == 0)
        fail = scenario.machine is not None and scenario.machine.up is not None
        self._recoverable = self._nodes if recoverable or fail else ()
        self._volatile = self._config
        if make_replica is None and check == "basic" and scenario.protocol.transient is not None:
            self._volatile = scenario.protocol.transient(self._config)  # other replicas and monitors look at `Persist`
        self._memory = self._remembering() if remember and rules is None and make_replica is None else None

    def run(self, replication: int = 0) -> Run:
        """Run one replication to its end.

        Raises
        ------
        ScenarioError
            If a record is replayed, and the outcome depends on calls that it does not hold.
        """
        run = self._run(replication)
        if run.lacked and getattr(self.scenario.validators, "unknown", None) == "refuse":
            others = [self._filled(filling)._run(replication).outcome for filling in ("right", "wrong")]
            refuse_if_unsettled(run, others)
        return run

    def _filled(self, filling: str) -> Simulator:
        """Return the same, with calls that a replayed record does not hold taken for something."""
        filled = copy(self)
        filled._model = self.scenario.replace_all({"validators.unknown": filling}).validators.model(self.scenario.n)
        return filled

    def _run(self, replication: int) -> Run:
        """Run one replication.

        The cycle collector pauses meanwhile: a run makes no cycles, and searching its growing trace for some again and
        again would take up to a fifth of the time.
        """
        collecting = gc.isenabled()
        gc.disable()
        try:
            return self._from_start_to_end(replication)
        finally:
            if collecting:
                gc.enable()

    def _from_start_to_end(self, replication: int) -> Run:
        parts = self.assemble(replication)
        machines = self._machines(parts.host, parts.streams)
        workload, keyring = self._workload, parts.keyring
        requests = workload.stream(replication) if self._summary else workload.asked(replication)
        arrivals = workload.arrivals(requests, replication)
        parts.host.submit((keyring.sign(request), at_s) for request, at_s in arrivals)
        parts.host.run(self._end_s)
        if parts.fabric is not None:
            parts.fabric.leave()
        return self.finished(parts, requests, operations_report(self.scenario, parts.calls, machines, self._end_s))

    def assemble(self, replication: int) -> Assembly:
        """Put one replication together: nodes, links, validators and clients, before anything is asked."""
        check_whole("replication", replication, ScenarioError, least=0)
        started_s = process_time()
        scenario, n = self.scenario, self.scenario.n
        streams = ReplicationStreams(self._randomness, replication)
        honest = replicas = self._nodes
        faulty: tuple[int, ...] = ()
        plan: Mapping[int, Behaviour] = {}
        if not self._none_faulty:
            faulty = faulty_nodes(scenario.faults, n, streams)
            plan = behaviours(scenario.faults, n, faulty, streams)
        if plan:
            honest = tuple(node for node in honest if node not in plan)
            replicas = tuple(
                node for node in replicas if node not in plan or getattr(plan[node], "only_validator", False)
            )
        byzantine = {node for node in faulty if plan[node].byzantine}
        keyring = FadingKeyring(byzantine) if self._summary else SymbolicKeyring(byzantine)
        clock = Clock()
        voices: Mapping[int, Voice] = (
            {node: getattr(plan[node], "voice", "own") for node in plan} if plan else NO_VOICES
        )
        validators = self._model.panel(*streams, voices, lambda: clock.now)
        panel = MeteredPanel(validators, clock, times=not self._summary)
        world = PanelWorld(panel, self._workload)
        contexts = self._contexts(plan, honest, keyring, world) if plan else {}
        membership = self._membership
        clients = Clients(scenario.system, pipelined=scenario.requests.pipelined)
        membership.begin(clients)
        monitor = SafetyMonitor(self._every_node - byzantine, keyring.verify, epochs=membership.epochs)
        accounts: dict[int, Account] = {}
        application = self._application(accounts)
        full = membership.watched(application) if self._check == "full" else None
        make_replica: MakeReplica = membership.maker(application) if full is None else full
        workload = self._workload
        keep = (
            KeepSummary(scenario.protocol, replicas, workload, world.is_right)
            if self._summary
            else KeepAll(world.is_right)
        )
        fabric = self._fabric(streams, byzantine, keyring)
        returning = {*faulty, *self._recoverable}
        durable, volatile, memory = self._config, self._volatile, self._memory
        if memory is not None:
            make_replica = memory.replica
        calls = served(scenario, clock, panel, streams, lambda node, event: host.intervene(node, event))
        host = self._host(
            n=n,
            protocol=scenario.protocol,
            clock=clock,
            make_replica=lambda node: make_replica(node, durable if node in returning else volatile, keyring),
            links=Links(scenario.network, n, streams),
            panel=panel,
            calls=calls,
            questions=self._workload,
            clients=clients,
            monitor=monitor,
            faulty={node: (membership.met(plan[node]), contexts[node]) for node in faulty},
            recoverable=self._recoverable,
            records=keep.records,
            milestones=keep.milestones,
            fabric=fabric,
        )
        return Assembly(
            streams,
            started_s,
            plan,
            byzantine,
            replicas,
            keyring,
            validators,
            panel,
            calls,
            contexts,
            clients,
            monitor,
            full,
            accounts,
            keep,
            fabric,
            host,
        )

    def finished(
        self,
        parts: Assembly,
        requests: Iterable[Request],
        operations: OperationsReport | None = None,
        workload: Asked | None = None,
    ) -> Run:
        """Read off a replication what came of it; `requests` are those that were asked, in order."""
        host, plan, clients = parts.host, parts.plan, parts.clients
        count_obeyed(parts.contexts, plan, getattr(parts.validators, "obeyed", {}))
        membership, replicas = self._membership, parts.replicas
        members = membership.last(host.replicas)
        if membership.epochs:
            replicas = tuple(node for node in replicas if node in members)
        outcomes, done_at_s = parts.keep.decided(replicas, requests)
        changes = changes_told(membership.changes, clients) if membership.changes else ()
        trace = parts.keep.trace()
        found = parts.monitor.breaches
        breaches = tuple(found if parts.full is None else both(parts.full.breaches, found))
        return new_run(
            scenario=self.scenario,
            seed=self.seed,
            replication=parts.streams.replication,
            outcome=outcome_of_all(outcomes, changes, breaches),
            outcomes=outcomes,
            requests=count_requests(clients, workload or self._workload, outcomes, parts.streams.replication),
            metrics=measured(
                host,
                parts.panel,
                parts.fabric,
                clients,
                deciding=membership.enough(members),
                honest=replicas,
                done_at_s=done_at_s,
                settled=self.scenario.protocol.settled,
                trace=trace,
            ),
            faults={
                node: {"behaviour": describe(plan[node])["kind"], **parts.contexts[node].counts}
                for node in sorted(plan)
            },
            breaches=breaches,
            trace=trace,
            cpu_s=process_time() - parts.started_s,
            operations=operations,
            balances={node: account.balances for node, account in sorted(parts.accounts.items()) if node in members},
            journal=host.finished(parts.byzantine, breaches),
            members=tuple(members),
            changes=changes,
            memberships=tuple([who for _, who in clients.epochs]),
            lacked=tuple(getattr(parts.validators, "lacked", ())),
        )

    def _remembering(self) -> Any:
        """Return what makes replicas that remember steps: for single decisions without incident; None elsewhere."""
        scenario, make = self.scenario, self.scenario.protocol.remembering
        network, requests = scenario.network, scenario.requests
        one = requests.count == 1 and requests.operations != "account" and not self._membership.epochs
        sound = self._none_faulty and not self._recoverable and self._plan is None
        perfect = not (network.loss or network.duplication or network.partitions)
        if make is None or self._check == "full" or self._summary or not (one and sound and perfect):
            return None
        return make(scenario.protocol, self._volatile, scenario.n)

    def _fabric(self, streams: ReplicationStreams, byzantine: set[int], keyring: SymbolicKeyring) -> Fabric | None:
        """Return what carries the messages where the network is more than links that are all alike."""
        if self._plan is None:
            return None
        return Fabric(self._plan, streams, byzantine, keyring.sign)

    def _protocol_config(self, rules: object | None) -> Any:
        """Return what the replicas are told."""
        protocol = self.scenario.protocol
        if rules is not None and (protocol.rules is None or not isinstance(rules, protocol.rules)):
            wanted = "must be left out" if protocol.rules is None else f"must be of type {protocol.rules.__name__}"
            raise ScenarioError(bad_value("rules", rules, f"{wanted} where the protocol is {protocol.name}"))
        return protocol.configure(self.scenario.setup(rules=rules, panel=self._model, randomness=self._randomness))

    def _application(self, accounts: dict[int, Account]) -> Application:
        """Return what makes the machines that are replicated; `accounts` then holds each node's last, if it is one."""
        if self.scenario.requests.operations != "account":
            return lambda _: AnswerLog()

        def account(node: int) -> StateMachine:
            accounts[node] = Account()
            return accounts[node]

        return account

    def _machines(self, host: Host, streams: ReplicationStreams) -> Machines | None:
        """Let machines that fail act on the host, where there are any."""
        rules = self.scenario.machine
        if rules is None or rules.up is None:
            return None
        return Machines(self.scenario, rules, host, streams, self._operator)

    def _contexts(
        self, plan: Mapping[int, Behaviour], honest: tuple[int, ...], keyring: SymbolicKeyring, world: PanelWorld
    ) -> dict[int, FaultyNode]:
        """Return what each faulty node's behaviour may use; nodes with equal behaviour form a coalition."""
        coalitions: dict[Behaviour, Coalition] = {}
        for behaviour in plan.values():
            if behaviour not in coalitions:
                members = tuple(other for other in plan if plan[other] == behaviour)
                coalitions[behaviour] = Coalition(members=members, honest=honest)
        make_twin = self._membership.maker(self._application({}))
        return {
            node: FaultyNode(
                id=node,
                system=self._membership.system,
                views=self.scenario.view_limit,
                keyring=HeldKeys(keyring, node),
                coalition=coalitions[behaviour],
                world=world,
                protocol=self.scenario.protocol,
                nodes=self.scenario.n,
                make_twin=partial(make_twin, node, self._config, keyring),
            )
            for node, behaviour in plan.items()
        }


def simulate(scenario: Scenario, seed: int | str = 0, *, replication: int = 0, **options: Any) -> Run:
    """Run one replication of a scenario.

    Parameters
    ----------
    scenario : Scenario
        What to run.
    seed : int or str, optional
        0 or more, or the text of a seed in a table, such as "1_000"; the same seed gives the same run in every process.
    replication : int, optional
        Which of the seed's replications.
    **options
        `rules`, `make_replica`, `check`, `keep`, `operator` and `journal`, as for `Simulator`.

    Returns
    -------
    Run
        Outcome, metrics, faults, breaches and trace.
    """
    return Simulator(scenario, seed, **options).run(replication)
