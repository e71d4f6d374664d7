"""How votes are counted, a second time and naively: every way to complete a ballot that could matter is tried.

No count of a known rule calls `bft.voting`: the rules there stop early by a formula, and these counts judge them. Of a
user's own rule nothing is known but what it says when nobody is missing; its early decisions are judged by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from bft import voting

MILLIONTHS = 1_000_000
UNHEARD_OF = "\N{NULL}unheard of"
"""An answer that nobody has named yet."""


class Vote(NamedTuple):
    """Who votes, for which answers, and how sure."""

    voter: int
    answers: tuple[str, ...]
    confidence: float = 1.0


class Counting(Protocol):
    """How votes are counted."""

    def winner(self, votes: Iterable[Vote]) -> str | None:
        """Return the answer that wins if nobody else votes."""

    def certain(self, votes: Sequence[Vote]) -> str | None:
        """Return the answer that wins whatever the missing voters say."""

    def impossible(self, votes: Sequence[Vote]) -> bool:
        """Whether nothing wins, whatever the missing voters say."""


class _Completed:
    """What follows from the winner of every completion that could matter."""

    __slots__ = ()

    @property
    def voters(self) -> int:
        """How many there are."""
        raise NotImplementedError

    def winner(self, votes: Iterable[Vote]) -> str | None:
        """Return the answer that wins if nobody else votes."""
        raise NotImplementedError

    def ends(self, votes: Sequence[Vote]) -> set[str | None]:
        """Return how a ballot may end: nobody else votes, or all the missing vote for one answer, known or not.

        Votes for one answer only help it, so that between these there is no end that is not among them.
        """
        heard = {vote.voter for vote in votes}
        missing = [voter for voter in range(self.voters) if voter not in heard]
        rivals = {answer for vote in votes for answer in vote.answers} | {UNHEARD_OF}
        ends = {self.winner(votes)}
        for rival in rivals if missing else ():
            ends.add(self.winner([*votes, *(Vote(voter, (rival,)) for voter in missing)]))
        return ends

    def certain(self, votes: Sequence[Vote]) -> str | None:
        """Return the answer that wins whatever the missing voters say."""
        ends = self.ends(votes)
        return ends.pop() if len(ends) == 1 else None

    def impossible(self, votes: Sequence[Vote]) -> bool:
        """Whether nothing wins, whatever the missing voters say."""
        return self.ends(votes) == {None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(_Completed):
    """A rule that adds up weights."""

    weights: tuple[int, ...]
    """Weight of each voter."""
    need: int = 1
    """Least weight with which an answer wins."""
    stated: bool = False
    """Whether a vote weighs what its voter says of itself instead, in millionths."""
    lowest: bool = False
    """Whether the lowest-numbered voter decides between answers that are level at the top; else nothing wins."""

    @property
    def voters(self) -> int:
        """How many there are."""
        return len(self.weights)

    def winner(self, votes: Iterable[Vote]) -> str | None:
        """Return the answer that is ahead of all others and has enough, if nobody else votes."""
        weight: dict[str, int] = {}
        first: dict[str, int] = {}
        for vote in votes:
            brought = round(MILLIONTHS * vote.confidence) if self.stated else self.weights[vote.voter]
            for answer in set(vote.answers) if brought > 0 else ():
                weight[answer] = weight.get(answer, 0) + brought
                first[answer] = min(first.get(answer, vote.voter), vote.voter)
        most = max(weight.values(), default=0)
        ahead = [answer for answer, total in weight.items() if total == most]
        if most < max(self.need, 1) or (len(ahead) > 1 and not self.lowest):
            return None
        return min(ahead, key=lambda answer: first[answer])


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCount(_Completed):
    """A rule of a user's own, asked for nothing but what votes mean when no other comes."""

    rule: voting.Rule
    voters: int

    def winner(self, votes: Iterable[Vote]) -> str | None:
        """Return the answer that wins if nobody else votes."""
        told = [_as_cast(vote) for vote in votes]
        return self.rule.standing(told, ()).answer


def _as_cast(vote: Vote) -> voting.Vote:
    answer = vote.answers[0] if vote.answers else None
    return voting.Vote(voter=vote.voter, answer=answer, confidence=vote.confidence, also=vote.answers[1:])


def count_of(rule: voting.Rule, n: int) -> Counting:
    """Return how the votes of n voters are counted by a rule."""
    lowest = getattr(rule, "ties", "undecided") == "lowest_voter"
    match rule:
        case voting.Quorum(system=system) | voting.Approval(system=system):
            return Count(weights=system.weights, need=system.quorum)
        case voting.Plurality():
            return Count(weights=(1,) * n, lowest=lowest)
        case voting.Weighted(weights=weights, need=need):
            return Count(weights=weights, need=need, lowest=lowest)
        case voting.ConfidenceWeighted():
            return Count(weights=(1,) * n, stated=True, lowest=lowest)
        case _:
            return OwnCount(rule=rule, voters=n)
