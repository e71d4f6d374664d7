"""Reading tables of recorded answers from csv, jsonl and parquet into columns of fields.

Only the form is checked here: that the file can be read and each row has its fields. What a field says is left to
`table_values`, what the columns mean to `tables`.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bft.errors import TableError, bad_value
from bft.validators.table_values import Field, field_of

COLUMNS = ("question_id", "gold", "model", "answer")
OPTIONAL_COLUMNS = ("category", "n_options")
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
LONGEST_FIELD = min(sys.maxsize, 2**31 - 1)  # what every platform's csv module takes
HEADER_SHOWN = 80

Columns = dict[str, list[Field]]


def read_columns(file: Path) -> Columns:
    """Return the columns of the layout that the file has, with None for what is missing.

    Names of columns may be written with any case and with spaces around them, as long as that is unambiguous.

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
    with file.open(encoding="utf-8-sig", newline="") as lines, _fields_of_any_length():
        first = lines.readline()
        lines.seek(0)
        separator = _separator(first)
        reader = csv.reader(lines, strict=True, delimiter=separator)
        try:
            header = next(reader, [])
            names = _names(file, header, f", as a header separated by {SEPARATORS[separator]}")
            return _gather(names, _csv_rows(file, reader, header))
        except csv.Error as reason:
            raise TableError(f"{file}: line {reader.line_num}: is not csv: {reason}") from reason


@contextmanager
def _fields_of_any_length() -> Iterator[None]:
    """Lift the csv module's limit, which is the process's, while one file is read: tables may hold whole replies."""
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _separator(header: str) -> str:
    """Return what separates a header: a comma, unless the names of the layout are separated by something else."""
    found = {
        each: sum(name in COLUMNS for name in map(_plain, header.replace('"', "").split(each))) for each in SEPARATORS
    }
    return max(SEPARATORS, key=lambda each: found[each])  # the first of equal ones: the comma


def _csv_rows(file: Path, reader: Iterable[list[str]], header: list[str]) -> Iterator[dict[str, Field]]:
    for number, row in enumerate(reader, start=1):
        if not row:
            continue
        if len(row) != len(header):
            raise TableError(f"{file}: row {number}: has {len(row)} fields; must have {len(header)}, as the header")
        yield {name: field_of(value) for name, value in zip(header, row, strict=True)}


def _read_jsonl(file: Path) -> Columns:
    with file.open(encoding="utf-8-sig") as lines:
        rows = list(_jsonl_rows(file, lines))
    names = _names(file, list(rows[0]) if rows else [])
    for number, row in enumerate(rows, start=1):
        absent = next((name for name, called in names.items() if name in COLUMNS and called not in row), None)
        if absent is not None:
            raise TableError(f"{file}: row {number}: {absent!r} is missing; must be there in every row (or null)")
    return _gather(names, rows)


def _jsonl_rows(file: Path, lines: Iterable[str]) -> Iterator[dict[str, Field]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_int=str)  # Python reads no whole number of 4,301 digits
        except json.JSONDecodeError as reason:
            raise TableError(f"{file}: line {number}: is not JSON: {reason.msg}") from reason
        except RecursionError:
            raise TableError(f"{file}: line {number}: is nested too deeply") from None
        if not isinstance(row, dict):
            raise TableError(f"{file}: line {number}: must be an object with the keys {', '.join(COLUMNS)}")
        yield {name: field_of(value) for name, value in row.items()}


def _read_parquet(file: Path) -> Columns:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as reason:
        phrase = "parquet files need the extra 'tables': pip install 'bft-lab[tables]' (csv and jsonl do not)"
        raise TableError(bad_value("validators.file", str(file), phrase)) from reason
    try:
        names = _names(file, parquet.read_schema(file).names)
        table = parquet.read_table(file, columns=list(names.values()))
    except pyarrow.ArrowException as reason:
        raise TableError(f"{file}: is not a parquet file: {str(reason).splitlines()[0]}") from reason
    single = {called: pyarrow.types.is_float32(table.schema.field(called).type) for called in names.values()}
    return {
        name: [field_of(value, single=single[called]) for value in table.column(called).to_pylist()]
        for name, called in names.items()
    }


def _names(file: Path, header: list[str], kind: str = "") -> dict[str, str]:
    """Return the columns of the layout that a file has, by their names here, and what it calls them.

    Raises
    ------
    TableError
        If one that every table needs is missing, or two columns may be meant.
    """
    found: dict[str, str] = {}
    for name in (*COLUMNS, *OPTIONAL_COLUMNS):
        meant = [called for called in header if called == name] or [
            called for called in header if _plain(called) == name
        ]
        if len(meant) > 1:
            raise TableError(f"{file}: column {meant[0]!r} appears twice; every column must have its own name")
        if meant:
            found[name] = meant[0]
        elif name in COLUMNS:
            shown = ", ".join(header)
            listed = shown if len(shown) <= HEADER_SHOWN else f"{shown[:HEADER_SHOWN]} …"
            raise TableError(
                f"{file}: column {name!r} is missing; must have {', '.join(COLUMNS)} (found{kind}: {listed or 'none'})"
            )
    return {name: found[name] for name in sorted(found, key=lambda name: header.index(found[name]))}


def _plain(called: str) -> str:
    return called.strip().lower()


def _gather(names: Mapping[str, str], rows: Iterable[Mapping[str, Field]]) -> Columns:
    columns: Columns = {name: [] for name in names}
    for row in rows:
        for name, called in names.items():
            columns[name].append(row.get(called))
    return columns


_READERS: dict[str, Callable[[Path], Columns]] = {
    ".parquet": _read_parquet,
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".tsv": _read_csv,
}
