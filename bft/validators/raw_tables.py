"""Tables as files hold them: csv, tsv, json, jsonl, parquet, compressed or not; what the columns mean is left open.

A table of JSON is an array of objects, an object of equally long arrays, or an object with one array of them in it.
A column may be named by a path into nested objects: `response.output`, `choices.0.text`. Only the form is checked here:
what a field says is left to `table_values`, what the columns mean to `table_files` and to importers.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from bft.errors import TableError, bad_value
from bft.validators.compressed import ENDINGS, ending, opened
from bft.validators.table_values import Field, field_of

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
LONGEST_FIELD = min(sys.maxsize, 2**31 - 1)  # what every platform's csv module takes

LONGEST_HEADER = 2**20
"""In characters; a longer one would take seconds to be looked through."""

_STATED = re.compile(r"""["']?sep=([,;\t|])["']?\r?\n""", re.IGNORECASE)
"""A first line of spreadsheets that says what separates the fields."""

Columns = dict[str, list[Field]]


class RawTable(Protocol):
    """A table whose header is known, and whose fields are read when they are asked for.

    Attributes
    ----------
    header : sequence of str
        What the file calls its columns.
    kind : str
        What is to be said of the header.
    """

    header: Sequence[str]
    kind: str

    def columns(self, names: Mapping[str, str]) -> Columns:
        """Return columns under other names: from those names to what the file calls them.

        Raises `TableError` if a row has not the form of the others.
        """


@contextmanager
def raw_table(file: Path, wanted: Collection[str]) -> Iterator[RawTable]:
    """Open a table.

    Parameters
    ----------
    file : Path
        The file; its ending says what it is.
    wanted : collection of str
        Names of columns by which the separator of a header is recognised, and which rows must have.

    Raises
    ------
    TableError
        If the ending is unknown, or the file is empty or unreadable.
    """
    reader = _READERS.get(ending(file))
    if reader is None:
        allowed = f"must end in {', '.join(_READERS)}, or one of these and {', '.join(ENDINGS)}"
        raise TableError(bad_value("validators.file", str(file), allowed))
    with opened(file) as stream:
        yield reader(file, stream, wanted)


def with_paths(row: Mapping[str, Any], called: str) -> Any:
    """Return the value of a column of a row of JSON: under its name, or along a path; None where it is not there."""
    if called in row or "." not in called:
        return row.get(called)
    value: Any = row
    for step in called.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


class _Csv:
    def __init__(self, file: Path, stream: Any, wanted: Collection[str]) -> None:
        self._file = file
        lines = self._lines = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        first = self._line()
        stated = _STATED.fullmatch(first)
        self._before = 1 if stated else 0  # lines that the reader of rows has not counted
        if stated:
            first = self._line()
        if not first:
            raise TableError(f"{file}: is empty; must be a table with the columns {', '.join(wanted)}")
        separator = stated[1] if stated else _separator(first, wanted)
        self._reader = csv.reader(_after(first, lines), strict=True, delimiter=separator)
        self.kind = f", as a header separated by {SEPARATORS[separator]}"
        with self._any_length():
            self.header: Sequence[str] = next(self._reader, [])

    def _line(self) -> str:
        """Return the next line of the head of the file; one that is longer than any header is refused unread."""
        line = self._lines.readline(LONGEST_HEADER + 1)
        if len(line) > LONGEST_HEADER:
            allowed = f"its header must have at most {LONGEST_HEADER} characters: is this a table?"
            raise TableError(f"{self._file}: {allowed}")
        return line

    def columns(self, names: Mapping[str, str]) -> Columns:
        places = {name: self.header.index(called) for name, called in names.items()}
        found: Columns = {name: [] for name in names}
        with self._any_length():
            for number, row in enumerate(self._reader, start=1):
                if not row:
                    continue
                if len(row) != len(self.header):
                    told = f"has {len(row)} fields; must have {len(self.header)}, as the header"
                    raise TableError(f"{self._file}: row {number}: {told}")
                for name, place in places.items():
                    found[name].append(field_of(row[place]))
        return found

    @contextmanager
    def _any_length(self) -> Iterator[None]:
        """Lift the csv module's limit, which is the process's, while one file is read: tables may hold replies."""
        before = csv.field_size_limit(LONGEST_FIELD)
        try:
            yield
        except csv.Error as reason:
            line = self._before + self._reader.line_num
            raise TableError(f"{self._file}: line {line}: is not csv: {reason}") from reason
        finally:
            csv.field_size_limit(before)


def _after(first: str, lines: Iterable[str]) -> Iterator[str]:
    yield first
    yield from lines


def _separator(header: str, wanted: Collection[str]) -> str:
    """Return what separates a header: a comma, unless the wanted names are separated by something else."""
    names = {name.strip().lower() for name in wanted}
    found = {
        each: sum(name.strip().lower() in names for name in header.replace('"', "").split(each)) for each in SEPARATORS
    }
    return max(SEPARATORS, key=lambda each: found[each])  # the first of equal ones: the comma


class _Rows:
    """Rows of JSON."""

    kind = ""

    def __init__(self, file: Path, rows: Sequence[Mapping[str, Any]], wanted: Collection[str]) -> None:
        self._file = file
        self._rows = rows
        self._wanted = frozenset(wanted)
        self.header: Sequence[str] = tuple(dict.fromkeys(name for row in rows for name in row))

    def columns(self, names: Mapping[str, str]) -> Columns:
        for number, row in enumerate(self._rows, start=1):
            absent = next((c for name, c in names.items() if name in self._wanted and not _there(row, c)), None)
            if absent is not None:
                told = f"{absent!r} is missing; must be there in every row (or null)"
                raise TableError(f"{self._file}: row {number}: {told}")
        return {name: [field_of(with_paths(row, called)) for row in self._rows] for name, called in names.items()}


def _there(row: Mapping[str, Any], called: str) -> bool:
    return called in row or ("." in called and called.partition(".")[0] in row)


def _jsonl(file: Path, stream: Any, wanted: Collection[str]) -> RawTable:
    rows, empty = [], True
    with io.TextIOWrapper(stream, encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            empty = False
            if not line.strip():
                continue
            row = json_value(line, f"{file}: line {number}")
            if not isinstance(row, dict):
                raise TableError(f"{file}: line {number}: must be an object with the keys {', '.join(wanted)}")
            rows.append(row)
    if empty:
        raise TableError(f"{file}: is empty; must be a table with the columns {', '.join(wanted)}")
    return _Rows(file, rows, wanted)


def _json(file: Path, stream: Any, wanted: Collection[str]) -> RawTable:
    with io.TextIOWrapper(stream, encoding="utf-8-sig") as lines:
        text = lines.read()
    if not text.strip():
        raise TableError(f"{file}: is empty; must be a table with the columns {', '.join(wanted)}")
    rows = rows_of_json(json_value(text, str(file)))
    if rows is None:
        allowed = "must be an array of objects, or an object of equally long arrays (JSON lines end in .jsonl)"
        raise TableError(f"{file}: {allowed}")
    return _Rows(file, rows, wanted)


def rows_of_json(value: Any) -> list[dict[str, Any]] | None:
    """Return the rows of a table that is one value of JSON; None where it is none."""
    if isinstance(value, list):
        return value if all(isinstance(row, dict) for row in value) else None
    if not isinstance(value, dict):
        return None
    columns = {name: column for name, column in value.items() if isinstance(column, list)}
    if len(columns) == 1:
        return rows_of_json(next(iter(columns.values())))
    if columns and len(columns) == len(value) and len({len(column) for column in columns.values()}) == 1:
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return None


def json_value(text: str, place: str) -> Any:
    """Read one value of JSON.

    Raises `TableError` if it is none; `place` says where it stands.
    """
    try:
        return json.loads(text, parse_int=str)  # Python reads no whole number of 4,301 digits
    except json.JSONDecodeError as reason:
        raise TableError(f"{place}: is not JSON: {reason.msg}") from reason
    except RecursionError:
        raise TableError(f"{place}: is nested too deeply") from None


class _Parquet:
    kind = ""

    def __init__(self, file: Path, stream: Any, wanted: Collection[str]) -> None:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as reason:
            phrase = "parquet files need the extra 'tables': pip install 'bft-lab[tables]' (csv and jsonl do not)"
            raise TableError(bad_value("validators.file", str(file), phrase)) from reason
        self._arrow = pyarrow
        data = stream if ending(file) == file.suffix.lower() else io.BytesIO(stream.read())
        if not stream.seekable() or not data.seek(0, io.SEEK_END):
            raise TableError(f"{file}: is empty; must be a table with the columns {', '.join(wanted)}")
        data.seek(0)
        self._refused = (pyarrow.ArrowException,)
        self._file = file
        try:
            self._table = parquet.ParquetFile(data)
        except pyarrow.ArrowException as reason:
            raise self._no_parquet(reason) from reason
        self.header: Sequence[str] = self._table.schema_arrow.names

    def columns(self, names: Mapping[str, str]) -> Columns:
        tops = list(dict.fromkeys(self._top(called) for called in names.values()))
        try:
            table = self._table.read(columns=tops)
        except self._refused as reason:
            raise self._no_parquet(reason) from reason
        found: Columns = {}
        for name, called in names.items():
            top = self._top(called)
            single = self._arrow.types.is_float32(table.schema.field(top).type)
            values = table.column(top).to_pylist()
            if top != called:
                values = [with_paths({top: value}, called) for value in values]
            found[name] = [field_of(value, single=single) for value in values]
        return found

    def _top(self, called: str) -> str:
        return called if called in self.header else called.partition(".")[0]

    def _no_parquet(self, reason: Exception) -> TableError:
        return TableError(f"{self._file}: is not a parquet file: {str(reason).splitlines()[0]}")


_READERS: dict[str, Callable[[Path, Any, Collection[str]], RawTable]] = {
    ".parquet": _Parquet,
    ".csv": _Csv,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".json": _json,
    ".tsv": _Csv,
}
