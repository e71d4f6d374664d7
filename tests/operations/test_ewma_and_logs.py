"""Control charts and log patterns against their laws.

Statistical comparisons are seeded and use 99.9 % intervals: a right detector fails one with probability 0.001; there
are six.
"""

from __future__ import annotations

import math
import random

import pytest
from scipy import stats

from bft.errors import ScenarioError
from bft.operations.ewma import Ewma, EwmaChart, mean_run_length
from bft.operations.intervals import mean_estimate
from bft.operations.logs import LogPattern, LogWatch
from bft.operations.recovery import FaultKind

SURE = 0.999


def run_lengths(rules: Ewma, shift: float, runs: int, seed: int) -> list[float]:
    source = random.Random(seed)
    lengths = []
    for _ in range(runs):
        chart, count = EwmaChart(rules, mean=0.0, sd=1.0), 1
        while not chart.sample(source.gauss(shift, 1.0)):
            count += 1
        lengths.append(float(count))
    return lengths


@pytest.mark.parametrize(
    ("rules", "shift", "runs"),
    [
        (Ewma(weight=0.1, limit=2.7), 0.0, 500),
        (Ewma(weight=0.1, limit=2.7), 1.0, 5000),
        (Ewma(weight=0.25, limit=3.0, rises_only=True), 0.5, 1000),
        (Ewma(weight=1.0, limit=2.0), 0.0, 3000),
    ],
)
def test_charts_alarm_when_the_law_says(rules: Ewma, shift: float, runs: int) -> None:
    exact = mean_run_length(rules, shift_sd=shift)
    measured = mean_estimate(run_lengths(rules, shift, runs, seed=11), confidence=SURE)
    assert measured.holds(exact), f"{measured} does not hold {exact}"


def test_the_law_agrees_with_published_run_lengths() -> None:
    # Lucas & Saccucci 1990, table 3: λ 0.1 and L 2.814 have a run length of 500, and of 10.3 at a shift of 1 sd.
    rules = Ewma(weight=0.1, limit=2.814)
    assert mean_run_length(rules) == pytest.approx(500.0, rel=0.01)
    assert mean_run_length(rules, shift_sd=1.0) == pytest.approx(10.3, abs=0.1)
    assert mean_run_length(Ewma(weight=1.0, limit=3.0)) == pytest.approx(0.5 / float(stats.norm.sf(3.0)), rel=1e-6)


def test_a_learned_baseline_is_its_samples_mean_and_deviation() -> None:
    rules = Ewma(weight=1.0, limit=2.0, baseline=4)
    chart = EwmaChart(rules)
    assert not any(chart.sample(value) for value in (1.0, 3.0, 1.0, 3.0))
    deviation = math.sqrt(4.0 / 3.0)
    assert chart.sample(2.0 + 2.01 * deviation)
    assert chart.z == pytest.approx(2.01)
    chart.restart()
    assert not chart.sample(2.0 - 1.99 * deviation)
    assert chart.sample(2.0 - 2.01 * deviation)


def test_a_chart_for_rises_ignores_falls() -> None:
    chart = EwmaChart(Ewma(weight=1.0, rises_only=True), mean=0.0, sd=1.0)
    assert not chart.sample(-100.0)
    assert chart.sample(3.1)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"weight": 0.0}, "ewma.weight"),
        ({"limit": -1.0}, "ewma.limit"),
        ({"baseline": 1}, "ewma.baseline"),
        ({"least_sd": 0.0}, "ewma.least_sd"),
    ],
)
def test_charts_that_cannot_work_are_refused(rules, message) -> None:
    with pytest.raises(ScenarioError, match=message):
        Ewma(**rules)


def alarm_times(pattern: LogPattern, rate: float, runs: int, seed: int) -> list[float]:
    source, times = random.Random(seed), []
    for _ in range(runs):
        watch, at_s = LogWatch((pattern,)), source.expovariate(rate)
        while watch.line(at_s, "connection reset by peer") is None:
            at_s += source.expovariate(rate)
        times.append(at_s)
    return times


def test_harmless_lines_raise_false_alarms_as_often_as_the_law_says() -> None:
    rate, within_s = 0.1, 5.0
    two = LogPattern(pattern="connection reset", kind=FaultKind.HANG, count=2, within_s=within_s)
    exact_s = (1.0 + 1.0 / -math.expm1(-rate * within_s)) / rate
    assert mean_estimate(alarm_times(two, rate, 5000, seed=3), confidence=SURE).holds(exact_s)
    one = LogPattern(pattern="connection reset", kind=FaultKind.HANG)
    assert mean_estimate(alarm_times(one, rate, 5000, seed=4), confidence=SURE).holds(1.0 / rate)


def test_lines_are_taken_for_the_kind_of_their_pattern() -> None:
    watch = LogWatch()
    assert watch.line(0.0, "kernel: Out of memory: killed process 7") is FaultKind.LEAK
    assert watch.line(1.0, "snapshot 12: checksum differs") is FaultKind.CORRUPTION
    assert watch.line(2.0, "all is well") is None
    assert [watch.line(at_s, "request timed out") for at_s in (3.0, 4.0, 5.0)] == [None, None, FaultKind.HANG]
    assert watch.line(6.0, "request timed out") is None, "evidence is used once"
    assert [watch.line(at_s, "request timed out") for at_s in (66.0, 126.0)] == [None, None], "too far apart"


@pytest.mark.parametrize("pattern", ["(", "", "x*"])
def test_patterns_that_cannot_work_are_refused(pattern: str) -> None:
    with pytest.raises(ScenarioError, match=r"log_pattern\.pattern"):
        LogPattern(pattern=pattern, kind=FaultKind.CRASH)
    with pytest.raises(ScenarioError, match=r"log_pattern\.count"):
        LogPattern(pattern="x", kind=FaultKind.CRASH, count=0)
