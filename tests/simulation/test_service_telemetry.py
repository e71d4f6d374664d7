"""Detectors on simulated telemetry against the laws of charts and log patterns.

Statistical comparisons are seeded and use 99.9 % intervals: a right simulation fails one with probability 0.001; there
are seven.
"""

from __future__ import annotations

import pytest

from bft.errors import ScenarioError
from bft.operations.ewma import Ewma, mean_run_length
from bft.operations.logs import LogPattern
from bft.operations.recovery import FaultKind
from bft.simulation.telemetry import Fault, Metric, Symptom, Telemetry, detections

SURE = 0.999
CHART = Ewma(weight=0.2, limit=2.7)


def hangs(count: int, *, every_s: float = 2000.0, lasts_s: float = 1000.0) -> list[Fault]:
    starts = [every_s * k + 995.0 for k in range(count)]
    return [Fault(kind=FaultKind.HANG, start_s=start_s, end_s=start_s + lasts_s) for start_s in starts]


def test_charts_detect_as_fast_as_the_law_says() -> None:
    # A hang moves the latency by 3 and the CPU by 2 standard deviations, and nothing else. Each fault begins when the
    # one before it is repaired, so that charts are fresh, as the law has it; and 5 s before a sample.
    telemetry = Telemetry(period_s=10.0)
    found = detections(telemetry, hangs(800, every_s=1000.0), end_s=801 * 1000.0, seed=3, charts=CHART)
    for metric, shift in (("latency_s", 3.0), ("cpu", 2.0)):
        exact_s = 10.0 * mean_run_length(CHART, shift_sd=shift) - 5.0
        measured = found[metric].mean_time_s(confidence=SURE)
        assert measured.holds(exact_s), f"{metric}: {measured} does not hold {exact_s}"
        assert measured.high - measured.low < 0.15 * exact_s, "an interval this wide shows nothing"
        assert found[metric].misses == 0
    for metric in ("memory", "error"):
        assert found[metric].misses > 0.5 * 800, "these faults do not show there"


def test_false_alarms_without_faults() -> None:
    end_s = 2_000_000.0
    found = detections(Telemetry(period_s=10.0), [], end_s=end_s, seed=4, charts=CHART)
    exact_per_s = 1.0 / (10.0 * mean_run_length(CHART))
    for metric in ("latency_s", "error", "cpu", "memory"):
        assert found[metric].false_alarms_per_s(confidence=SURE).holds(exact_per_s)


def test_a_leak_is_seen_in_memory_and_in_the_log() -> None:
    leaks = [Fault(kind=FaultKind.LEAK, start_s=4000.0 * k, end_s=4000.0 * k + 2000.0) for k in range(1, 50)]
    found = detections(Telemetry(), leaks, end_s=200_000.0, seed=5)
    assert found["memory"].misses == 0
    assert found["logs"].misses == 0
    assert found["latency_s"].misses > 20
    assert found["logs"].mean_time_s(confidence=SURE).holds(1.0 / 0.05)
    assert found["logs"].mean_time_s().value < found["memory"].mean_time_s().value


def test_one_seed_gives_one_result() -> None:
    def run(seed: int) -> object:
        return detections(Telemetry(), hangs(5), end_s=10_000.0, seed=seed)

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_a_log_that_is_searched_for_nothing_relevant_misses_everything() -> None:
    patterns = (LogPattern(pattern="never written", kind=FaultKind.CRASH),)
    found = detections(Telemetry(), hangs(5), end_s=10_000.0, seed=1, patterns=patterns)
    assert (found["logs"].misses, found["logs"].false_alarms) == (5, 0)


def test_harmless_lines_are_a_setting() -> None:
    patterns = (LogPattern(pattern="coffee", kind=FaultKind.HANG),)
    brewing = Telemetry(harmless_line="coffee is ready", harmless_per_s=0.01)
    for telemetry, count in ((brewing, True), (Telemetry(), False)):
        found = detections(telemetry, [], end_s=10_000.0, seed=1, patterns=patterns)
        assert (found["logs"].false_alarms > 50) is count


def test_telemetry_that_cannot_be_is_refused() -> None:
    for make, message in [
        (lambda: Telemetry(period_s=0.0), "telemetry.period_s = 0.0"),
        (lambda: Telemetry(lines_per_s=-1.0), "telemetry.lines_per_s = -1.0"),
        (lambda: Metric(mean=1.0, sd=0.0), "metric.sd = 0.0"),
        (lambda: Telemetry(symptoms={FaultKind.CRASH: (Symptom(metric="x"),)}), "must be one of latency_s, error"),
    ]:
        with pytest.raises(ScenarioError) as refusal:
            make()
        assert message in str(refusal.value)
