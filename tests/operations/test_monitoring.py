"""Windows, bands, alerts and health."""

from __future__ import annotations

import random

import pytest

from bft.errors import ScenarioError
from bft.operations.alerts import Level, Monitor, Monitoring
from bft.operations.bands import BANDS, Band, Health, Light, health
from bft.operations.intervals import share_estimate
from bft.operations.windows import Threshold, Window
from bft.theory.reliability import window_exceeds


def test_a_window_exceeds_its_threshold_as_often_as_the_law_says() -> None:
    # 4000 windows without a call in common, two comparisons of 99.9 %, seeded.
    source = random.Random(21)
    exceeded = {0.05: 0, 0.10: 0}
    for _ in range(4000):
        window = Window(size=100, minimum=20)
        for _ in range(100):
            window.add(float(source.random() < 0.05))
        for threshold in exceeded:
            exceeded[threshold] += Threshold(above=threshold, clear_at=0.0).crossed(window.mean, before=False)
    for threshold, count in exceeded.items():
        exact = window_exceeds(window=100, p_error=0.05, threshold=threshold)
        assert share_estimate(count, 4000, confidence=0.999).holds(exact)
    assert window_exceeds(window=100, p_error=0.05, threshold=0.05) == pytest.approx(0.384, abs=5e-4)
    assert window_exceeds(window=100, p_error=0.05, threshold=0.10) == pytest.approx(0.01147, abs=5e-6)


def test_hysteresis_tames_the_flutter() -> None:
    source = random.Random(22)
    with_gap, without = Threshold(above=0.05, clear_at=0.02), Threshold(above=0.05, clear_at=0.0499)
    window, changes, states = Window(), {with_gap: 0, without: 0}, {with_gap: False, without: False}
    for _ in range(20_000):
        window.add(float(source.random() < 0.05))
        for rule in states:
            now = rule.crossed(window.mean, states[rule])
            changes[rule] += now != states[rule]
            states[rule] = now
    assert changes[with_gap] * 2 < changes[without]


def test_a_window_forgets_and_waits_for_its_minimum() -> None:
    window = Window(size=4, minimum=2)
    window.add(1.0)
    assert window.mean is None
    window.add(0.0)
    assert window.mean == 0.5
    for _ in range(3):
        window.add(0.0)
    assert window.mean == 0.0
    assert len(window) == 4


def test_exactly_the_threshold_is_not_above_it() -> None:
    window = Window(size=100, minimum=100)
    for place in range(100):
        window.add(float(place % 20 == 0))
    assert not Threshold(above=0.05, clear_at=0.03).crossed(window.mean, before=False)


@pytest.mark.parametrize(
    ("metric", "value", "light"),
    [
        ("error", 0.049, Light.GOOD), ("error", 0.05, Light.WATCH), ("error", 0.10, Light.WATCH),
        ("error", 0.101, Light.BAD), ("retry", 0.029, Light.GOOD), ("retry", 0.04, Light.WATCH),
        ("retry", 0.051, Light.BAD), ("latency_s", 1.9, Light.GOOD), ("latency_s", 2.0, Light.WATCH),
        ("latency_s", 5.1, Light.BAD), ("success", 0.951, Light.GOOD), ("success", 0.95, Light.WATCH),
        ("success", 0.90, Light.WATCH), ("success", 0.899, Light.BAD), ("error", None, Light.UNKNOWN),
    ],
)  # fmt: skip
def test_bands(metric: str, value: float | None, light: Light) -> None:
    assert BANDS[metric].light(value) is light


def test_health() -> None:
    assert [health(value) for value in (0.95, 0.949, 0.8, 0.79, None)] == [
        Health.HEALTHY, Health.WARNING, Health.WARNING, Health.CRITICAL, Health.UNKNOWN,
    ]  # fmt: skip


def feed(monitor: Monitor, answers: str) -> list[tuple[int, str, Level]]:
    """A dot is an answer, an x an error; what alerts came after how many calls."""
    seen = []
    for place, answer in enumerate(answers, start=1):
        alerts = monitor.record(answer == ".", latency_s=1.0)
        seen += [(place, alert.metric, alert.level) for alert in alerts]
    return seen


def test_alerts_climb_and_come_down_with_hysteresis() -> None:
    monitor = Monitor()
    assert feed(monitor, "." * 95 + "xxxxx") == []
    assert feed(monitor, "x") == [(1, "error", Level.WARNING)]
    assert feed(monitor, "xxxxx") == [(5, "error", Level.SEVERE)]
    assert monitor.health is Health.WARNING
    # The 11 errors leave the window after 89 to 99 more calls; severe ends at 8 %, the warning at 3 %.
    assert feed(monitor, "." * 100) == [(92, "error", Level.WARNING), (97, "error", Level.CLEAR)]
    assert monitor.level is Level.CLEAR
    assert monitor.health is Health.HEALTHY


def test_no_alert_before_there_are_enough_samples() -> None:
    assert feed(Monitor(Monitoring(silent_calls=100)), "x" * 19) == []
    assert feed(Monitor(Monitoring(silent_calls=100)), "x" * 20) == [(20, "error", Level.SEVERE)]


def test_an_emergency_is_when_nothing_answers() -> None:
    monitor = Monitor(Monitoring(silent_calls=3))
    assert feed(monitor, "..xx.xxx") == [(8, "answers", Level.EMERGENCY)]
    assert monitor.level is Level.EMERGENCY
    assert feed(monitor, "x.") == [(2, "answers", Level.CLEAR)]


def test_retries_and_latency_have_alerts_of_their_own() -> None:
    monitor = Monitor()
    alerts = [alert for _ in range(20) for alert in monitor.record(True, latency_s=6.0, retries=1)]
    assert [(alert.metric, alert.level, alert.value) for alert in alerts] == [
        ("retry", Level.WARNING, 1.0), ("latency_s", Level.WARNING, 6.0),
    ]  # fmt: skip
    assert monitor.lights == {
        "success": Light.GOOD, "error": Light.GOOD, "retry": Light.BAD, "latency_s": Light.BAD,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Window(size=0), "window.size = 0"),
        (lambda: Window(size=10, minimum=11), "window.minimum = 11: must be at most window.size, 10"),
        (lambda: Threshold(above=0.05, clear_at=0.05), "threshold.clear_at = 0.05"),
        (lambda: Band(good=1.0, bad=1.0), "band.bad = 1.0"),
        (lambda: Monitoring(severe=Threshold(above=1.2, clear_at=1.0)), "monitoring.severe.above = 1.2"),
        (lambda: Monitoring(severe=Threshold(above=0.04, clear_at=0.0)), "monitoring.severe.above = 0.04"),
        (lambda: Monitoring(silent_calls=0), "monitoring.silent_calls = 0"),
        (lambda: health(0.9, healthy=0.7), "health.warning = 0.8"),
        (lambda: Monitor().record(True, latency_s=-1.0), "monitor.latency_s = -1.0"),
    ],
)
def test_monitoring_that_cannot_work_is_refused(make, message) -> None:
    with pytest.raises(ScenarioError) as refusal:
        make()
    assert message in str(refusal.value)
