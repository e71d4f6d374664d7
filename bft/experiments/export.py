"""Tables as files: CSV, or Parquet with the extra `tables`; the ending of the name says which."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bft import __version__
from bft.errors import SweepError, bad_value
from bft.experiments.results_version import RESULTS_VERSION

ENDINGS = (".csv", ".parquet")


def check_table(path: Path) -> None:
    """Refuse a file that a table cannot be written to.

    Raises `SweepError` if the ending is another, its folder is not there, or pyarrow is missing.
    """
    if path.suffix not in ENDINGS:
        raise SweepError(bad_value("file", str(path), f"must end in {' or '.join(ENDINGS)}"))
    if not path.parent.is_dir() or path.is_dir():
        raise SweepError(bad_value("file", str(path), "must be a file in a folder that is there"))
    if path.suffix == ".parquet":
        _pyarrow(path)


def write_table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write rows; what is None is empty, or null. Parquet says in its metadata which version wrote it.

    Raises
    ------
    SweepError
        As `check_table`, or if the file cannot be written.
    """
    check_table(path)
    try:
        if path.suffix == ".csv":
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(columns)
                writer.writerows(rows)
            return
        pyarrow, parquet = _pyarrow(path)
        values = {name: _alike([row[place] for row in rows]) for place, name in enumerate(columns)}
        about = {"bft.version": __version__, "bft.results_version": str(RESULTS_VERSION)}
        parquet.write_table(pyarrow.table(values, metadata=about), path)
    except OSError as error:
        raise SweepError(bad_value("file", str(path), f"cannot be written: {error.strerror or error}")) from None


def _pyarrow(path: Path) -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise SweepError(
            bad_value("file", str(path), "needs the extra `tables`: pip install bft-lab[tables]")
        ) from None
    return pyarrow, parquet


def _alike(values: list[Any]) -> list[Any]:
    """Return a column of one type: numbers, or else texts; an axis may mix them."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) <= 1:
        return values
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    return [None if value is None else str(value) for value in values]
