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
from bft.randomness import Floats
from bft.validators.answers import MISSING, RIGHT
from bft.validators.composed import ComposedModel
from bft.validators.recorded import RecordedAnswers
from bft.validators.statistical import TRUTH, StatisticalAnswers
from bft.vectorised.ballots import Ballots, Electorate
from bft.vectorised.polling.voters import Voters
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
    """What those that vote twice say, and to whom.

    Attributes
    ----------
    group : ndarray of int, shape (replications, n)
        The group of each honest node, 0 or 1; -1 for the others, who are told nothing.
    place : ndarray of int, shape (replications, n)
        Its place among those who are told, in the order in which they are.
    codes : ndarray of int, shape (2, replications, n)
        What each node that votes twice tells each group.
    """

    group: Ints
    place: Ints
    codes: NDArray[Any]


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


def accepts(ballots: Ballots, voters: Voters, codes: Ints, told: Flags | None) -> Flags:
    """Return whose validators accept an answer that is not their own.

    Parameters
    ----------
    ballots : Ballots
        Answers and coins.
    voters : Voters
        Who lies.
    codes : ndarray of int, shape (replications,)
        The answer.
    told : ndarray of bool, shape (replications, n), or None
        Who obeys an instruction in its text, of those that read it.
    """
    code = codes[:, None]
    if ballots.check is None:
        accepted = (ballots.own == code) & (code != MISSING)
    else:
        check, coins = ballots.check, ballots.coins
        assert coins is not None
        n = code.shape[1] if ballots.own.ndim < 2 else ballots.own.shape[1]
        alike = ballots.wrong == code
        slot = np.where(codes == RIGHT, 0, np.where(alike.any(axis=1), alike.argmax(axis=1), n) + 1)
        coin = np.take_along_axis(coins, slot[:, None, None], axis=2)[:, :, 0]
        chance = check.accept[(ballots.own == RIGHT).astype(np.intp), (code == RIGHT).astype(np.intp), np.arange(n)]
        accepted = (coin >= check.unsure) & (coin < check.unsure + (1.0 - check.unsure) * chance)
    if told is not None:
        accepted = accepted | told
    if voters.lies.any():
        accepted = np.where(voters.lies, code != RIGHT, accepted)
    if ballots.common is not None:
        accepted = np.where(voters.colludes, code == ballots.common[:, None], accepted)
    return np.asarray(accepted)


def stated_weights(levels: Floats, voters: Voters, unit: int) -> NDArray[np.int64]:
    """Return what votes weigh by what their voters state, shape (replications, n)."""
    said = levels if voters.confidence is None else np.where(voters.lies | voters.colludes, voters.confidence, levels)
    return np.rint(unit * said).astype(np.int64)
