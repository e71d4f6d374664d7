"""Weighted plurality: each voter has a weight that is fixed before the vote, such as its stake or what it has shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bft.errors import ScenarioError, bad_value
from bft.voting.additive import Ties, additive_standing, check_need, check_ties
from bft.voting.rule import Standing
from bft.voting.vote import Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """The answer with the most weight wins, if it has at least `need`.

    Attributes
    ----------
    weights : tuple of int
        Weight of each voter, 0 or more; one of weight 0 is heard and has no say.
    need : int
        Least weight with which an answer wins.
    ties : {"undecided", "lowest_voter"}
        What a tie at the top means.
    """

    weights: tuple[int, ...]
    need: int = 1
    ties: Ties = "undecided"

    def __post_init__(self) -> None:
        if min(self.weights, default=0) < 0:
            raise ScenarioError(bad_value("weights", self.weights, "must be whole numbers, 0 or more"))
        check_need(self.need)
        check_ties(self.ties)

    def standing(self, votes: Sequence[Vote], missing: Sequence[int]) -> Standing:
        """Return what the votes mean; see `Rule.standing`."""
        return additive_standing(
            votes,
            missing,
            weigh=lambda vote: self.weights[vote.voter],
            heaviest=lambda voter: self.weights[voter],
            need=self.need,
            ties=self.ties,
        )
