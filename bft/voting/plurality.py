"""Plurality: the answer with the most votes, however few they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bft.voting.additive import Ties, additive_standing, check_ties
from bft.voting.rule import Standing
from bft.voting.vote import Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class Plurality:
    """One voter, one vote; the most votes win. Abstentions count for nobody.

    Nothing holds two sets of votes together: a voter that tells different replicas different things can make them
    decide differently.

    Attributes
    ----------
    ties : {"undecided", "lowest_voter"}
        What a tie at the top means.
    """

    ties: Ties = "undecided"

    def __post_init__(self) -> None:
        check_ties(self.ties)

    def standing(self, votes: Sequence[Vote], missing: Sequence[int]) -> Standing:
        """Return what the votes mean; see `Rule.standing`."""
        return additive_standing(
            votes,
            missing,
            weigh=lambda vote: 1,  # noqa: ARG005 (whoever it is)
            heaviest=lambda voter: 1,  # noqa: ARG005 (the same)
            ties=self.ties,
        )
