"""Scores of detectors, and the intervals they come with."""

from __future__ import annotations

import math
import random

import pytest
from scipy import stats

from bft.errors import ScenarioError
from bft.operations.detection import score
from bft.operations.intervals import (
    gamma_cdf,
    gamma_quantile,
    mean_estimate,
    rate_estimate,
    ratio_estimate,
    share_estimate,
)


def test_alarms_are_detections_false_or_repeated() -> None:
    found = score([(10.0, 20.0), (30.0, 40.0), (50.0, math.inf)], [5.0, 12.0, 15.0, 20.0, 55.0], end_s=60.0)
    assert found.times_s == (2.0, 5.0)
    assert (found.faults, found.misses, found.false_alarms) == (3, 1, 2)
    assert found.healthy_s == 30.0
    assert found.missed().value == pytest.approx(1.0 / 3.0)
    assert found.false_alarms_per_s().value == pytest.approx(2.0 / 30.0)
    assert found.mean_time_s().value == 3.5


def test_faults_must_be_in_order() -> None:
    with pytest.raises(ScenarioError, match="must not overlap"):
        score([(10.0, 20.0), (15.0, 30.0)], [], end_s=40.0)


@pytest.mark.parametrize("shape", [0.5, 1.0, 3.0, 40.0, 5000.0])
def test_gamma_quantiles_agree_with_scipy(shape: float) -> None:
    for probability in (0.0005, 0.025, 0.5, 0.975, 0.9995):
        value = gamma_quantile(shape, probability)
        assert value == pytest.approx(float(stats.gamma.ppf(probability, shape)), rel=1e-9)
        assert gamma_cdf(shape, value) == pytest.approx(probability, rel=1e-9)


def test_rates_have_garwoods_interval() -> None:
    found = rate_estimate(7, 2.0, confidence=0.9)
    assert found.low == pytest.approx(float(stats.chi2.ppf(0.05, 14)) / 4.0)
    assert found.high == pytest.approx(float(stats.chi2.ppf(0.95, 16)) / 4.0)
    nothing = rate_estimate(0, 100.0).inverse()
    assert nothing.value == math.inf
    assert nothing.low == pytest.approx(100.0 / 3.6889, rel=1e-4)
    assert nothing.high == math.inf


def test_shares_have_wilsons_interval() -> None:
    found = share_estimate(8, 10, confidence=0.95)
    exact = stats.binomtest(8, 10).proportion_ci(method="wilson")
    assert (found.low, found.high) == (pytest.approx(exact.low), pytest.approx(exact.high))
    assert share_estimate(0, 10).low == 0.0
    assert share_estimate(10, 10).high == 1.0
    assert share_estimate(0, 0)[1:3] == (0.0, 1.0)


def test_means_and_ratios_cover_as_often_as_they_say() -> None:
    # 1000 intervals of 90 %: outside [868, 930] with probability below 0.002 for exact coverage; seeded.
    source, covered = random.Random(1), 0
    for _ in range(1000):
        tops = [source.gauss(2.0, 1.0) for _ in range(50)]
        covered += ratio_estimate(tops, [1.0] * 50, confidence=0.9).holds(2.0)
    assert 868 <= covered <= 930
    bottoms = [source.uniform(1.0, 3.0) for _ in range(100)]
    exact = ratio_estimate([3.0 * each for each in bottoms], bottoms)
    assert (exact.low, exact.value, exact.high) == (pytest.approx(3.0), pytest.approx(3.0), pytest.approx(3.0))


def test_too_little_is_said_to_be_so() -> None:
    assert mean_estimate([3.0])[1:3] == (-math.inf, math.inf)
    assert math.isnan(mean_estimate([]).value)
    with pytest.raises(ScenarioError, match="confidence = 1"):
        mean_estimate([1.0, 2.0], confidence=1.0)
