"""Lives of nodes on SimPy: up until a fault, noticed by a detector, repaired by a policy; months in seconds.

One event per change of a node and nothing in between. Heartbeats are computed when a node crashes, backwards from that
moment and no more of them than the detector remembers: the node failed at a random point of a stationary stream of
beats, so the interval that it failed in is one weighted by its length, and those before it are ordinary ones. What a
detector raises falsely in the meantime does not touch the node; its law is in `bft.theory.reliability`.

Agreement among the nodes is left to the host, and the service that they ask to `service`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from statistics import NormalDist
from typing import Protocol

from bft.checking.trace import Record, Trace
from bft.errors import ScenarioError, bad_value
from bft.operations.estimates import NodeRecord
from bft.operations.heartbeat import DetectorRules
from bft.operations.policies import AdaptivePolicy, RecoveryPolicy, actions_for, check_mix, diagnoses
from bft.operations.recovery import Action, Costs, FaultKind, Snapshots
from bft.randomness import Randomness, Tape
from bft.simulation.environment import Alarm, Clock

_SMALLEST = 2.0**-54  # a uniform may be 0, whose normal quantile is not finite
_quantile = NormalDist().inv_cdf
_DEPTH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """How long something lasts: Weibull, exponential for shape 1, wearing out above, infant mortality below.

    Attributes
    ----------
    mean_s : float
        Positive.
    shape : float
        Positive.
    """

    mean_s: float
    shape: float = 1.0

    def __post_init__(self) -> None:
        for name, value in (("mean_s", self.mean_s), ("shape", self.shape)):
            if not 0.0 < value < math.inf:
                raise ScenarioError(bad_value(f"lifetime.{name}", value, "must be positive and finite"))

    def at(self, uniform: float) -> float:
        """Return the length that a uniform in [0, 1) stands for."""
        exponential = -math.log1p(-uniform)
        if self.shape == 1.0:
            return self.mean_s * exponential
        scale_s = self.mean_s / math.gamma(1.0 + 1.0 / self.shape)
        return float(scale_s * exponential ** (1.0 / self.shape))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeats:
    """Beats at independent normal intervals.

    Attributes
    ----------
    interval_s : float
        Mean; positive.
    jitter_s : float
        Standard deviation; 0 to a sixth of the mean, so that no interval is negative.
    """

    interval_s: float = 1.0
    jitter_s: float = 0.1

    def __post_init__(self) -> None:
        if not 0.0 < self.interval_s < math.inf:
            raise ScenarioError(bad_value("heartbeats.interval_s", self.interval_s, "must be positive and finite"))
        if not 0.0 <= self.jitter_s <= self.interval_s / 6.0:
            allowed = f"must be between 0 and a sixth of heartbeats.interval_s, {self.interval_s / 6.0:g}"
            raise ScenarioError(bad_value("heartbeats.jitter_s", self.jitter_s, allowed))

    def interval_at(self, uniform: float) -> float:
        """Return the interval that a uniform stands for."""
        return max(0.0, self.interval_s + self.jitter_s * _quantile(max(uniform, _SMALLEST)))

    def last_ages_s(self, tape: Tape, node: int, *, up_s: float, count: int) -> list[float]:
        """Return how long before a crash the last beats came, oldest first; fewer where the node lived too briefly."""
        while True:  # an interval x holds the crash with a density that grows with x; none is above twice the mean
            interval_s = self.interval_at(tape.draw(node))
            if tape.draw(node) * 2.0 * self.interval_s < interval_s:
                break
        ages_s = [tape.draw(node) * interval_s]
        while len(ages_s) < count:
            ages_s.append(ages_s[-1] + self.interval_at(tape.draw(node)))
        return [age_s for age_s in reversed(ages_s) if age_s <= up_s]


@dataclass(frozen=True, slots=True)
class Failed:
    """The node went down; `cause` is the node whose fault it was, another one within the blast radius."""

    kind: FaultKind
    cause: int


@dataclass(frozen=True, slots=True)
class Suspected:
    """A detector noticed, `after_s` seconds after the fault; the diagnosis may be wrong."""

    after_s: float
    diagnosis: FaultKind


@dataclass(frozen=True, slots=True)
class Acted:
    """An action began."""

    action: Action


@dataclass(frozen=True, slots=True)
class Repaired:
    """The node is up again; what it had done in its last `lost_s` seconds before the fault was in no snapshot."""

    lost_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """What follows a fault.

    Attributes
    ----------
    kind : FaultKind
        What it is.
    detection_s : float
        Until it is noticed.
    diagnosis : FaultKind
        What it is taken for.
    actions : tuple of (Action, float)
        What is done, and how long each takes.
    lost_s : float
        Work that no snapshot holds.
    radius : int
        How many nodes of the host it takes down.
    """

    kind: FaultKind = FaultKind.CRASH
    detection_s: float = 0.0
    diagnosis: FaultKind = FaultKind.CRASH
    actions: tuple[tuple[Action, float], ...] = ()
    lost_s: float = 0.0
    radius: int = 1

    @property
    def down_s(self) -> float:
        """Until the node is up again."""
        return self.detection_s + math.fsum(duration_s for _, duration_s in self.actions)


class Repair(Protocol):
    """Says what follows a fault."""

    def outage(self, tape: Tape, node: int, *, up_s: float, nodes_on_host: int) -> Outage:
        """Return what follows the fault of a node that was up for `up_s` seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnRepair:
    """A restart whose duration is drawn: MTTR by itself."""

    down: Lifetime

    def outage(self, tape: Tape, node: int, *, up_s: float, nodes_on_host: int) -> Outage:
        """Return what follows the fault of a node that was up for `up_s` seconds."""
        return Outage(actions=((Action.RESTART, self.down.at(tape.draw(node))),))


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedRepair:
    """Faults of many kinds, noticed by a detector on heartbeats, diagnosed, and repaired by a policy.

    Attributes
    ----------
    mix : mapping of FaultKind to float
        Shares of the kinds, 1 in all.
    policy : RecoveryPolicy
        Chooses the actions.
    costs : Costs
        How long they take; its isolation decides the blast radius.
    heartbeats : Heartbeats
    detector : DetectorRules or None
        None: faults are noticed at once.
    accuracy : float
        Probability of a right diagnosis.
    snapshots : Snapshots or None
        None: nothing is lost.
    """

    mix: Mapping[FaultKind, float] = field(default_factory=lambda: {FaultKind.CRASH: 1.0})
    policy: RecoveryPolicy = field(default_factory=AdaptivePolicy)
    costs: Costs = field(default_factory=Costs)
    heartbeats: Heartbeats = field(default_factory=Heartbeats)
    detector: DetectorRules | None = None
    accuracy: float = 1.0
    snapshots: Snapshots | None = None

    def __post_init__(self) -> None:
        check_mix(self.mix)
        if not 0.0 <= self.accuracy <= 1.0:
            raise ScenarioError(bad_value("repair.accuracy", self.accuracy, "must be between 0 and 1"))

    def outage(self, tape: Tape, node: int, *, up_s: float, nodes_on_host: int) -> Outage:
        """Return what follows the fault of a node that was up for `up_s` seconds."""
        kind = _pick(self.mix, tape.draw(node))
        diagnosis = _pick(diagnoses(kind, self.mix, self.accuracy), tape.draw(node))
        taken = actions_for(self.policy, kind, diagnosis=diagnosis, node=node)
        return Outage(
            kind=kind,
            detection_s=self.detection_s(tape, node, up_s=up_s),
            diagnosis=diagnosis,
            actions=tuple((action, self.costs.duration_s(action)) for action in taken),
            lost_s=0.0 if self.snapshots is None else self.snapshots.loss_s(up_s),
            radius=self.costs.isolation.blast_radius(kind, nodes_on_host=nodes_on_host),
        )

    def detection_s(self, tape: Tape, node: int, *, up_s: float) -> float:
        """Return how long after a crash the detector suspects the node.

        A node that lived so briefly that its detector knows too little is noticed by its supervisor, after the time
        that the detector's memory spans.
        """
        if self.detector is None:
            return 0.0
        watch = self.detector.detector()
        for age_s in self.heartbeats.last_ages_s(tape, node, up_s=up_s, count=self.detector.memory):
            watch.beat(-age_s)
        if math.isinf(watch.suspects_from_s):
            return self.detector.memory * self.heartbeats.interval_s
        return max(0.0, watch.suspects_from_s)


def _pick(shares: Mapping[FaultKind, float], uniform: float) -> FaultKind:
    """Return the kind that a uniform falls on."""
    kinds = list(shares)
    for kind, upto in zip(kinds, accumulate(shares.values()), strict=True):
        if uniform < upto:
            return kind
    return kinds[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """What became of the nodes.

    Attributes
    ----------
    nodes : list of NodeRecord
        Stretches up and down of each node.
    system : NodeRecord
        The same of "at least k nodes are up".
    end_s : float
        When observation ended.
    trace : Trace
        Every change, in order.
    outages : list of Outage
        What followed each fault, in order.
    """

    nodes: list[NodeRecord]
    system: NodeRecord
    end_s: float
    trace: Trace
    outages: list[Outage]


class Lifecycles:
    """Runs the lives of nodes.

    Parameters
    ----------
    n : int
        Nodes, 1 or more.
    up : Lifetime
        Until a fault; a repaired node is as good as new.
    repair : Repair
        What follows.
    seed, replication : int
        Address of the randomness.
    k : int, optional
        How many nodes must be up for the system to be up; by default all.
    nodes_on_host : int, optional
        Nodes 0 … h − 1 share a host, and so on; what is not contained takes them all down.
    clock : Clock, optional
        To run beside other things on one clock.
    """

    def __init__(
        self,
        *,
        n: int,
        up: Lifetime,
        repair: Repair,
        seed: int,
        replication: int = 0,
        k: int | None = None,
        nodes_on_host: int = 1,
        clock: Clock | None = None,
    ) -> None:
        _whole_between("n", n, 1, None)
        _whole_between("k", n if k is None else k, 1, n)
        _whole_between("nodes_on_host", nodes_on_host, 1, n)
        self.clock = Clock() if clock is None else clock
        self.n, self.k = n, n if k is None else k
        self._up, self._repair, self._host_size = up, repair, nodes_on_host
        self._tape = Tape(Randomness(seed), "operations.lifecycles", n, _DEPTH, replication)
        self.nodes = [NodeRecord() for _ in range(n)]
        self.system = NodeRecord()
        self.records: list[Record] = []
        self.outages: list[Outage] = []
        self._life = [0] * n
        self._since_s = [0.0] * n
        self._back_s = [0.0] * n
        self._up_count = n
        for node in range(n):
            self._live(node)

    def run(self, until_s: float) -> Lives:
        """Run until a time, and return what became of the nodes."""
        self.clock.run(until=until_s)
        return Lives(
            nodes=self.nodes, system=self.system, end_s=until_s, trace=Trace(self.records), outages=self.outages
        )

    def is_up(self, node: int) -> bool:
        """Whether a node is up now."""
        return self.nodes[node].up

    def _live(self, node: int) -> None:
        """Set the time of a node's next fault."""
        now_s, life = self.clock.now, self._life[node]
        self._since_s[node] = now_s
        fault_s = now_s + self._up.at(self._tape.draw(node))
        Alarm(self.clock, fault_s, lambda _: self._fail(node) if self._life[node] == life else None)

    def _fail(self, node: int) -> None:
        now_s = self.clock.now
        up_s = now_s - self._since_s[node]
        outage = self._repair.outage(self._tape, node, up_s=up_s, nodes_on_host=self._mates(node))
        self.outages.append(outage)
        first = node - node % self._host_size if outage.radius > 1 else node
        for other in range(first, min(first + outage.radius, self.n)):
            self._down(other, outage, cause=node)
        at_s = now_s + outage.detection_s
        self._note_at(at_s, node, Suspected(outage.detection_s, outage.diagnosis))
        for action, duration_s in outage.actions:
            self._note_at(at_s, node, Acted(action))
            at_s += duration_s

    def _mates(self, node: int) -> int:
        """How many nodes are on this node's host; the last host may have fewer."""
        first = node - node % self._host_size
        return min(self._host_size, self.n - first)

    def _down(self, node: int, outage: Outage, *, cause: int) -> None:
        """Take a node down, or keep it down for longer."""
        now_s = self.clock.now
        self._life[node] += 1
        self._record(node, Failed(outage.kind, cause))
        if self.nodes[node].up:
            self.nodes[node].change(now_s, up=False)
            self._count(-1)
        self._back_s[node] = max(self._back_s[node], now_s + outage.down_s)
        life = self._life[node]
        Alarm(self.clock, self._back_s[node], lambda _: self._rise(node, outage) if self._life[node] == life else None)

    def _rise(self, node: int, outage: Outage) -> None:
        self._life[node] += 1
        self.nodes[node].change(self.clock.now, up=True)
        self._record(node, Repaired(outage.lost_s))
        self._count(+1)
        self._live(node)

    def _count(self, step: int) -> None:
        self._up_count += step
        enough = self._up_count >= self.k
        if enough != self.system.up:
            self.system.change(self.clock.now, up=enough)

    def _note_at(self, at_s: float, node: int, event: object) -> None:
        if at_s <= self.clock.now:
            self._record(node, event)
        else:
            Alarm(self.clock, at_s, lambda _: self._record(node, event))

    def _record(self, node: int, event: object) -> None:
        self.records.append(Record(self.clock.now, node, event))


def _whole_between(field_name: str, value: int, low: int, high: int | None) -> None:
    if value < low or (high is not None and value > high):
        upto = f"{low} or more" if high is None else f"between {low} and {high}"
        raise ScenarioError(bad_value(f"lifecycles.{field_name}", value, f"must be a whole number, {upto}"))
