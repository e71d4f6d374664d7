"""The operations of one run: machines that fail crash and restart its replicas, validators are reached by calls.

This file ties the LLM service and `lifecycles` to a run; what came of it is reported by `operations_report`.
"""

from __future__ import annotations

from collections.abc import Callable

from bft.adversary.node import Crash, Recover
from bft.clock import Alarm, Clock
from bft.llm_service.panel import ServicePanel
from bft.llm_service.service import LlmService
from bft.membership.disk import kind_of, of_present, present
from bft.operations.estimates import Law
from bft.operations.events import StateLost
from bft.operations.outages import Outage
from bft.operations.policies import Operator
from bft.operations.recovery import Action
from bft.operations.settings import Machine
from bft.randomness import ReplicationStreams
from bft.scenario import Scenario
from bft.simulation.host import Host
from bft.simulation.lifecycles import Lifecycles
from bft.simulation.operations_report import OperationsReport, report
from bft.validators.panel import Panel

BACKED_UP = ("snapshot", "decision")
"""What a backup holds: the state and what was executed since. Votes are on a disk of their own (see `Machines`)."""

FROM_BACKUP = frozenset({Action.RESTORE, Action.MIGRATE, Action.REPLACE})
"""Actions after which a node goes on from its last backup."""


def served(
    scenario: Scenario,
    clock: Clock,
    panel: Panel,
    streams: ReplicationStreams,
    note: Callable[[int, object], None],
) -> ServicePanel | None:
    """Return a run's validators as an LLM service lets them be reached; None where nothing stands before them.

    Parameters
    ----------
    scenario : Scenario
        What is run.
    clock : Clock
        Of the run.
    panel : Panel
        What validators say.
    streams : ReplicationStreams
        The streams of the replication.
    note : callable
        Is told each event with its node.
    """
    settings = scenario.service
    if settings is None:
        return None
    service = LlmService(
        list(settings.endpoints.values()),
        seed=streams.randomness,
        replication=streams.replication,
        providers=list(settings.providers.values()),
        clock=clock,
        metered=True,
    )
    monitoring = (scenario.machine or Machine()).monitoring
    return ServicePanel(settings, n=scenario.n, panel=panel, service=service, monitoring=monitoring, note=note)


def operations_report(
    scenario: Scenario, calls: ServicePanel | None, machines: Machines | None, end_s: float
) -> OperationsReport | None:
    """Return what came of machines and service; None where there are none."""
    if scenario.machine is None and calls is None:
        return None
    return report(
        end_s=end_s,
        lives=None if machines is None else machines.lifecycles.lives(end_s),
        laws=_laws(scenario.machine or Machine()),
        lost_requests=() if machines is None else tuple(machines.lost_requests),
        panel=calls,
    )


class Machines:
    """Lets the host's nodes live on machines that fail.

    A fault stops the replica; what it had persisted is on its disk. A node that is restarted goes on from there. One
    that is restored or moved to another host goes on from its last backup, and fetches what it executed since from the
    others, each piece with its proof. A backup of an earlier epoch is of no use: the node goes on from the start of the
    present one.

    Assumption: the log of own votes (pre-prepares, prepares, commits, view-changes and the certificates behind them) is
    on a disk of its own and is never lost. A replica that forgot its votes could contradict them: that would be a
    Byzantine fault, whose cure is `Action.REPLACE`, another member with other keys.
    """

    def __init__(
        self,
        scenario: Scenario,
        rules: Machine,
        host: Host,
        streams: ReplicationStreams,
        operator: Operator | None,
    ) -> None:
        assert rules.up is not None, "machines that never fail need nobody"
        self._host = host
        self._interval_s = None if rules.snapshots is None else rules.snapshots.interval_s
        self._backups: list[dict[tuple[object, ...], object]] = [{} for _ in range(scenario.n)]
        self._life = [0] * scenario.n
        self._down: set[int] = set()
        self._crashes = [0] * scenario.n
        self.lost_requests: list[int] = []
        system = scenario.system
        self.lifecycles = Lifecycles(
            n=scenario.n,
            up=rules.up,
            repair=rules.repair(operator),
            seed=streams.randomness,
            replication=streams.replication,
            k=system.quorum,
            weights=system.weights,
            nodes_on_host=rules.nodes_on_host,
            clock=host.clock,
            watcher=self,
        )
        for node in range(scenario.n):
            self._plan_backup(node)

    def noted(self, node: int, event: object) -> None:
        """Put an event into the trace."""
        self._host.intervene(node, event)

    def went_down(self, node: int, outage: Outage) -> None:
        """Stop the replica, unless it is down."""
        self._life[node] += 1
        if node in self._down:
            return
        self._down.add(node)
        if self._host.running[node] is not None:
            self._host.intervene(node, Crash())
            self._crashes[node] = self._host.crashes(node)

    def came_up(self, node: int, outage: Outage, since_s: float) -> None:
        """Start the replica again, from its disk or from its last backup."""
        self._down.discard(node)
        if self._host.crashes(node) == self._crashes[node]:  # else its behaviour stopped it as well, for good
            if self._interval_s is not None and any(action in FROM_BACKUP for action, _ in outage.actions):
                self._restore(node)
            self._host.intervene(node, Recover())
        self._plan_backup(node)

    def _plan_backup(self, node: int) -> None:
        """Save the node's state every so often from now on, as long as it is up."""
        if self._interval_s is None:
            return
        interval_s, life = self._interval_s, self._life[node]

        def save(_: Alarm) -> None:
            if self._life[node] == life:
                kept = self._host.stored(node).items()
                self._backups[node] = {key: value for key, value in kept if kind_of(key) in BACKED_UP}
                Alarm(self._host.clock, self._host.clock.now + interval_s, save)

        Alarm(self._host.clock, self._host.clock.now + interval_s, save)

    def _restore(self, node: int) -> None:
        """Replace state and decisions on the node's disk by those of its last backup."""
        stored, backup = self._host.stored(node), self._backups[node]
        had = _reached(stored)
        for key in [key for key in stored if kind_of(key) in BACKED_UP]:
            del stored[key]
        stored.update({key: value for key, value in backup.items() if of_present(stored, key)})
        kept = _reached(stored)
        self.lost_requests.append(had - kept)
        self._host.intervene(node, StateLost(kept, had))


def _laws(rules: Machine) -> tuple[Law, Law]:
    """Return which intervals the times up and down may have: exact ones where they are exponential by construction."""
    up: Law = "exponential" if rules.up is None or rules.up.shape == 1.0 else "any"
    down: Law = "exponential" if rules.down is not None and rules.down.shape == 1.0 else "any"
    return up, down


def _reached(stored: dict[tuple[object, ...], object]) -> int:
    """Return the highest number whose effect a disk holds."""
    numbers = [key[1] for key in stored if kind_of(key) in BACKED_UP]
    return present(stored)[1] + max((number for number in numbers if isinstance(number, int)), default=0)
