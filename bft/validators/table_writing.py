"""Writing a table of recorded answers, so that a reader never finds half of one."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from bft.errors import TableError, bad_value

Row = Mapping[str, str | None]


def check_writable(file: Path) -> None:
    """Refuse a name that no table can be written to, before anything is done for it.

    Raises `TableError` if its ending is unknown, or its folder does not exist.
    """
    if file.suffix.lower() not in _WRITERS:
        raise TableError(bad_value("out", str(file), f"must end in {', '.join(_WRITERS)}"))
    if not file.parent.is_dir():
        raise TableError(bad_value("out", str(file), "must be in a folder that exists"))
    if file.suffix.lower() == ".parquet":
        _arrow(file)


def write_rows(file: Path, rows: Sequence[Row]) -> None:
    """Write rows that all have the same columns, by the ending of the file: csv, jsonl or parquet.

    Raises `TableError` if the ending is unknown, or the file cannot be written.
    """
    check_writable(file)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        unfinished.write_bytes(_WRITERS[file.suffix.lower()](rows))
        unfinished.replace(file)
    except OSError as error:
        with suppress(OSError):  # its name may be too long
            unfinished.unlink(missing_ok=True)
        raise TableError(f"{file}: cannot be written: {error.strerror}") from None


def _csv(rows: Sequence[Row]) -> bytes:
    lines = io.StringIO(newline="")
    writer = csv.DictWriter(lines, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return lines.getvalue().encode("utf-8", "replace")


def _jsonl(rows: Sequence[Row]) -> bytes:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode("utf-8", "replace")


def _parquet(rows: Sequence[Row]) -> bytes:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table({name: pyarrow.array([row[name] for row in rows], type=pyarrow.string()) for name in rows[0]})
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(table, sink)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _arrow(file: Path) -> None:
    try:
        import pyarrow  # noqa: F401 (only whether it is there)
    except ImportError as reason:
        phrase = "parquet files need the extra 'tables': pip install 'bft-lab[tables]' (csv and jsonl do not)"
        raise TableError(bad_value("out", str(file), phrase)) from reason


_WRITERS: dict[str, Callable[[Sequence[Row]], bytes]] = {".parquet": _parquet, ".csv": _csv, ".jsonl": _jsonl}
