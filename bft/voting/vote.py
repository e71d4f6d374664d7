"""One vote: who, for what, and how sure."""

from __future__ import annotations

from dataclasses import dataclass

from bft.errors import ScenarioError, bad_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one voter says.

    Attributes
    ----------
    voter : int
        Its number.
    answer : str or None
        The answer voted for, in canonical form; None abstains: a voter that has nothing to say was heard all the same.
    confidence : float
        How sure the voter says it is, between 0 and 1.
    also : tuple of str
        Further answers that the voter approves of; only `Approval` counts them.
    """

    voter: int
    answer: str | None
    confidence: float = 1.0
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 <= self.confidence <= 1.0:
            raise ScenarioError(bad_value("confidence", self.confidence, "must be between 0 and 1"))
