"""A run of months in bounded memory: outcomes read off in passing, and a trace of what matters.

`Simulator(..., keep="summary")` keeps every event of operations, view changes, restarts and evidence, and the last few
thousand others; outcomes are the same as those read off the whole trace (`bft.record.executions`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from bft.core.effects import Execute
from bft.core.events import StateTransferred
from bft.core.request import Proposal, RequestKey
from bft.protocols.protocol import Protocol
from bft.record.outcome import Outcome, outcome_of
from bft.record.trace import Recorded

WINDOW = 5000
"""How many events are kept of those that every request, or every few, has at every node: the end of the run."""


class RecentRecords:
    """Keeps all events but the bulk of a protocol's, and of that the last."""

    def __init__(self, protocol: Protocol) -> None:
        often = (each.type for each in protocol.events if not (each.rare or each.enters or each.leaves))
        self._often = frozenset((Execute, *often))
        self._bulk = 0
        self._kept: list[tuple[int, Recorded]] = []
        self._recent: deque[Recorded] = deque(maxlen=WINDOW)

    def append(self, record: Recorded) -> None:
        """Take in a record."""
        if record[2].__class__ in self._often:
            self._bulk += 1
            self._recent.append(record)
        else:
            self._kept.append((self._bulk, record))

    def records(self) -> list[Recorded]:
        """Return what was kept, in order."""
        recent = enumerate(self._recent, self._bulk - len(self._recent) + 1)
        merged = [(number, 0, place, record) for place, (number, record) in enumerate(recent)]
        merged += [(before, 1, place, record) for place, (before, record) in enumerate(self._kept)]
        return [record for _, _, _, record in sorted(merged, key=lambda each: each[:3])]


class StreamedOutcomes:
    """The outcome of each request, from executions as they happen.

    A request is closed once every honest replica has executed it; only open ones are remembered. A replica that adopts
    a snapshot has executed what led to it, if others were seen in that very state.

    Parameters
    ----------
    replicas : sequence of int
        Honest ones.
    count : int
        Requests.
    number_of : callable
        Number of a request.
    right : callable
        Whether a proposal is right; None without ground truth.

    Attributes
    ----------
    done_at_s : dict of int to float
        When each replica had executed every request, for those that have.
    """

    def __init__(
        self,
        replicas: Sequence[int],
        count: int,
        *,
        number_of: Callable[[RequestKey], int],
        right: Callable[[Proposal], bool | None],
    ) -> None:
        self._replicas = replicas
        self._honest = frozenset(replicas)
        self._number_of, self._right = number_of, right
        self._open: dict[int, tuple[int, dict[int, Proposal]]] = {}
        self._closed: list[Outcome | None] = [None] * count
        self._missing = dict.fromkeys(replicas, count)
        self._states: dict[int, set[str]] = {}
        self.done_at_s: dict[int, float] = {}

    def append(self, record: Recorded) -> None:
        """Take in a milestone."""
        time_s, node, event = record
        if node not in self._honest:
            return
        kind = event.__class__
        if kind is Execute:
            self._states.setdefault(event.seq, set()).add(event.state_digest)
            if len(self._states) > WINDOW:
                del self._states[min(self._states)]
            request = event.proposal.request
            if request is not None and not event.repeated:
                self._take(time_s, node, self._number_of(request.key), event.seq, event.proposal)
        elif kind is StateTransferred and event.state_digest in self._states.get(event.seq, ()):
            for number, (seq, executed) in list(self._open.items()):
                if seq <= event.seq:
                    self._take(time_s, node, number, seq, next(iter(executed.values())))

    def outcomes(self) -> tuple[Outcome, ...]:
        """Return the outcome of every request, in order of arrival."""
        for number, (_, executed) in self._open.items():
            self._closed[number] = self._outcome(executed)
        return tuple(Outcome.STALLED if each is None else each for each in self._closed)

    def _take(self, time_s: float, node: int, number: int, seq: int, proposal: Proposal) -> None:
        """Note that a replica executed a request; only its first execution counts."""
        if number < 0 or self._closed[number] is not None:
            return
        executed = self._open.setdefault(number, (seq, {}))[1]
        if node in executed:
            return
        executed[node] = proposal
        self._missing[node] -= 1
        if not self._missing[node]:
            self.done_at_s[node] = time_s
        if len(executed) == len(self._replicas):
            self._closed[number] = self._outcome(executed)
            del self._open[number]

    def _outcome(self, executed: dict[int, Proposal]) -> Outcome:
        return outcome_of(executed, self._replicas, self._right(next(iter(executed.values()))))
