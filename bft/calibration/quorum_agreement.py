"""τ and α by which a fit predicts as many quorums on wrong answers as there are.

Pairs and triples of equal wrong answers say too little about large agreements where wrong answers agree most on the
hardest questions, as the samples of one model do: predicted wrong quorums are then too few. Here τ and α are those at
which the quorums of the smallest and of the largest panels come nearest to what was counted. Where that leaves a
choice, as with panels of one size, the share s₂ of equal pairs makes it.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy.stats import hypergeom

from bft.core.quorum import QuorumSystem
from bft.randomness import Floats
from bft.theory.wrong_answers import WrongAnswers
from bft.validators.answers import RIGHT, Codes

SIZES = (4, 7, 10)
_K_ALPHAS = np.append(np.geomspace(1e-3, 1e5, 240), math.inf)  # of which the best is taken
_WEIGHT_OF_PAIRS = 0.01  # a tenth of all pairs counts like a point of quorums


def sizes(n: int) -> tuple[int, ...]:
    """Return the sizes of panels that are tried: 4, 7 and 10 as far as the models suffice, and all of them."""
    return tuple(sorted({size for size in SIZES if size < n} | {n}))


def wrong_quorums(codes: Codes, size: int) -> Floats:
    """Return, for each question, the share of the panels of this size that have a quorum on a wrong answer."""
    reached = _reached(codes.shape[1], size)
    like_me = np.where(codes > RIGHT, (codes[:, :, None] == codes[:, None, :]).sum(axis=2), 0)
    # Each member of a class counts for its share of the class.
    shares: Floats = np.where(like_me > 0, reached[like_me] / np.maximum(like_me, 1), 0.0).sum(axis=1)
    return shares


def trap_by_quorums(
    pair: float | None, number_wrong: Floats, smallest: float, largest: float, options: int
) -> tuple[float, float]:
    """Return τ and Kα.

    Parameters
    ----------
    pair : float or None
        s₂, the share of equal ones among pairs of wrong answers; None where there are no such pairs.
    number_wrong : ndarray, shape (n + 1,)
        P(w of the n validators give a wrong answer).
    smallest, largest : float
        Shares of panels of the smallest size, and of all, with a quorum on a wrong answer.
    options : int
        Number K of wrong answers.
    """
    if pair is None or options == 1:
        return 0.0, math.inf
    n = len(number_wrong) - 1
    least = sizes(n)[0]
    # Each row: what the urn alone gives, and what a trap gives more; weighed as it counts.
    urn = np.array([_urn_table(n, least, options) @ number_wrong, _urn_table(n, n, options) @ number_wrong])
    trap = np.array([_reached(n, least) @ number_wrong, _reached(n, n) @ number_wrong])
    pairs = (1.0 / options + 1.0 / _K_ALPHAS) / (1.0 + 1.0 / _K_ALPHAS)
    weight = math.sqrt(_WEIGHT_OF_PAIRS)
    by_urn = np.vstack([urn, weight * pairs])
    more = np.vstack([trap[:, None] - urn, weight * (1.0 - pairs)])
    left = np.array([smallest, largest, weight * pair])[:, None] - by_urn
    taus = np.clip((left * more).sum(axis=0) / np.maximum((more**2).sum(axis=0), 1e-300), 0.0, 1.0)
    best = int(np.argmin(((left - taus * more) ** 2).sum(axis=0)))
    return float(taus[best]), float(_K_ALPHAS[best])


@lru_cache(maxsize=256)
def _reached(n: int, size: int) -> Floats:
    """Return, for a class of c equal answers among n, in what share of the panels of this size it has a quorum."""
    quorum = QuorumSystem.of(size).quorum
    return np.asarray(hypergeom.sf(quorum - 1, n, np.arange(n + 1), size), dtype=np.float64)


@lru_cache(maxsize=64)
def _urn_table(n: int, size: int, options: int) -> Floats:
    """Return P(a quorum on a wrong answer in a panel of this size | w of n are wrong) by the urn, shape (Kα, n + 1)."""
    quorum = QuorumSystem.of(size).quorum
    # Of w wrong answers among n, a smaller panel has a hypergeometric number.
    chosen = np.asarray(hypergeom.pmf(np.arange(size + 1), n, np.arange(n + 1)[:, None], size))
    none = np.array(
        [WrongAnswers(options=options, k_alpha=float(k_alpha)).classes_of(quorum, size)[:, 0] for k_alpha in _K_ALPHAS]
    )
    table: Floats = (1.0 - none) @ chosen.T
    return table
