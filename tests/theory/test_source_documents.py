"""The formulas of the source document give what they give, and the one it lacks is right."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.errors import ScenarioError, UnsupportedError
from bft.theory.source_documents import alpha, at_most_f_faulty, p_t, reliability

PROBABILITIES = st.floats(0.0, 1.0)


def test_values_at_n_10_and_delta_5_percent() -> None:
    # The table of the requirements, "The formulas of S1, and what is true of them".
    assert round(alpha(10, 0.05), 5) == 0.40126
    assert round(reliability(0.05), 5) == 0.95000
    assert round(p_t(10, 0.05), 5) == 5.90579
    assert round(at_most_f_faulty(10, 0.05), 5) == 0.99897


@pytest.mark.parametrize(
    ("n", "printed"),
    [
        (4, [0.94770, 0.73828, 0.59259, 0.31250]),
        (7, [0.97431, 0.75641, 0.57064, 0.22656]),
        (10, [0.98720, 0.77588, 0.55926, 0.17188]),
        (13, [0.99354, 0.79396, 0.55204, 0.13342]),
        (31, [0.99987, 0.87156, 0.53375, 0.03538]),
    ],
)
def test_at_most_f_faulty_is_the_table_of_the_validation_cases(n: int, printed: list[float]) -> None:
    assert np.round(at_most_f_faulty(n, [0.1, 0.25, 1 / 3, 0.5]), 5).tolist() == printed


@given(n=st.integers(1, 60), delta=PROBABILITIES)
def test_alpha_is_the_chance_of_at_least_one_faulty_node(n: int, delta: float) -> None:
    assert alpha(n, delta) == pytest.approx(float(1 - (1 - Fraction(delta)) ** n), rel=1e-12, abs=0.0)


@given(delta=PROBABILITIES)
def test_reliability_is_one_node_whatever_n(delta: float) -> None:
    assert reliability(delta) == pytest.approx(1.0 - delta, abs=1e-15)


def test_p_t_is_no_probability() -> None:
    assert p_t(3, 0.2) > 1.0
    assert p_t(1000, 0.2) > 1e100


def test_limits() -> None:
    assert [alpha(5, 0.0), alpha(5, 1.0)] == [0.0, 1.0]
    assert [reliability(0.0), reliability(1.0)] == [1.0, 0.0]
    assert [at_most_f_faulty(1, 0.0), at_most_f_faulty(1, 1.0)] == [1.0, 0.0]


def test_arrays_keep_their_shape() -> None:
    deltas = np.linspace(0.0, 1.0, 6).reshape(2, 3)
    for values in (alpha(7, deltas), reliability(deltas), p_t(7, deltas), at_most_f_faulty(7, deltas)):
        assert np.shape(values) == (2, 3)


@pytest.mark.parametrize("formula", [alpha, p_t, at_most_f_faulty])
def test_bad_values_are_refused(formula: object) -> None:
    assert callable(formula)
    with pytest.raises(ScenarioError, match=r"^faults\.delta = 1\.4: must be between 0 and 1$"):
        formula(4, 1.4)
    with pytest.raises(ScenarioError, match=r"^n = 0: must be at least 1$"):
        formula(0, 0.1)


def test_p_t_refuses_what_leaves_the_range_of_floats() -> None:
    with pytest.raises(UnsupportedError, match=r"^n = 1001: must be at most 1000 for P\(t\)$"):
        p_t(1001, 0.1)
