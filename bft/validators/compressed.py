"""Files that may be compressed: gz, bz2, xz and, with the extra `tables`, zst; by the ending of their names.

Only opening is done here; what a file holds is left to `raw_tables`.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from bft.errors import TableError, bad_value

ENDINGS = (".gz", ".bz2", ".xz", ".zst")


def ending(file: Path) -> str:
    """Return the ending that says what a file holds, in small letters: ".csv" of "answers.CSV.gz"."""
    name = Path(file.name.lower())
    return name.with_suffix("").suffix if name.suffix in ENDINGS else name.suffix


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    """Open a file for reading bytes, decompressed where its name says that it is compressed.

    Raises
    ------
    TableError
        If it cannot be read, or is not compressed as its name says.
    """
    if file.is_dir():
        raise TableError(bad_value("validators.file", str(file), "is a folder; must be a file"))
    try:
        with _stream(file) as stream:
            yield stream
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as reason:
        told = str(reason) or "it ends too early"
        raise TableError(f"{file}: is not {file.suffix.lower().removeprefix('.')}: {told}") from reason
    except UnicodeDecodeError as reason:
        raise TableError(
            f"{file}: is not text in UTF-8 (byte {reason.start}); must be a {ending(file)} file"
        ) from reason
    except OSError as reason:
        raise TableError(f"{file}: cannot be read: {reason.strerror or reason}") from reason


def _stream(file: Path) -> BinaryIO:
    match file.suffix.lower():
        case ".gz":
            return cast(BinaryIO, gzip.open(file))
        case ".bz2":
            return cast(BinaryIO, bz2.open(file))
        case ".xz":
            return cast(BinaryIO, lzma.open(file))
        case ".zst":
            return zstandard(file.open("rb"), str(file))
        case _:
            return file.open("rb")


def zstandard(stream: BinaryIO, name: str) -> BinaryIO:
    """Return what a stream compressed with zstandard holds.

    Raises
    ------
    TableError
        If pyarrow, which reads it, is not there.
    """
    try:
        import pyarrow
    except ImportError as reason:
        phrase = "zstandard needs the extra 'tables': pip install 'bft-lab[tables]' (gz, bz2 and xz do not)"
        raise TableError(bad_value("validators.file", name, phrase)) from reason
    inner = pyarrow.CompressedInputStream(pyarrow.PythonFile(stream, mode="r"), "zstd")
    return cast(BinaryIO, io.BufferedReader(inner))
