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
_BEGINNINGS = {
    b"\x1f\x8b": "gz does: then its name must end in .gz",
    b"BZh": "bz2 does: then its name must end in .bz2",
    b"\xfd7zXZ": "xz does: then its name must end in .xz",
    b"\x28\xb5\x2f\xfd": "zstandard does: then its name must end in .zst",
    b"PAR1": "parquet does: then its name must end in .parquet",
    b"PK\x03\x04": "an archive or a spreadsheet does, which is no text",
    b"\xff\xfe": "UTF-16 does, which must be saved as UTF-8",
    b"\xfe\xff": "UTF-16 does, which must be saved as UTF-8",
}


def ending(file: Path) -> str:
    """Return the ending that says what a file holds, in small letters: ".csv" of "answers.CSV.gz"."""
    name = Path(file.name.lower())
    return name.with_suffix("").suffix if name.suffix in ENDINGS else name.suffix


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    """Open a file for reading bytes, decompressed where its name says that it is compressed.

    Raises `TableError` if it cannot be read, or is not compressed as its name says.
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
        seems = _seems(file)
        told = f"must be a {ending(file)} file" if seems is None else f"it begins as {seems}"
        raise TableError(f"{file}: is not text in UTF-8 (byte {reason.start}); {told}") from reason
    except OSError as reason:
        raise TableError(f"{file}: cannot be read: {reason.strerror or reason}") from reason


def _seems(file: Path) -> str | None:
    """Return what the first bytes of a file say that it is; None: nothing known here."""
    with file.open("rb") as stream:
        begins = stream.read(8)
    return next((told for signs, told in _BEGINNINGS.items() if begins.startswith(signs)), None)


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

    Raises `TableError` if pyarrow, which reads it, is not there.
    """
    try:
        import pyarrow
    except ImportError as reason:
        phrase = "zstandard needs the extra 'tables': pip install 'bft-lab[tables]' (gz, bz2 and xz do not)"
        raise TableError(bad_value("validators.file", name, phrase)) from reason
    inner = pyarrow.CompressedInputStream(pyarrow.PythonFile(stream, mode="r"), "zstd")
    return cast(BinaryIO, io.BufferedReader(inner))
