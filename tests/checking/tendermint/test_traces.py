"""Traces of an independent specification of Tendermint, step by step; and what a changed trace, or replica, shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bft.checking.tendermint.replay import Replay, replay_folder
from bft.checking.tendermint.traces import read, steps
from bft.cli import main
from bft.core.quorum import QuorumSystem
from bft.protocols.tendermint import Rules

FOLDER = "data/tendermint_traces"
MOST = 12
NAMES = ("decideForPastRound", "disagreement", "line26", "line28", "line42")


@pytest.fixture
def folder(shared_data: Path) -> Path:
    return shared_data / FOLDER


@pytest.mark.parametrize("name", NAMES)
def test_every_step_of_a_trace_is_the_replicas(folder: Path, name: str) -> None:
    result = Replay(read(folder / f"{name}.jsonl")).run()
    assert result.difference is None
    assert result.steps > 20


def changed(path: Path, place: int, change: Callable[[dict[str, Any]], bool]) -> list[str] | None:
    """Return the lines of a trace with one row changed; None if nothing can be changed there."""
    lines = path.read_text().splitlines()
    row = json.loads(lines[place])
    if not change(row):
        return None
    return [*lines[:place], json.dumps(row), *lines[place + 1 :]]


def another_value(row: dict[str, Any]) -> bool:
    vote = row["output"].get("VoteOutput") if isinstance(row.get("output"), dict) else None
    if vote is None:
        return False
    vote["valueId"] = {"Val": "another"} if vote["valueId"] == "Nil" else "Nil"
    return True


def no_output(row: dict[str, Any]) -> bool:
    spoken = isinstance(row.get("output"), dict) and "TimeoutOutput" in row["output"]
    if spoken and isinstance(row["input"], dict) and "VoteDInput" in row["input"]:
        row["output"] = "NoConsensusOutput"
        return True
    return False


def another_lock(row: dict[str, Any]) -> bool:
    if "after" not in row or row["after"]["lockedRound"] != 0:
        return False
    row["after"]["lockedRound"] = -1
    return True


def decides_early(row: dict[str, Any]) -> bool:
    given = isinstance(row.get("input"), dict) and row["input"].get("VoteDInput")
    if not given or row["output"] != "NoConsensusOutput" or given["voteType"] != "Precommit":
        return False
    row["output"] = {"DecidedOutput": [0, "blue"]}
    row["after"]["step"] = "CommitStep"
    return True


@pytest.mark.parametrize("change", [another_value, no_output, another_lock, decides_early])
def test_a_changed_trace_differs(folder: Path, tmp_path: Path, change: Callable[[dict[str, Any]], bool]) -> None:
    tried = found = 0
    for name in NAMES:
        path = folder / f"{name}.jsonl"
        for place in [row.line - 1 for row in steps(read(path))][:: 3 if change is another_lock else 1]:
            lines = changed(path, place, change) if tried < MOST else None
            if lines is None:
                continue
            target = tmp_path / f"{name}.jsonl"
            target.write_text("\n".join(lines))
            tried += 1
            found += Replay(read(target)).run().difference is not None
    assert tried >= 2
    assert found == tried


def weak(system: QuorumSystem) -> int:
    return system.weak


@pytest.mark.parametrize(
    "bug",
    [
        {"polka_quorum": weak},
        {"decision_quorum": weak},
        {"any_quorum": weak},
        {"may_prevote": lambda *_: True},
        {"set_lock": False},
        {"keep_valid": False},
        {"decide_past_rounds": False},
        {"polka_quorum": lambda system: system.total},
    ],
)
def test_a_replica_with_a_bug_differs_from_some_trace(folder: Path, bug: dict[str, Any]) -> None:
    results = replay_folder(folder, replace(Rules(), **bug))
    assert any(each.difference for each in results)


def test_the_command_says_how_many_agree(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--protocol", "tendermint", "--traces", str(folder)]) == 0
    assert "5 of 5 traces agree" in capsys.readouterr().out


def test_the_command_shows_the_first_difference(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = next(filter(None, (changed(folder / "line26.jsonl", place, another_value) for place in range(2, 99))))
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    assert main(["check", "--protocol", "tendermint", "--traces", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "0 of 1 traces agree" in told
    assert "line 13: v1" in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "must hold traces"),
        ("nonsense", "must be a JSON object"),
        ("[]", "must be a JSON object"),
        ('{"validators": {"v1": 0}}', "positive whole weights"),
        (
            '{"validators": {"v1": 1}}\n{"validator": "v2", "input": "StartDInput", "output": "NoConsensusOutput"}',
            "after",
        ),
        ('{"input": "StartDInput"}', "must have 'validator'"),
        ("", "must say its validators"),
        ('{"validators": {"v1": 1}}', "must have a step"),
    ],
)
def test_what_is_no_trace_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, words: str
) -> None:
    if text is not None:
        (tmp_path / "bad.jsonl").write_text(text)
    assert main(["check", "--protocol", "tendermint", "--traces", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err


def test_traces_are_those_of_tendermint_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--traces", "."]) == 2
    assert "needs --protocol tendermint" in capsys.readouterr().err
