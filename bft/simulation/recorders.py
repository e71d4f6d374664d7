"""What a run keeps of itself: everything, or a summary in bounded memory; outcomes are the same either way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from bft.core.request import Proposal, Request
from bft.protocols.protocol import Protocol
from bft.record.executions import Executions
from bft.record.outcome import Outcome, outcome_of
from bft.record.trace import Recorded, Trace
from bft.simulation.summary import RecentRecords, StreamedOutcomes
from bft.simulation.workload import Workload

Right = Callable[[Proposal], bool | None]
Decided = tuple[tuple[Outcome, ...], Mapping[int, float]]
"""The outcome of every request, and when each replica had executed them all."""


class KeepAll:
    """Every event.

    Parameters
    ----------
    right : callable
        Whether a proposal is right; None without ground truth.
    """

    def __init__(self, right: Right) -> None:
        self._right = right
        self.records: list[Recorded] = []
        self.milestones: list[Recorded] = []

    def decided(self, replicas: Sequence[int], requests: Iterable[Request]) -> Decided:
        """Read outcomes off the whole trace."""
        executions, right = Executions(self.milestones, replicas, list(requests)), self._right
        outcomes: list[Outcome] = []
        for executed in executions.by_request:
            first = next(iter(executed.values()), None)
            outcomes.append(outcome_of(executed, replicas, None if first is None else right(first)))
        return tuple(outcomes), executions.done_at_s

    def trace(self) -> Trace:
        """Return all events."""
        return Trace(self.records)


class KeepSummary:
    """What a run of months has room for; see `summary`.

    Parameters
    ----------
    protocol : Protocol
        Whose events they are.
    replicas : sequence of int
        Honest ones.
    workload : Workload
        Numbers the requests.
    right : callable
        Whether a proposal is right; None without ground truth.
    """

    def __init__(self, protocol: Protocol, replicas: Sequence[int], workload: Workload, right: Right) -> None:
        self.records = RecentRecords(protocol)
        self.milestones = StreamedOutcomes(replicas, workload.count, number_of=workload.number_of, right=right)

    def decided(self, replicas: Sequence[int], requests: Iterable[Request]) -> Decided:
        """Return the outcomes that were read off in passing, of the replicas given at the start."""
        del replicas, requests
        return self.milestones.outcomes(), self.milestones.done_at_s

    def trace(self) -> Trace:
        """Return the events that were kept."""
        return Trace(self.records.records())
