"""How a run ended: the outcomes of one decision, told apart and never merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from bft.core.request import Proposal


class Outcome(Enum):
    """What the honest replicas made of a request.

    Stalled is never reported as unsafe, and silence never as safe. `AGREED` stands where no ground truth exists.
    """

    AGREED_CORRECT = "agreed_correct"
    AGREED_WRONG = "agreed_wrong"
    AGREED = "agreed"
    PARTIAL = "partial"
    STALLED = "stalled"
    SPLIT = "split"

    @property
    def agreed(self) -> bool:
        """Whether every honest replica executed one and the same value."""
        return self in (Outcome.AGREED, Outcome.AGREED_CORRECT, Outcome.AGREED_WRONG)


WORST_FIRST = (
    Outcome.SPLIT,
    Outcome.STALLED,
    Outcome.PARTIAL,
    Outcome.AGREED_WRONG,
    Outcome.AGREED,
    Outcome.AGREED_CORRECT,
)


def outcome_of(executed: Mapping[int, Proposal], honest: Sequence[int], right: bool | None) -> Outcome:
    """Classify one request.

    Parameters
    ----------
    executed : mapping of int to Proposal
        What each honest node executed for the request, where it did.
    honest : sequence of int
        All nodes whose replica is honest; without any, nothing is decided.
    right : bool or None
        Whether the agreed answer is right; None without ground truth. Asked only of what was agreed.
    """
    values = [executed[node] for node in honest if node in executed]
    if not values:
        return Outcome.STALLED
    first = values[0]
    for value in values:
        if value is not first and value != first:
            return Outcome.SPLIT
    if len(values) < len(honest):
        return Outcome.PARTIAL
    if right is None:
        return Outcome.AGREED
    return Outcome.AGREED_CORRECT if right else Outcome.AGREED_WRONG


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the worst of several outcomes: the outcome of a run with many requests."""
    return outcomes[0] if len(outcomes) == 1 else min(outcomes, key=WORST_FIRST.index)
