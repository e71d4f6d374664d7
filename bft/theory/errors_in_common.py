"""How errors of validators go together: who is right on one question.

An error law is of one of two kinds, as fault laws are:

- `ExchangeableErrors`: equally accurate validators, so that only the distribution of the number of right ones matters;
- `MixedErrors`: validators of different accuracy, independent in each of a mixture of cases.

Three models make them:

- `independent_errors`;
- `probit_errors`, the correlated model of the project's notes on validators: g ~ N(0, 1), and validator v is right iff
  √r·g + √(1 − r)·ε_v < Φ⁻¹(a_v), so that p_v(g) = Φ((Φ⁻¹(a_v) − √r·g)/√(1 − r)) given g;
- `beta_binomial_errors`, the simple alternative: everybody is right with the same p ~ Beta, with intra-class
  correlation ρ.

The integral over g: probabilities of n validators become a step in g as r or n grows, which quadrature of a fixed
order misses. The trapezoidal rule converges geometrically for smooth integrands under a normal density, like
Gauss–Hermite quadrature, and its step can be halved until no probability moves any more.

What wrong validators answer is left to `bft.theory.wrong_answers`.

References
----------
Trefethen & Weideman, *The exponentially convergent trapezoidal rule*, SIAM Review 56 (2014) 385–458. Skellam, *A
probability distribution derived from the binomial distribution by regarding the probability of success as variable
between the sets of trials*, J. Royal Statistical Society B 10 (1948) 257–261 (beta-binomial).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from bft.errors import UnsupportedError, bad_value
from bft.theory import binomial
from bft.theory.ranges import Array, node_count, per_node, probabilities

MOST_VALIDATORS = 500  # coefficients of the beta-binomial law grow as eⁿ
FARTHEST_FACTOR = 9.0  # P(|g| > 9) = 2e-19
COARSEST_STEP = 0.5  # exact to 1e-34 for the normal density itself
LARGEST_MOVE = 1e-13  # of any probability when the step is halved
MOST_CASES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExchangeableErrors:
    """Equally accurate validators: every set of R of them is equally likely to be the right ones.

    Attributes
    ----------
    number_right : ndarray of shape (n + 1,)
        P(R of all n validators are right).
    """

    number_right: Array

    @property
    def n(self) -> int:
        """Number of validators."""
        return len(self.number_right) - 1

    def thinned(self) -> Iterator[Array]:
        """Yield the law of the number of right ones among n, n − 1, …, 0 of the validators."""
        law = self.number_right
        yield law
        for size in range(self.n, 0, -1):
            right = np.arange(size)
            law = (law[:-1] * (size - right) + law[1:] * (right + 1)) / size  # who leaves is any of them
            yield law


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MixedErrors:
    """A mixture of cases, in each of which the validators err independently.

    Attributes
    ----------
    weight : ndarray of shape (g,)
        Probability of each case; they add up to 1.
    right : ndarray of shape (g, n)
        Probability that each validator is right, in each case.
    """

    weight: Array
    right: Array

    @property
    def n(self) -> int:
        """Number of validators."""
        return int(self.right.shape[1])

    @property
    def number_right(self) -> Array:
        """P(R of all n validators are right), of shape (n + 1,)."""
        law = np.zeros((len(self.weight), self.n + 1))
        law[:, 0] = self.weight
        for one in self.right.T:
            chance = one[:, np.newaxis]
            shifted = law[:, :-1] * chance
            law *= 1.0 - chance
            law[:, 1:] += shifted
        return np.asarray(law.sum(axis=0))


ErrorLaw: TypeAlias = ExchangeableErrors | MixedErrors


def independent_errors(n: int, accuracy: ArrayLike) -> ErrorLaw:
    """Validators that err independently.

    Parameters
    ----------
    n : int
        Number of validators.
    accuracy : float or array_like of shape (n,)
        Probability that a validator is right, one for all or one for each.
    """
    right = per_node("accuracy", accuracy, node_count(n))
    return _law(MixedErrors(weight=np.ones(1), right=right[np.newaxis, :]))


def probit_errors(n: int, accuracy: ArrayLike, *, correlation: float) -> ErrorLaw:
    """Validators whose errors share a normal factor.

    Parameters
    ----------
    n : int
        Number of validators.
    accuracy : float or array_like of shape (n,)
        a_v, one for all or one for each.
    correlation : float
        r, the tetrachoric correlation of two validators' being right, between 0 and 1.

    Raises
    ------
    UnsupportedError
        If r is so close to 1, without being 1, that more than 100,000 quadrature nodes would be needed.
    """
    right = per_node("accuracy", accuracy, node_count(n))
    share = float(probabilities("correlation", correlation))
    if share == 1.0:
        return _law(_comonotone(right))
    thresholds = special.ndtri(right)

    def chances(factor: Array) -> Array:
        return np.asarray(special.ndtr((thresholds - sqrt(share) * factor[:, np.newaxis]) / sqrt(1.0 - share)))

    step = COARSEST_STEP
    law = _law(_trapezoidal(chances, step))
    while True:
        step /= 2.0
        coarser, law = law, _law(_trapezoidal(chances, step))
        if np.max(np.abs(law.number_right - coarser.number_right)) < LARGEST_MOVE:
            return law


def beta_binomial_errors(n: int, accuracy: float, *, correlation: float) -> ExchangeableErrors:
    """Validators that are all right with the same p ~ Beta(a(1 − ρ)/ρ, (1 − a)(1 − ρ)/ρ).

    Parameters
    ----------
    n : int
        Number of validators, up to 500.
    accuracy : float
        a, the mean of p.
    correlation : float
        ρ, the correlation of two validators' being right, between 0 and 1.
    """
    if node_count(n) > MOST_VALIDATORS:
        raise UnsupportedError(bad_value("n", n, f"must be at most {MOST_VALIDATORS} for beta-binomial errors"))
    mean = float(probabilities("accuracy", accuracy))
    share = float(probabilities("correlation", correlation))
    if share == 1.0:
        return ExchangeableErrors(number_right=np.array([1.0 - mean, *[0.0] * (n - 1), mean]))
    pull = np.arange(n) * share / (1.0 - share)
    # A common factor per validator keeps the coefficients within the range of floats; it cancels.
    scale = n / (1.0 + pull[-1]) / np.arange(1, n + 1)
    right, wrong, anyone = (np.cumprod(np.append(1.0, scale * (first + pull))) for first in (mean, 1.0 - mean, 1.0))
    return ExchangeableErrors(number_right=right * wrong[::-1] / anyone[-1])


def _law(mixed: MixedErrors) -> ErrorLaw:
    """Forget the cases where all validators are equally accurate: the number of right ones says it all."""
    if np.all(mixed.right == mixed.right[:, :1]):
        by_case = binomial.pmf(np.arange(mixed.n + 1), mixed.n, mixed.right[:, :1])
        return ExchangeableErrors(number_right=np.asarray((mixed.weight[:, np.newaxis] * by_case).sum(axis=0)))
    return mixed


def _trapezoidal(chances: Callable[[Array], Array], step: float) -> MixedErrors:
    half = ceil(FARTHEST_FACTOR / step)
    if 2 * half + 1 > MOST_CASES:
        raise UnsupportedError("correlation is too close to 1 for so many validators: use 1")
    factor: Array = step * np.arange(-half, half + 1, dtype=np.float64)
    weight = np.exp(-factor * factor / 2.0)
    return MixedErrors(weight=weight / weight.sum(), right=chances(factor))


def _comonotone(right: Array) -> MixedErrors:
    """Return the law at r = 1: the factor alone decides, and a validator is right wherever a less accurate one is."""
    levels = np.unique(np.concatenate([[0.0], right, [1.0]]))
    return MixedErrors(weight=np.diff(levels), right=(right >= levels[1:, np.newaxis]).astype(np.float64))
