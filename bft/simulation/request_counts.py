"""What became of the clients' requests: each was executed, was superseded, or was not executed by the end."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import islice
from typing import Protocol, overload

import numpy as np
from numpy.typing import NDArray

from bft.core.lean import lean, maker
from bft.core.request import Request
from bft.record.outcome import Outcome
from bft.simulation.clients import Clients


class Asked(Protocol):
    """Who asks which request."""

    def stream(self, replication: int) -> Iterator[Request]:
        """Yield the requests in order of arrival, without their signatures."""

    def times_s(self, replication: int) -> Iterator[float]:
        """Yield when each arrives, in seconds."""

    def client_of(self, number: int) -> int:
        """Return which client asks a request, by its number."""


COUNTS = ("asked", "executed", "answered", "superseded", "unexecuted", "queued")


@lean
class RequestCounts(Sequence[Request]):
    """How many requests there were; `asked` is the sum of `executed`, `superseded` and `unexecuted`.

    As a sequence it holds the requests that had arrived by the end, in order of arrival, without their signatures; they
    are made when they are looked at.

    Attributes
    ----------
    asked : int
        Requests that had arrived by the end.
    executed : int
        Those that took effect at one honest replica at least.
    answered : int
        Those whose clients heard the same from f + 1 replicas.
    superseded : int
        Those that never take effect any more, because a later request of the same client did: a client that waits for
        its answers loses none so.
    unexecuted : int
        The rest.
    queued : int
        Of the rest, those that still waited in their client's own queue.
    """

    asked: int
    executed: int
    answered: int
    superseded: int
    unexecuted: int
    queued: int
    _workload: Asked = field(repr=False, compare=False)
    _replication: int = field(repr=False, compare=False)
    _latency_s: array[float] = field(repr=False, compare=False)

    def arrived_s(self) -> NDArray[np.float64]:
        """Return when each request arrived, in seconds, in order of arrival."""
        return np.fromiter(islice(self._workload.times_s(self._replication), self.asked), np.float64, self.asked)

    def latency_s(self) -> NDArray[np.float64]:
        """Return the time of each request from its arrival to f + 1 equal replies, in seconds; nan where unanswered."""
        waited = np.array(self._latency_s, dtype=float)
        return np.where(waited < 0.0, np.nan, waited)

    def __len__(self) -> int:
        """Return how many were asked."""
        return self.asked

    def __iter__(self) -> Iterator[Request]:
        """Yield the requests."""
        return islice(self._workload.stream(self._replication), self.asked)

    @overload
    def __getitem__(self, place: int) -> Request: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Request, ...]: ...

    def __getitem__(self, place: int | slice) -> Request | tuple[Request, ...]:
        """Return one request, or some."""
        return tuple(self)[place]

    def to_json(self) -> dict[str, int]:
        """Return all counts."""
        return {name: getattr(self, name) for name in COUNTS}

    def __str__(self) -> str:
        if self.executed == self.answered == self.asked:
            return f"{self.asked} asked, all executed"
        words = [f"{self.asked} asked", f"{self.executed} executed"]
        for count, what in (
            (self.superseded, "superseded by a later one of the same client"),
            (self.unexecuted, "not executed"),
        ):
            words += [f"{count} {what}"] if count else []
        if self.queued:
            words[-1] += f" ({self.queued} still in their clients' queues)"
        if self.answered != self.executed:
            words.append(f"{self.answered} answered")
        return ", ".join(words)


new_counts = maker(RequestCounts)


def count_requests(
    clients: Clients, workload: Asked, outcomes: Sequence[Outcome], replication: int = 0
) -> RequestCounts:
    """Count what became of the requests of a run.

    Parameters
    ----------
    clients : Clients
        Who asked and was answered.
    workload : Asked
        Who asks which request.
    outcomes : sequence of Outcome
        Of every request; stalled are those that no honest replica executed.
    replication : int, optional
        Of which replication they are.
    """
    asked, never = clients.asked, outcomes.count(Outcome.STALLED)
    superseded = _superseded(workload, outcomes) if never else 0
    executed = len(outcomes) - never
    return new_counts(
        asked,
        executed,
        clients.answered,
        superseded,
        asked - executed - superseded,
        clients.queued,
        workload,
        replication,
        clients.latency_s,
    )


def _superseded(workload: Asked, outcomes: Sequence[Outcome]) -> int:
    """Return how many requests were not executed although a later one of the same client was."""
    superseded = 0
    later: set[int] = set()
    for number in range(len(outcomes) - 1, -1, -1):
        client = workload.client_of(number)
        if outcomes[number] is not Outcome.STALLED:
            later.add(client)
        elif client in later:
            superseded += 1
    return superseded
