"""What became of the clients' requests: each was executed, was superseded, or was not executed by the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bft.record.outcome import Outcome
from bft.simulation.clients import Clients
from bft.simulation.workload import Workload


class RequestCounts(NamedTuple):
    """How many requests there were; `asked` is the sum of `executed`, `superseded` and `unexecuted`.

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

    def to_json(self) -> dict[str, int]:
        """Return all counts."""
        return self._asdict()

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


def count_requests(clients: Clients, workload: Workload, outcomes: Sequence[Outcome]) -> RequestCounts:
    """Count what became of the requests of a run.

    Parameters
    ----------
    clients : Clients
        Who asked and was answered.
    workload : Workload
        Who asks which request.
    outcomes : sequence of Outcome
        Of every request; stalled are those that no honest replica executed.
    """
    asked, never = clients.asked, outcomes.count(Outcome.STALLED)
    superseded = _superseded(workload, outcomes) if never else 0
    executed = len(outcomes) - never
    return RequestCounts(asked, executed, clients.answered, superseded, asked - executed - superseded, clients.queued)


def _superseded(workload: Workload, outcomes: Sequence[Outcome]) -> int:
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
