"""A record tells the whole of a question: calls run on, and what was cut off is never taken for an abstention."""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path
from typing import Any

import pytest

import bft
from bft.cli import main
from bft.errors import ScenarioError, SweepError, TableError
from bft.experiments.replay import replay
from bft.live import Panel
from bft.record.outcome import Outcome
from bft.validators.panel_record import read_record
from bft.validators.tables import load_answers

SLOW_S = 0.15
EASY, HARD = ("1", "1", "1", "1"), ("2", "1", "3", "1")
"""Three quarters of these answers are right; with calls cut off, the last of the easy ones is not known."""


def members(says: tuple[str, ...]) -> list[dict[str, str]]:
    waits = [0.0, 0.0, 0.0, SLOW_S]
    return [
        {"model": f"fake:always={said}+latency_s={wait_s}", "name": f"m{node}"}
        for node, (said, wait_s) in enumerate(zip(says, waits, strict=True))
    ]


def recorded(file: Path, questions: int = 2, **settings: Any) -> Path:
    for says in (EASY, HARD):
        with Panel(members(says), rule="plurality", record=file, **settings) as panel:
            for number in range(questions):
                panel.invoke({"question": f"{says} {number}", "id": f"{''.join(says)}-{number}", "gold": "1"})
    return file


def table(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("settings", [{}, {"finish": True}])
def test_a_table_of_a_record_has_the_accuracy_of_the_models(tmp_path: Path, settings: dict[str, bool]) -> None:
    record = read_record(recorded(tmp_path / "said.jsonl", **settings))
    assert record.write_answers(tmp_path / "answers.csv") == 4
    rows = table(tmp_path / "answers.csv")
    assert [row["status"] for row in rows] == ["answered"] * 16
    assert sum(row["answer"] == row["gold"] for row in rows) / len(rows) == 0.75


def test_an_answer_is_returned_before_the_calls_that_run_on_have_ended(tmp_path: Path) -> None:
    with Panel(members(EASY), rule="plurality", record=tmp_path / "said.jsonl") as panel:
        answer = panel.invoke("?")
        assert answer.latency_s < SLOW_S
        assert (answer.seats[3].stance.value, answer.state.value) == ("late", "decided")
    (question,) = read_record(tmp_path / "said.jsonl").questions
    assert [question.own_status(node) for node in range(4)] == ["answered"] * 4


@pytest.mark.parametrize("check", ["judge", "same_answer"])
def test_calls_of_pbft_run_on_too(tmp_path: Path, check: str) -> None:
    with Panel(members(EASY), check=check, record=tmp_path / "said.jsonl", finish=True) as panel:
        panel.invoke("?")
    (question,) = read_record(tmp_path / "said.jsonl").questions
    (late,) = [call for call in question.calls if call.node == 3]
    assert late.known
    assert (late.verdict or late.answer) == ("accept" if check == "judge" else "1")


def test_calls_that_run_on_are_ended_with_the_event_loop_and_recorded_as_cancelled(tmp_path: Path) -> None:
    hanging = [*members(EASY)[:3], {"model": "fake:hang", "name": "m3"}]

    async def ask() -> None:
        panel = Panel(hanging, rule="plurality", record=tmp_path / "said.jsonl", finish=True)
        await panel.ainvoke({"question": "?", "gold": "1"})  # and nobody closes it

    asyncio.run(ask())
    (question,) = read_record(tmp_path / "said.jsonl").questions
    assert [question.own_status(node) for node in range(4)] == ["answered"] * 3 + ["cancelled"]


def test_every_question_is_kept_and_what_is_not_known_is_marked(tmp_path: Path) -> None:
    record = read_record(recorded(tmp_path / "said.jsonl", finish=False))
    for name in ("answers.csv", "answers.jsonl", "answers.parquet"):
        assert record.write_answers(tmp_path / name) == 4
        loaded = load_answers(tmp_path / name)
        assert (len(loaded.questions), int((loaded.answers == -3).sum())) == (4, 2)
        assert "2 of 16 answers are not known" in loaded.warnings()[0]
        with pytest.raises(TableError, match=r"2 answers to 2 of 4 questions are not known, '1111-0' the first"):
            loaded.panel(loaded.models)
        assert len(loaded.panel(("m0", "m1", "m2")).rows) == 4, "of these everything is known"
    assert [row["status"] for row in table(tmp_path / "answers.csv")].count("cancelled") == 2


def test_a_member_that_was_never_asked_for_an_answer_has_not_abstained(tmp_path: Path) -> None:
    file = tmp_path / "said.jsonl"
    with Panel(members(EASY), record=file) as panel:  # one proposes, the others judge
        panel.invoke({"question": "?", "gold": "1"})
    assert read_record(file).write_answers(tmp_path / "answers.csv") == 1
    assert [row["status"] for row in table(tmp_path / "answers.csv")] == ["answered"] + ["not_asked"] * 3


def test_a_failed_call_is_missing_and_not_unknown(tmp_path: Path) -> None:
    file = tmp_path / "said.jsonl"
    models = [{"model": name, "name": f"m{node}"} for node, name in enumerate(["fake:always=1", "fake:error=503"])]
    with Panel(models, rule="plurality", record=file, attempts=1) as panel:
        panel.invoke({"question": "?", "gold": "1"})
    read_record(file).write_answers(tmp_path / "answers.csv")
    assert [row["status"] for row in table(tmp_path / "answers.csv")] == ["answered", "missing"]
    assert load_answers(tmp_path / "answers.csv").panel(("m0", "m1")).codes.tolist() == [[0, -1]]


def replayed(file: Path, **more: Any) -> bft.Scenario:
    return bft.Scenario(n=4, protocol="ballot", validators={"kind": "replayed", "file": str(file)}, **more)


def test_a_record_with_calls_cut_off_is_replayed_where_they_cannot_matter(tmp_path: Path) -> None:
    file = recorded(tmp_path / "said.jsonl", finish=False)
    found = replay(replayed(file, rule="plurality"))
    assert found.bounds == {Outcome.AGREED_CORRECT: (1.0, 1.0)}
    assert (len(found.lacked), found.unsettled, found.questions) == (2, (), 4)
    assert bft.simulate(replayed(file, rule="plurality")).outcome is Outcome.AGREED_CORRECT


def test_a_replay_under_another_rule_gives_bounds_that_hold_what_the_full_record_says(tmp_path: Path) -> None:
    short, full = recorded(tmp_path / "short.jsonl", finish=False), recorded(tmp_path / "full.jsonl")
    known = replay(replayed(full, rule={"kind": "quorum"}, faults={"nodes": (1,), "behaviour": "crash"}))
    assert known.bounds == {Outcome.AGREED_CORRECT: (0.5, 0.5), Outcome.STALLED: (0.5, 0.5)}
    found = replay(replayed(short, rule={"kind": "quorum"}, faults={"nodes": (1,), "behaviour": "crash"}))
    assert found.bounds == {Outcome.AGREED_CORRECT: (0.0, 0.5), Outcome.STALLED: (0.5, 1.0)}
    assert [(call.question, call.node, call.cancelled) for call in found.lacked] == [
        ("1111-0", 3, True),
        ("1111-1", 3, True),
    ]
    assert found.unsettled == ("1111-0", "1111-1")


def test_a_run_or_a_sweep_whose_outcome_nobody_knows_is_refused(tmp_path: Path) -> None:
    scenario = replayed(
        recorded(tmp_path / "said.jsonl", finish=False), rule="quorum", faults={"nodes": (1,), "behaviour": "crash"}
    )
    easy = scenario.replace_all({"validators.question": "1111-0"})
    with pytest.raises(
        ScenarioError, match=r"needs 1 calls that the record does not hold \(the answer of node 3, canc"
    ):
        bft.simulate(easy)
    with pytest.raises(SweepError, match="may end as any of agreed_correct, stalled"):
        bft.sweep(scenario, replications=20, workers=1, progress=False)
    outcomes = [bft.simulate(easy.replace_all({"validators.unknown": each})).outcome for each in ("abstain", "right")]
    assert outcomes == [Outcome.STALLED, Outcome.AGREED_CORRECT]
    hard = scenario.replace_all({"validators.question": "2131-0"})
    assert bft.simulate(hard).outcome is Outcome.STALLED
    with pytest.raises(ScenarioError, match=r"validators\.question = 'q9': is no question of"):
        bft.simulate(scenario.replace_all({"validators.question": "q9"}))


def test_the_command_replays_with_bounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(recorded(tmp_path / "said.jsonl", finish=False))
    words = ["replay", file, "--set", "protocol=ballot", "rule=quorum", "faults.nodes=[1]"]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "stalled        50.0 to 100.0 %" in out
    assert "2 more were needed: 2 cancelled, 0 never made" in out
    assert "2 of 4 questions depend on calls" in err
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["shares"]["agreed_correct"] == {"low": 0.0, "high": 0.5}
    assert (told["calls_missing"], told["missing"][0]["node"]) == (2, 3)
    assert main(["replay", str(tmp_path / "nowhere.jsonl")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_verdicts_that_were_never_asked_for_have_bounds_too(tmp_path: Path) -> None:
    """PBFT proposes one answer after the other; the record of one proposer's view knows nothing of the next one's."""
    file = tmp_path / "said.jsonl"
    with Panel(members(EASY), record=file, finish=True) as panel:
        panel.invoke({"question": "?", "gold": "1"})
    base = bft.Scenario(n=4, validators={"kind": "replayed", "file": str(file)})
    assert replay(base).bounds == {Outcome.AGREED_CORRECT: (1.0, 1.0)}
    down = base.replace_all({"faults.nodes": (0,), "faults.behaviour": "crash"})
    found = replay(down)
    assert set(found.bounds) == {Outcome.AGREED_CORRECT, Outcome.AGREED_WRONG, Outcome.STALLED}
    assert {low for low, _ in found.bounds.values()} == {0.0}


def test_the_panel_command_can_be_told_to_finish(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = ",".join(["fake:always=1"] * 3 + [f"fake:always=1+latency_s={SLOW_S}"])
    for option, known in (("--finish", True), ("--no-finish", False)):
        file = tmp_path / f"said{option}.jsonl"
        assert main(["panel", "?", "--models", models, "--rule", "quorum", "--record", str(file), option]) == 0
        (question,) = read_record(file).questions
        assert (question.own_status(3) == "answered") is known
    capsys.readouterr()
