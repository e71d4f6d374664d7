"""What a file calls the columns of a table of answers: by their names here, as it was told, or not at all.

A name is never guessed: where a column that is needed is missing, the refusal says which one may be meant.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from bft.errors import TableError, bad_value
from bft.importing.request import Request
from bft.validators.raw_tables import RawTable
from bft.validators.table_files import listed, named
from bft.validators.table_values import Unreadable

NEEDED = ("question_id", "gold", "answer")
SAMPLES = ("epoch", "sample", "trial")
KNOWN = (*NEEDED, "model", "sample", "correct", "category", "n_options", "task", "status")
EACH = "*"
"""In the place of a column of answers: each column beside the others is a model's, or each key below a path."""

USUAL: Mapping[str, tuple[str, ...]] = {
    "question_id": ("id", "qid", "question", "item", "custom_id", "doc_id", "example_id", "task_id"),
    "gold": ("label", "target", "expected", "reference", "ground_truth", "correct_answer", "truth", "answer"),
    "answer": ("prediction", "predicted", "pred", "response", "output", "model_answer", "reply", "completion"),
    "model": ("model_name", "model_id", "llm"),
}
"""What files call them, the likeliest first; a column `answer` beside a prediction holds the right one."""


def column_names(file: Path, table: RawTable, request: Request) -> dict[str, str]:
    """Return what a file calls each column that is known here.

    Raises `TableError` if a column that is needed is not there, or one is named that is none.
    """
    for name in request.columns:
        if name not in KNOWN:
            raise TableError(bad_value("columns", name, f"must be among {', '.join(KNOWN)}"))
    header, found = table.header, {}
    for name, called in request.columns.items():
        column = named(file, header, called)
        if column is None and called.partition(".")[0] not in header and called != EACH:
            raise TableError(f"{file}: column {called!r} is missing (found{table.kind}: {listed(header)})")
        found[name] = called if column is None else column
    for name in KNOWN:
        usual = SAMPLES if name == "sample" else (name,)
        column = next((there for each in usual if (there := named(file, header, each)) is not None), None)
        if name not in found and column is not None and column not in found.values():
            found[name] = column
    if any(name not in found for name in NEEDED):
        raise TableError(_refusal(file, table, found, without_model=request.model is None))
    if of_each(found["answer"]):
        if "model" in found or request.model is not None:
            allowed = "must be one column where a column or --model names the model"
            raise TableError(f"{file}: {bad_value('answer', found['answer'], allowed)}")
    elif "model" not in found and request.model is None:
        raise TableError(f"{file}: names no model; give it with --model NAME, or its column with --columns model=…")
    return found


def of_each(called: str) -> bool:
    """Whether a column of answers stands for one of each model."""
    return called == EACH or called.endswith(f".{EACH}")


def _refusal(file: Path, table: RawTable, found: Mapping[str, str], *, without_model: bool) -> str:
    """Return a refusal that shows what to write, with the columns that may be meant."""
    absent = [name for name in NEEDED if name not in found]
    meant = {name: _meant(name, table.header, found) for name in absent}
    swapped = "gold" in absent and "answer" not in absent and meant["gold"] is None
    if swapped and (given := _meant("answer", table.header, found)) is not None:
        meant |= {"gold": found["answer"], "answer": given}
    objects = _objects(table, [name for name in table.header if name not in found.values()])
    if "model" not in found and without_model:
        free = [name for name in table.header if name not in (*found.values(), *meant.values())]
        if meant.get("answer", "") is None and objects:
            meant["answer"] = f"{objects[0]}.{EACH}"
        elif meant.get("answer", "") is None and len(free) > 1:
            meant["answer"] = EACH
        else:
            meant["model"] = _meant("model", table.header, found)
    inside = {name: f"{called}.…" if called in objects else called for name, called in meant.items()}
    example = ",".join(f"{name}={called or '…'}" for name, called in inside.items())
    if EACH in example:
        example = f"'{example}'"  # which a shell may not take for names of files
    return (
        f"{file}: no form that is known, and no column {absent[0]!r} (found{table.kind}: {listed(table.header)}); name "
        f"the columns with --columns {example}"
    )


def _meant(name: str, header: Collection[str], found: Mapping[str, str]) -> str | None:
    """Return which column of a file may be meant; None where there is none."""
    plain = {called.strip().lower(): called for called in header if called not in found.values()}
    return next((plain[usual] for usual in USUAL[name] if usual in plain), None)


def _objects(table: RawTable, names: Collection[str]) -> list[str]:
    """Return which columns hold objects, as far as the file can be read."""
    try:
        fields = table.columns({name: name for name in names}) if names else {}
    except TableError:
        return []
    found = []
    for name, values in fields.items():
        held = [value.value for value in values if isinstance(value, Unreadable)]
        if held and all(isinstance(each, Mapping) for each in held):
            found.append(name)
    return found
