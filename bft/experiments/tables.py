"""Rows of estimates as CSV, as text for a terminal, and as HTML for a notebook."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from html import escape
from io import StringIO
from typing import Any

OUTCOMES = ("agree", "correct", "wrong", "partial", "stalled", "split")

Row = Mapping[str, Any]


def columns(rows: Sequence[Row]) -> list[str]:
    """Return the names of all columns, in the order in which they first occur; exact values beside their estimates."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    exact = [name for name in names if name.startswith("exact_")]
    names = [name for name in names if name not in exact]
    for name in exact:
        names.insert(names.index(f"p_{name.removeprefix('exact_')}_high") + 1, name)
    return names


def csv_text(rows: Sequence[Row]) -> str:
    """Return rows as CSV (RFC 4180, lines end in a line feed); what a row does not have is empty."""
    text = StringIO()
    writer = csv.DictWriter(text, columns(rows), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _written(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def text_table(rows: Sequence[Row], parameters: Sequence[str]) -> str:
    """Return rows as an aligned table: estimate, interval and exact value of every outcome that occurs."""
    header, body = _readable(rows, parameters)
    return align([header, *body])


def align(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells in columns, flush right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def html_table(rows: Sequence[Row], parameters: Sequence[str]) -> str:
    """Return the same as an HTML table."""
    header, body = _readable(rows, parameters)
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>" for line in body)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def _readable(rows: Sequence[Row], parameters: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Return header and lines: each outcome that occurs with its interval, and its exact value where there is one."""
    shown = [name for name in OUTCOMES if any(row[f"p_{name}"] or row.get(f"exact_{name}") for row in rows)]
    if "correct" in shown and all(_the_same(row) for row in rows):
        shown.remove("correct")
    exact = [name for name in shown if any(f"exact_{name}" in row for row in rows)]
    troubles = [name for name in ("witnessed", "failed", "breaches") if any(row.get(name) for row in rows)]
    header = [*parameters, "replications", *troubles]
    for name in shown:
        header += [name, *(["exact"] if name in exact else [])]
    body = []
    for row in rows:
        line = [_shown(row[name]) for name in parameters]
        line += [str(row.get(name, 0)) for name in ("replications", *troubles)]
        for name in shown:
            line += [_estimate(row, name), *([_share(row.get(f"exact_{name}"))] if name in exact else [])]
        body.append(line)
    return header, body


def _the_same(row: Row) -> bool:
    """Whether being right is no more than agreeing, by what was seen and by the law."""
    return bool(row["p_correct"] == row["p_agree"] and row.get("exact_correct") in (None, row.get("exact_agree")))


def _estimate(row: Row, name: str) -> str:
    return f"{_share(row[f'p_{name}'])} ({row[f'p_{name}_low']:.3f}–{row[f'p_{name}_high']:.3f})"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(_written(value))


def _written(value: object) -> object:
    """Return a value as TOML and JSON write it: true, not True."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value
