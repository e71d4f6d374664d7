"""A rule known only as a function of all votes: early stop by trying every completion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bft.errors import ScenarioError, bad_value
from bft.voting.completions import completions
from bft.voting.rule import IMPOSSIBLE, OPEN, Standing, decided
from bft.voting.vote import Vote

MOST_VOTERS = 8  # 21,147 completions at the start, 678,570 with ten


@dataclass(frozen=True, slots=True)
class Exhaustive:
    """Decides as a function of complete ballots does, and stops exactly when every completion agrees.

    Attributes
    ----------
    decide : callable
        Takes all votes, abstentions included, and returns the decided answer or None. It must not depend on their order
        or on what answers are called, and not on stated confidence.
    voters : int
        How many there are, at most 8: the number of completions grows faster than exponentially.

    Examples
    --------
    >>> def unanimous(votes):
    ...     said = {vote.answer for vote in votes if vote.answer is not None}
    ...     return said.pop() if len(said) == 1 else None
    >>> rule = Exhaustive(unanimous, voters=3)
    >>> rule.standing([Vote(voter=0, answer="A"), Vote(voter=1, answer="B")], [2]).state.value
    'impossible'
    """

    decide: Callable[[Sequence[Vote]], str | None]
    voters: int

    def __post_init__(self) -> None:
        if not 1 <= self.voters <= MOST_VOTERS:
            raise ScenarioError(bad_value("voters", self.voters, f"must be between 1 and {MOST_VOTERS}"))

    def standing(self, votes: Sequence[Vote], missing: Sequence[int]) -> Standing:
        """Return what the votes mean; see `Rule.standing`."""
        named = {answer for vote in votes for answer in (vote.answer, *vote.also)}
        end: str | None = None
        for number, ballot in enumerate(completions(votes, missing)):
            answer = self.decide(ballot)
            unheard_of = answer is not None and answer not in named  # any other name would have done as well
            if unheard_of or (number and answer != end):
                return OPEN
            end = answer
        return IMPOSSIBLE if end is None else decided(end)
