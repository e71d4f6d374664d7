"""`bft sweep`: rows to stdout, files to --out, everything else to stderr."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bft
from bft.cli import main
from bft.experiments import blocks as blocks_module
from bft.experiments.store import save

WORDS = ["sweep", "--over", "n=4,5", "faults.delta=0:0.4:2", "--replications", "12", "--seed", "3", "--workers", "1"]


def test_json_is_the_rows_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "--json"]) == 0
    said = capsys.readouterr()
    rows = json.loads(said.out)
    assert said.err == ""
    expected = bft.sweep(over={"n": [4, 5], "faults.delta": [0.0, 0.4]}, replications=12, seed=3)
    assert rows == expected.to_json()
    assert list(rows[0])[:3] == ["n", "faults.delta", "replications"]
    for name in ("agree", "correct", "wrong", "partial", "stalled", "split"):
        assert {f"p_{name}", f"p_{name}_low", f"p_{name}_high", f"exact_{name}"} <= set(rows[0])


def test_files_and_figures_go_where_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "--out", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert {file.name for file in tmp_path.iterdir()} == {
        "agreement.png",
        "agreement.svg",
        "estimates.csv",
        "manifest.json",
        "report.html",
    }
    rows = list(csv.DictReader((tmp_path / "estimates.csv").read_text().splitlines()))
    assert [(row["n"], row["faults.delta"]) for row in rows] == [("4", "0.0"), ("4", "0.4"), ("5", "0.0"), ("5", "0.4")]
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["seed"] == 3
    assert manifest["command"].startswith("bft sweep --over n=4,5 faults.delta=0:0.4:2 --replications 12")
    assert manifest["over"] == {"n": [4, 5], "faults.delta": [0.0, 0.4]}
    assert "estimates.csv" in said.err
    assert said.out.splitlines()[0].split()[:3] == ["n", "faults.delta", "replications"]


def test_one_parameter_shows_all_outcomes_too(tmp_path: Path) -> None:
    words = ["sweep", "--over", "faults.delta=0,0.4", "--replications", "3", "--quiet", "--out", str(tmp_path)]
    assert main(words) == 0
    assert (tmp_path / "outcomes.png").exists()


def test_axes_may_be_given_one_by_one_beside_a_file_and_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text("n = 5\n")
    words = [
        "sweep",
        str(file),
        "--set",
        "faults.delta=.3",
        "--over",
        "views=1,2",
        "--over",
        "faults.behaviour=crash,lie",
    ]
    assert main([*words, "--replications", "2", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["views"], row["faults.behaviour"]) for row in rows] == [
        (1, "crash"),
        (1, "lie"),
        (2, "crash"),
        (2, "lie"),
    ]


def test_common_random_numbers_are_an_option(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["sweep", "--over", "faults.delta=0.3,0.4", "--replications", "5", "--common-random-numbers", "--json"]
    assert main([*words, "--quiet", "--out", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "manifest.json").read_text())["common_random_numbers"] is True
    expected = bft.sweep(over={"faults.delta": [0.3, 0.4]}, replications=5, common_random_numbers=True)
    assert json.loads(capsys.readouterr().out) == expected.to_json()


def test_quiet_says_nothing_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "--out", str(tmp_path), "--quiet"]) == 0
    assert capsys.readouterr().err == ""


@pytest.fixture
def usual_interrupts() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("usual_interrupts")
def test_ctrl_c_pressed_again_while_files_are_written_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(block: blocks_module.Block) -> blocks_module.Tally:
        if block.cell == 2:
            signal.raise_signal(signal.SIGINT)
        return blocks_module.run_block(block)

    def impatient(*given: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        save(*given)

    monkeypatch.setattr("bft.experiments.executors.run_block", interrupted)
    monkeypatch.setattr("bft.cli.sweep.save", impatient)
    assert main([*WORDS, "--out", str(tmp_path)]) == 130
    assert "bft: interrupted: 2 of 4 cells finished" in capsys.readouterr().err
    assert len((tmp_path / "estimates.csv").read_text().splitlines()) == 3


def test_failed_replications_are_told_and_make_the_command_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Fragile(bft.Simulator):
        def run(self, replication: int = 0) -> bft.Run:
            if replication == 5:
                raise ZeroDivisionError("by zero")
            return super().run(replication)

    monkeypatch.setattr(blocks_module, "Simulator", Fragile)
    assert main([*WORDS, "--out", str(tmp_path), "--json", "--engine", "simpy"]) == 1
    said = capsys.readouterr()
    assert [(row["replications"], row["failed"]) for row in json.loads(said.out)] == [(11, 1)] * 4
    assert "4 of the replications failed; the first: n = 4, faults.delta = 0.0, seed " in said.err
    assert "replication 5: ZeroDivisionError: by zero" in said.err
    failures = json.loads((tmp_path / "manifest.json").read_text())["failures"]
    assert [failure["replication"] for failure in failures] == [5] * 4
