"""Any table of rows and columns: csv, tsv, json, jsonl, parquet; its columns are named, or called as here.

Needed are question_id, gold and answer, and a model, by a column or by name. A column `epoch`, `sample` or `trial` says
which of several answers it is, `correct` whether an evaluator counted it as right, `category` and `n_options` what they
say. A name with dots is a path into nested objects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bft.errors import TableError, bad_value
from bft.importing.evidence import Evidence, ImportedAnswer, graded, right_of, text_of, whole_of
from bft.importing.request import Request
from bft.validators.raw_tables import raw_table
from bft.validators.table_files import listed, named
from bft.validators.table_rows import STATUSES
from bft.validators.table_values import Field, Float, Unreadable, texts_of

NAME = "table"
NEEDED = ("question_id", "gold", "answer")
SAMPLES = ("epoch", "sample", "trial")
KNOWN = (*NEEDED, "model", "sample", "correct", "category", "n_options", "task", "status")


def read(file: Path, request: Request) -> Evidence:
    """Read the answers.

    Raises
    ------
    TableError
        If a column that is needed is not there, or named wrongly.
    """
    for name in request.columns:
        if name not in KNOWN:
            raise TableError(bad_value("columns", name, f"must be among {', '.join(KNOWN)}"))
    with raw_table(file, (*NEEDED, "model", *request.columns.values())) as table:
        names = _names(file, table.header, table.kind, request)
        columns = table.columns(names)
    evidence = Evidence(file=str(file), form=NAME, read=len(columns["question_id"]))
    nothing: list[Field] = [None] * evidence.read
    listed_columns = [columns.get(name, nothing) for name in KNOWN]
    for fields in zip(*listed_columns, strict=True):
        _keep(evidence, dict(zip(KNOWN, fields, strict=True)), request)
    return evidence


def _names(file: Path, header: Sequence[str], kind: str, request: Request) -> dict[str, str]:
    """Return what the file calls each column that is known here."""
    found = {}
    for name, called in request.columns.items():
        column = named(file, header, called)
        if column is None and called.partition(".")[0] not in header:
            raise TableError(f"{file}: column {called!r} is missing (found{kind}: {listed(header)})")
        found[name] = called if column is None else column
    for name in KNOWN:
        usual = SAMPLES if name == "sample" else (name,)
        column = next((there for each in usual if (there := named(file, header, each)) is not None), None)
        if name not in found and column is not None and column not in found.values():
            found[name] = column
    absent = [name for name in NEEDED if name not in found]
    if absent:
        example = ",".join(f"{name}=…" for name in absent)
        raise TableError(
            f"{file}: no form that is known, and no column {absent[0]!r} (found{kind}: {listed(header)}); name the "
            f"columns with --columns {example}"
        )
    if "model" not in found and request.model is None:
        raise TableError(f"{file}: names no model; give it with --model NAME, or its column with --columns model=…")
    return found


def _keep(evidence: Evidence, row: Mapping[str, Field], request: Request) -> None:
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
        evidence.answers.append(
            ImportedAnswer(
                question=question,
                right=right,
                model=model,
                answer=text_of(answer),
                task=_text(row["task"]) or "",
                sample=whole_of(_text(row["sample"])) or 1,
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
