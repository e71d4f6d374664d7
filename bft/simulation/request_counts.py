"""What became of the clients' requests: each was executed, was superseded, or was not executed by the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from bft.checking.outcome import Outcome
from bft.core.lean import lean
from bft.simulation.clients import Clients
from bft.simulation.workload import Workload


@lean
@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCounts:
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
        return asdict(self)

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


def count_requests(
    clients: Clients, workload: Workload, outcomes: Sequence[Outcome], last: Mapping[str, int]
) -> RequestCounts:
    """Count what became of the requests of a run.

    Parameters
    ----------
    clients : Clients
        Who asked and was answered.
    workload : Workload
        Numbers the requests.
    outcomes : sequence of Outcome
        Of every request; stalled are those that no honest replica executed.
    last : mapping of str to int
        The highest timestamp of each client that was executed.
    """
    never = [number for number, outcome in enumerate(outcomes) if outcome is Outcome.STALLED]
    superseded = sum(workload.superseded(number, last) for number in never)
    executed = len(outcomes) - len(never)
    return RequestCounts(
        asked=clients.asked,
        executed=executed,
        answered=sum(latency_s >= 0.0 for latency_s in clients.latency_s),
        superseded=superseded,
        unexecuted=clients.asked - executed - superseded,
        queued=clients.queued,
    )
