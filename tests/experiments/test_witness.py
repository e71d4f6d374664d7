"""The event engine as witness: what it runs again ends alike, and a planted difference is found with its seed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bft
from bft.cli import main
from bft.errors import SweepError
from bft.experiments.witness import period_of
from bft.vectorised import NEEDS_EVENTS, OUTCOMES, Batch, VectorisedSimulator

OVER = {"faults.delta": [0.1, 0.4]}


def small(**how: Any) -> bft.Sweep:
    """Return a sweep of two cells."""
    return bft.sweep(bft.Scenario(), over=OVER, seed=1, workers=1, progress=False, **{"replications": 100, **how})


@pytest.mark.parametrize(
    ("share", "expected"), [(None, (0, 0)), (0.1, (10, 10)), (0.07, (8, 8)), (1, (100, 100)), (1e-9, (1, 1))]
)
def test_the_share_says_how_many_of_each_cell_are_run_again(share: float | None, expected: tuple[int, int]) -> None:
    sweep = small(witness=share)
    assert tuple(result.witnessed for result in sweep.results) == expected
    assert sweep.witnessed == sum(expected)
    assert [row.get("witnessed", 0) for row in sweep.rows] == list(expected)
    counted = [{name: value for name, value in row.items() if name != "witnessed"} for row in sweep.rows]
    assert counted == list(small().rows), "a witness changes nothing else"


def test_scenarios_that_only_the_event_engine_runs_need_no_witness() -> None:
    assert small(witness=0.5, engine="simpy").witnessed == 0


def test_what_the_vectorised_engine_hands_back_is_not_counted_twice() -> None:
    scenario = bft.Scenario(faults=bft.Faults(behaviour="equivocate"), pbft={"view_timeout_s": 0.3})
    sweep = bft.sweep(scenario, over=OVER, replications=60, seed=1, workers=1, progress=False, witness=1)
    assert all(result.witnessed == result.tally.vectorised for result in sweep.results)


def plant(monkeypatch: pytest.MonkeyPatch, replication: int) -> None:
    """Let the vectorised engine be wrong about one replication."""
    right = VectorisedSimulator.run

    def wrong(engine: VectorisedSimulator, replications: Any) -> Batch:
        batch = right(engine, replications)
        here = np.flatnonzero(batch.replication == replication)
        other = OUTCOMES.index(bft.simulate(bft.Scenario()).outcome)
        for place in here[batch.code[here] != NEEDS_EVENTS]:
            batch.code[place] = other + 1 if batch.code[place] == other else other
        return batch

    monkeypatch.setattr(VectorisedSimulator, "run", wrong)


def test_a_difference_is_an_error_with_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, 40)
    sweep = small(witness=0.05)
    assert len(sweep.failures) == 2
    for (cell, failure), result in zip(sweep.failures, sweep.results, strict=True):
        assert (failure.seed, failure.replication) == (cell.seed, 40)
        assert failure.error.startswith("engines differ: vectorised ")
        found = bft.simulate(cell.scenario, seed=failure.seed, replication=failure.replication).outcome
        assert failure.error.endswith(f"event by event {found.value}")
        assert (result.runs, result.witnessed) == (99, 4), "what is in doubt is not counted"
    assert not small(witness=0.03).failures, "replication 40 is not among these"


def test_the_command_says_how_many_and_fails_on_a_difference(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["agreement", "--n", "4", "--delta", "0,0.4", "--replications", "100", "--witness", "0.1", "--workers", "1"]
    assert main([*words, "--out", str(tmp_path / "good")]) == 0
    said = capsys.readouterr()
    assert "40 replications of the vectorised engine were run again event by event, and ended alike" in said.err
    assert "witnessed" in said.out
    manifest = json.loads((tmp_path / "good" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["witness"] == {"share": 0.1, "equal": 20, "different": 0}
    plant(monkeypatch, 50)
    assert main([*words, "--out", str(tmp_path / "bad")]) == 1
    assert "engines differ" in capsys.readouterr().err
    manifest = json.loads((tmp_path / "bad" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["witness"]["different"] == 2
    assert {failure["replication"] for failure in manifest["failures"]} == {50}


def test_the_main_job_takes_ten_thousand_where_it_can(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["agreement", "--n", "4", "--delta", "0.5", "--workers", "1", "--json", "--quiet", "--out", str(tmp_path)]
    assert main(words) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["replications"] for row in rows} == {10_000}
    assert {row["witnessed"] for row in rows} == {20}
    assert all((row["p_agree_high"] - row["p_agree_low"]) / 2 <= 0.01 for row in rows)


@pytest.mark.parametrize("share", [0, -0.1, 1.1, float("nan"), "all", True])
def test_what_is_no_share_is_refused(share: object) -> None:
    with pytest.raises(SweepError, match=r"witness = .*: must be"):
        small(witness=share)


def test_the_figure_says_how_many_were_run_again() -> None:
    ax = bft.plotting.agreement(small(witness=0.1))
    legend = ax.get_legend()
    assert legend is not None
    told = [text.get_text() for text in legend.get_texts()][-1]
    assert told == "simulated: 100 runs per point, 95 % interval;\n10 of them also event by event, with equal ends"


def test_periods_are_whole() -> None:
    assert [period_of(share) for share in (None, 0.002, 0.3, 0.9, 1)] == [0, 500, 3, 1, 1]
