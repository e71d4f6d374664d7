"""Files as they stand: one value of JSON, lines of JSON, or an archive of such. What they mean is left to the forms."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from bft.errors import TableError, bad_value
from bft.validators.compressed import ending, opened, zstandard

_ZSTANDARD = 93  # the method's number in ZIP files, which Python's library does not read
_LOCAL_HEADER = 30
_LENGTHS = slice(26, 30)
_KEYS_SHOWN = 8
_LONGEST_WHOLE = 4000  # digits that Python reads at once
MOST_MEMBER_BYTES = 2**31
"""A longer member of an archive is refused before it is unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file that is no table of rows and columns."""

    file: Path
    """Where it stands; of a member of an archive, the archive."""
    name: str
    """Its own name."""
    value: Any
    """The value of JSON; of JSON lines the list of their values; of an archive a mapping from names to values."""
    lines: bool = False
    """Whether it is JSON lines."""

    def told(self) -> str:
        """Return what the file looks like, for a refusal."""
        if self.lines:
            return f"lines of JSON, the first {_shape(self.value[0])}" if self.value else "no line of JSON"
        return _shape(self.value)


def _shape(value: Any) -> str:
    if isinstance(value, Mapping):
        keys = ", ".join(map(str, list(value)[:_KEYS_SHOWN])) + (" …" if len(value) > _KEYS_SHOWN else "")
        return f"an object with the keys {keys}" if value else "an empty object"
    if isinstance(value, list):
        return f"an array of {len(value)}, the first {_shape(value[0])}" if value else "an empty array"
    return "a text" if isinstance(value, str) else f"the value {json.dumps(value)}"


def documents_of(file: Path) -> Iterator[Document]:
    """Yield what a file holds: itself, or each JSON file of a ZIP archive; an Inspect log is one document.

    Raises `TableError` if it cannot be read.
    """
    kind = ending(file)
    with opened(file) as stream:
        if kind == ".eval":
            members = dict(_members(file, stream))
            yield Document(file=file, name=file.name, value={name: _json(text, file) for name, text in members.items()})
        elif kind == ".zip":
            for name, text in _members(file, stream):
                yield _document(file, name, text)
        else:
            with io.TextIOWrapper(stream, encoding="utf-8-sig") as lines:
                text = lines.read()
            yield _document(file, file.name, text)


def _document(file: Path, name: str, text: str) -> Document:
    if not text.strip():
        raise TableError(f"{file}: is empty")
    kind = ending(Path(name))
    if kind in (".jsonl", ".ndjson"):
        return Document(file=file, name=name, value=_lines(text, file), lines=True)
    try:
        return Document(file=file, name=name, value=_loads(text))
    except json.JSONDecodeError as reason:
        if reason.msg != "Extra data":
            raise TableError(f"{file}: is not JSON: {reason.msg}") from reason
    except RecursionError:
        raise TableError(f"{file}: is nested too deeply") from None
    return Document(file=file, name=name, value=_lines(text, file), lines=True)  # lines of JSON under another ending


def _lines(text: str, file: Path) -> list[Any]:
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            found.append(_json(line, file, f"line {number}: "))
    return found


def _json(text: str, file: Path, where: str = "") -> Any:
    try:
        return _loads(text)
    except json.JSONDecodeError as reason:
        raise TableError(f"{file}: {where}is not JSON: {reason.msg}") from reason
    except RecursionError:
        raise TableError(f"{file}: {where}is nested too deeply") from None


def _loads(text: str) -> Any:
    return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) < _LONGEST_WHOLE else digits)


def _members(file: Path, stream: BinaryIO) -> Iterator[tuple[str, str]]:
    try:
        with zipfile.ZipFile(stream) as archive:
            for info in archive.infolist():
                if info.filename.endswith(".json"):
                    yield info.filename, _unpacked(file, archive, info, stream).decode("utf-8-sig")
    except zipfile.BadZipFile as reason:
        raise TableError(f"{file}: is not a ZIP archive: {reason}") from reason


def _unpacked(file: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, stream: BinaryIO) -> bytes:
    if info.file_size > MOST_MEMBER_BYTES:
        allowed = f"must unpack to {MOST_MEMBER_BYTES} bytes at most"
        raise TableError(f"{file}: {info.filename}: {bad_value('size', info.file_size, allowed)}")
    if info.compress_type != _ZSTANDARD:
        return archive.read(info)
    stream.seek(info.header_offset)
    header = stream.read(_LOCAL_HEADER)
    lengths = header[_LENGTHS]
    stream.seek(
        info.header_offset + _LOCAL_HEADER + sum(int.from_bytes(lengths[at : at + 2], "little") for at in (0, 2))
    )
    with zstandard(io.BytesIO(stream.read(info.compress_size)), str(file)) as unpacked:
        return unpacked.read(info.file_size)
