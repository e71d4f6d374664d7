"""The scripts of operations, run small: their tables and figures exist, and show what their docstrings say."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulations import (
    availability_of_k_of_n,
    breaker_thresholds,
    closed_forms,
    detector_trade_off,
    operations_report,
    retry_storm,
)


def assert_figure(folder: Path, name: str) -> None:
    assert (folder / f"{name}.png").stat().st_size > 10_000
    assert "<svg" in (folder / f"{name}.svg").read_text(encoding="utf-8")


def test_closed_forms(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    # 31 intervals of 99.9 %, some over few cycles; seeded.
    for name, size in (("JOBS", 3000), ("CALLS", 2000), ("NODE_FAILURES", 500)):
        monkeypatch.setattr(closed_forms, name, size)
    rows = closed_forms.main(replications=1)
    assert len(rows) == 31
    assert {row.verdict for row in rows} == {"inside", "too few cycles"}
    assert sum(row.verdict == "inside" for row in rows) > 24
    printed = capsys.readouterr().out
    assert "M/M/3 breakdowns, λ 2" in printed
    assert "1.44268341" in printed
    wrong = rows[0]._replace(exact=rows[0].measured.high * 1.01)
    assert wrong.verdict == "OUTSIDE"
    assert "OUTSIDE" in closed_forms.table([wrong])


def test_retry_storm(tmp_path: Path) -> None:
    found = retry_storm.main(replications=2, out=tmp_path)
    assert all(minute.value == 0.0 for minute in found["no budget, no cap"][3:])
    for cure in ("10 % retry budget", "queue cap of 20", "budget and cap"):
        assert all(minute.value > 0.95 for minute in found[cure][5:]), "back within two minutes"
        assert found[cure][2].value < 0.3, "the slowdown itself is felt"
    assert_figure(tmp_path, "retry_storm")


def test_breaker_thresholds(tmp_path: Path) -> None:
    found = breaker_thresholds.main(replications=1, out=tmp_path)
    _, law = found[0.05, 5]
    assert law.calls_before_opening == pytest.approx(3_368_420)
    assert found[0.5, 5][1].rejected == pytest.approx(0.652174, abs=5e-7)
    measured = found[0.5, 1][0]
    assert measured.low - 0.01 < found[0.5, 1][1].rejected < measured.high + 0.01
    assert_figure(tmp_path, "breaker_thresholds")


def test_detector_trade_off(tmp_path: Path) -> None:
    found = detector_trade_off.main(replications=1, out=tmp_path)
    by_family: dict[str, list[float]] = {}
    for each in found:
        by_family.setdefault(each.setting.family, []).append(each.setting.false_alarm)
    assert by_family["timeout"] == pytest.approx([0.1, 0.01, 0.001, 0.0001])
    assert by_family["φ accrual, 20 beats"][2] > 3.5 * by_family["timeout"][2]
    assert by_family["φ accrual, 100 beats"][2] == pytest.approx(0.001361, abs=5e-7)
    for each in found:
        spread = each.detection_s.high - each.detection_s.low
        assert abs(each.detection_s.value - each.setting.detection_s) < spread
    assert_figure(tmp_path, "detector_trade_off")


def test_availability_of_k_of_n(tmp_path: Path) -> None:
    cells = {(each.k, each.node): each for each in availability_of_k_of_n.main(replications=1, out=tmp_path)}
    assert cells[1, 0.9].verdict == cells[3, 0.95].verdict == "broken"
    assert cells[7, 0.99].verdict == "undecided: too few outages"
    assert cells[7, 0.95].exact < 0.999 < cells[7, 0.97].exact
    assert cells[7, 0.95].hours_needed > 2e6
    assert_figure(tmp_path, "availability_of_k_of_n")


def test_operations_report(tmp_path: Path) -> None:
    report = operations_report.main(out=tmp_path)
    assert report.monitor is not None
    assert report.monitor.health.value == "healthy"
    told = {(alert.metric, alert.level.name): at_s for at_s, alert in reversed(report.alerts)}
    assert 1200.0 < told["error", "WARNING"] < told["error", "SEVERE"] < 1260.0
    emergencies = [at_s for at_s, alert in report.alerts if alert.level.name == "EMERGENCY"]
    assert any(2400.0 < at_s < 2430.0 for at_s in emergencies)
    assert {file.name for file in tmp_path.iterdir()} == {"report.html", "report.txt", "report.json", "metrics.txt"}
    assert "One bad hour" in (tmp_path / "report.html").read_text(encoding="utf-8")


PUBLISHED = [  # of every closed form that the project promises to agree with, as far as it is rounded there
    ("M/M/1, λ .8", 4.0), ("M/M/1, λ .8", 4.0), ("M/M/3, λ 2.4", 0.647191), ("M/M/3, λ 2.4", 1.078652),
    ("M/M/1 breakdowns, λ .5", 0.909091), ("M/M/1 breakdowns, λ .5", 2.232323), ("M/M/1 breakdowns, λ .5", 4.464646),
    ("M/M/3 breakdowns, λ 2", 4.885367), ("M/M/3 breakdowns, λ 2", 1.442683), ("M/G/1 lognormal, λ .4", 2.31771),
    ("M/D/1 limiter, 10/s, λ 9", 0.45), ("retry, p 0.2, 3 attempts", 0.992), ("retry, p 0.2, 3 attempts", 1.24),
    ("retry, p 0.3, 5 attempts", 0.99757), ("retry, p 0.3, 5 attempts", 1.4251), ("retry, p 0.3, 5 attempts", 0.3264),
    ("two levels, .3³ · .1³", 0.999973), ("two levels, .3³ · .1³", 1.41997), ("breaker, p .5, K 5, R 60 s", 62.0),
    ("breaker, p .5, K 5, R 60 s", 0.652174), ("MTBF 99, MTTR 1", 0.99), ("3 of 4 at .99", 0.99940797),
    ("5 of 7 at .99", 0.99996604), ("7 of 10 at .99", 0.99999800), ("3 of 4, MTBF 500, MTTR 5", 0.99941956),
    ("3 of 4, MTBF 500, MTTR 5", 4333.33), ("φ accrual, W 100, Φ 3", 0.001361),
    ("TTL cache, 1/600 s, 3600 s", 0.857143),
    ("window 100, error 5 %", 0.01147), ("window 100, error 5 %", 0.384),
]  # fmt: skip


def test_one_command_measures_every_closed_form(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("JOBS", 100), ("CALLS", 100), ("NODE_FAILURES", 50)):
        monkeypatch.setattr(closed_forms, name, size)
    rows = closed_forms.main(replications=1)
    for case, published in PUBLISHED:
        digits = len(f"{published:.10g}".partition(".")[2])
        exact = [row.exact for row in rows if row.case == case]
        assert any(abs(value - published) <= 0.51 * 10.0**-digits for value in exact), f"{case}: {published} of {exact}"
