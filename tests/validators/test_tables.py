"""Tables of recorded answers are read alike from every format, and refused with one clear line."""

from __future__ import annotations

import builtins
import csv
import json
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

import bft
from bft.cli import main
from bft.errors import TableError
from bft.validators.answers import MISSING
from bft.validators.comparison import COMPARISONS
from bft.validators.tables import load_answers


@pytest.mark.parametrize("name", ["answers.csv", "answers.jsonl", "answers.parquet", "ANSWERS.CSV"])
def test_the_formats_say_the_same(name, made_up, write_table) -> None:
    table = load_answers(write_table(name, made_up))
    assert table.questions == ("q1", "q2", "q3", "q4")
    assert table.gold == ("18", "1,000", "b", "5")
    assert table.models == ("big", "quick", "slow")
    assert [table.texts[code] if code >= 0 else code for code in table.answers[2].tolist()] == ["B", MISSING, "c"]
    assert table.answers[3, 2] == -2
    assert table.category is None
    assert table.n_options is None


@pytest.mark.parametrize("name", ["answers.csv", "answers.jsonl", "answers.parquet"])
def test_numbers_are_read_as_text_and_optional_columns_are_kept(name, write_table) -> None:
    rows = [{"question_id": 7, "category": "law", "n_options": 4, "gold": 3, "model": "m", "answer": 3, "more": 1.5}]
    table = load_answers(write_table(name, rows))
    assert (table.questions, table.gold, table.texts) == (("7",), ("3",), ("3",))
    assert (table.category, table.n_options) == (("law",), (4,))


def test_a_panel_has_the_questions_that_all_its_models_were_asked(made_up, write_table) -> None:
    table = load_answers(write_table("answers.csv", made_up))
    panel = table.panel(["slow", "big", "quick"])
    assert panel.rows.tolist() == [0, 1, 2]
    assert panel.codes.tolist() == [[1, 0, 0], [0, 1, 1], [1, 0, MISSING]]
    assert panel.texts == (("18", "20"), ("1000", "7"), ("b", "c"))
    assert table.panel(["big", "quick"]).rows.tolist() == [0, 1, 2, 3]


def test_answers_may_be_compared_as_written(made_up, write_table) -> None:
    panel = load_answers(write_table("answers.csv", made_up)).panel(["big", "quick", "slow"], compare="as_written")
    assert panel.codes.tolist() == [[0, 1, 2], [1, 2, 3], [1, MISSING, 2]]


def test_a_file_written_anew_is_read_anew(made_up, write_table) -> None:
    assert len(load_answers(write_table("answers.csv", made_up)).questions) == 4
    assert len(load_answers(write_table("answers.csv", made_up[:3])).questions) == 1


@pytest.mark.parametrize("name", ["answers.csv", "answers.jsonl", "answers.parquet"])
@pytest.mark.parametrize("column", ["question_id", "gold", "model", "answer"])
def test_a_missing_column_is_named(name, column, made_up, write_table) -> None:
    for row in made_up:
        del row[column]
    with pytest.raises(
        TableError, match=rf"answers\.\w+: column '{column}' is missing; must have question_id, gold, mo"
    ):
        load_answers(write_table(name, made_up))


@pytest.mark.parametrize("name", ["answers.csv", "answers.jsonl", "answers.parquet"])
def test_a_repeated_row_is_named(name, made_up, write_table) -> None:
    file = write_table(name, [*made_up, made_up[4]])
    with pytest.raises(
        TableError, match=r"row 12: question 'q2' and model 'quick' are there already; must have one row"
    ):
        load_answers(file)


@pytest.mark.parametrize("column", ["question_id", "model"])
def test_a_row_without_question_or_model_is_named(column, made_up, write_table) -> None:
    made_up[3][column] = None
    with pytest.raises(TableError, match=f"row 4: {column} is null; every row must name its question and model"):
        load_answers(write_table("answers.jsonl", made_up))


def test_contradicting_right_answers_are_named(made_up, write_table) -> None:
    made_up[4]["gold"] = "999"
    with pytest.raises(TableError, match="row 5: gold = '999': must be '1,000', as in the other rows of question 'q2'"):
        load_answers(write_table("answers.csv", made_up))


def test_a_question_needs_a_right_answer(made_up, write_table) -> None:
    made_up[4]["gold"] = None
    with pytest.raises(TableError, match="row 5: gold is null; every question must have a right answer"):
        load_answers(write_table("answers.csv", made_up))


@pytest.mark.parametrize("name", ["answers.csv", "answers.jsonl", "answers.parquet"])
@pytest.mark.parametrize("nothing", ["", "  ", "\t"])
def test_white_space_is_no_right_answer_and_no_answer_in_any_format(name, nothing, made_up, write_table) -> None:
    made_up[1]["answer"] = nothing
    table = load_answers(write_table(name, made_up))
    for comparison in COMPARISONS:
        panel = table.panel(["slow", "big", "quick"], compare=comparison)
        assert (panel.codes == MISSING).sum() == 2
    made_up[4]["gold"] = nothing
    with pytest.raises(TableError, match=r"row 5: gold is (null|empty); every question must have a right answer"):
        load_answers(write_table(name, made_up))


def test_a_right_answer_that_says_nothing_in_a_comparison_is_refused_there(write_table) -> None:
    rows = [{"question_id": "q", "gold": "()", "model": model, "answer": "()"} for model in ("a", "b")]
    table = load_answers(write_table("tuples.jsonl", rows))
    assert table.panel(["a", "b"], compare="as_written").codes.tolist() == [[0, 0]]
    phrase = r"question 'q': gold = '\(\)': says nothing where answers are compared as 'canonical'"
    with pytest.raises(TableError, match=phrase):
        table.panel(["a", "b"])


def test_a_table_is_compared_as_its_answers_demand(write_table) -> None:
    said = ("1.10", "1.1", "Co", "CO")
    rows = [
        {"question_id": gold, "gold": gold, "model": f"m{place}", "answer": answer}
        for gold in said
        for place, answer in enumerate(said)
    ]
    table = load_answers(write_table("answers.csv", rows))
    right = {name: table.right(compare=name).sum(axis=1).tolist() for name in COMPARISONS}
    assert right == {
        "canonical": [2, 2, 2, 2],
        "letters": [1, 1, 2, 2],
        "numbers": [2, 2, 1, 1],
        "as_written": [1, 1, 1, 1],
    }


@pytest.mark.parametrize("value", ["1", "-3", "four", "2.5"])
def test_a_wrong_number_of_options_is_named_and_counts_as_unknown(value, made_up, write_table) -> None:
    made_up[0]["n_options"] = value
    table = load_answers(write_table("answers.jsonl", made_up[:1]))
    assert table.n_options == (None,)
    phrase = f"row 1: n_options = '{value}': must be a whole number, 2 or more"
    assert table.notes == (f"1 numbers of options are taken as unknown; {phrase}",)


@pytest.mark.parametrize("value", ["4", "4.0", "  4 ", 5 - 1.0], ids=repr)
def test_a_number_of_options_is_read_by_its_value(value, made_up, write_table) -> None:
    made_up[0]["n_options"] = value
    table = load_answers(write_table("answers.jsonl", made_up[:1]))
    assert (table.n_options, table.notes) == ((4,), ())


@pytest.mark.parametrize("value", [True, [1], {"a": 1}])
def test_an_answer_is_text_or_a_number(value, made_up, write_table) -> None:
    made_up[1]["answer"] = value
    with pytest.raises(TableError, match=r"row 2: answer = .* must be text, a number or null"):
        load_answers(write_table("answers.jsonl", made_up))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"", r"a\.csv: is empty; must be a table with the columns question_id, gold, model, answer"),
        ("a.jsonl", b"", "is empty"),
        ("a.parquet", b"", "is empty"),
        ("a.csv", b"question_id,gold,model,answer\n", "has no rows; must have one for each question and model"),
        ("a.jsonl", b"\n\n", "column 'question_id' is missing"),
        ("a.csv", b"question_id,gold,gold\n", "column 'gold' appears twice"),
        ("a.csv", b"question_id,gold,model,answer\nq,1,m\n", "row 1: has 3 fields; must have 4, as the header"),
        ("a.csv", b'question_id,gold,model,answer\nq,"1"2,m,1\n', "line 2: is not csv"),
        ("a.csv", b"question_id,gold,model,answer\nq,\xff,m,1\n", r"is not text in UTF-8 \(byte 32\); must be a \.csv"),
        ("a.jsonl", b"{broken\n", "line 1: is not JSON"),
        ("a.jsonl", b"[1, 2]\n", "line 1: must be an object with the keys question_id, gold, model, answer"),
        (
            "a.jsonl",
            b'{"question_id": 1, "gold": 1, "model": "m", "answer": 1}\n{"gold": 1}\n',
            "row 2: 'question_id' is",
        ),
        ("a.parquet", b"not parquet at all", "is not a parquet file"),
        ("a.txt", b"x", r"validators\.file = '.*a\.txt': must end in \.parquet, \.csv, \.jsonl"),
    ],
)
def test_a_malformed_file_gets_one_clear_line(name, content, sentence, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(TableError, match=sentence) as caught:
        load_answers(file)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"validators\.file = '.*none\.csv': cannot be read: No such file"):
        load_answers(tmp_path / "none.csv")


def test_a_folder_is_not_a_table(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(TableError, match="is a folder; must be a file"):
        load_answers(tmp_path / "folder.csv")


def test_parquet_without_the_extra_names_it(made_up, write_table, monkeypatch) -> None:
    file = write_table("answers.parquet", made_up)
    plain = builtins.__import__

    def without_pyarrow(name, *rest, **named):
        if name.startswith("pyarrow"):
            raise ModuleNotFoundError(name)
        return plain(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_pyarrow)
    with pytest.raises(TableError, match="parquet files need the extra 'tables'"):
        load_answers(file)


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        (["big", "qick"], "validators.models = 'qick': is not a model of .*; did you mean quick?"),
        (["zzz"], "validators.models = 'zzz': is not a model of .*; it has 3 models: big, quick, slow"),
        (["big", "slow", "big"], "validators.models = 'big': named twice"),
        ([], r"validators.models = \[\]: must name models of"),
    ],
)
def test_a_panel_that_cannot_be_is_refused(models, sentence, made_up, write_table) -> None:
    table = load_answers(write_table("answers.csv", made_up))
    with pytest.raises(TableError, match=sentence):
        table.panel(models)


def test_models_without_a_common_question_are_refused(made_up, write_table) -> None:
    table = load_answers(write_table("answers.csv", [made_up[2], made_up[9]]))
    with pytest.raises(TableError, match=r"validators\.models = \['slow', 'big'\]: these models share no question in"):
        table.panel(["slow", "big"])


def right(table, compare="canonical") -> list[list[bool]]:
    return table.right(compare=compare).tolist()


def rows_of(gold: object, *answers: object) -> list[dict[str, object]]:
    return [{"question_id": "q", "gold": gold, "model": f"m{k}", "answer": each} for k, each in enumerate(answers)]


@pytest.mark.parametrize("compare", list(COMPARISONS))
def test_typed_numbers_are_compared_by_value(compare, tmp_path) -> None:
    """In every comparison: a typed number was not written in any way."""
    import pyarrow
    from pyarrow import parquet

    cases = [
        ("0.1", pyarrow.array([0.1, 0.2], pyarrow.float32())),
        ("123456789012345678", pyarrow.array([123456789012345678.0, 1e17], pyarrow.float64())),
        ("7.5", pyarrow.array([Decimal("7.5"), Decimal("8.0")], pyarrow.decimal128(2, 1))),
        ("0.00001", pyarrow.array([1e-5, 1e-4])),
        ("10000000000000000", pyarrow.array([10**16, 10**16 + 1], pyarrow.int64())),
    ]
    for gold, answers in cases:
        ids, models = ["q", "q"], ["a", "b"]
        table = pyarrow.table({"question_id": ids, "gold": [gold, gold], "model": models, "answer": answers})
        parquet.write_table(table, tmp_path / "t.parquet")
        assert right(load_answers(tmp_path / "t.parquet"), compare) == [[True, False]], gold
        swapped = pyarrow.table(
            {"question_id": ids, "gold": answers.take([0, 0]), "model": models, "answer": [gold, "3"]}
        )
        parquet.write_table(swapped, tmp_path / "t.parquet")
        assert right(load_answers(tmp_path / "t.parquet"), compare) == [[True, False]], f"{gold}, the other way round"


def test_numbers_of_json_are_compared_by_value(write_table) -> None:
    table = load_answers(write_table("t.jsonl", rows_of(10**16, 1e16, 10**16, "1e16", 10**16 + 1)))
    assert right(table) == [[True, True, True, False]]
    assert right(load_answers(write_table("u.jsonl", rows_of("7", 7.0, 7, "7.0", 7.5))), "as_written") == [
        [True, True, False, False]
    ]


def test_a_number_of_many_digits_is_read_as_it_is(tmp_path) -> None:
    digits = "9" * 5000
    (tmp_path / "t.jsonl").write_text(f'{{"question_id": 1, "gold": {digits}, "model": "m", "answer": {digits}}}\n')
    assert right(load_answers(tmp_path / "t.jsonl")) == [[True]]


@pytest.mark.parametrize("name", ["t.jsonl", "t.parquet"])
def test_not_a_number_is_missing(name, write_table) -> None:
    table = load_answers(write_table(name, rows_of(7, float("nan"), 7.0, 8.5)))
    assert (table.answers < 0).tolist() == [[True, False, False]]
    assert right(table) == [[False, True, False]]


@pytest.mark.parametrize("word", ["NA", "N/A", "nan", "NaN", "None", "null"])
def test_words_for_nothing_are_missing_among_numbers_and_named_among_texts(word, write_table) -> None:
    numbers = load_answers(write_table("n.csv", rows_of("7", word, "7", "1,000")))
    assert (numbers.answers[0].tolist(), numbers.notes) == ([MISSING, 0, 1], ())
    texts = load_answers(write_table("t.csv", rows_of("A", word, word, "A")))
    assert (texts.answers >= 0).all()
    (note,) = texts.notes
    assert note.startswith(f"2 answers are {word!r}, read as an answer")


@pytest.mark.parametrize("mark", ["[invalid]", "[INVALID]", "<NA>"])
def test_marks_of_evaluators_are_missing_everywhere(mark, write_table) -> None:
    table = load_answers(write_table("t.jsonl", rows_of("A", mark, "A")))
    assert table.answers[0].tolist() == [MISSING, 0]
    assert table.notes == ()


CONFLICTS = [
    {"question_id": "q1", "gold": "C", "model": "m", "answer": "C"},
    {"question_id": "q1", "gold": "I", "model": "n", "answer": "I"},
    {"question_id": "q2", "gold": "B", "model": "m", "answer": "B"},
    {"question_id": "q3", "gold": "A", "model": "m", "answer": "A"},
    {"question_id": "q3", "gold": "A", "model": "m", "answer": "B"},
    {"question_id": "q4", "gold": None, "model": "m", "answer": "B"},
    {"question_id": "q5", "gold": "B", "model": "m", "answer": [1]},
    {"question_id": None, "gold": "B", "model": "m", "answer": "B"},
]


def test_a_table_is_not_refused_for_a_few_rows_if_they_may_be_left_out(write_table) -> None:
    file = write_table("t.jsonl", CONFLICTS)
    with pytest.raises(
        TableError, match=r"row 2: gold = 'I': must be 'C'.*; 5 rows are at fault; give --drop-conflicts"
    ):
        load_answers(file)
    table = load_answers(file, drop_conflicts=True)
    assert table.questions == ("q2",)
    assert table.notes[0].startswith("5 rows are at fault, and their 4 questions left out; row 2: gold = 'I'")
    with pytest.raises(TableError, match="no question is left without such a fault"):
        load_answers(write_table("u.jsonl", CONFLICTS[:2]), drop_conflicts=True)


def test_a_scenario_may_leave_conflicts_out(write_table) -> None:
    table = str(write_table("t.jsonl", CONFLICTS))
    given = {"kind": "recorded", "file": table, "models": ["m"], "drop_conflicts": True}
    scenario = bft.Scenario(n=1, validators=given)
    assert bft.simulate(scenario, 1).outcome.value == "agreed_correct"
    with pytest.raises(TableError, match="drop_conflicts = true"):
        bft.Scenario(n=1, validators={**given, "drop_conflicts": False})
    assert "drop_conflicts" in scenario.to_toml()
    written = bft.Scenario.from_dict(tomllib.loads(scenario.to_toml()))
    assert written == scenario


@pytest.mark.parametrize("header", ["question_id{0}gold{0}model{0}answer", " Question_ID {0}GOLD{0}Model{0} Answer"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_headers_are_read_where_they_are_unambiguous(header, separator, tmp_path) -> None:
    lines = [header, "q1{0}A{0}m{0}A", 'q2{0}"x{0}y"{0}m{0}"x{0}y"']
    (tmp_path / "t.csv").write_text("\n".join(lines).format(separator))
    table = load_answers(tmp_path / "t.csv")
    assert table.gold == ("A", f"x{separator}y")
    assert right(table, "as_written") == [[True], [True]]


@pytest.mark.parametrize("first", ["sep={0}\r\n", "\ufeffSEP={0}\n", '"sep={0}"\n'])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_first_line_of_a_spreadsheet_states_the_separator(first, separator, tmp_path) -> None:
    lines = "question_id{0}gold{0}model{0}answer\nq1{0}A{0}m{0}A\n"
    (tmp_path / "t.csv").write_text((first + lines).format(separator), encoding="utf-8")
    assert load_answers(tmp_path / "t.csv").gold == ("A",)


def test_a_separator_that_is_stated_is_not_guessed(tmp_path) -> None:
    (tmp_path / "t.csv").write_text("sep=,\nquestion_id;gold;model;answer\nq;A;m;A\n")
    with pytest.raises(TableError, match="found, as a header separated by commas: question_id;gold;model;answer"):
        load_answers(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("sep=;\n")
    with pytest.raises(TableError, match="is empty"):
        load_answers(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text('sep=;\nquestion_id;gold;model;answer\nq;A;m;A\nq;"A"B;m;A\n')
    with pytest.raises(TableError, match="line 4: is not csv"):
        load_answers(tmp_path / "t.csv")


def test_a_line_that_is_longer_than_any_header_is_refused_before_it_is_read(tmp_path) -> None:
    (tmp_path / "t.csv").write_text("a," * 2**19 + "a")
    with pytest.raises(TableError, match="its header must have at most 1048576 characters"):
        load_answers(tmp_path / "t.csv")


def test_a_header_that_is_not_read_is_shown(tmp_path) -> None:
    (tmp_path / "t.csv").write_text("question^gold^model^answer\nq^A^m^A\n")
    with pytest.raises(TableError, match=r"found, as a header separated by commas: question\^gold\^model\^answer"):
        load_answers(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("question;gold;model;answer\nq;A;m;A\n")
    with pytest.raises(TableError, match="found, as a header separated by semicolons: question, gold, model, answer"):
        load_answers(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("question_id,Gold,GOLD,model,answer\nq,A,A,m,A\n")
    with pytest.raises(TableError, match="column 'Gold' appears twice"):
        load_answers(tmp_path / "t.csv")


def test_a_long_field_of_a_column_that_is_not_read_is_no_matter(tmp_path) -> None:
    before = csv.field_size_limit()
    (tmp_path / "t.csv").write_text(f"question_id,gold,model,answer,raw\nq,A,m,A,{'x' * 200_000}\n")
    assert right(load_answers(tmp_path / "t.csv")) == [[True]]
    assert csv.field_size_limit() == before


def test_a_table_in_which_nobody_is_ever_right_says_so(write_table, capsys) -> None:
    file = write_table("t.csv", rows_of("# 18", "18", "18"))
    (warning,) = load_answers(file).warnings()
    assert warning == (
        "no answer of any model is right, compared as 'canonical': '# 18' is right and '18' is answered, for example"
    )
    assert main(["validators", "describe", str(file), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["warnings"] == [warning]
    assert said.err == f"bft: warning: {warning}\n"
    assert load_answers(write_table("u.csv", rows_of("18", "18", "19"))).warnings() == ()
