"""Stated confidence: an honest panel is calibrated, a biased one is not, and what is stated disturbs nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta

from bft.randomness import Randomness
from bft.validators.confidence import ConfidenceLaw, ConfidenceSettings
from bft.validators.settings import StatisticalValidators

RUNS = 4000


def test_levels_have_the_laws_of_the_docstring_and_are_calibrated():
    """P(right | c) = c follows from Bayes: a·f(c | right) = c·f(c), for every level c."""
    law = ConfidenceLaw(accuracy=(0.6,), spread=(4.0,))
    for right in (True, False):
        expected = beta(4 * 0.6 + right, 4 * 0.4 + (not right))
        for uniform in (0.05, 0.5, 0.95):
            assert expected.cdf(law.level(0, right, uniform)) == pytest.approx(uniform, abs=1e-9)
    said = beta(2.4, 1.6)
    for level in (0.2, 0.5, 0.9):
        right = 0.6 * beta(3.4, 1.6).pdf(level)
        assert right / said.pdf(level) == pytest.approx(level)
    assert quad(lambda level: level * said.pdf(level), 0, 1)[0] == pytest.approx(0.6)


def test_bias_and_stretch_act_on_the_log_odds():
    plain = ConfidenceLaw(accuracy=(0.6,), spread=(4.0,))
    bent = ConfidenceLaw(accuracy=(0.6,), spread=(4.0,), bias=1.0, stretch=2.0)
    one, other = plain.level(0, True, 0.3), bent.level(0, True, 0.3)
    assert np.log(other / (1 - other)) == pytest.approx(2.0 * np.log(one / (1 - one)) + 1.0)


def test_certain_validators_say_so():
    law = ConfidenceSettings().law((0.0, 1.0))
    assert [law.level(node, True, 0.3) for node in (0, 1)] == [0.0, 1.0]


def test_the_panel_is_right_as_often_as_it_says():
    """Five standard errors in each of five bins: a false alarm in a million."""
    model = StatisticalValidators(confidence=ConfidenceSettings(spread=2.0)).model(7)
    randomness = Randomness(4)
    said, right = [], []
    for replication in range(RUNS):
        panel = model.panel(randomness, replication)
        proposed = panel.propose(3, 0)
        if proposed.answer is not None:
            said.append(proposed.confidence)
            right.append(proposed.answer == panel.truth(0))
    bins = np.digitize(said, [0.2, 0.4, 0.6, 0.8])
    for each in range(5):
        here = bins == each
        mean, observed = np.mean(np.array(said)[here]), np.mean(np.array(right)[here])
        assert abs(mean - observed) < 5 * np.sqrt(mean * (1 - mean) / here.sum())


def test_stating_confidence_changes_no_answer():
    plain, stating = StatisticalValidators().model(5), StatisticalValidators(confidence={}).model(5)
    for replication in range(50):
        one, other = plain.panel(Randomness(1), replication), stating.panel(Randomness(1), replication)
        assert [one.propose(node, 0).answer for node in range(5)] == [
            other.propose(node, 0).answer for node in range(5)
        ]
