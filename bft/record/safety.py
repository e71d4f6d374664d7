"""The safety monitor that is always on: agreement, order and validity (S1 to S3), O(1) per commit and execution."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import ClassVar

from bft.core.effects import Execute
from bft.core.events import Restarted, StateTransferred
from bft.core.request import Request
from bft.record.trace import Recorded


@dataclass(frozen=True, slots=True)
class Breach:
    """An invariant did not hold."""

    invariant: str
    time_s: float
    node: int
    detail: str


@dataclass(slots=True)
class SafetyMonitor:
    """Watches what all nodes that follow the protocol commit and execute."""

    watched: Collection[int]
    """Nodes that are not Byzantine."""
    authentic: Callable[[Request], bool]
    """Returns whether a client really signed a request."""
    breaches: list[Breach] = field(default_factory=list)
    """What did not hold, in order of time."""
    remembered: int = 1 << 14
    """About how many numbers are compared at once. Numbers that every node has passed are forgotten first, and of more
    than this the oldest: an execution below them, by a node left far behind, cannot be judged any more."""
    unjudged: int = 0
    """How many such executions there were: they are counted, not taken for safe."""
    epochs: bool = False
    """Whether members change. What was committed beyond the end of an epoch gets another number then, so only what a
    node commits at a number that it has passed itself is compared."""
    _forgotten: int = 0
    _digest_at: dict[int, tuple[str, int]] = field(default_factory=dict)
    _last: dict[int, int] = field(default_factory=dict)
    _told: set[tuple[int, int]] = field(default_factory=set)

    kinds: ClassVar[frozenset[type]] = frozenset({Execute, StateTransferred, Restarted})

    def observe(self, time_s: float, node: int, event: object) -> None:
        """Check one event of a node."""
        if node not in self.watched:
            return
        if isinstance(event, Execute):
            seq = event.seq
            # S1: no two honest replicas execute different values at one number (§4.2).
            known = self._digest_at.get(seq)
            if seq <= self._forgotten:
                self.unjudged += 1
            elif known is None:
                self._digest_at[seq] = (event.digest, node)
            elif known[0] != event.digest and (node, seq) not in self._told:
                digest, first = known
                self._disagree(time_s, node, seq, f"node {first} decided {digest[:8]}, node {node} {event.digest[:8]}")
            # S2: execution leaves no gap and repeats nothing.
            last = self._last.get(node, 0)
            if seq == last + 1:
                self._last[node] = seq
            else:
                self.breaches.append(Breach("S2", time_s, node, f"seq {seq} executed after {last}"))
                self._last[node] = max(last, seq)
            # S3: what executes is null or a client's own request (§4.1).
            request = event.proposal.request
            if request is not None and not self.authentic(request):
                self.breaches.append(Breach("S3", time_s, node, f"seq {seq}: request {request.key} not signed"))
            if len(self._digest_at) > 2 * self.remembered:
                self._forget()
        elif isinstance(event, StateTransferred):
            self._last[node] = event.seq
        elif isinstance(event, Restarted):
            self._last[node] = event.last_executed  # less than before, if its disk was set back

    def committed(self, record: Recorded) -> None:
        """Check a local commit: it may never be executed, where its node has passed the number or waits for a gap."""
        time_s, node, event = record
        known = self._digest_at.get(event.seq)
        if known is not None and known[0] == event.digest:
            return  # as nearly always
        seq: int = event.seq
        if node not in self.watched or seq <= self._forgotten or (self.epochs and seq > self._last.get(node, 0)):
            return
        digest, first = self._digest_at.setdefault(seq, (event.digest, node))
        if digest != event.digest and (node, seq) not in self._told:
            detail = f"node {first} decided {digest[:8]}, node {node} committed {event.digest[:8]} in view {event.view}"
            self._disagree(time_s, node, seq, detail)

    def _disagree(self, time_s: float, node: int, seq: int, detail: str) -> None:
        """Note a disagreement, once for each node and number."""
        self._told.add((node, seq))
        self.breaches.append(Breach("S1", time_s, node, f"seq {seq}: {detail}"))

    def _forget(self) -> None:
        """Forget numbers that all have passed; if that is too few, the oldest."""
        passed = min((self._last.get(node, 0) for node in self.watched), default=0)
        numbers = sorted(self._digest_at)
        upto = max(passed, numbers[-self.remembered] - 1)
        for number in numbers:
            if number <= upto:
                del self._digest_at[number]
        self._forgotten = max(self._forgotten, upto)
