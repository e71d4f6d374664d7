"""Traces of an independent specification of Tendermint, as `quint test` makes them, one JSON object a step.

The first line has `validators` (name to weight) and `running` (the correct ones); one has `initial`. Every other line
is one step: `validator`, `input`, `output`, and where a validator moved `after`, its state of consensus, and `waiting`,
its inputs not yet taken. Reading refuses what is no such file; what the steps mean stands in `replay`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bft.errors import ScenarioError, bad_value

STATE = frozenset({"height", "round", "step", "lockedRound", "lockedValue", "validRound", "validValue"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One step of one validator."""

    line: int
    """Where it stands in its file."""
    validator: str
    """Whose step it is."""
    kind: str
    told: Any
    """The input and what it carries."""
    says: str
    said: Any
    """The output and what it carries."""
    after: Mapping[str, Any]
    """The validator's state of consensus afterwards."""
    waiting: Mapping[str, Any]
    """Its inputs not yet taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One file: who validates with what weight, in order, who is correct, and the steps."""

    name: str
    weights: Mapping[str, int]
    running: tuple[str, ...]
    rows: tuple[Row, ...]


def read_folder(folder: Path) -> list[Trace]:
    """Return the traces of a folder, in the order of their names.

    Raises `ScenarioError` if there is no such folder, no trace in it, or one that cannot be read.
    """
    if not os.path.isdir(folder):  # false for a name that is too long, where Path raises
        raise ScenarioError(bad_value("traces", str(folder), "must be a folder of traces, files named *.jsonl"))
    paths = sorted(folder.glob("*.jsonl"))
    if not paths:
        raise ScenarioError(bad_value("traces", str(folder), "must hold traces: there is no file named *.jsonl"))
    return [read(path) for path in paths]


def read(path: Path) -> Trace:
    """Return the trace of a file.

    Raises
    ------
    ScenarioError
        If the file cannot be read, or is no trace.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ScenarioError(bad_value("traces", str(path), f"cannot be read: {error.strerror}")) from None
    except UnicodeDecodeError as error:
        raise ScenarioError(bad_value("traces", str(path), f"is not text in UTF-8: {error}")) from None
    weights: dict[str, int] = {}
    running: tuple[str, ...] = ()
    rows: list[Row] = []
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        where = f"{path.name}, line {number}"
        values = _object(text, where)
        if "validators" in values:
            weights = _weights(values["validators"], where)
            running = tuple(_natural(map(str, values.get("running", weights))))
        elif "initial" not in values:
            row = _row(values, number, where)
            if row is not None:
                rows.append(row)
    if not weights:
        raise ScenarioError(bad_value("traces", path.name, "must say its validators in the first line"))
    if not rows:
        raise ScenarioError(bad_value("traces", path.name, "must have a step: it ends before the first"))
    unknown = sorted({row.validator for row in rows} - set(weights))
    if unknown:
        raise ScenarioError(bad_value("traces", unknown[0], f"is no validator of {path.name}"))
    return Trace(name=path.name, weights=weights, running=running, rows=tuple(rows))


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ScenarioError(bad_value("traces", where, f"must be a JSON object: {error}")) from None
    if not isinstance(values, dict):
        raise ScenarioError(bad_value("traces", where, "must be a JSON object"))
    return values


def _weights(given: Any, where: str) -> dict[str, int]:
    if not isinstance(given, dict) or not given or not all(type(each) is int and each > 0 for each in given.values()):
        raise ScenarioError(bad_value("traces", where, "validators must be names with positive whole weights"))
    return {name: given[name] for name in _natural(given)}


def _natural(names: Any) -> list[str]:
    """Return names in order, v2 before v10."""
    return sorted(names, key=lambda name: [(part.isdigit(), part.zfill(9)) for part in re.split(r"(\d+)", name)])


def _row(values: dict[str, Any], line: int, where: str) -> Row | None:
    """Return a step; None for the row that only says how all begins."""
    missing = [key for key in ("validator", "input", "output") if key not in values]
    if missing:
        raise ScenarioError(bad_value("traces", where, f"must have {missing[0]!r}"))
    kind, told = _tagged(values["input"], where)
    says, said = _tagged(values["output"], where)
    after = values.get("after")
    if after is None and kind == "NoDInput":
        return None
    if not isinstance(after, dict) or not set(after) >= STATE:
        raise ScenarioError(bad_value("traces", where, f"must have 'after' with {', '.join(sorted(STATE))}"))
    return Row(
        line=line,
        validator=str(values["validator"]),
        kind=kind,
        told=told,
        says=says,
        said=said,
        after=after,
        waiting=values.get("waiting") or {},
    )


def _tagged(value: Any, where: str) -> tuple[str, Any]:
    """Return a variant's tag and what it carries."""
    if isinstance(value, str):
        return value, None
    if isinstance(value, dict) and len(value) == 1:
        return next(iter(value.items()))
    raise ScenarioError(bad_value("traces", where, "an input or output must be a tag, or a tag with a value"))


def steps(trace: Trace) -> Iterator[Row]:
    """Yield the steps of validators; a row that repeats the one before tells only that a message was put before one."""
    before: tuple[Any, ...] | None = None
    for row in trace.rows:
        now = (row.validator, row.kind, row.told, row.says, row.said, row.after)
        if now != before:
            yield row
        before = now
