"""Clopper–Pearson intervals, held against another implementation and against what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bft.errors import SweepError
from bft.experiments.intervals import estimate


@pytest.mark.parametrize("runs", [1, 7, 40, 400])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_they_are_those_of_an_independent_implementation(runs: int, level: float) -> None:
    for count in sorted({0, 1, runs // 3, runs - 1, runs}):
        here = estimate(count, runs, level)
        witness = stats.binomtest(count, runs).proportion_ci(level, method="exact")
        assert here.value == count / runs
        assert here.low == pytest.approx(witness.low, abs=1e-12)
        assert here.high == pytest.approx(witness.high, abs=1e-12)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_they_cover_every_probability_at_least_as_often_as_they_say(level: float) -> None:
    runs = 60
    intervals = [estimate(count, runs, level) for count in range(runs + 1)]
    for probability in np.linspace(0.0, 1.0, 201):
        inside = [each.low <= probability <= each.high for each in intervals]
        assert stats.binom.pmf(np.arange(runs + 1), runs, probability)[inside].sum() >= level - 1e-12


def test_nothing_seen_says_nothing() -> None:
    value, low, high = estimate(0, 0)
    assert math.isnan(value)
    assert (low, high) == (0.0, 1.0)


def test_certain_counts_reach_the_end() -> None:
    assert estimate(0, 10).low == 0.0
    assert estimate(10, 10).high == 1.0


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 95.0, math.nan])
def test_a_level_outside_the_open_unit_interval_is_refused(level: float) -> None:
    with pytest.raises(SweepError, match=r"level = .*: must be above 0 and below 1"):
        estimate(1, 2, level)
