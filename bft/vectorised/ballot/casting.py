"""What everybody says first: own answers, lies, and two answers of those that vote twice, as codes.

0 is the right answer, -1 none, equal codes are equal answers of that replication. From the same streams, and by the
same rules, as `bft.validators` and `bft.adversary` give one replication after another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bft.adversary.groups import two_groups
from bft.core.quorum import QuorumSystem
from bft.validators.answers import MISSING, RIGHT
from bft.validators.composed import ComposedModel
from bft.validators.recorded import RecordedAnswers
from bft.validators.statistical import TRUTH, StatisticalAnswers
from bft.vectorised.ballot.voters import Voters
from bft.vectorised.ballots import Ballots, Electorate
from bft.vectorised.streams import Flags, Ints

NO_GROUP = -1


def cast_codes(ballots: Ballots, voters: Voters) -> Ints:
    """Return what each node casts, shape (replications, n); -1 for those that have no answer or do not speak."""
    codes = ballots.own
    if voters.lies.any():
        codes = np.where(voters.lies, ballots.wrong, codes)
    if ballots.common is not None:
        codes = np.where(voters.colludes, ballots.common[:, None], codes)
    return np.where(voters.speaks, codes, MISSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubles:
    """What those that vote twice say, and to whom."""

    group: Ints
    """The group of each honest node, 0 or 1; -1 for the others, who are told nothing. Shape (replications, n)."""
    place: Ints
    """Its place among those who are told, in the order in which they are; shape (replications, n)."""
    codes: NDArray[Any]
    """What each node that votes twice tells each group; shape (2, replications, n)."""


def doubles_of(system: QuorumSystem, electorate: Electorate, ballots: Ballots, voters: Voters) -> Doubles:
    """Return the two answers with the most honest weight behind them, as `bft.adversary.attacks.ballot` finds them."""
    group = _groups(system, ~voters.faulty)
    place = np.cumsum(group == 0, axis=1) - 1
    place = np.where(group == 1, (group == 0).sum(axis=1)[:, None] + np.cumsum(group == 1, axis=1) - 1, place)
    order = alphabet(electorate, ballots.question)
    own, honest = ballots.own, ~voters.faulty & (ballots.own != MISSING)
    weights = np.array(system.weights, dtype=np.int64)
    backed = ((own[:, :, None] == own[:, None, :]) & honest[:, None, :]) @ weights
    count = order.shape[1]
    rank = np.where(honest, backed * count + (count - 1 - order[np.arange(len(own))[:, None], np.maximum(own, 0)]), -1)
    best = rank.argmax(axis=1)[:, None]
    first = np.take_along_axis(own, best, axis=1)
    popular = np.take_along_axis(rank, best, axis=1) >= 0
    rank = np.where(own == first, -1, rank)
    best = rank.argmax(axis=1)[:, None]
    another = np.where(np.take_along_axis(rank, best, axis=1) >= 0, np.take_along_axis(own, best, axis=1), MISSING)
    told = np.where(popular, first, ballots.wrong)
    unheard = int(max(own.max(), ballots.wrong.max())) + 1 + told  # "not …"
    other = np.where(ballots.wrong != told, ballots.wrong, unheard)
    return Doubles(group=group, place=place, codes=np.stack([told, np.where(another != MISSING, another, other)]))


def _groups(system: QuorumSystem, honest: Flags) -> Ints:
    if not system.weighted:
        half = (honest.sum(axis=1) + 1) // 2
        return np.where(honest, (np.cumsum(honest, axis=1) > half[:, None]).astype(np.intp), NO_GROUP)
    sets, which = np.unique(honest, axis=0, return_inverse=True)
    found = np.full(sets.shape, NO_GROUP, dtype=np.intp)
    for row, members in zip(found, sets, strict=True):
        for number, group in enumerate(two_groups(np.flatnonzero(members).tolist(), system)):
            row[list(group)] = number
    return found[which.reshape(-1)]


def alphabet(electorate: Electorate, question: Ints) -> Ints:
    """Return the place of each answer's text in the alphabet, the right one among them, shape (replications, codes)."""
    answers = electorate.model.answers if isinstance(electorate.model, ComposedModel) else None
    if isinstance(answers, RecordedAnswers):
        texts = answers.recorded.texts
        rank = np.zeros((len(texts), max(len(each) for each in texts)), dtype=np.intp)
        for row, each in zip(rank, texts, strict=True):
            row[sorted(range(len(each)), key=each.__getitem__)] = np.arange(len(each))
        return rank[question]
    options = answers.wrong_choice.options if isinstance(answers, StatisticalAnswers) else 1
    names = [TRUTH, *(f"wrong-{code}" for code in range(1, options + 1))]
    only = np.zeros(options + 1, dtype=np.intp)
    only[sorted(range(options + 1), key=names.__getitem__)] = np.arange(options + 1)
    return np.broadcast_to(only, (len(question), options + 1))


class Verdicts:
    """Whose validators accept an answer that is not their own."""

    def __init__(self, ballots: Ballots, voters: Voters) -> None:
        self._ballots = ballots
        self._liars = voters.lies if voters.lies.any() else None
        self._colluders = voters.colludes if ballots.common is not None else None
        check = ballots.check
        if check is not None:
            below = check.unsure + (1.0 - check.unsure) * check.accept  # by own answer, answer, node
            own_right = ballots.own == RIGHT
            self._below = [np.where(own_right, below[1, right], below[0, right]) for right in (0, 1)]
            self._wrong = small(ballots.wrong.T)

    def right(self) -> Flags:
        """Return who accepts the right answer, shape (replications, n)."""
        ballots = self._ballots
        if ballots.check is None:
            accepts = ballots.own == RIGHT
        else:
            assert ballots.coins is not None
            coin = ballots.coins[:, :, 0]
            accepts = (coin >= ballots.check.unsure) & (coin < self._below[1])
        for liars in (self._liars, self._colluders):
            accepts = accepts if liars is None else accepts & ~liars
        return np.asarray(accepts)

    def wrong(self, replications: Ints, codes: Ints) -> Flags:
        """Return who accepts a wrong answer, shape (replications, n).

        Parameters
        ----------
        replications : ndarray of int
            Which ones.
        codes : ndarray of int, of the same shape
            The answer in each.
        """
        ballots = self._ballots
        if ballots.check is None:
            accepts = ballots.own[replications] == codes[:, None]
        else:
            accepts = self._judged(replications, codes)
        if self._liars is not None:
            accepts = accepts | self._liars[replications]
        if self._colluders is not None:
            assert ballots.common is not None
            popular = (codes == ballots.common[replications])[:, None]
            accepts = np.where(self._colluders[replications], popular, accepts)
        return np.asarray(accepts)

    def _judged(self, replications: Ints, codes: Ints) -> Flags:
        check, coins = self._ballots.check, self._ballots.coins
        assert check is not None
        assert coins is not None
        n = len(self._wrong)
        slot = np.full(len(codes), n + 1)
        for node in range(n - 1, -1, -1):
            np.copyto(slot, node + 1, where=self._wrong[node].take(replications) == codes)
        coin = coins.reshape(-1).take(((replications * n)[:, None] + np.arange(n)) * (n + 2) + slot[:, None])
        return np.asarray((coin >= check.unsure) & (coin < self._below[0].take(replications, axis=0)))


def small(codes: NDArray[Any]) -> NDArray[Any]:
    """Return codes in rows that lie together, in as few bytes as they need."""
    return np.ascontiguousarray(codes, dtype=np.int8 if int(codes.max(initial=0)) < 1 << 7 else np.int64)
