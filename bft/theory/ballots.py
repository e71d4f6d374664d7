"""Exact law of one ballot over recorded answers, for any voting rule: every question, every set of faulty nodes.

Every honest node votes what its model answered. Faulty nodes crash, and never vote, or collude: they vote for the wrong
answer that most honest nodes give, or for some wrong answer where none does. Nobody votes twice and no vote is late, so
that all honest replicas count the same votes and there is no split; those of colluding validators are honest as well.

Patterns of equal answers are evaluated once, as in `bft.theory.recorded`.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bft.errors import TableError, bad_value
from bft.theory.faults import FaultLaw, enumerable
from bft.theory.outcome_law import OutcomeLaw, outcome_law
from bft.theory.same_answer import FaultyVote
from bft.voting import Rule, Vote

NO_ANSWER = -1
RIGHT = 0


def ballot_law(rule: Rule, faults: FaultLaw, codes: ArrayLike, *, faulty_vote: FaultyVote = "crash") -> OutcomeLaw:
    """Return how a ballot ends; see the top of this file.

    Parameters
    ----------
    rule : Rule
        Counts the votes, which state no confidence. Rules that tell nodes apart may take any of several equally popular
        wrong answers of colluders differently; the smallest code is taken.
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
    patterns, questions = np.unique(_in_order(given), axis=0, return_counts=True)
    correct, wrong = np.zeros(2**n), np.zeros(2**n)
    for pattern, weight in zip(patterns.tolist(), (questions / len(given)).tolist(), strict=True):
        for faulty in range(2**n):
            votes = _votes(pattern, faulty, colluding=faulty_vote == "collude_popular")
            answer = rule.standing(votes, ()).answer
            if answer is not None:
                (correct if answer == str(RIGHT) else wrong)[faulty] += weight
    return outcome_law(
        correct=faults.over_subsets(correct),
        wrong=faults.over_subsets(wrong),
        stalled=faults.over_subsets(1.0 - correct - wrong),
    )


def _in_order(codes: NDArray[np.intp]) -> NDArray[np.intp]:
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
