"""Reading tables of recorded answers from csv, jsonl and parquet into columns of text.

Only the form is checked here: that the file can be read and each row has its fields. What the columns mean is left to
`tables`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bft.errors import TableError, bad_value

COLUMNS = ("question_id", "gold", "model", "answer")
OPTIONAL_COLUMNS = ("category", "n_options")

Columns = dict[str, list[str | None]]


def read_columns(file: Path) -> Columns:
    """Return the columns of the layout that the file has, as text, with None for null.

    Raises
    ------
    TableError
        If the file's ending is unknown, or the file is empty or unreadable.
    """
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise TableError(bad_value("validators.file", str(file), f"must end in {', '.join(_READERS)}"))
    if file.is_dir():
        raise TableError(bad_value("validators.file", str(file), "is a folder; must be a file"))
    try:
        if not file.stat().st_size:
            raise TableError(f"{file}: is empty; must be a table with the columns {', '.join(COLUMNS)}")
        return reader(file)
    except UnicodeDecodeError as reason:
        raise TableError(
            f"{file}: is not text in UTF-8 (byte {reason.start}); must be a {file.suffix} file"
        ) from reason
    except OSError as reason:
        raise TableError(f"{file}: cannot be read: {reason.strerror or reason}") from reason


def _read_csv(file: Path) -> Columns:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        try:
            header = next(reader, [])
            repeated = next((name for name in header if header.count(name) > 1), None)
            if repeated is not None:
                raise TableError(f"{file}: column {repeated!r} appears twice; every column must have its own name")
            return _gather(header, _csv_rows(file, reader, header))
        except csv.Error as reason:
            raise TableError(f"{file}: line {reader.line_num}: is not csv: {reason}") from reason


def _csv_rows(file: Path, reader: Iterable[list[str]], header: list[str]) -> Iterator[dict[str, str | None]]:
    for number, row in enumerate(reader, start=1):
        if not row:
            continue
        if len(row) != len(header):
            raise TableError(f"{file}: row {number}: has {len(row)} fields; must have {len(header)}, as the header")
        yield {name: value or None for name, value in zip(header, row, strict=True)}


def _read_jsonl(file: Path) -> Columns:
    with file.open(encoding="utf-8-sig") as lines:
        rows = list(_jsonl_rows(file, lines))
    names = list(rows[0]) if rows else []
    for number, row in enumerate(rows, start=1):
        absent = next((name for name in COLUMNS if name in names and name not in row), None)
        if absent is not None:
            raise TableError(f"{file}: row {number}: {absent!r} is missing; must be there in every row (or null)")
    return _gather(names, rows)


def _jsonl_rows(file: Path, lines: Iterable[str]) -> Iterator[dict[str, str | None]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as reason:
            raise TableError(f"{file}: line {number}: is not JSON: {reason.msg}") from reason
        if not isinstance(row, dict):
            raise TableError(f"{file}: line {number}: must be an object with the keys {', '.join(COLUMNS)}")
        yield {name: _text(file, number, name, value) for name, value in row.items() if _wanted(name)}


def _read_parquet(file: Path) -> Columns:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as reason:
        phrase = "parquet files need the extra 'tables': pip install 'bft-lab[tables]' (csv and jsonl do not)"
        raise TableError(bad_value("validators.file", str(file), phrase)) from reason
    try:
        names = [name for name in parquet.read_schema(file).names if _wanted(name)]
        table = parquet.read_table(file, columns=names)
    except pyarrow.ArrowException as reason:
        raise TableError(f"{file}: is not a parquet file: {str(reason).splitlines()[0]}") from reason
    return {name: _texts(file, name, table.column(name).to_pylist()) for name in names}


def _texts(file: Path, name: str, values: list[Any]) -> list[str | None]:
    return [
        value if value is None or isinstance(value, str) else _text(file, row, name, value)
        for row, value in enumerate(values, start=1)
    ]


def _text(file: Path, row: int, name: str, value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TableError(f"{file}: row {row}: {name} = {value!r}: must be text, a number or null")
    return str(value)


def _wanted(name: str) -> bool:
    return name in COLUMNS or name in OPTIONAL_COLUMNS


def _gather(names: Iterable[str], rows: Iterable[Mapping[str, str | None]]) -> Columns:
    wanted = [name for name in names if _wanted(name)]
    columns: Columns = {name: [] for name in wanted}
    for row in rows:
        for name in wanted:
            columns[name].append(row.get(name))
    return columns


_READERS: dict[str, Callable[[Path], Columns]] = {".parquet": _read_parquet, ".csv": _read_csv, ".jsonl": _read_jsonl}
