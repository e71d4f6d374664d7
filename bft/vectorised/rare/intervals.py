"""Intervals of weighted counts.

A probability estimated with weights is a sum of few large and many small terms. Its law is taken for a scaled gamma law
with the same mean and variance, as Fay and Feuer do for rates that are standardised over strata; the upper end counts
one event more, of the largest weight that may yet come. With equal weights that is the exact interval of a Poisson
count, without events it is that of no event in so many runs, and the more unequal the weights, the wider it is.

References
----------
Fay & Feuer, *Confidence intervals for directly standardized rates*, Statistics in Medicine 16 (1997) 791–801.
"""

from __future__ import annotations

from scipy.special import betaincinv, gammaincinv


def weighted_interval(value: float, variance: float, largest: float, tail: float) -> tuple[float, float]:
    """Return the ends of the interval of a sum of weights.

    Parameters
    ----------
    value, variance : float
        The sum, and the estimated variance of it.
    largest : float
        What one event more may add.
    tail : float
        Probability of a miss on each side.

    Examples
    --------
    Of ten events of weight 1 (Garwood's interval of a Poisson mean):

    >>> [round(end, 2) for end in weighted_interval(10.0, 10.0, 1.0, 0.025)]
    [4.8, 18.39]
    """
    low = value
    if value > 0.0 and variance > 0.0:
        low = float(gammaincinv(value**2 / variance, tail)) * variance / value
    more, spread = value + largest, variance + largest**2
    if spread == 0.0:
        return low, value
    return low, float(gammaincinv(more**2 / spread, 1.0 - tail)) * spread / more


def counted_interval(events: int, runs: int, tail: float) -> tuple[float, float]:
    """Return the Clopper–Pearson interval that misses on each side with probability `tail`."""
    return (
        0.0 if events == 0 else float(betaincinv(events, runs - events + 1, tail)),
        1.0 if events == runs else float(betaincinv(events + 1, runs - events, 1.0 - tail)),
    )
