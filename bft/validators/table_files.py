"""The layout of a table of recorded answers, found among the columns of a file.

Only that each column is there, once, is checked here. Reading files is left to `raw_tables`, what a field says to
`table_values`, what the columns mean to `tables`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bft.errors import TableError
from bft.validators.raw_tables import Columns, raw_table

COLUMNS = ("question_id", "gold", "model", "answer")
OPTIONAL_COLUMNS = ("category", "n_options", "status")
HEADER_SHOWN = 80


def read_columns(file: Path) -> Columns:
    """Return the columns of the layout that the file has, with None for what is missing.

    Names of columns may be written with any case and with spaces around them, as long as that is unambiguous. Raises
    `TableError` if the file's ending is unknown, or the file is empty or unreadable.
    """
    with raw_table(file, COLUMNS) as table:
        return table.columns(_names(file, table.header, table.kind))


def _names(file: Path, header: Sequence[str], kind: str) -> dict[str, str]:
    """Return the columns of the layout that a file has, by their names here, and what it calls them.

    Raises `TableError` if one that every table needs is missing, or two columns may be meant.
    """
    found: dict[str, str] = {}
    for name in (*COLUMNS, *OPTIONAL_COLUMNS):
        called = named(file, header, name)
        if called is not None:
            found[name] = called
        elif name in COLUMNS:
            raise TableError(
                f"{file}: column {name!r} is missing; must have {', '.join(COLUMNS)} (found{kind}: {listed(header)})"
            )
    return {name: found[name] for name in sorted(found, key=lambda name: header.index(found[name]))}


def named(file: Path, header: Sequence[str], name: str) -> str | None:
    """Return what a file calls a column; None where it has none.

    Raises
    ------
    TableError
        If two columns may be meant.
    """
    plain = name.strip().lower()
    meant = [called for called in header if called == name] or [
        called for called in header if called.strip().lower() == plain
    ]
    if len(meant) > 1:
        raise TableError(f"{file}: column {meant[0]!r} appears twice; every column must have its own name")
    return meant[0] if meant else None


def listed(header: Sequence[str]) -> str:
    """Return the names of columns, for a message."""
    shown = ", ".join(header)
    return (shown if len(shown) <= HEADER_SHOWN else f"{shown[:HEADER_SHOWN]} …") or "none"
