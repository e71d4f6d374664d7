"""How votes are counted, a second time and naively: every way to complete a ballot that could matter is tried.

Nothing here calls `bft.voting`: the rules there stop early by a formula, and these counts judge them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

MILLIONTHS = 1_000_000
UNHEARD_OF = "\N{NULL}unheard of"
"""An answer that nobody has named yet."""


class Vote(NamedTuple):
    """Who votes, for which answers, and how sure."""

    voter: int
    answers: tuple[str, ...]
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A rule that adds up weights.

    Attributes
    ----------
    weights : tuple of int
        Weight of each voter.
    need : int
        Least weight with which an answer wins.
    stated : bool
        Whether a vote weighs what its voter says of itself instead, in millionths.
    """

    weights: tuple[int, ...]
    need: int = 1
    stated: bool = False

    def winner(self, votes: Iterable[Vote]) -> str | None:
        """Return the answer that is ahead of all others and has enough, if nobody else votes."""
        weight: dict[str, int] = {}
        for vote in votes:
            for answer in set(vote.answers):
                brought = round(MILLIONTHS * vote.confidence) if self.stated else self.weights[vote.voter]
                weight[answer] = weight.get(answer, 0) + brought
        most = max(weight.values(), default=0)
        ahead = [answer for answer, total in weight.items() if total == most]
        return ahead[0] if len(ahead) == 1 and most >= max(self.need, 1) else None

    def ends(self, votes: Sequence[Vote]) -> set[str | None]:
        """Return how a ballot may end: nobody else votes, or all the missing vote for one answer, known or not.

        Votes for one answer only help it, so that between these there is no end that is not among them.
        """
        heard = {vote.voter for vote in votes}
        missing = [voter for voter in range(len(self.weights)) if voter not in heard]
        rivals = {answer for vote in votes for answer in vote.answers} | {UNHEARD_OF}
        ends = {self.winner(votes)}
        for rival in rivals if missing else ():
            ends.add(self.winner([*votes, *(Vote(voter, (rival,)) for voter in missing)]))
        return ends

    def certain(self, votes: Sequence[Vote]) -> str | None:
        """Return the answer that wins whatever the missing voters say."""
        ends = self.ends(votes)
        return ends.pop() if len(ends) == 1 else None

    def hopeless(self, votes: Sequence[Vote]) -> bool:
        """Whether nothing wins, whatever the missing voters say."""
        return self.ends(votes) == {None}
