"""What strangers hand to a design: names with commas, prices of others, conflicts, percents, numbers beyond measure."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bft import Scenario, design
from bft.cli import main
from bft.cli.design import _front
from bft.designing import effective_votes
from bft.designing.prices import Price, read_prices
from bft.designing.votes_tables import read_votes
from bft.errors import BftError, ScenarioError, TableError
from bft.validators.model_names import in_one_line, models_of

NAMES = ("gpt, big", "llama", "3", 'a "b"')


def table(file: Path, rows: Sequence[Sequence[str]], header: str = "question_id,gold,model,answer") -> str:
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    file.write_text("\n".join([header, *quoted]) + "\n", encoding="utf-8")
    return str(file)


def answered(names: Sequence[str] = NAMES, questions: int = 12) -> list[tuple[str, str, str, str]]:
    """Each model errs on every fourth question, each on others."""
    return [
        (f"q{row}", "A", name, "B" if row % 4 == place % 4 else "A")
        for row in range(questions)
        for place, name in enumerate(names)
    ]


def test_names_with_commas_and_quotes_come_back_from_one_line() -> None:
    assert models_of(in_one_line(NAMES)) == list(NAMES)
    assert models_of(" a ,b,") == ["a", "b", ""]
    with pytest.raises(ScenarioError, match="names with commas between them"):
        models_of('"a,b')


def test_models_with_commas_can_be_named_and_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = table(tmp_path / "t.csv", answered())
    words = ["--folds", "2", "--repeats", "1", "--rules", "quorum", "--sizes", "3"]
    named = in_one_line(NAMES[:3])
    assert main(["design", "--answers", file, "--models", named, *words]) == 0
    printed = capsys.readouterr().out
    assert 'models       1 "gpt, big", 2 llama, 3 3\n' in printed
    assert (
        'the nearest one is "gpt, big", llama, 3 by quorum' in printed or '  "gpt, big", llama, 3 by quorum' in printed
    )
    found = design(file, models=NAMES[:3], sizes=[3], rules=["quorum"], folds=2, repeats=1)
    assert next(models_of(row["models"]) for row in csv.DictReader(StringIO(_front(found)))) == list(NAMES[:3])
    assert main(["validators", "describe", file, "--models", named]) == 0
    assert main(["agreement", "--answers", file, "--models", "gpt, big", "--replications", "1"]) == 2


def test_a_scenario_of_a_table_with_conflicts_leaves_the_same_questions_out(tmp_path: Path) -> None:
    file = table(tmp_path / "t.csv", [*answered(), ("q0", "A", "3", "B")])
    found = design(file, drop_conflicts=True, sizes=[3], rules=["quorum"], folds=2, repeats=1)
    scenario = found.scenario(found.front[0])
    (tmp_path / "scenario.toml").write_text(found.to_toml(found.front[0]), encoding="utf-8")
    assert Scenario.from_toml(tmp_path / "scenario.toml") == scenario
    assert scenario.validators.drop_conflicts is True  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"sizes": "3:100000000000000"}, "sizes = '3:100000000000000': must be from 2 to 12 members"),
        ({"sizes": "4:3"}, "must be from 2 to 12 members"),
        ({"sizes": "3:4:5"}, "must be whole numbers"),
        ({"sizes": [3.7]}, "must be whole numbers"),
        ({"sizes": 5}, "must be whole numbers"),
        ({"sizes": "5,4"}, "sizes = [4, 5]: must be at most 3: there are no more models"),
        ({"sizes": [True, 3]}, "must be whole numbers"),
        ({"stakes": [1, 2, 10**30]}, "must be a whole number from 1 to 1000000000000 for each of the 3 models"),
        ({"stakes": [1, 2, 10**12 + 1]}, "must be a whole number from 1 to"),
        ({"stakes": [1, 2, 0]}, "must be a whole number from 1 to"),
    ],
)
def test_numbers_beyond_measure_are_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(BftError, match=r"^[^\n]*$") as refused:
        design(accuracies=[0.9, 0.8, 0.7], **given)
    assert told in str(refused.value)


@pytest.mark.parametrize(("sizes", "words"), [("3", "3"), ("2:3", "2 to 3"), ("2,4", "2, 4"), ("4:9", "4")])
def test_the_sizes_that_were_searched_are_told(sizes: str, words: str) -> None:
    found = design(accuracies=[0.9, 0.8, 0.7, 0.7], sizes=sizes, rules=["quorum"], max_wrong=0.1)
    assert f"all panels of {words} of 4 models" in found.how


def test_of_two_models_panels_of_two_are_searched_where_no_sizes_are_asked_for() -> None:
    assert "all panels of 2 of 2 models" in design(accuracies=[0.9, 0.8], max_wrong=0.1).how


def test_more_views_than_members_are_all_of_them() -> None:
    given: dict[str, Any] = {"accuracies": [0.9, 0.8, 0.7, 0.7], "rules": ["pbft"], "liars": 1}
    fronts = [[panel.to_dict()["chosen_on"] for panel in design(views=views, **given).front] for views in (1000, None)]
    assert fronts[0] == fronts[1] != []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.csv", " Model ;PRICE\na;1\nb;2\n"),
        ("p.tsv", "model\tprice\tlatency_s\na\t1\t\nb\t2\t\n"),
        ("p.jsonl", '{"model": "a", "price": 1}\n{"model": "b", "price": 2.0}\n'),
    ],
)
def test_prices_stand_in_any_table(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert read_prices(tmp_path / name) == {"a": Price(price=1.0), "b": Price(price=2.0)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("model,price\na,1\n,2\n", "row 2: model must be named"),
        ('model,price\n"a,1\n', "is not csv"),
        ("model,price\n" + "a" * 140_000 + ",x\n", "must be a number of at least 0"),
        ("model,price,note\na,1,x\n", "(found: model, price, note)"),
        ("model;latency\na;1\n", "(found: model, latency)"),
    ],
)
def test_prices_that_cannot_be_meant_are_refused(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(TableError) as refused:
        read_prices(tmp_path / "p.csv")
    assert told in str(refused.value)


def test_prices_of_other_models_are_told_where_one_is_lacking(tmp_path: Path) -> None:
    file = table(tmp_path / "t.csv", answered())
    given: dict[str, Any] = {"sizes": [3], "rules": ["quorum"], "folds": 2, "repeats": 1}
    notes = design(file, prices={"llama": 1.0, "3": 1.0, "GPT": 1.0}, **given).pool.notes
    assert 'there is no price of "gpt, big", "a ""b"""; those of GPT are not used' in notes
    assert not design(file, prices={**dict.fromkeys(NAMES, 1.0), "GPT": 1.0}, **given).pool.notes


@pytest.mark.parametrize(("said", "told"), [("85", True), ("85%", True), ("high", True), ("", False)])
def test_confidences_that_are_no_shares_are_told(said: str, told: bool, tmp_path: Path) -> None:
    rows = [(*row, said) for row in answered()]
    file = table(tmp_path / "t.csv", rows, "question_id,gold,model,answer,confidence")
    found = design(file, sizes=[3], folds=2, repeats=1)
    assert "confidence" not in found.rules
    assert any("the rule confidence is left out" in note for note in found.pool.notes) is told


def test_models_that_never_err_are_told_whatever_the_number_of_questions() -> None:
    for questions in (30, 49, 98):  # so many shares of one question add up to less than 1
        found = effective_votes(np.zeros((questions, 3), dtype=np.intp))
        assert found.accuracy.tolist() == [1.0] * 3
        assert "3 of them never erred" in found.sentence
    opposite = effective_votes(np.array([[0, 1], [1, 0]]))
    assert "2 models are worth infinitely many independent votes" in opposite.sentence
    law = effective_votes(np.array([[0, 1], [0, 0], [1, 1]]), chance=np.array([0.3, 0.7, 0.0]))
    assert law.accuracy[0] == 1.0


def test_votes_without_right_answers_are_refused_where_they_contradict_themselves(tmp_path: Path) -> None:
    rows = [(question, model, answer) for question, _, model, answer in answered()]
    header = "question_id,model,answer"
    twice = table(tmp_path / "twice.csv", [*rows, ("q0", "3", "C")], header)
    with pytest.raises(TableError, match="question 'q0' and model '3' are there already"):
        read_votes(twice)
    votes = read_votes(twice, drop_conflicts=True)
    assert len(votes.rows) == 11
    assert "1 questions left out" in votes.notes[0]
    nobody = table(tmp_path / "nobody.csv", [*rows, ("q0", "", "C")], header)
    with pytest.raises(TableError, match="row 49: model is null"):
        read_votes(nobody)


def test_models_that_were_asked_little_are_left_out_of_estimates_too(tmp_path: Path) -> None:
    file = table(tmp_path / "t.csv", [*answered(), ("q0", "A", "late", "A")])
    votes = read_votes(file)
    assert votes.models == NAMES
    assert len(votes.rows) == 12
    assert votes.notes == ("left out, for they were asked too few of the questions: late",)
    named = read_votes(file, ["llama", "late"])
    assert named.notes == ("1 of the 12 questions have an answer, or none, of all 2 models",)
    with pytest.raises(TableError, match="named twice"):
        read_votes(file, ["late", "late"])


@pytest.mark.parametrize("words", [["--out", "folder"], ["--max-wrong", ".1"], ["--early-stop"], ["--rules", "quorum"]])
def test_estimates_without_right_answers_refuse_what_designs_need(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = table(tmp_path / "t.csv", answered())
    assert main(["design", "--answers", file, "--without-gold", *words]) == 2
    assert f"{words[0][2:]} = " in capsys.readouterr().err
