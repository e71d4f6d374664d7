"""Exact law of one ballot over recorded answers, for any voting rule: every question, every set of faulty nodes.

Every honest node votes what its model answered. Faulty nodes crash, and never vote, or collude: they vote for the wrong
answer that most honest nodes give, or for some wrong answer where none does. Nobody votes twice and no vote is late, so
that all honest replicas count the same votes and there is no split; those of colluding validators are honest as well.

Patterns of equal answers are evaluated once, as in `bft.theory.recorded`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bft.errors import TableError, bad_value
from bft.theory.faults import FaultLaw, enumerable
from bft.theory.outcome_law import OutcomeLaw, outcome_law
from bft.theory.ranges import Array
from bft.theory.same_answer import FaultyVote
from bft.voting import Counting, Rule, Vote, counting_of

NO_ANSWER = -1
RIGHT = 0


def ballot_law(rule: Rule, faults: FaultLaw, codes: ArrayLike, *, faulty_vote: FaultyVote = "crash") -> OutcomeLaw:
    """Return how a ballot ends; see the top of this file.

    Parameters
    ----------
    rule : Rule
        Counts the votes, which state no confidence. Rules that tell nodes apart may take any of several equally popular
        wrong answers of colluders differently; that of the first node is taken.
    faults : FaultLaw
        Who is faulty, independently of the question.
    codes : array_like of int, shape (questions, n)
        What each model answered: 0 right, −1 no answer, equal positive codes are equal wrong answers of the question.
    faulty_vote : {"crash", "collude_popular"}
        What faulty nodes do.

    Raises
    ------
    TableError
        If the table is empty or has another number of nodes.
    UnsupportedError
        If n is above 16.
    """
    given = np.asarray(codes)
    n = faults.n
    enumerable(n)
    if given.ndim != 2 or given.shape[0] == 0 or given.shape[1] != n:
        raise TableError(bad_value("answers.shape", given.shape, f"must be (at least one question, {n} models)"))
    patterns, questions = np.unique(in_order(given), axis=0, return_counts=True)
    colluding = faulty_vote == "collude_popular"
    counting = counting_of(rule, n)
    decided = _Sets(counting, colluding=colluding).decided if counting is not None else _one_by_one(rule, colluding)
    correct, wrong = np.zeros(2**n), np.zeros(2**n)
    for pattern, weight in zip(patterns, questions / len(given), strict=True):
        right, other = decided(pattern)
        correct += weight * right
        wrong += weight * other
    return outcome_law(
        correct=faults.over_subsets(correct),
        wrong=faults.over_subsets(wrong),
        stalled=faults.over_subsets(1.0 - correct - wrong),
    )


class _Sets:
    """Who decides a pattern, for every set of faulty nodes at once; bit i of a set is node i."""

    def __init__(self, counting: Counting, *, colluding: bool) -> None:
        n = len(counting.weights)
        self._counting = counting
        self._colluding = colluding
        self._faulty = np.arange(2**n)
        self._weight = np.zeros(1, dtype=np.int64)
        for weight in counting.weights:
            self._weight = np.concatenate([self._weight, self._weight + weight])
        self._weighs = sum(1 << node for node, weight in enumerate(counting.weights) if weight > 0)

    def decided(self, pattern: NDArray[np.intp]) -> tuple[Array, Array]:
        """Return where the right answer is decided, and where a wrong one is, each of shape (2ⁿ,)."""
        sets = backers(pattern, self._faulty, colluding=self._colluding)
        weight = self._weight[sets]
        rank = weight
        if self._counting.lowest:
            members = sets & self._weighs
            lowest = np.bitwise_count((members & -members) - 1)  # of no bits all 64
            rank = weight * 65 - lowest
        ordered = np.sort(rank, axis=0)
        leads = rank.argmax(axis=0)
        enough = np.take_along_axis(weight, leads[np.newaxis], axis=0)[0] >= self._counting.need
        wins = enough & (ordered[-1] > (ordered[-2] if len(ordered) > 1 else 0))
        return (wins & (leads == RIGHT)).astype(np.float64), (wins & (leads != RIGHT)).astype(np.float64)


def backers(pattern: NDArray[np.intp], faulty: NDArray[np.intp], *, colluding: bool) -> NDArray[np.intp]:
    """Return who votes for each answer, the right one first, for every set of faulty nodes, shape (answers, 2ⁿ)."""
    bits = 1 << np.arange(len(pattern))
    honest = faulty[::-1]
    answers = max(int(pattern.max()), RIGHT + 1) + 1
    sets = np.array([honest & bits[pattern == answer].sum() for answer in range(answers)])
    if colluding:
        popular = np.bitwise_count(sets[RIGHT + 1 :]).argmax(axis=0) + RIGHT + 1
        sets[popular, faulty] |= faulty
    return sets


def _one_by_one(rule: Rule, colluding: bool) -> Callable[[NDArray[np.intp]], tuple[Array, Array]]:
    """Return the same for a rule of which nothing is known but how it counts."""

    def decided(pattern: NDArray[np.intp]) -> tuple[Array, Array]:
        correct, wrong = np.zeros(2 ** len(pattern)), np.zeros(2 ** len(pattern))
        for faulty in range(len(correct)):
            answer = rule.standing(_votes(pattern.tolist(), faulty, colluding=colluding), ()).answer
            if answer is not None:
                (correct if answer == str(RIGHT) else wrong)[faulty] = 1.0
        return correct, wrong

    return decided


def in_order(codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number the wrong answers of each question in the order of the nodes that give them."""
    out = np.minimum(codes, RIGHT)
    named = np.zeros(len(codes), dtype=np.intp)
    for node in range(codes.shape[1]):
        code = codes[:, node]
        earlier = codes[:, :node] == code[:, np.newaxis]
        before = earlier.any(axis=1)
        named += (code > RIGHT) & ~before
        known = out[np.arange(len(codes)), earlier.argmax(axis=1)] if node else named
        out[:, node] = np.where(code > RIGHT, np.where(before, known, named), code)
    return out


def _votes(pattern: list[int], faulty: int, *, colluding: bool) -> list[Vote]:
    honest = [(node, code) for node, code in enumerate(pattern) if not faulty >> node & 1]
    votes = [Vote(voter=node, answer=None if code == NO_ANSWER else str(code)) for node, code in honest]
    if not colluding:
        return votes
    wrong = Counter(code for _, code in honest if code > RIGHT)
    target = min(wrong, key=lambda code: (-wrong[code], code), default=RIGHT + 1)
    return votes + [Vote(voter=node, answer=str(target)) for node in range(len(pattern)) if faulty >> node & 1]
