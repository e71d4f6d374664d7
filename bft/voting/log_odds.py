"""Weights from what voters have shown: the log-odds of their accuracy on other questions.

If voters err independently and a wrong one picks any of K wrong answers alike, the most probable answer is the one with
the largest sum of ln(K·a/(1 − a)) over its voters (Nitzan & Paroush 1982 for K = 1). Real panels err together, so that
the weights say less than they would; that is one of the things to measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import log

from bft.errors import ScenarioError, bad_value

MILLIONTHS = 1_000_000
"""Weights are whole millionths, so that sums are exact and the same at every replica."""


def log_odds_weights(right: Sequence[int], asked: int, *, options: int = 1) -> tuple[int, ...]:
    """Return each voter's weight in millionths, for `Weighted`.

    Parameters
    ----------
    right : sequence of int
        How many of the questions each voter got right.
    asked : int
        How many there were, 0 or more. With r of them right the accuracy is taken as (r + 1)/(asked + 2), Laplace's
        rule of succession, which is never 0 or 1.
    options : int
        Number K of wrong answers; 1 gives the plain log-odds.

    Returns
    -------
    tuple of int
        0 for a voter that is right no more often than by chance: it has no say, and cannot vote against its answer.

    References
    ----------
    Nitzan & Paroush, *Optimal decision rules in uncertain dichotomous choice situations*, International Economic Review
    23 (1982) 289–297.

    Examples
    --------
    >>> log_odds_weights([9, 5, 1], 10)
    (1609438, 0, 0)
    """
    if options < 1:
        raise ScenarioError(bad_value("options", options, "must be at least 1"))
    if not all(0 <= each <= asked for each in right):
        raise ScenarioError(bad_value("right", list(right), f"must be between 0 and asked = {asked}"))
    return _weights(((each + 1) / (asked - each + 1) for each in right), options)


def known_log_odds_weights(accuracy: Sequence[float], *, options: int = 1) -> tuple[int, ...]:
    """Return the same from accuracies that are known, each above 0 and below 1.

    Examples
    --------
    >>> known_log_odds_weights([0.9, 0.5, 0.1])
    (2197225, 0, 0)
    """
    if options < 1:
        raise ScenarioError(bad_value("options", options, "must be at least 1"))
    if not all(0.0 < each < 1.0 for each in accuracy):
        raise ScenarioError(bad_value("accuracy", list(accuracy), "must be above 0 and below 1"))
    return _weights((each / (1.0 - each) for each in accuracy), options)


def _weights(odds: Iterable[float], options: int) -> tuple[int, ...]:
    return tuple(max(0, round(MILLIONTHS * log(options * each))) for each in odds)
