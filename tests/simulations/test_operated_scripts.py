"""The scripts of operated panels, run small: their tables and figures exist, and show what their docstrings say."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulations import adaptive_recovery, resilience_against_delta, shared_provider, stress, three_months


def assert_figure(folder: Path, name: str) -> None:
    assert (folder / f"{name}.png").stat().st_size > 10_000
    assert "<svg" in (folder / f"{name}.svg").read_text(encoding="utf-8")


def test_three_months(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = three_months.main(days=2.0, out=tmp_path)
    printed = capsys.readouterr().out
    assert {outcome.value for outcome in run.outcomes} == {"agreed_correct"}
    assert not run.breaches
    assert "equal at all nodes" in printed
    for words in ("nodes: MTBF (s)", "recovery rate N_R / N_F", "P(Fault)", "Wq (s)", "alerts", "CPU seconds, peak MB"):
        assert words in printed
    assert run.operations is not None
    assert run.operations.machines is not None
    assert run.operations.service is not None
    assert run.operations.machines.nodes.failures > 0
    assert run.operations.machines.nodes.availability.value > 0.999
    assert run.operations.service.success.low > 0.999
    assert len(run.trace) < 3 * 5000, "the trace is a summary"
    assert_figure(tmp_path, "three_months")


def test_resilience_against_delta(tmp_path: Path) -> None:
    # 14 cells at 95 %: more than three outside have a probability of 0.004; seeded.
    cells = resilience_against_delta.main(replications=60, out=tmp_path)
    assert sum(not cell.measured.holds(cell.exact) for cell in cells) <= 3
    bare, layered = (
        {cell.delta: cell for cell in cells if cell.layer == layer} for layer in resilience_against_delta.LAYERS
    )
    assert bare[0.0].measured.high < 0.95
    assert layered[0.0].measured.value == 1.0
    assert all(bare[delta].exact < layered[delta].exact for delta in bare)
    assert_figure(tmp_path, "resilience_against_delta")


def test_shared_provider(tmp_path: Path) -> None:
    # 8 cells at 95 %: more than two outside have a probability of 0.006; seeded.
    cells = {(c.providers, c.fallback): c for c in shared_provider.main(replications=60, out=tmp_path)}
    assert sum(not cell.measured.holds(cell.exact) for cell in cells.values()) <= 2
    assert cells[2, False].exact == pytest.approx(0.95**2)
    assert cells[3, False].exact < cells[1, False].exact < cells[7, False].exact
    assert cells[2, True].exact == pytest.approx(1.0 - 0.05**2)
    assert_figure(tmp_path, "shared_provider")


def test_adaptive_recovery(tmp_path: Path) -> None:
    # 20 intervals of 95 %, ten of them of constants; more than three outside have a probability below 0.02; seeded.
    cells = {(c.policy, c.accuracy): c for c in adaptive_recovery.main(replications=1, out=tmp_path)}
    outside = [c for c in cells.values() if not c.mttr_s.low - 1e-6 <= c.law.mttr_s <= c.mttr_s.high + 1e-6]
    assert len(outside) <= 3
    assert cells["adaptive", 1.0].law.mttr_s == pytest.approx(17.75)
    assert cells["escalate", 1.0].law.mttr_s == pytest.approx(20.5)
    assert cells["adaptive", 0.9].law.mttr_s > cells["escalate", 0.9].law.mttr_s
    assert cells["always move", 1.0].law.price > 10 * cells["escalate", 1.0].law.price
    assert_figure(tmp_path, "adaptive_recovery")


def test_stress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stress, "USERS", (1, 8, 24, 64))
    monkeypatch.setattr(stress, "RATES_PER_S", (2.0, 8.0))
    cells = {(c.loop, c.layer, c.load): c for c in stress.main(replications=3, out=tmp_path)}
    for users in (8.0, 24.0, 64.0):
        cell = cells["closed", "no policies", users]
        # Three replications are too few for an interval: three standard deviations of a count of 1500 are 8 %.
        assert cell.throughput.value == pytest.approx(cell.exact, rel=0.08)
        assert cell.success.value == 1.0
    assert stress.throughput(1) == pytest.approx(0.4)
    assert stress.throughput(200) == pytest.approx(8 / 1.5)
    assert cells["closed", "retries, breaker", 64.0].standing == "broken"
    assert cells["open", "retries, breaker", 8.0].success.value < 0.5
    assert cells["open", "no policies", 8.0].latency_s.value > 10 * cells["open", "no policies", 2.0].latency_s.value
    assert_figure(tmp_path, "stress_closed")
    assert_figure(tmp_path, "stress_open")
