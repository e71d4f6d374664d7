"""`bft answers import` reads any table, puts files together, and says what it read, what it dropped and why."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from bft.cli import main
from bft.errors import TableError
from bft.importing.tables import import_answers
from bft.validators.tables import load_answers

CSV = "id,answer,pred\n1,A,A\n2,B,\n3,C,D\n"
COLUMNS = {"gold": "answer", "answer": "pred", "question_id": "id"}


def zst(data: bytes) -> bytes:
    packed: bytes = pyarrow.compress(data, codec="zstd", asbytes=True)
    return packed


@pytest.mark.parametrize(
    ("ending", "pack"),
    [("", bytes), (".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress), (".zst", zst)],
)
def test_a_table_may_be_compressed(ending: str, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    file = tmp_path / f"run.csv{ending}"
    file.write_bytes(pack(CSV.encode()))
    found = import_answers([file], columns=COLUMNS, models=["m"]).gathered.rows
    assert [row["answer"] for row in found] == ["A", None, "D"]


def test_files_are_put_together_and_what_was_read_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two, out = tmp_path / "one.csv", tmp_path / "two.csv", tmp_path / "answers.parquet"
    one.write_text(CSV, encoding="utf-8")
    two.write_text("id;answer;pred\n1;A;B\n1;A;C\n4;;E\n", encoding="utf-8")
    words = ["answers", "import", str(one), str(two), "--out", str(out), "--model", "x", "y"]
    words += ["--columns", "gold=answer,answer=pred,question_id=id"]
    assert main(words) == 0
    printed = capsys.readouterr()
    assert "one.csv: table, 3 rows read, 3 answers kept" in printed.out
    assert "two.csv: table, 3 rows read, 2 answers kept\n  1 dropped: no right answer (gold)" in printed.out
    assert "1 dropped: a second answer of its model to its question" in printed.out
    assert "y: never right, while others are" in printed.err
    assert load_answers(out).models == ("x", "y")
    assert main([*words, "--repeats", "samples", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["model"] for each in told["models"]] == ["x", "y #1", "y #2"]
    assert told["files"][1]["dropped"] == {"no right answer (gold)": 1}
    assert told["models"][0] == {"model": "x", "questions": 3, "accuracy": 0.33333, "missing": 0.33333}


def test_nobody_ever_being_right_is_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "t.csv"
    file.write_text("question_id,gold,model,answer\n1,# 4,m,4\n2,# 5,m,5\n", encoding="utf-8")
    assert main(["answers", "import", str(file), "--out", str(tmp_path / "o.csv")]) == 0
    assert "no answer of any model is right, compared as 'canonical': '# 4' is right and '4' is answered" in (
        capsys.readouterr().err
    )


def test_columns_may_be_paths_epochs_samples_and_grades_the_tools_own(tmp_path: Path) -> None:
    rows = [
        {"doc": {"id": 1, "label": True}, "reply": {"text": "true"}, "model": "m", "epoch": epoch, "correct": correct}
        for epoch, correct in ((1, 1), (2, 0))
    ]
    rows[1]["reply"] = {"text": "no, false"}
    file = tmp_path / "runs.json"
    file.write_text(json.dumps(rows), encoding="utf-8")
    found = import_answers([file], columns={"gold": "doc.label", "answer": "reply.text", "question_id": "doc.id"})
    assert [(row["gold"], row["model"], row["answer"]) for row in found.gathered.rows] == [
        ("true", "m #1", "true"),
        ("true", "m #2", "no, false"),
    ]


def test_a_question_with_two_right_answers_is_dropped(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("question_id,gold,model,answer\n1,A,m,A\n1,B,n,A\n2,C,m,C\n", encoding="utf-8")
    gathered = import_answers([file]).gathered
    assert gathered.dropped == {"its question has two right answers": 2}
    assert [row["question_id"] for row in gathered.rows] == ["2"]


@pytest.mark.parametrize(
    ("name", "text", "asked", "sentence"),
    [
        ("a.json", '{"a": 1, "b": 2}', {}, "is an object with the keys a, b: none of the forms that are known"),
        ("a.json", "[1, 2]", {}, "is an array of 2, the first the value 1: none of the forms"),
        ("a.json", '"text"', {}, "is a text: none of the forms"),
        ("a.json", "{broken", {}, "a.json: is not JSON"),
        ("a.json", "", {}, "a.json: is empty"),
        ("a.jsonl", '{"a": 1}\n{oops\n', {}, "line 2: is not JSON"),
        ("a.jsonl", '{"id": 1}\n', {}, "no form that is known, and no column 'question_id' (found: id)"),
        ("a.csv", "a;b\n1;2\n", {}, "no column 'question_id'"),
        ("a.csv", CSV, {"columns": COLUMNS}, "names no model; give it with --model NAME, or its column"),
        ("a.csv", CSV, {"columns": {"gold": "truth"}}, "column 'truth' is missing"),
        ("a.csv", CSV, {"columns": {"prompt": "id"}}, "columns = 'prompt': must be among question_id, gold, answer"),
        ("a.csv", CSV, {"models": ["a", "b"]}, "must name one for all files, or one for each of the 1"),
        ("a.csv", CSV, {"form": "wandb"}, "form = 'wandb': must be among record, lm-eval, inspect"),
        ("a.json", "[]", {"form": "helm"}, "has not the form of HELM scenario state"),
        ("a.jsonl", '{"run_id": 1}\n', {"form": "lm-eval", "models": ["m"]}, "has not the form of lm-evaluation-"),
        ("a.csv", CSV, {"chosen": "strict", "columns": COLUMNS}, "filter = 'strict': must be left out: "),
        (
            "a.jsonl",
            '{"doc": {"id": 1}, "resp": "A"}\n',
            {"columns": {"question_id": "doc.id", "gold": "doc.target", "answer": "resp"}, "models": ["m"]},
            "'doc.target', named for gold, holds nothing in any row",
        ),
        ("a.eval", "PK", {}, "is not a ZIP archive"),
        ("a.csv.gz", "plain text", {"columns": COLUMNS, "models": ["m"]}, "is not gz"),
        ("a.xlsx", "PK", {}, "must end in .json, .jsonl"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(
    name: str, text: str, asked: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TableError) as refused:
        import_answers([file], **asked)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_one_name_for_the_answers_of_several_models_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "two.csv"
    file.write_text("question_id,gold,model,answer\n1,A,ann,A\n1,A,bob,B\n")
    with pytest.raises(TableError) as refused:
        import_answers([file], models=["eve"])
    assert f"model = 'eve': must be left out: {file} has answers of 2 models: ann, bob" in str(refused.value)
    file.write_text("question_id,gold,model,answer\n1,A,ann,A\n2,A,ann,B\n")
    assert import_answers([file], models=["eve"]).gathered.rows[0]["model"] == "eve"


def test_a_truncated_archive_and_a_folder_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "t.csv.gz"
    file.write_bytes(gzip.compress(CSV.encode() * 1000)[:-20])
    with pytest.raises(TableError, match="is not gz"):
        import_answers([file], columns=COLUMNS, models=["m"])
    with pytest.raises(TableError, match="is a folder; must be a file: name those in it"):
        import_answers([tmp_path])
    (tmp_path / "logs.json").mkdir()
    with pytest.raises(TableError, match="is a folder; must be a file"):
        import_answers([tmp_path / "logs.json"])
    with pytest.raises(TableError, match="cannot be read"):
        import_answers([tmp_path / "nowhere.json"])


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.csv", gzip.compress(CSV.encode(), mtime=0), "it begins as gz does: then its name must end in .gz"),
        ("a.jsonl", lzma.compress(b"{}"), "it begins as xz does: then its name must end in .xz"),
        ("a.json", bytes.fromhex("28b52ffd24"), "it begins as zstandard does: then its name must end in .zst"),
        ("a.csv", b"PK\x03\x04\xff\xfe", "it begins as an archive or a spreadsheet does, which is no text"),
        ("a.csv", CSV.encode("utf-16"), "it begins as UTF-16 does, which must be saved as UTF-8"),
        ("a.csv", "question_id,gold\n1,é\n".encode("latin-1"), "is not text in UTF-8 (byte 19); must be a .csv file"),
    ],
)
def test_what_is_no_text_is_told_by_its_first_bytes(name: str, data: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(TableError) as refused:
        import_answers([tmp_path / name], columns=COLUMNS, models=["m"])
    assert sentence in str(refused.value)


def test_samples_may_be_counted_from_zero(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("question_id,gold,model,answer,epoch\n1,A,m,A,0\n1,A,m,B,1\n", encoding="utf-8")
    gathered = import_answers([file]).gathered
    assert [(row["model"], row["answer"]) for row in gathered.rows] == [("m #1", "A"), ("m #2", "B")]
    assert not gathered.dropped


def test_nothing_is_written_where_nothing_is_left_or_the_place_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "t.csv"
    file.write_text("question_id,gold,model,answer\n1,,m,A\n", encoding="utf-8")
    assert main(["answers", "import", str(file), "--out", str(tmp_path / "o.csv")]) == 2
    assert "no answer is left to write: no right answer (gold)" in capsys.readouterr().err
    assert not (tmp_path / "o.csv").exists()
    assert main(["answers", "import", str(file), "--out", str(tmp_path / "nowhere" / "o.csv")]) == 2
    assert "must be in a folder that exists" in capsys.readouterr().err


LINES = [
    {"id": "q1", "gold": "A", "by": {"gpt-4.1": "A", "b": None}},
    {"id": "q2", "gold": "B", "by": {"gpt-4.1": "C"}},
]


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("a.jsonl", '{"question": "1", "gold": "A", "model": "m", "answer": "A"}\n', "question_id=question"),
        ("a.csv", "question_id,model,prediction,answer\n1,m,A,B\n", "gold=answer,answer=prediction"),
        ("a.csv", "id,label,x,y\n1,A,A,B\n", "'question_id=id,gold=label,answer=*'"),
        ("a.json", json.dumps(LINES), "'question_id=id,answer=by.*'"),
        (
            "a.jsonl",
            '{"id": 1, "target": 2, "llm": "m", "output": {"text": 2}}\n',
            "question_id=id,gold=target,answer=output.…,model=llm",
        ),
        ("a.csv", "a,b\n1,2\n", "question_id=…,gold=…,answer=*"),
        ("a.csv", "id,a\n1\n", "question_id=id,gold=…,answer=…,model=…"),
    ],
)
def test_a_refusal_shows_the_columns_that_may_be_meant(name: str, text: str, hint: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TableError) as refused:
        import_answers([file])
    assert hint in str(refused.value)
    assert "name the columns with --columns " in str(refused.value)


def test_a_row_may_hold_the_answers_of_several_models(tmp_path: Path) -> None:
    lines, table = tmp_path / "a.json", tmp_path / "a.csv"
    lines.write_text(json.dumps(LINES), encoding="utf-8")
    table.write_text("id,x,gold,category,y\n1,A,A,c,B\n2,B,B,c,\n", encoding="utf-8")
    inside = import_answers([lines], columns={"question_id": "id", "answer": "by.*"})
    assert [(row["question_id"], row["model"], row["answer"]) for row in inside.gathered.rows] == [
        ("q1", "gpt-4.1", "A"),
        ("q1", "b", None),
        ("q2", "gpt-4.1", "C"),
    ]
    beside = import_answers([table], columns={"question_id": "id", "answer": "*"})
    assert [(row["question_id"], row["gold"], row["model"], row["answer"]) for row in beside.gathered.rows] == [
        ("1", "A", "x", "A"),
        ("1", "A", "y", "B"),
        ("2", "B", "x", "B"),
        ("2", "B", "y", None),
    ]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"columns": {"question_id": "id", "answer": "*"}, "models": ["m"]}, "answer = '*': must be one column where"),
        ({"columns": {"question_id": "id", "answer": "by.*", "model": "id"}}, "answer = 'by.*': must be one column"),
        ({"columns": {"question_id": "id", "answer": "gold.*"}}, "'gold' holds no object with the answers of models"),
        ({"columns": {"question_id": "id", "gold": "gold", "category": "by", "answer": "*"}}, "leaves no column that"),
        ({"columns": {"question_id": "id", "answer": "nowhere.*"}}, "column 'nowhere.*' is missing"),
    ],
)
def test_answers_of_several_models_that_are_not_there_are_refused(
    asked: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(LINES), encoding="utf-8")
    with pytest.raises(TableError, match=re.escape(sentence)):
        import_answers([file], **asked)
