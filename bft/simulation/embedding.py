"""A system of LLM validators inside somebody else's SimPy model: processes ask it, and wait for its decisions.

    env = simpy.Environment()
    system = embed(env, bft.Scenario(n=4), seed=7)

    def customer():
        yield env.timeout(3.0)
        decision = yield system.submit()
        print(decision.answer, env.now - decision.asked_at_s)

    env.process(customer())
    env.run(until=60.0)
    print(system.run().metrics.messages_sent)

The nodes keep a heap of their own, which carries fan-outs and timers in a form that SimPy does not know (`bft.clock`).
One process of the given environment waits for the next entry of that heap and lets all that is due happen at that time.
So every message, timer and call takes place at the time of the whole model, in the order in which it would without it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any, Literal

import simpy

from bft.adversary.node import Crash, Recover
from bft.arguments import check_instance, check_whole
from bft.core.request import Request, RequestKey
from bft.errors import BftError, ScenarioError, bad_value
from bft.limits import MOST_REQUESTS
from bft.randomness import Randomness
from bft.record.safety import Breach
from bft.scenario import Scenario
from bft.simulation.run import Run
from bft.simulation.simulate import Simulator
from bft.simulation.workload import CLIENT


@dataclass(frozen=True, slots=True)
class Decision:
    """What a client was convinced of.

    Attributes
    ----------
    number : int
        Which question it was, in the order of submission.
    answer : str
        What f + 1 nodes replied.
    client : int
        Who asked.
    asked_at_s, decided_at_s : float
        When, in the time of the environment.
    """

    number: int
    answer: str
    client: int
    asked_at_s: float
    decided_at_s: float

    @property
    def latency_s(self) -> float:
        """From submission to the decision, the time in the client's own queue included."""
        return self.decided_at_s - self.asked_at_s


class Submitted:
    """The requests that processes have submitted, in order."""

    def __init__(self, requests: Sequence[Request], times_s: Sequence[float]) -> None:
        self._requests = requests
        self._times_s = times_s

    def stream(self, replication: int) -> Iterator[Request]:
        """Yield them."""
        del replication
        return iter(self._requests)

    def times_s(self, replication: int) -> Iterator[float]:
        """Yield when each was submitted, in seconds since `embed`."""
        del replication
        return iter(self._times_s)

    def client_of(self, number: int) -> int:
        """Return who submitted one of them."""
        return int(self._requests[number].client[len(CLIENT) :])


class Embedded:
    """Nodes that live in an environment; made by `embed`."""

    def __init__(self, env: simpy.Environment, simulator: Simulator, replication: int, clients: int) -> None:
        self.env = env
        self._simulator = simulator
        self._clients = clients
        self._start_s = float(env.now)
        self._parts = simulator.assemble(replication)
        self._host = self._parts.host
        self._clock: Any = self._host.clock
        self._parts.clients.on_answer = self._answered
        self._asked: list[Request] = []
        self._times_s: list[float] = []
        self._turns = [0] * clients
        self._waiting: dict[RequestKey, tuple[simpy.Event, int, float]] = {}
        self._host.begin(inf, open_ended=True)
        self._woken = env.event()
        env.process(self._drive())

    @property
    def breaches(self) -> tuple[Breach, ...]:
        """The invariants that were broken so far."""
        return tuple(self._parts.monitor.breaches)

    def submit(self, client: int = 0) -> simpy.Event:
        """Let a client ask the next question, now.

        A client sends its next request when the last one is answered (§4.1): what it submits meanwhile waits in its own
        queue.

        Parameters
        ----------
        client : int
            Which one, 0 to `clients` − 1.

        Returns
        -------
        simpy.Event
            Of the environment; it succeeds with a `Decision` when f + 1 nodes have told the client the same, and never
            if they do not.

        Raises
        ------
        ScenarioError
            If there is no such client.
        """
        check_whole("client", client, ScenarioError, least=0, most=self._clients - 1)
        self._turns[client] += 1
        number = (self._turns[client] - 1) * self._clients + client  # which question it is: see `Workload`
        request = Request(client=f"{CLIENT}{client}", timestamp=self._turns[client], operation=f"question-{number}")
        event = self.env.event()
        self._waiting[request.key] = event, number, float(self.env.now)
        self._at_present()
        self._asked.append(request)
        self._times_s.append(self._clock._now)
        self._host.ask_now(self._parts.keyring.sign(request))
        self._wake()
        return event

    def crash(self, node: int) -> None:
        """Stop a node, now; what it did not persist is lost. One that is down stays so."""
        self._check_node(node)
        self._at_present()
        if self._host.running[node] is not None:
            self._host.intervene(node, Crash())
            self._wake()

    def recover(self, node: int) -> None:
        """Bring a node back, now, with what it had persisted. One that is up goes on.

        Raises `ScenarioError` if there is no such node, or replicas of the protocol never come back.
        """
        self._check_node(node)
        protocol = self._simulator.scenario.protocol
        if "restart" not in protocol.reads:
            raise ScenarioError(bad_value("node", node, f"replicas of {protocol.name} do not come back after a crash"))
        self._at_present()
        if self._host.running[node] is None:
            self._host.intervene(node, Recover())
            self._wake()

    def run(self) -> Run:
        """Return what has come of all requests so far: outcome, metrics and trace, in seconds since `embed`.

        Raises
        ------
        ScenarioError
            If nothing was submitted.
        """
        if not self._asked:
            raise ScenarioError("run: nothing was submitted yet, so there is no outcome")
        self._at_present()
        return self._simulator.finished(self._parts, self._asked, workload=Submitted(self._asked, self._times_s))

    def _check_node(self, node: int) -> None:
        check_whole("node", node, ScenarioError, least=0, most=self._simulator.scenario.n - 1)

    def _at_present(self) -> None:
        """Let the nodes' time be the environment's, which never runs back."""
        self._clock._now = max(self._clock._now, float(self.env.now) - self._start_s)

    def _answered(self, key: RequestKey, result: str, now_s: float) -> None:
        event, number, asked_at_s = self._waiting.pop(key)
        client = int(key[0][len(CLIENT) :])
        event.succeed(Decision(number, result, client, asked_at_s, self._start_s + now_s))

    def _wake(self) -> None:
        """Something may be due earlier than was known."""
        if not self._woken.triggered:
            self._woken.succeed()

    def _drive(self) -> Generator[simpy.Event, Any, None]:
        """Let the nodes do what is due, whenever something is."""
        while True:
            due_s = self._clock.peek()
            if isfinite(due_s):
                yield self.env.timeout(max(0.0, self._start_s + due_s - float(self.env.now))) | self._woken
            else:
                yield self._woken
            if self._woken.triggered:
                self._woken = self.env.event()
            # A timeout's end may be rounded to just before what it was meant for.
            now_s = max(float(self.env.now) - self._start_s, 0.0)
            rounding_s = 1e-9 * max(1.0, float(self.env.now))
            self._host.go_on(due_s if now_s < due_s <= now_s + rounding_s else now_s)


def embed(
    env: simpy.Environment,
    scenario: Scenario,
    seed: int | str | Randomness = 0,
    *,
    clients: int = 1,
    replication: int = 0,
    check: Literal["basic", "full"] = "basic",
) -> Embedded:
    """Put the nodes of a scenario into an environment, beside its own processes.

    Parameters
    ----------
    env : simpy.Environment
        Any; time 0 of the scenario (its partitions, its faults) is the environment's present.
    scenario : Scenario
        Its `requests` are left out: processes submit them. Views are unlimited, unless it says otherwise.
    seed : int, str or Randomness
        All randomness of the nodes comes from it; nothing of it depends on the environment's other processes.
    clients : int
        In how many clients' names processes may ask.
    replication : int
        Which of the seed's replications.
    check : {"basic", "full"}
        Invariants to watch.

    Returns
    -------
    Embedded
        Takes requests, and says what came of them.

    Raises
    ------
    ScenarioError
        If the scenario has requests of its own, or membership, machines or a service, which act by the timetable of
        a run.

    Examples
    --------
    >>> import bft, simpy
    >>> env = simpy.Environment()
    >>> system = embed(env, bft.Scenario(n=4), seed=7)
    >>> decision = env.run(until=system.submit())
    >>> (decision.number, decision.answer == system.run().trace.of(bft.core.effects.Execute)[0][2].proposal.answer)
    (0, True)
    """
    check_instance("env", env, simpy.Environment, "must be a simpy.Environment", ScenarioError)
    check_instance("scenario", scenario, Scenario, "must be a bft.Scenario", ScenarioError)
    check_whole("clients", clients, ScenarioError, least=1, most=MOST_REQUESTS)
    if "requests" in scenario.model_fields_set:
        raise ScenarioError(bad_value("scenario.requests", "given", "must be left out: processes submit requests"))
    for name in ("membership", "machine", "service"):
        if getattr(scenario, name) is not None:
            raise ScenarioError(bad_value(f"scenario.{name}", "given", "must be left out in somebody else's model"))
    many = {"count": MOST_REQUESTS, "rate_per_s": 1.0, "clients": clients}
    try:
        asked = scenario.replace_all({"requests": many})
    except BftError as error:
        raise ScenarioError(f"the scenario cannot take requests one after another: {error}") from None
    return Embedded(env, Simulator(asked, seed, check=check, recoverable=True), replication, clients)
