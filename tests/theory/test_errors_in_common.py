"""Who is right together: against other quadratures, other libraries, and the limits."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from bft.errors import ScenarioError, UnsupportedError
from bft.theory.errors_in_common import (
    ErrorLaw,
    ExchangeableErrors,
    MixedErrors,
    beta_binomial_errors,
    independent_errors,
    probit_errors,
)


def gauss_hermite(n: int, accuracy: float, r: float, nodes: int) -> np.ndarray:
    factor, weight = np.polynomial.hermite_e.hermegauss(nodes)
    chance = special.ndtr((special.ndtri(accuracy) - sqrt(r) * factor) / sqrt(1.0 - r))
    return (weight / weight.sum()) @ stats.binom.pmf(np.arange(n + 1), n, chance[:, None])


@pytest.mark.parametrize(("n", "accuracy", "r"), [(4, 0.6, 0.1), (7, 0.59, 0.645), (10, 0.92, 0.724), (20, 0.424, 0.5)])
def test_probit_law_against_gauss_hermite(n: int, accuracy: float, r: float) -> None:
    law = probit_errors(n, accuracy, correlation=r)
    assert law.number_right == pytest.approx(gauss_hermite(n, accuracy, r, 240), abs=2e-12)


def test_gauss_hermite_of_a_fixed_order_misses_the_step_that_the_law_resolves() -> None:
    # Why the law halves its step instead: r = 0.99, n = 60, against adaptive integration.
    law = probit_errors(60, 0.6, correlation=0.99).number_right
    for right in (0, 1, 17, 30, 59, 60):

        def density(g: float, right: int = right) -> float:
            chance = special.ndtr((special.ndtri(0.6) - sqrt(0.99) * g) / sqrt(0.01))
            return float(stats.norm.pdf(g) * special.comb(60, right) * chance**right * (1 - chance) ** (60 - right))

        exact, _ = integrate.quad(density, -9, 9, points=[-1.0, -0.6, -0.25, 0.0, 0.3, 1.0], limit=400, epsabs=1e-13)
        assert law[right] == pytest.approx(exact, abs=1e-11)
    assert np.abs(gauss_hermite(60, 0.6, 0.99, 60) - law).max() > 1e-3


def test_pairs_have_the_tetrachoric_correlation() -> None:
    # P(both right) = Φ₂(Φ⁻¹(a), Φ⁻¹(b); r), by another library routine.
    for a, b, r in ((0.7, 0.7, 0.645), (0.9, 0.55, 0.3), (0.2, 0.6, 0.95)):
        law = probit_errors(2, [a, b], correlation=r)
        both = stats.multivariate_normal(cov=[[1.0, r], [r, 1.0]]).cdf(special.ndtri([a, b]))
        assert law.number_right[2] == pytest.approx(both, abs=1e-8)
        assert law.number_right @ np.arange(3) == pytest.approx(a + b, abs=1e-12)


@pytest.mark.parametrize(
    ("n", "accuracy", "correlation"), [(1, 0.3, 0.5), (7, 0.59, 0.4), (10, 0.92, 0.05), (100, 0.5, 0.9)]
)
def test_beta_binomial_against_the_library(n: int, accuracy: float, correlation: float) -> None:
    scale = (1.0 - correlation) / correlation
    expected = stats.betabinom.pmf(np.arange(n + 1), n, accuracy * scale, (1.0 - accuracy) * scale)
    law = beta_binomial_errors(n, accuracy, correlation=correlation)
    assert law.number_right == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_beta_binomial_has_the_intra_class_correlation() -> None:
    pairs = beta_binomial_errors(2, 0.7, correlation=0.35).number_right
    assert (pairs[2] - 0.7**2) / (0.7 * 0.3) == pytest.approx(0.35, rel=1e-12)


MODELS: dict[str, Callable[[float], ErrorLaw]] = {
    "probit": lambda correlation: probit_errors(6, 0.7, correlation=correlation),
    "beta_binomial": lambda correlation: beta_binomial_errors(6, 0.7, correlation=correlation),
}


@pytest.mark.parametrize("model", MODELS)
def test_limits_of_correlation(model: str) -> None:
    independent = independent_errors(6, 0.7).number_right
    assert MODELS[model](0.0).number_right == pytest.approx(independent, abs=1e-12)
    assert MODELS[model](1e-9).number_right == pytest.approx(independent, abs=1e-6)
    assert MODELS[model](1.0).number_right == pytest.approx([0.3, 0, 0, 0, 0, 0, 0.7], abs=1e-15)
    assert MODELS[model](0.9999).number_right == pytest.approx([0.3, 0, 0, 0, 0, 0, 0.7], abs=2e-2)


def test_full_correlation_of_different_validators_is_a_ladder() -> None:
    law = probit_errors(3, [0.5, 0.9, 0.6], correlation=1.0)
    assert law.number_right == pytest.approx([0.1, 0.3, 0.1, 0.5], abs=1e-15)
    nearly = probit_errors(3, [0.5, 0.9, 0.6], correlation=0.9999)
    assert nearly.number_right == pytest.approx(law.number_right, abs=1e-2)


def test_different_validators_are_a_convolution() -> None:
    law = independent_errors(3, [0.5, 0.9, 0.0])
    assert law.number_right == pytest.approx([0.05, 0.5, 0.45, 0.0], abs=1e-15)


@pytest.mark.parametrize("n", [1, 2, 9])
def test_a_thinned_law_is_the_law_of_fewer_validators(n: int) -> None:
    for make in (
        lambda size: independent_errors(size, 0.7),
        lambda size: probit_errors(size, 0.7, correlation=0.6),
        lambda size: beta_binomial_errors(size, 0.7, correlation=0.6),
    ):
        law = make(n)
        assert isinstance(law, ExchangeableErrors)
        for size, thinned in zip(range(n, -1, -1), law.thinned(), strict=True):
            expected = make(size).number_right if size else np.ones(1)
            assert thinned == pytest.approx(expected, abs=1e-12)


@given(n=st.integers(1, 12), accuracy=st.floats(0.0, 1.0), correlation=st.one_of(st.floats(0.0, 0.99), st.just(1.0)))
def test_numbers_right_are_distributions_with_the_mean_of_the_accuracies(
    n: int, accuracy: float, correlation: float
) -> None:
    for law in (
        independent_errors(n, accuracy),
        probit_errors(n, accuracy, correlation=correlation),
        beta_binomial_errors(n, accuracy, correlation=correlation),
    ):
        assert law.n == n
        assert law.number_right.sum() == pytest.approx(1.0, abs=1e-12)
        assert law.number_right.min() >= 0.0
        assert law.number_right @ np.arange(n + 1) == pytest.approx(n * accuracy, abs=1e-10)


def test_different_accuracies_make_a_mixture() -> None:
    law = probit_errors(3, [0.5, 0.9, 0.6], correlation=0.5)
    assert isinstance(law, MixedErrors)
    assert law.weight.sum() == pytest.approx(1.0, abs=1e-14)
    assert law.weight @ law.right == pytest.approx([0.5, 0.9, 0.6], abs=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: independent_errors(0, 0.5), r"^n = 0: must be at least 1$"),
        (lambda: independent_errors(3, 1.5), r"^accuracy = 1\.5: must be between 0 and 1$"),
        (lambda: independent_errors(3, [0.5, 0.5]), r"^accuracy = \[0\.5, 0\.5\]: must be one number, or one for each"),
        (lambda: probit_errors(3, 0.5, correlation=-0.1), r"^correlation = -0\.1: must be between 0 and 1$"),
        (lambda: beta_binomial_errors(3, 0.5, correlation=1.1), r"^correlation = 1\.1: must be between 0 and 1$"),
    ],
)
def test_bad_values_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        make()


def test_what_cannot_be_computed_is_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"^correlation is too close to 1"):
        probit_errors(10, 0.5, correlation=1.0 - 1e-10)
    with pytest.raises(UnsupportedError, match=r"^n = 501: must be at most 500 for beta-binomial errors$"):
        beta_binomial_errors(501, 0.5, correlation=0.1)
