"""Lives of nodes on SimPy: up until a fault, noticed by a detector, repaired by a policy; months in seconds.

One event per change of a node and nothing in between; what follows a fault is computed when it happens (see
`bft.operations.outages`). What a detector raises falsely in the meantime does not touch the node; its law is in
`bft.theory.reliability`.

Whoever is given as `watcher` learns of every change: so the host of a consensus run crashes and restarts its replicas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bft.clock import Alarm, Clock
from bft.durations import Lifetime
from bft.errors import ScenarioError, bad_value
from bft.operations.estimates import NodeRecord
from bft.operations.events import Acted, Failed, Repaired, Suspected
from bft.operations.outages import Outage, Repair
from bft.randomness import Randomness, Tape
from bft.record.trace import Record, Trace

_DEPTH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """What became of the nodes."""

    nodes: list[NodeRecord]
    """Stretches up and down of each node."""
    system: NodeRecord
    """The same of "at least k nodes are up"."""
    end_s: float
    """When observation ended."""
    trace: Trace
    """Every change, in order."""
    outages: list[Outage]
    """What followed each fault, in order."""


class Watcher(Protocol):
    """Learns what happens to nodes, when it happens."""

    def noted(self, node: int, event: object) -> None:
        """One of `bft.operations.events` happened."""

    def went_down(self, node: int, outage: Outage) -> None:
        """The node stopped; it may have been down already, for another reason."""

    def came_up(self, node: int, outage: Outage, since_s: float) -> None:
        """The node is back; it had been up from `since_s` until the outage."""


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
    seed : int or Randomness
        The seed, or its streams where they are shared.
    replication : int
        Address of the randomness.
    k : int, optional
        How many nodes, or which weight of them, must be up for the system to be up; by default all.
    weights : sequence of int, optional
        Weight of each node; by default 1.
    nodes_on_host : int, optional
        Nodes 0 … h − 1 share a host, and so on; what is not contained takes them all down.
    clock : Clock, optional
        To run beside other things on one clock.
    watcher : Watcher, optional
        Learns of every change; by default events are kept for the trace of `Lives`.
    """

    def __init__(
        self,
        *,
        n: int,
        up: Lifetime,
        repair: Repair,
        seed: int | Randomness,
        replication: int = 0,
        k: int | None = None,
        weights: Sequence[int] | None = None,
        nodes_on_host: int = 1,
        clock: Clock | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        _whole_between("n", n, 1, None)
        self._weights = [1] * n if weights is None else list(weights)
        total = sum(self._weights)
        _whole_between("k", total if k is None else k, 1, total)
        _whole_between("nodes_on_host", nodes_on_host, 1, n)
        self.clock = Clock() if clock is None else clock
        self._watcher = watcher
        self.n, self.k = n, total if k is None else k
        self._up, self._repair, self._host_size = up, repair, nodes_on_host
        randomness = seed if isinstance(seed, Randomness) else Randomness(seed)
        self._tape = Tape(randomness, "operations.lifecycles", n, _DEPTH, replication)
        self.nodes = [NodeRecord() for _ in range(n)]
        self.system = NodeRecord()
        self.records: list[Record] = []
        self.outages: list[Outage] = []
        self._life = [0] * n
        self._since_s = [0.0] * n
        self._back_s = [0.0] * n
        self._up_weight = total
        for node in range(n):
            self._live(node)

    def run(self, until_s: float) -> Lives:
        """Run until a time, and return what became of the nodes."""
        self.clock.run(until=until_s)
        return self.lives(until_s)

    def lives(self, end_s: float) -> Lives:
        """Return what has become of the nodes."""
        return Lives(nodes=self.nodes, system=self.system, end_s=end_s, trace=Trace(self.records), outages=self.outages)

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
            self._count(-self._weights[node])
        if self._watcher is not None:
            self._watcher.went_down(node, outage)
        self._back_s[node] = max(self._back_s[node], now_s + outage.down_s)
        life = self._life[node]
        Alarm(self.clock, self._back_s[node], lambda _: self._rise(node, outage) if self._life[node] == life else None)

    def _rise(self, node: int, outage: Outage) -> None:
        self._life[node] += 1
        self.nodes[node].change(self.clock.now, up=True)
        self._record(node, Repaired(outage.lost_s))
        self._count(self._weights[node])
        since_s = self._since_s[node]
        self._live(node)
        if self._watcher is not None:
            self._watcher.came_up(node, outage, since_s)

    def _count(self, weight: int) -> None:
        self._up_weight += weight
        enough = self._up_weight >= self.k
        if enough != self.system.up:
            self.system.change(self.clock.now, up=enough)

    def _note_at(self, at_s: float, node: int, event: object) -> None:
        if at_s <= self.clock.now:
            self._record(node, event)
        else:
            Alarm(self.clock, at_s, lambda _: self._record(node, event))

    def _record(self, node: int, event: object) -> None:
        if self._watcher is None:
            self.records.append(Record(self.clock.now, node, event))
        else:
            self._watcher.noted(node, event)


def _whole_between(field_name: str, value: int, low: int, high: int | None) -> None:
    if value < low or (high is not None and value > high):
        upto = f"{low} or more" if high is None else f"between {low} and {high}"
        raise ScenarioError(bad_value(f"lifecycles.{field_name}", value, f"must be a whole number, {upto}"))
