"""Any table of rows and columns: csv, tsv, json, jsonl, parquet; its columns are named, or called as here.

Needed are question_id, gold and answer, and a model, by a column or by name. A column `epoch`, `sample` or `trial` says
which of several answers it is, `correct` whether an evaluator counted it as right, `category` and `n_options` what they
say. A name with dots is a path into nested objects. Where a row holds the answers of several models, `answer` is called
`*`, if each column that is left is a model's, or `PATH.*`, if each key of an object is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bft.errors import TableError, bad_value
from bft.importing.column_names import EACH, KNOWN, NEEDED, column_names, of_each
from bft.importing.evidence import Evidence, ImportedAnswer, graded, right_of, text_of, whole_of
from bft.importing.request import Request
from bft.validators.raw_tables import Columns, RawTable, raw_table
from bft.validators.table_rows import STATUSES
from bft.validators.table_values import Field, Float, Unreadable, field_of, texts_of

NAME = "table"


def read(file: Path, request: Request) -> Evidence:
    """Read the answers.

    Raises
    ------
    TableError
        If a column that is needed is not there, or named wrongly.
    """
    if request.chosen is not None:
        raise TableError(bad_value("filter", request.chosen, f"must be left out: {file} is a table, which has none"))
    with raw_table(file, (*NEEDED, "model", *request.columns.values())) as table:
        names = column_names(file, table, request)
        several = of_each(names["answer"])
        columns = _of_each_model(file, table, names) if several else table.columns(names)
    for name in ("question_id", "gold", "model"):
        held = columns.get(name)
        if name in request.columns and held and all(field is None for field in held):
            raise TableError(f"{file}: {request.columns[name]!r}, named for {name}, holds nothing in any row")
    if request.model is not None:
        _of_one_model(file, columns.get("model", ()), request.model)
    from_zero = any(whole_of(_text(field)) == 0 for field in columns.get("sample", ()))
    evidence = Evidence(file=str(file), form=NAME, read=len(columns["question_id"]))
    nothing: list[Field] = [None] * evidence.read
    listed_columns = [columns.get(name, nothing) for name in KNOWN]
    for fields in zip(*listed_columns, strict=True):
        _keep(evidence, dict(zip(KNOWN, fields, strict=True)), request, from_zero=from_zero)
    return evidence


def _of_one_model(file: Path, held: Iterable[Field], name: str) -> None:
    """Refuse to give the answers of several models one name: all but one of each question would be dropped."""
    models = sorted({text for field in held if (text := _text(field)) is not None})
    if len(models) > 1:
        told = f"{', '.join(models[:5])}{', …' if len(models) > 5 else ''}"
        allowed = f"must be left out: {file} has answers of {len(models)} models: {told}"
        raise TableError(bad_value("model", name, allowed))


def _of_each_model(file: Path, table: RawTable, names: Mapping[str, str]) -> Columns:
    """Return the columns of a table with a row for each question as if it had one for each answer.

    Raises `TableError` if no column is left that could be a model's, or what should hold the answers holds none.
    """
    called = names["answer"]
    others = {name: column for name, column in names.items() if name not in ("answer", "model")}
    if called == EACH:
        models = [column for column in table.header if column not in others.values()]
        if not models:
            raise TableError(f"{file}: --columns answer=* leaves no column that could be a model's")
        columns = table.columns({**others, **{f"{EACH}{model}": model for model in models}})
        rows = [
            [(model, columns[f"{EACH}{model}"][place]) for model in models]
            for place in range(len(columns["question_id"]))
        ]
    else:
        path = called.removesuffix(f".{EACH}")
        columns = table.columns({**others, EACH: path})
        rows = [list(_answers(field)) for field in columns[EACH]]
        if not any(rows):
            raise TableError(f"{file}: {path!r} holds no object with the answers of models by their names")
    found: Columns = {
        name: [field for field, answers in zip(columns[name], rows, strict=True) for _ in answers] for name in others
    }
    found["model"] = [model for answers in rows for model, _ in answers]
    found["answer"] = [answer for answers in rows for _, answer in answers]
    return found


def _answers(field: Field) -> Iterator[tuple[str, Field]]:
    """Yield the answers in an object, by the names of their models."""
    value = _value(field)
    if isinstance(value, Mapping):
        yield from ((str(model), field_of(answer)) for model, answer in value.items())


def _keep(evidence: Evidence, row: Mapping[str, Field], request: Request, *, from_zero: bool) -> None:
    strange = next((name for name in ("question_id", "gold", "model") if _strange(row[name])), None)
    if strange is not None:
        evidence.drop(f"{strange} is neither text nor number")
        return
    gold, answer = texts_of(_plain(row["gold"]), _plain(row["answer"]))
    question, right, model = text_of(_text(row["question_id"])), right_of(gold), request.model or _text(row["model"])
    if question is None or model is None:
        evidence.drop("no question" if question is None else "no model")
    elif not right:
        evidence.drop("no right answer (gold)")
    elif _strange(row["answer"]):
        evidence.drop("answer is neither text nor number")
    else:
        sample = whole_of(_text(row["sample"]))
        evidence.answers.append(
            ImportedAnswer(
                question=question,
                right=right,
                model=model,
                answer=text_of(answer),
                task=_text(row["task"]) or "",
                sample=1 if sample is None else sample + from_zero,
                correct=graded(_value(row["correct"])),
                category=_text(row["category"]),
                n_options=whole_of(_text(row["n_options"])),
                status=_text(row["status"]) if _text(row["status"]) in STATUSES else None,
            )
        )


def _value(field: Field) -> object:
    return field.value if isinstance(field, Unreadable | Float) else field


def _strange(field: Field) -> bool:
    return isinstance(field, Unreadable) and not isinstance(field.value, bool)


def _plain(field: Field) -> Field:
    """A truth value is an answer here: of questions that are answered by yes or no."""
    value = _value(field)
    return text_of(value) if isinstance(value, bool) else None if isinstance(field, Unreadable) else field


def _text(field: Field) -> str | None:
    return texts_of(None if isinstance(field, Unreadable) else field, None)[0]
