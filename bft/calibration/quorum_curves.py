"""How often the answers of a panel hold a quorum, exactly, when nodes are faulty with probability δ.

Every node is faulty independently of its answers, so a question counts only through how many nodes are right and how
the wrong ones agree. Faulty nodes either crash, or collude and back the honest nodes' most frequent wrong answer.
Views, primaries and outcomes of a protocol are left to the theory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from bft.core.quorum import QuorumSystem
from bft.randomness import Floats
from bft.validators.answers import RIGHT, Codes

_WIDEST = 15  # (n + 1) to the power n + 1 fits into 64 bits below this many nodes


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumCurves:
    """Probabilities of a quorum against δ, each of shape (deltas,).

    Attributes
    ----------
    right : ndarray
        A quorum of honest nodes on the right answer.
    wrong_crash, wrong_collude : ndarray
        A quorum on a wrong answer when faulty nodes crash, and when they collude.
    """

    right: Floats
    wrong_crash: Floats
    wrong_collude: Floats


def quorum_curves(codes: Codes, deltas: Sequence[float]) -> QuorumCurves:
    """Average over the questions.

    Parameters
    ----------
    codes : ndarray of int, shape (questions, n)
        0 right, -1 nothing parseable, equal positive codes are equal wrong answers.
    deltas : sequence of float
        Probabilities that a node is faulty, in [0, 1].
    """
    right, crash, collude = question_curves(codes, deltas).mean(axis=0)
    return QuorumCurves(right=right, wrong_crash=crash, wrong_collude=collude)


def question_curves(codes: Codes, deltas: Sequence[float]) -> Floats:
    """Return the probabilities of each question, shape (questions, 3, deltas): right, wrong_crash, wrong_collude."""
    shapes, places = _shapes(codes)
    curves = np.array([_curves(shape, tuple(deltas)) for shape in shapes])
    of_questions: Floats = curves[places]
    return of_questions


def _shapes(codes: Codes) -> tuple[list[tuple[int, ...]], NDArray[np.intp]]:
    """Return the distinct (n, right, wrong, wrong, …) of the questions, and which of them each question has."""
    n = codes.shape[1]
    wrong = codes > RIGHT
    like_me = np.where(wrong, (codes[:, :, None] == codes[:, None, :]).sum(axis=2), 0)
    keys = np.column_stack([(codes == RIGHT).sum(axis=1), -np.sort(-like_me, axis=1)])
    numbers = keys @ (n + 1) ** np.arange(n, -1, -1, dtype=np.int64) if n < _WIDEST else None
    if numbers is None:
        distinct, places = np.unique(keys, axis=0, return_inverse=True)
    else:  # one number a question: ten times faster to sort than rows
        _, first, places = np.unique(numbers, return_index=True, return_inverse=True)
        distinct = keys[first]
    return [(n, right, *_class_sizes(sizes)) for right, *sizes in distinct.tolist()], places.reshape(-1)


def _class_sizes(like_me: list[int]) -> list[int]:
    """Return the sizes of the classes of equal answers, from the size of each member's class in falling order."""
    sizes, member = [], 0
    while member < len(like_me) and like_me[member] > 0:
        sizes.append(like_me[member])
        member += like_me[member]
    return sizes


@lru_cache(maxsize=1 << 14)
def _curves(shape: tuple[int, ...], deltas: tuple[float, ...]) -> Floats:
    n, right, *wrong = shape
    quorum = QuorumSystem.of(n).quorum
    honest = 1.0 - np.array(deltas)
    crash = sum((binom.sf(quorum - 1, size, honest) for size in wrong), np.zeros(len(deltas)))
    return np.stack([binom.sf(quorum - 1, right, honest), crash, _collude(n, quorum, wrong, honest)])


def _collude(n: int, quorum: int, wrong: list[int], honest: Floats) -> Floats:
    """Return P(the most frequent honest wrong answer and all faulty nodes together are a quorum)."""
    others = n - sum(wrong)
    reached = np.zeros(len(honest))
    at_most_before = np.zeros((sum(wrong) + 1, len(honest)))
    for most in range(max(wrong, default=0) + 1):
        at_most = _honest_wrong(wrong, most, honest)
        exactly = at_most - at_most_before
        for total, chance in enumerate(exactly):
            # Whoever is honest and does not back that answer is missing from the quorum.
            reached += chance * binom.cdf(n - quorum - (total - most), others, honest)
        at_most_before = at_most
    return reached


def _honest_wrong(wrong: list[int], most: int, honest: Floats) -> Floats:
    """Return P(so many nodes are honest and wrong, at most `most` of them with the same answer), by their number."""
    law = np.zeros((sum(wrong) + 1, len(honest)))
    law[0] = 1.0
    for size in wrong:
        chances = np.asarray(binom.pmf(np.arange(min(size, most) + 1)[:, None], size, honest))
        longer = np.zeros_like(law)
        for number, chance in enumerate(chances):
            longer += chance * np.roll(law, number, axis=0)
        law = longer
    return law
