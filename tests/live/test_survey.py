"""A survey asks everyone everything, goes on where it was interrupted, and writes a table that fits and runs read."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import bft
from bft.cli import main
from bft.errors import TableError
from bft.live import Panel
from bft.live.fakes import FakeChat
from bft.live.survey import read_questions
from bft.record.outcome import Outcome
from bft.validators.panel_record import read_record
from bft.validators.tables import load_answers


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    file = tmp_path / "questions.jsonl"
    rows = [{"question": f"What is {n} + 1?", "id": f"k{n}", "gold": n + 1} for n in range(4)]
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return file


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def words_for(questions: Path, models: str, out: str = "answers.csv") -> list[str]:
    return ["survey", str(questions), "--models", models, "--out", str(questions.with_name(out)), "--attempts", "1"]


def test_everyone_is_asked_everything(questions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words_for(questions, "fake:always=1,fake:always=2+latency_s=0.05,fake:error=503")) == 0
    out, err = capsys.readouterr()
    assert "4 of 4 questions, 12 calls (4 failed), cost unknown" in err
    assert "answers in" in out
    rows = rows_of(questions.with_name("answers.csv"))
    assert [row["status"] for row in rows] == ["answered", "answered", "missing"] * 4
    table = load_answers(questions.with_name("answers.csv"))
    assert table.right().sum(axis=0).tolist() == [1, 1, 0]
    assert bft.simulate(
        bft.Scenario(n=3, validators={"kind": "recorded", "file": table.source, "models": table.models})
    ).outcome in (Outcome.STALLED, Outcome.AGREED_CORRECT)


def test_prices_make_a_cost(questions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    panel = questions.with_name("panel.toml")
    priced = 'name = "a"\nmodel = "fake:always=1"\nprice_in = 1e6\nprice_out = 0.0'
    panel.write_text(f"[[members]]\n{priced}\n", encoding="utf-8")
    words = ["survey", str(questions), "--panel", str(panel), "--out", str(questions.with_name("a.csv")), "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    read = sum(
        call["attempts"][0]["tokens_in"]
        for line in questions.with_name("a.record.jsonl").read_text("utf-8").splitlines()
        if (call := json.loads(line))["record"] == "call"
    )
    assert told["cost"] == read > 0
    assert told["members"] == [{"member": "a", "asked": 4, "answered": 4, "cost": float(read)}]


def test_an_interrupted_survey_goes_on_and_asks_nothing_twice(
    questions: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    reply = FakeChat.reply

    def interrupted(self: FakeChat, prompt: str) -> str:
        nonlocal asked
        asked += 1
        if asked == 5:
            raise KeyboardInterrupt
        return reply(self, prompt)

    words = [*words_for(questions, "fake:always=1,fake:always=2"), "--at-once", "1"]
    monkeypatch.setattr(FakeChat, "reply", interrupted)
    assert main(words) == 130
    assert "interrupted: 2 of 4 questions are in" in capsys.readouterr().err
    assert not questions.with_name("answers.csv").exists()
    monkeypatch.setattr(FakeChat, "reply", reply)
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["asked_before"], told["calls"]) == (2, 4)
    assert [row["status"] for row in rows_of(questions.with_name("answers.csv"))] == ["answered"] * 8
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["calls"] == 0


def test_only_members_without_an_answer_are_asked_again(questions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    panel = questions.with_name("panel.toml")
    out = questions.with_name("a.csv")

    def survey(model: str, *more: str) -> Any:
        members = "".join(f'[[members]]\nname = "{n}"\nmodel = "{m}"\n' for n, m in (("a", "fake:yes=1"), ("b", model)))
        panel.write_text(f"attempts = 1\nbreaker_failures = 0\n{members}", encoding="utf-8")
        assert main(["survey", str(questions), "--panel", str(panel), "--out", str(out), "--json", *more]) == 0
        return json.loads(capsys.readouterr().out)

    assert survey("fake:error=503")["failed"] == 4
    assert survey("fake:always=2")["calls"] == 0
    assert survey("fake:always=2", "--retry-failed")["calls"] == 4
    assert [row["answer"] for row in rows_of(out)] == ["1", "2"] * 4, "and what was answered before is still there"
    assert survey("fake:always=3", "--retry-failed")["calls"] == 0


def test_a_member_that_no_call_reached_was_not_asked(questions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    panel = questions.with_name("panel.toml")
    members = "".join(f'[[members]]\nmodel = "{model}"\n' for model in ("fake:yes=1", "fake:error=503"))
    panel.write_text(f"attempts = 1\nbreaker_failures = 2\n{members}", encoding="utf-8")
    words = ["survey", str(questions), "--panel", str(panel), "--out", str(questions.with_name("a.csv"))]
    assert main([*words, "--at-once", "1"]) == 0
    assert "2 of 8 answers are not known" in capsys.readouterr().err
    statuses = [row["status"] for row in rows_of(questions.with_name("a.csv")) if row["model"] == "fake:error=503"]
    assert statuses == ["missing", "missing", "not_asked", "not_asked"]


def test_a_question_in_other_words_or_for_another_panel_is_asked_anew(
    questions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*words_for(questions, "fake:always=1"), "--json"]
    assert main(words) == 0
    questions.write_text(questions.read_text("utf-8").replace("What is 2", "How much is 2"), encoding="utf-8")
    assert main(words) == 0
    assert main([*words_for(questions, "fake:always=9"), "--json"]) == 0
    out, _ = capsys.readouterr()
    decoder, told = json.JSONDecoder(), []
    while out.strip():
        value, end = decoder.raw_decode(out.strip())
        told.append(value["calls"])
        out = out.strip()[end:]
    assert told == [4, 1, 4]


def test_what_is_not_said_by_the_deadline_has_failed_and_was_not_cancelled(questions: Path) -> None:
    file = questions.with_name("said.jsonl")
    with Panel(["fake:always=1", "fake:hang"], record=file, deadline_s=0.2, check="same_answer") as panel:
        panel.survey({"question": "?", "gold": "1"})
    (question,) = read_record(file).questions
    assert [question.own_status(node) for node in range(2)] == ["answered", "missing"]
    assert {call.failure for call in question.calls if call.node == 1} <= {"deadline", "timeout"}


def test_verdicts_are_asked_for_where_a_replay_needs_them(questions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words_for(questions, "fake:always=1,fake:yes=2"), "--judge"]) == 0
    first, *_ = read_record(questions.with_name("answers.record.jsonl")).questions
    verdicts = {(call.node, call.proposal, call.verdict) for call in first.calls if call.role == "judge"}
    assert verdicts == {(0, "1", "accept"), (0, "2", "reject"), (1, "1", "accept"), (1, "2", "accept")}
    capsys.readouterr()


def test_a_table_can_be_fitted(questions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = "answers.parquet"
    assert main(words_for(questions, "fake:always=1,fake:always=2,fake:always=2", out)) == 0
    names = "fake:always=1,fake:always=2 #1,fake:always=2 #2"
    fit = [
        "validators",
        "fit",
        str(questions.with_name(out)),
        "--models",
        names,
        "--resamples",
        "20",
        "--halvings",
        "1",
    ]
    assert main(fit) == 0
    capsys.readouterr()


@pytest.mark.parametrize(
    ("name", "text", "columns", "sentence"),
    [
        ("q.csv", "text,gold\na,1\n", None, "column 'question' is missing (found, as a header separated by commas"),
        ("q.csv", "question\n\n", None, "has no rows; must hold a question in each"),
        ("q.csv", "question,id\na,1\n ,2\n", None, "row 2: question is empty"),
        ("q.csv", "question,id\na,1\nb,1\n", None, "row 2: the id '1' is there already"),
        ("q.jsonl", '{"question": ["a"]}\n', None, "row 1: question = ['a']: must be text, a number or null"),
        ("q.jsonl", '{"question": "a"}\n', {"answer": "a"}, "columns = 'answer': must be among question, id, gold"),
        ("q.txt", "a", None, "must end in"),
    ],
)
def test_what_is_no_file_of_questions_is_refused(
    tmp_path: Path, name: str, text: str, columns: dict[str, str] | None, sentence: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(TableError) as refused:
        read_questions(tmp_path / name, columns)
    assert sentence in str(refused.value)


def test_columns_may_have_other_names_and_questions_no_identifier(tmp_path: Path) -> None:
    (tmp_path / "q.json").write_text('[{"task": {"text": "1 + 1?"}, "label": 2}, {"task": {"text": "7?"}}]', "utf-8")
    first, second = read_questions(tmp_path / "q.json", {"question": "task.text", "gold": "label"})
    assert (first.text, first.id, first.gold) == ("1 + 1?", "q1", "2")
    assert (second.text, second.id, second.gold) == ("7?", "q2", None)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--columns", "gold"], "columns = 'gold': must be a list such as gold=answer,answer=pred"),
        (["--columns", "gold=a,gold=b"], "columns = 'gold=a,gold=b': must name gold once"),
        (["--at-once", "0"], "at_once = 0: must be at least 1"),
        (["--out", "nowhere/a.csv"], "must be in a folder that exists"),
        (["--out", "a.xlsx"], "must end in .parquet, .csv, .jsonl"),
    ],
)
def test_bad_options_are_refused_before_anyone_is_asked(
    questions: Path, more: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words_for(questions, "fake:always=1"), *more]) == 2
    assert sentence in capsys.readouterr().err


def test_a_ceiling_on_spend_stops_a_survey_which_a_higher_one_carries_on_with_nothing_lost_or_asked_twice(
    questions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A member of 1,000 for a million tokens read; a prompt is estimated at a token for three of its letters."""
    panel, out = questions.with_name("panel.toml"), questions.with_name("a.csv")
    members = "".join(
        f'[[members]]\nname = "{name}"\nmodel = "fake:always={says}"\nprice_in = 1e3\nprice_out = 0\n'
        for name, says in (("a", 1), ("b", 2))
    )
    panel.write_text(members, encoding="utf-8")
    words = ["survey", str(questions), "--panel", str(panel), "--out", str(out), "--at-once", "1", "--json"]

    def survey(ceiling: float | None, code: int) -> tuple[Any, str]:
        assert main([*words, *([] if ceiling is None else ["--max-cost", str(ceiling)])]) == code
        told, err = capsys.readouterr()
        return json.loads(told), err

    whole, _ = survey(None, 0)
    calls = [line for line in out.with_suffix(".record.jsonl").read_text("utf-8").splitlines() if '"call"' in line]
    each = whole["cost"] / len(calls)
    complete = rows_of(out)
    for file in (out, out.with_suffix(".record.jsonl")):
        file.unlink()

    told, err = survey(5.7 * each, 1)  # an estimate is higher than the cost
    sent = told["calls"] - told["failed"]
    assert 3 <= sent <= 5
    assert told["cost"] <= 5.7 * each
    assert f"the ceiling on spend is reached: {sent} of 8 answers are in" in err
    statuses = [row["status"] for row in rows_of(out)]
    assert statuses.count("answered") == sent
    assert set(statuses) == {"answered", "not_asked"} or len(statuses) == sent
    again, err = survey(5.7 * each, 1)
    assert (again["calls"] - again["failed"], "the ceiling on spend is reached" in err) == (0, True), "in all, not anew"
    last, err = survey(100.0 * each, 0)
    assert (last["calls"], "ceiling" in err) == (8 - sent, False)
    assert rows_of(out) == complete


@pytest.mark.parametrize(
    ("ceiling", "sentence"),
    [
        ("-1", "max_cost = -1.0: must be a number, 0 or more"),
        ("inf", "max_cost = inf: must be a number, 0 or more"),
        ("1", "needs price_in and price_out of every model"),
    ],
)
def test_a_ceiling_needs_a_number_and_prices(
    questions: Path, ceiling: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words_for(questions, "fake:always=1"), "--max-cost", ceiling]) == 2
    assert sentence in capsys.readouterr().err


def test_nobody_ever_answering_is_told(questions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words_for(questions, "fake:error=401")) == 1
    assert (load_answers(questions.with_name("answers.csv")).answers == -1).all()
    capsys.readouterr()
