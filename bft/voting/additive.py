"""The exact state of a ballot in which answers collect weight.

Every vote adds a whole weight w ≥ 0 to the answers that it is for. Once all have voted, the answer with the most weight
wins if it has at least `need`, and a tie is resolved or leaves the ballot undecided. Before that, let R be the most
weight that the missing voters can bring together, a the leading answer and b the one behind it (an answer that nobody
has named yet has weight 0, and may be named):

- a is *decided* iff it wins although all missing voters abstain, and although all of them vote for b;
- the ballot is *impossible* iff nothing is decided and either nobody is missing, or the leading answer would not reach
  `need` with all of R. With R > 0 it would be ahead of every other, so there is no third case;
- otherwise two completions differ, and it is *open*.

Weights are whole numbers: sums are exact and do not depend on the order of the votes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from bft.errors import ScenarioError, bad_value
from bft.voting.rule import IMPOSSIBLE, OPEN, Standing, decided
from bft.voting.vote import Vote

Ties: TypeAlias = Literal["undecided", "lowest_voter"]
"""What a tie at the top means: no decision, or the answer whose supporters include the lowest-numbered voter."""

NOBODY = 1 << 62  # a number above that of every voter

_Rank: TypeAlias = tuple[int, int]  # weight, and minus the lowest voter that brought some: larger is ahead


def additive_standing(
    votes: Sequence[Vote],
    missing: Sequence[int],
    *,
    weigh: Callable[[Vote], int],
    heaviest: Callable[[int], int],
    need: int = 1,
    ties: Ties = "undecided",
) -> Standing:
    """Return the exact standing of an additive rule; see the top of this file.

    Parameters
    ----------
    votes, missing
        As for `Rule.standing`.
    weigh : callable
        Whole weight of a vote, 0 or more.
    heaviest : callable
        The most that a voter's vote can weigh; it may always weigh nothing.
    need : int
        Least weight with which an answer wins, 1 or more.
    ties : {"undecided", "lowest_voter"}
        What a tie at the top means.
    """
    weight: dict[str, int] = {}
    lowest: dict[str, int] = {}
    for vote in votes:
        brought = weigh(vote)
        if vote.answer is None or brought <= 0:
            continue
        for answer in dict.fromkeys((vote.answer, *vote.also)):
            weight[answer] = weight.get(answer, 0) + brought
            lowest[answer] = min(lowest.get(answer, NOBODY), vote.voter)
    bringing = [(heaviest(voter), voter) for voter in missing]
    rest = sum(most for most, _ in bringing)
    newest = min((voter for most, voter in bringing if most > 0), default=NOBODY)
    leader, first, second = _two_ahead(weight, lowest)
    if leader is not None and first[0] >= need:
        behind = (second[0] + rest, max(second[1], -newest))
        if first[0] > behind[0] or (ties == "lowest_voter" and first > behind):
            return decided(leader)
    return OPEN if rest > 0 and first[0] + rest >= need else IMPOSSIBLE


def _two_ahead(weight: dict[str, int], lowest: dict[str, int]) -> tuple[str | None, _Rank, _Rank]:
    """Return the leading answer with its rank, and the rank of the one behind it."""
    leader: str | None = None
    first = second = (0, -NOBODY)
    for answer, total in weight.items():
        rank = (total, -lowest[answer])
        if rank > first:
            leader, first, second = answer, rank, first
        elif rank > second:
            second = rank
    return leader, first, second


def check_need(need: int) -> None:
    """Refuse a threshold that an answer without any vote would reach."""
    if need < 1:
        raise ScenarioError(bad_value("need", need, "must be at least 1"))


def check_ties(ties: str) -> None:
    """Refuse an unknown way of resolving ties."""
    if ties not in ("undecided", "lowest_voter"):
        raise ScenarioError(bad_value("ties", ties, "must be 'undecided' or 'lowest_voter'"))
