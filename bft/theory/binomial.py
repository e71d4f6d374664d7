"""The binomial law as this room uses it: all of it at once, and its tails without cancelling.

SciPy does the work; its `pmf` is good to a relative 2e-13 up to n = 1000, and its `sf` is a sum of its own, not 1 −
cdf. It overflows for some probabilities near the smallest float, which count as 0 here.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from bft.theory.ranges import Array

Counts: TypeAlias = int | NDArray[np.int64]

SMALLEST_PROBABILITY = 1e-300


def pmf(successes: Counts, trials: Counts, chance: ArrayLike) -> Array:
    """P(Bin(trials, chance) = successes), broadcast."""
    return np.asarray(stats.binom.pmf(successes, trials, _flushed(chance)))


def at_least(successes: Counts, trials: Counts, chance: ArrayLike) -> Array:
    """P(Bin(trials, chance) ≥ successes), broadcast."""
    return np.asarray(stats.binom.sf(successes - 1, trials, _flushed(chance)))


def fewer_than(successes: Counts, trials: Counts, chance: ArrayLike) -> Array:
    """P(Bin(trials, chance) < successes), broadcast."""
    return np.asarray(stats.binom.cdf(successes - 1, trials, _flushed(chance)))


def _flushed(chance: ArrayLike) -> Array:
    array = np.asarray(chance, dtype=np.float64)
    return np.where(array < SMALLEST_PROBABILITY, 0.0, array)
