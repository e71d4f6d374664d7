"""Failure detectors on heartbeats against their laws.

Statistical comparisons are seeded and use 99.9 % intervals: a right detector fails one with probability 0.001; there
are five.
"""

from __future__ import annotations

import math
import random

import pytest
from scipy import stats

from bft.errors import ScenarioError
from bft.operations.heartbeat import HeartbeatDetector, HeartbeatTimeout, PhiAccrual
from bft.operations.intervals import mean_estimate, share_estimate
from bft.theory.reliability import phi_false_alarm

SURE = 0.999


def false_alarms(detector: HeartbeatDetector, intervals_s: list[float], *, warm: int) -> tuple[int, int]:
    """How many beats came after the detector had begun to suspect, of those after the first `warm` intervals."""
    at_s, late = 0.0, 0
    detector.beat(at_s)
    for place, interval_s in enumerate(intervals_s):
        at_s += interval_s
        late += place >= warm and at_s > detector.suspects_from_s
        detector.beat(at_s)
    return late, len(intervals_s) - warm


@pytest.mark.parametrize(("window", "threshold"), [(100, 3.0), (10, 2.0)])
def test_phi_accrual_has_the_false_alarms_of_students_law(window: int, threshold: float) -> None:
    # Alarms of one window depend on each other a little: beats far apart are independent, so blocks of five windows
    # are compared instead of beats.
    source = random.Random(5)
    beats = 200_000
    intervals_s = [source.gauss(1.0, 0.1) for _ in range(beats)]
    detector = PhiAccrual(threshold=threshold, window=window, minimum=window).detector()
    exact = phi_false_alarm(window=window, threshold=threshold)
    blocks, at_s = [], 0.0
    detector.beat(at_s)
    for place, interval_s in enumerate(intervals_s):
        at_s += interval_s
        if place >= window:
            if (place - window) % (5 * window) == 0:
                blocks.append(0)
            blocks[-1] += at_s > detector.suspects_from_s
        detector.beat(at_s)
    measured = mean_estimate([count / (5 * window) for count in blocks[:-1]], confidence=SURE)
    assert measured.holds(exact), f"{measured} does not hold {exact}"
    assert measured.low > 10.0**-threshold, "estimated moments cost something"


def test_the_law_of_the_shared_table() -> None:
    assert phi_false_alarm(window=100, threshold=3.0) == pytest.approx(0.001361, abs=5e-7)
    assert PhiAccrual(threshold=3.0).z == pytest.approx(stats.norm.isf(1e-3), rel=1e-12)


def test_a_timeout_has_the_false_alarms_of_the_intervals_law() -> None:
    source = random.Random(6)
    intervals_s = [source.expovariate(1.0) for _ in range(100_000)]
    late, beats = false_alarms(HeartbeatTimeout(timeout_s=3.0).detector(), intervals_s, warm=0)
    assert share_estimate(late, beats, confidence=SURE).holds(math.exp(-3.0))


def test_a_timeout_notices_a_crash_uniformly_late() -> None:
    source = random.Random(7)
    times_s = []
    for _ in range(20_000):
        detector = HeartbeatTimeout(timeout_s=3.0).detector()
        crash_s = source.uniform(100.0, 200.0)
        detector.beat(math.floor(crash_s))
        times_s.append(detector.suspects_from_s - crash_s)
    assert mean_estimate(times_s, confidence=SURE).holds(2.5)
    assert min(times_s) > 2.0
    assert max(times_s) <= 3.0


def test_the_moment_of_suspicion_is_when_phi_reaches_the_threshold() -> None:
    source = random.Random(8)
    detector = PhiAccrual(threshold=5.0, window=20).detector()
    at_s = 0.0
    for _ in range(50):
        detector.beat(at_s)
        at_s += source.gauss(1.0, 0.2)
    assert detector.phi(detector.suspects_from_s) == pytest.approx(5.0, rel=1e-9)
    assert detector.phi(detector.suspects_from_s + 0.1) > 5.0


def test_phi_goes_on_where_probabilities_vanish() -> None:
    detector = PhiAccrual(threshold=8.0, window=2, minimum=2, least_sd_s=1.0).detector()
    for at_s in (0.0, 1.0, 2.0):
        detector.beat(at_s)
    for late in (34.0, 36.0, 100.0):
        exact = -float(stats.norm.logsf(late)) / math.log(10.0)
        assert detector.phi(3.0 + late) == pytest.approx(exact, rel=1e-8)


def test_nothing_is_suspected_while_too_little_is_known() -> None:
    detector = PhiAccrual(minimum=3, window=5).detector()
    for at_s in (0.0, 1.0, 2.1):
        detector.beat(at_s)
        assert detector.suspects_from_s == math.inf
        assert detector.phi(1e9) == 0.0
    detector.beat(3.0)
    assert detector.suspects_from_s < math.inf


def test_regular_beats_need_a_least_deviation() -> None:
    detector = PhiAccrual(threshold=1.0, window=4, minimum=2, least_sd_s=0.05).detector()
    for at_s in range(6):
        detector.beat(float(at_s))
    assert detector.suspects_from_s == pytest.approx(6.0 + 0.05 * float(stats.norm.isf(0.1)))


def test_sums_do_not_drift() -> None:
    source = random.Random(9)
    rules = PhiAccrual(threshold=4.0, window=8, minimum=8)
    old, at_s, beats = rules.detector(), 0.0, []
    for place in range(100_000):
        at_s += 1e6 if place == 50 else source.gauss(1.0, 0.1)
        old.beat(at_s)
        beats.append(at_s)
    fresh = rules.detector()
    for each in beats[-rules.memory :]:
        fresh.beat(each)
    assert old.suspects_from_s == pytest.approx(fresh.suspects_from_s, abs=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HeartbeatTimeout(timeout_s=0.0), "heartbeat_timeout.timeout_s = 0.0"),
        (lambda: PhiAccrual(threshold=301.0), "phi_accrual.threshold = 301.0: must be above 0 and at most 300"),
        (lambda: PhiAccrual(window=1), "phi_accrual.window = 1"),
        (lambda: PhiAccrual(window=5, minimum=6), "phi_accrual.minimum = 6: must be at most phi_accrual.window, 5"),
        (lambda: PhiAccrual(least_sd_s=-1.0), "phi_accrual.least_sd_s = -1.0"),
    ],
)
def test_detectors_that_cannot_work_are_refused(make, message) -> None:
    with pytest.raises(ScenarioError) as refusal:
        make()
    assert message in str(refusal.value)
