"""Bounds of delays and of times in single precision: cheap for all uniforms, so that the law itself is asked for few.

A delay law is the inverse of a distribution function, so a delay does not fall as its uniform u rises. The table cuts
[0, 1) into `CELLS` equal cells and holds the law at their edges: a u in [k/C, (k + 1)/C) has a delay between edge k and
edge k + 1. C is a power of two, so u · C is exact in floating point and its whole part is the cell, for every u.

That holds for the law; what is computed differs from it a little. Sums and products are rounded correctly, hence
monotone. Φ⁻¹, exp and log1p are right to a few units in the last place, 2⁻⁴⁹ of the value: as |Φ⁻¹| < 38 enters exp
times 10 at most, that moves a delay by less than 2⁻³⁹ of itself, or, of a normal law, by less than 2⁻⁴³ standard
deviations. `SLACK` is more than a hundred times as much, of the delay and of the law's interquartile range (of a normal
law cut off at 0 at least 0.8 standard deviations), and each edge is moved outwards by it.

Single precision rounds by at most 2⁻²⁴ of a value, once when a bound is stored and once when two bounds are added;
`below` and `above` give way by 2⁻²¹ beforehand, which outweighs both. So with a ≤ b in double precision,
below(a) + below(t) ≤ a + t ≤ b + t ≤ above(b) + above(t), without exception: what is selected by bounds alone is right.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bft.network.delays import DelayLaw
from bft.randomness import Floats

Singles: TypeAlias = NDArray[np.float32]

LARGEST_UNIFORM = 1.0 - 2.0**-53
CELLS = 1 << 12  # both tables take 32 kB: the first cache
SLACK = 2.0**-32
ROUNDING = 2.0**-21
TINY, LARGEST = 2.0**-100, 2.0**100  # s; nearer to 0 its steps are fixed, and beyond it ends
BLOCK_ELEMENTS = 1 << 15  # what is computed on the way stays in the second cache


class DelayBounds:
    """The tables of one law.

    Parameters
    ----------
    law : DelayLaw
        Any that is the inverse of a distribution function.

    Attributes
    ----------
    lower, upper : ndarray of float32, shape (CELLS,)
        Bounds of the delays in each cell, in seconds; the last upper one may be infinity.
    """

    def __init__(self, law: DelayLaw) -> None:
        edges = np.arange(CELLS + 1) / CELLS
        edges[-1] = LARGEST_UNIFORM
        delays_s = law.sample(edges)
        scale_s = delays_s[3 * CELLS // 4] - delays_s[CELLS // 4]
        slack_s = SLACK * (delays_s + scale_s)
        self.lower = below(delays_s[:-1] - slack_s[:-1])
        self.upper = above(delays_s[1:] + slack_s[1:])

    def arrivals(self, uniforms: Floats, sent_s: Floats) -> tuple[Singles, Singles]:
        """Return bounds of the times at which broadcasts arrive.

        Parameters
        ----------
        uniforms : ndarray, shape (broadcasts, n)
            In [0, 1).
        sent_s : ndarray, shape (broadcasts,)
            When each is sent; infinity for never.

        Returns
        -------
        tuple of ndarray, each of shape (broadcasts, n)
            Lower and upper bounds, in seconds.
        """
        lower, upper = np.empty(uniforms.shape, dtype=np.float32), np.empty(uniforms.shape, dtype=np.float32)
        early_s, late_s = below(sent_s)[:, None], above(sent_s)[:, None]
        step = max(1, BLOCK_ELEMENTS // uniforms.shape[1])
        for start in range(0, len(uniforms), step):
            part = slice(start, start + step)
            cells = np.empty(uniforms[part].shape, dtype=np.intp)
            np.multiply(uniforms[part], CELLS, out=cells, casting="unsafe")
            # No cell lies outside the table; "wrap" is the fastest way of not looking for one.
            np.add(self.lower.take(cells, mode="wrap"), early_s[part], out=lower[part])
            np.add(self.upper.take(cells, mode="wrap"), late_s[part], out=upper[part])
        return lower, upper


def below(times_s: Floats) -> Singles:
    """Return lower bounds of times, 0 or more; those of infinity are infinity, of others at most `LARGEST`."""
    bounds_s = np.clip(times_s * (1.0 - ROUNDING) - TINY, 0.0, LARGEST)
    return np.where(times_s < np.inf, bounds_s, np.inf).astype(np.float32)


def above(times_s: Floats) -> Singles:
    """Return upper bounds of times, of those beyond `LARGEST` infinity."""
    bounds_s = times_s * (1.0 + ROUNDING) + TINY
    return np.where(bounds_s < LARGEST, bounds_s, np.inf).astype(np.float32)


def slowest_s(law: DelayLaw) -> float:
    """Return the longest delay that a law can give, in seconds: uniforms end at 1 − 2⁻⁵³."""
    return float(law.sample(np.array([LARGEST_UNIFORM]))[0])


def longest_s(law: DelayLaw, messages: int) -> float:
    """Return how long messages in a row take at most, in seconds, but with a probability below 2**messages · 2⁻⁵³.

    For each j, j of them exceed the quantile at 1 − 2^(−53/j) with a probability of at most C(messages, j) · 2⁻⁵³; if
    none do, the j-th longest is at most that quantile.
    """
    return float(law.sample(1.0 - 2.0 ** (-53.0 / np.arange(1, messages + 1))).sum())
