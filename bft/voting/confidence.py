"""Votes that weigh what their voters say of themselves: honest, mistaken, or a lie at 1.0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bft.voting.additive import Ties, additive_standing, check_ties
from bft.voting.rule import Standing
from bft.voting.vote import Vote

MILLIONTHS = 1_000_000
"""Stated confidence is counted in whole millionths, so that sums are exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceWeighted:
    """The answer with the most stated confidence wins. Nobody checks what is stated, and 1.0 is as easily said as 0.5.

    Attributes
    ----------
    ties : {"undecided", "lowest_voter"}
        What a tie at the top means.
    """

    ties: Ties = "undecided"

    def __post_init__(self) -> None:
        check_ties(self.ties)

    def standing(self, votes: Sequence[Vote], missing: Sequence[int]) -> Standing:
        """Return what the votes mean; see `Rule.standing`. A missing voter may state anything up to 1."""
        return additive_standing(
            votes,
            missing,
            weigh=lambda vote: round(MILLIONTHS * vote.confidence),
            heaviest=lambda voter: MILLIONTHS,  # noqa: ARG005 (whoever it is)
            ties=self.ties,
        )
