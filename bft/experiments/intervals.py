"""Estimates of probabilities from counts, with exact intervals.

Clopper–Pearson: the interval of all probabilities that a two-sided binomial test does not reject. Its coverage is *at
least* the level for every probability and every number of runs. Wilson's interval is shorter, and right on average; but
near 0 and 1 it misses far more often than it says (1 success in 400 runs puts the lower end of its 95 % interval at
0.00044, and a true 0.0002 produces that success in 8 % of all cases). Probabilities of agreement and of splits live
near 0 and 1.

References
----------
Clopper & Pearson, *The use of confidence or fiducial limits illustrated in the case of the binomial*, Biometrika 26
(1934) 404–413. Brown, Cai & DasGupta, *Interval estimation for a binomial proportion*, Statistical Science 16 (2001)
101–133.
"""

from __future__ import annotations

from math import nan
from typing import NamedTuple

from scipy.special import betaincinv

from bft.arguments import check_number
from bft.errors import SweepError

LEVEL = 0.95


class Estimate(NamedTuple):
    """An estimated probability.

    Attributes
    ----------
    value : float
        Share of the runs; nan without runs.
    low, high : float
        Ends of the interval, both included.
    """

    value: float
    low: float
    high: float


def estimate(count: int, runs: int, level: float = LEVEL) -> Estimate:
    """Estimate a probability from `count` of `runs` independent runs.

    Parameters
    ----------
    count, runs : int
        0 ≤ count ≤ runs.
    level : float
        Confidence level of the interval, above 0 and below 1.

    Raises
    ------
    SweepError
        If the level is out of range.

    Examples
    --------
    >>> [round(each, 4) for each in estimate(398, 400)]
    [0.995, 0.9821, 0.9994]
    """
    check_level(level)
    if runs == 0:
        return Estimate(nan, 0.0, 1.0)
    tail = (1.0 - level) / 2.0
    return Estimate(
        count / runs,
        0.0 if count == 0 else float(betaincinv(count, runs - count + 1, tail)),
        1.0 if count == runs else float(betaincinv(count + 1, runs - count, 1.0 - tail)),
    )


def look_level(level: float, looks: int) -> float:
    """Return the level of the interval at each of several looks, so that all hold together at `level` (Bonferroni)."""
    return level if looks == 1 else 1.0 - (1.0 - level) / looks


def check_level(level: float) -> None:
    """Refuse what is no confidence level."""
    check_number("level", level, SweepError, above=0, below=1)
