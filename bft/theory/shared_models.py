"""Exact law of the number of right validators when several nodes run the same model.

The correlated model with two factors: g shared by all, h_m by the nodes of model m. A validator is right iff
√r·g + √(ρ−r)·h_m + √(1−ρ)·ε < Φ⁻¹(a). Given g the models are independent; given g and h_m so are the nodes of a model,
all right with p = Φ((Φ⁻¹(a) − √r·g − √(ρ−r)·h)/√(1−ρ)). Both integrals by the trapezoidal rule, as in
`bft.theory.errors_in_common`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt

import numpy as np
from scipy import special

from bft.errors import ScenarioError, bad_value
from bft.theory import binomial
from bft.theory.errors_in_common import FARTHEST_FACTOR, ExchangeableErrors, probit_errors
from bft.theory.ranges import Array, probabilities

STEP = 0.0625  # of both factors; the accuracy of the sum is geometric in 1/step


def number_right(models: Sequence[int], accuracy: float, *, between: float, within: float) -> Array:
    """Return P(R nodes are right), of shape (n + 1,).

    Parameters
    ----------
    models : sequence of int
        How many nodes run each model; they add up to n.
    accuracy : float
        a, that of every node.
    between, within : float
        r and ρ, the latent correlations of two nodes with different models and with the same, 0 ≤ r ≤ ρ < 1.

    Raises
    ------
    ScenarioError
        If a number is out of range.

    Examples
    --------
    Five nodes with a model each, and five that share one: the latter are nearly always all right or all wrong.

    >>> number_right([1] * 5, 0.6, between=0.6, within=0.92).round(3).tolist()
    [0.131, 0.122, 0.129, 0.145, 0.179, 0.294]
    >>> number_right([5], 0.6, between=0.6, within=0.92).round(3).tolist()
    [0.276, 0.067, 0.054, 0.056, 0.077, 0.469]
    """
    a, r, rho = (
        float(probabilities(*each)) for each in (("accuracy", accuracy), ("between", between), ("within", within))
    )
    if not models or min(models) < 1:
        raise ScenarioError(bad_value("models", list(models), "must be numbers of nodes, each at least 1"))
    if not r <= rho < 1.0:
        raise ScenarioError(bad_value("within", rho, f"must be at least between = {r:g} and below 1"))
    if all(size == 1 for size in models):
        law = probit_errors(len(models), a, correlation=r)
        assert isinstance(law, ExchangeableErrors)
        return law.number_right
    factor, weight = normal_nodes()
    limit = special.ndtri(a)
    chance = special.ndtr(
        (limit - sqrt(r) * factor[:, np.newaxis] - sqrt(rho - r) * factor[np.newaxis, :]) / sqrt(1.0 - rho)
    )
    of_size = {
        size: (binomial.pmf(np.arange(size + 1), size, chance[..., np.newaxis]) * weight[:, np.newaxis]).sum(axis=1)
        for size in sorted(set(models))
    }
    law_given = np.ones((len(factor), 1))
    for size in models:
        one = of_size[size]
        longer = np.zeros((len(factor), law_given.shape[1] + size))
        for right in range(size + 1):
            longer[:, right : right + law_given.shape[1]] += law_given * one[:, right, np.newaxis]
        law_given = longer
    return np.asarray(weight @ law_given)


def normal_nodes() -> tuple[Array, Array]:
    """Return the nodes and weights of the trapezoidal rule under a normal density."""
    half = ceil(FARTHEST_FACTOR / STEP)
    factor: Array = STEP * np.arange(-half, half + 1, dtype=np.float64)
    weight = np.exp(-factor * factor / 2.0)
    return factor, weight / weight.sum()
