"""The scripts of operated panels, run small: their tables and figures exist, and show what their docstrings say."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulations import three_months


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
