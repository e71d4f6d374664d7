"""Nodes that share a model: the law at its limits, its sampling, and the statistical panel against it."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

import bft.theory.shared_models
from bft.errors import ScenarioError
from bft.randomness import Randomness
from bft.theory.errors_in_common import probit_errors
from bft.theory.shared_models import number_right
from bft.validators.answers import RIGHT
from bft.validators.settings import StatisticalValidators

RUNS = 20_000


def test_one_model_for_all_is_the_panel_with_the_larger_correlation():
    law = number_right([6], 0.7, between=0.4, within=0.92)
    assert law == pytest.approx(probit_errors(6, 0.7, correlation=0.92).number_right, abs=1e-9)


def test_models_no_closer_to_themselves_are_a_model_each():
    law = number_right([3, 2], 0.7, between=0.5, within=0.5)
    assert law == pytest.approx(probit_errors(5, 0.7, correlation=0.5).number_right, abs=1e-9)


def test_the_mean_is_the_accuracy_and_all_adds_up():
    law = number_right([1, 2, 4], 0.35, between=0.2, within=0.95)
    assert law.sum() == pytest.approx(1.0)
    assert law @ np.arange(8) == pytest.approx(7 * 0.35)


def test_statistical_validators_with_shared_models_follow_the_law():
    """Each of six frequencies within five standard errors: false alarms below 1e-5."""
    errors = {"kind": "correlated", "r": 0.4, "tau": 0.1, "k_alpha": 4.0}
    clones = {"models": ("a", "a", "b", "a", "c"), "correlation": 0.92, "same_wrong": 0.8}
    model = StatisticalValidators(accuracy=0.6, options=9, errors=errors, clones=clones).model(5)
    codes = model.training(Randomness(8), RUNS, 5)
    law = number_right([3, 1, 1], 0.6, between=0.4, within=0.92)
    seen = np.bincount((codes == RIGHT).sum(axis=1), minlength=6) / RUNS
    assert (np.abs(seen - law) < 5 * np.sqrt(law * (1 - law) / RUNS)).all()


def test_one_model_repeats_its_wrong_answer():
    settings = {"accuracy": 0.5, "options": 1000}
    clones = {"models": ("a", "a", "b"), "same_wrong": 0.8}
    codes = StatisticalValidators(**settings, clones=clones).model(3).training(Randomness(1), RUNS, 3)
    both = (codes[:, 0] > RIGHT) & (codes[:, 1] > RIGHT)
    same = (codes[both, 0] == codes[both, 1]).mean()
    assert abs(same - 0.8) < 5 * np.sqrt(0.16 / both.sum()) + 0.001  # 1 in 1000 picks the same by chance
    others = (codes[:, 0] > RIGHT) & (codes[:, 2] > RIGHT)
    assert (codes[others, 0] == codes[others, 2]).mean() < 0.02


@pytest.mark.parametrize(
    ("clones", "errors", "message"),
    [
        ({"models": ("a", "b")}, "independent", r"validators\.clones\.models = \['a', 'b'\]: must name one for each"),
        (
            {"models": ("a", "a", "b"), "correlation": 0.3},
            {"kind": "correlated", "r": 0.6},
            r"validators\.clones\.correlation = 0\.3: must be at least the correlation between models, 0\.6",
        ),
        (
            {"models": ("a", "a", "b")},
            {"kind": "beta_binomial", "correlation": 0.3},
            r"validators\.errors\.kind = 'beta_binomial'",
        ),
    ],
)
def test_impossible_panels_are_refused(clones, errors, message):
    with pytest.raises(ScenarioError, match=message):
        StatisticalValidators(accuracy=0.5, errors=errors, clones=clones).model(3)


def test_impossible_laws_are_refused():
    with pytest.raises(ScenarioError, match=r"within = 0\.2: must be at least between = 0\.4 and below 1"):
        number_right([2], 0.5, between=0.4, within=0.2)
    with pytest.raises(ScenarioError, match="models = "):
        number_right([], 0.5, between=0.4, within=0.9)


def test_examples_in_docstrings():
    assert doctest.testmod(bft.theory.shared_models).failed == 0
