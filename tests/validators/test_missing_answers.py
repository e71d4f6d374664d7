"""Validators give no answer together as often as they were told to, however hard the question is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from bft.randomness import Randomness
from bft.validators.answers import MISSING, RIGHT
from bft.validators.missing_answers import MissingAnswers
from bft.validators.settings import StatisticalValidators

QUESTIONS = 60_000
ACCURACY, SILENT = (0.3, 0.55, 0.8, 0.6), (0.2, 0.4, 0.1, 0.0)


def drawn(seed: int = 5, **given):
    answers = StatisticalValidators(**{"accuracy": ACCURACY, "missing": SILENT, **given}).model(4).answers
    return answers.prepare(np.random.default_rng(seed).random((QUESTIONS, answers.uniforms)))[0]


def both_silent(one: float, other: float, correlation: float) -> float:
    """P(two that are not right give no answer), from the bivariate normal law."""
    limits = [norm.ppf(one), norm.ppf(other)]
    return float(multivariate_normal([0.0, 0.0], [[1.0, correlation], [correlation, 1.0]]).cdf(limits))


@pytest.mark.parametrize("errors", [{"kind": "independent"}, {"kind": "correlated", "r": 0.7, "flawed": 0.05}])
def test_each_is_silent_as_often_as_told(errors, consistent) -> None:
    own = drawn(missing_correlation=0.6, errors=errors)
    for node in range(4):  # 16 checks in all: a false alarm in 620 seeds
        assert consistent((own[:, node] == RIGHT).sum(), QUESTIONS, ACCURACY[node])
        assert consistent((own[:, node] == MISSING).sum(), QUESTIONS, SILENT[node])


@pytest.mark.parametrize("correlation", [0.3, 0.9])
@pytest.mark.parametrize("r", [0.0, 0.8])
def test_two_that_are_not_right_are_silent_together(r, correlation, consistent) -> None:
    own = drawn(missing_correlation=correlation, errors={"kind": "correlated", "r": r})
    given = np.array(SILENT) / (1.0 - np.array(ACCURACY))
    for one, other in ((0, 1), (0, 2), (1, 2)):
        # Silence does not depend on difficulty, nor on whether the others are right: 24 checks, a false alarm in 410.
        neither = (own[:, [one, other]] != RIGHT).all(axis=1)
        together = (own[neither][:, [one, other]] == MISSING).all(axis=1)
        assert consistent(together.sum(), neither.sum(), both_silent(given[one], given[other], correlation))
        alone = (own[:, one] != RIGHT) & (own[:, other] == RIGHT)
        assert consistent((own[alone, one] == MISSING).sum(), alone.sum(), given[one])


def test_without_correlation_nothing_is_drawn_for_it() -> None:
    plain = StatisticalValidators(accuracy=ACCURACY, missing=SILENT).model(4).answers
    told = StatisticalValidators(accuracy=ACCURACY, missing=SILENT, missing_correlation=0.0).model(4).answers
    assert plain.uniforms == told.uniforms == 2 + 3 * 4
    assert StatisticalValidators(accuracy=0.5, missing_correlation=0.1).model(4).answers.uniforms == 2 + 3 * 4 + 1


def test_nodes_that_share_a_model_may_be_silent_together(consistent) -> None:
    clones = {"models": ("a", "a", "b", "b"), "correlation": 0.95, "same_wrong": 0.5}
    given = {"accuracy": 0.4, "missing": 0.3, "missing_correlation": 0.6, "clones": clones, "options": 1000}
    own = drawn(**given)
    neither = (own[:, :2] != RIGHT).all(axis=1)
    together = (own[neither][:, :2] == MISSING).all(axis=1)
    assert consistent(together.sum(), neither.sum(), both_silent(0.5, 0.5, 0.6))  # 3 checks: 1 false alarm in 3,300
    assert consistent((own[:, 3] == MISSING).sum(), QUESTIONS, 0.3)
    answered = (own[:, 2:] > RIGHT).all(axis=1)  # which must not depend on the coins that decide who repeats
    assert consistent((own[answered, 2] == own[answered, 3]).sum(), answered.sum(), 0.5 + 0.5 / 1000)


@pytest.mark.parametrize("correlation", [0.0, 0.7])
def test_always_and_never_stay_always_and_never(correlation) -> None:
    law = MissingAnswers.of(np.array([0.55, 0.5, 1.0]), np.array([0.45, 0.0, 0.0]), correlation)
    uniforms = np.array([[0.0], [0.5], [1.0 - 2.0**-53]])[:, : law.uniforms]
    found = law.missing(uniforms, np.full((3, 3), 0.5))
    assert found.tolist() == [[True, False, False]] * 3


def test_every_engine_sees_the_same_silence() -> None:
    settings = StatisticalValidators(accuracy=0.4, missing=0.4, missing_correlation=0.8)
    model = settings.model(4)
    panels = [model.panel(Randomness(3), replication) for replication in range(300)]
    said = [[panel.own_answer(node, 0) for node in range(4)] for panel in panels]
    codes = model.answers.prepare(
        np.concatenate(
            [Randomness(3).uniforms("validators.answers", (model.answers.uniforms,), each)[None] for each in range(300)]
        )
    )[0]
    np.testing.assert_array_equal(np.array([[one is None for one in each] for each in said]), codes == MISSING)
    silent = (codes == MISSING).sum(axis=1)
    assert (silent == 4).mean() > 0.4**4 * 2, "together twice as often as by chance at the very least"
