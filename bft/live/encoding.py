"""One byte string for one message: what is signed, and what travels between the nodes of a live panel.

Type, length, content; whole numbers in decimal without leading zeros, other numbers as C writes them in hexadecimal
(`float.hex`), text in UTF-8, fields in the order of their declaration. Two different messages never share an encoding,
and nothing has two: bytes that would not be written like this are refused on reading. What a message must hold to make
sense is left to the replicas.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from bft.errors import BftError

MAX_BYTES = 16 * 2**20
"""Longer ones are refused: a bound on what one message can make a node read."""

MAX_DEPTH = 32

_SIGNATURE = "signature"
_Read = tuple[Any, int]


class EncodingError(BftError):
    """Bytes that are no message, or a value that has no place in one."""


class Encoding:
    """Writes and reads the messages of one protocol.

    Parameters
    ----------
    kinds : iterable of type
        The dataclasses that may occur, each under a name of its own.
    """

    def __init__(self, kinds: Iterable[type]) -> None:
        listed = tuple(kinds)
        self._kinds: Mapping[str, type] = {kind.__name__: kind for kind in listed}
        assert len(self._kinds) == len(listed), "two kinds of messages share a name"
        self._fields = {
            kind: tuple(each.name for each in fields(kind) if each.init) for kind in listed if is_dataclass(kind)
        }

    def write(self, value: object) -> bytes:
        """Return the encoding of a message, or of any value made of what messages are made of.

        Raises `EncodingError` if the value has no encoding: infinity, a set, an unknown class, text that is not
        Unicode.
        """
        parts: list[bytes] = []
        self._write(value, parts, 0)
        return b"".join(parts)

    def write_unsigned(self, body: object) -> bytes:
        """Return the encoding of a body without its own signature: what that signature is of."""
        names = self._names(type(body))
        parts: list[bytes] = []
        self._open(body, [name for name in names if name != _SIGNATURE], parts, 0)
        return b"".join(parts)

    def read(self, data: bytes) -> Any:
        """Return the message that the bytes encode.

        Raises `EncodingError` if they encode none, or not in the one way.
        """
        if len(data) > MAX_BYTES:
            raise EncodingError(f"a message of {len(data)} bytes: must be at most {MAX_BYTES}")
        value, end = self._read(data, 0, 0)
        if end != len(data):
            raise EncodingError("bytes after the end of a message")
        return value

    def _names(self, kind: type) -> tuple[str, ...]:
        names = self._fields.get(kind)
        if names is None:
            raise EncodingError(f"{kind.__name__}: is not a kind of message")
        return names

    def _write(self, value: object, parts: list[bytes], depth: int) -> None:
        if depth > MAX_DEPTH:
            raise EncodingError("nested too deeply")
        if value is None:
            parts.append(b"n")
        elif value is True or value is False:
            parts.append(b"t" if value else b"f")
        elif value.__class__ is int:
            parts.append(_sized(b"i", str(value).encode()))
        elif isinstance(value, float):
            parts.append(_sized(b"r", _hex(value).encode()))
        elif value.__class__ is str:
            try:
                parts.append(_sized(b"s", str(value).encode()))
            except UnicodeEncodeError:
                raise EncodingError("text that is not Unicode") from None
        elif isinstance(value, bytes):
            parts.append(_sized(b"b", value))
        elif isinstance(value, tuple):
            parts.append(b"(%d:" % len(value))
            for item in value:
                self._write(item, parts, depth + 1)
        else:
            self._open(value, self._names(type(value)), parts, depth)

    def _open(self, body: object, names: Iterable[str], parts: list[bytes], depth: int) -> None:
        parts.append(_sized(b"d", type(body).__name__.encode()))
        for name in names:
            self._write(getattr(body, name), parts, depth + 1)

    def _read(self, data: bytes, at: int, depth: int) -> _Read:
        if depth > MAX_DEPTH:
            raise EncodingError("nested too deeply")
        tag = data[at : at + 1]
        if tag in (b"n", b"t", b"f"):
            return {b"n": None, b"t": True, b"f": False}[tag], at + 1
        if tag == b"(":
            count, at = _length(data, at + 1)
            items = []
            for _ in range(count):
                item, at = self._read(data, at, depth + 1)
                items.append(item)
            return tuple(items), at
        if tag not in (b"i", b"r", b"s", b"b", b"d"):
            raise EncodingError("no such type")
        content, at = _content(data, at + 1)
        if tag == b"b":
            return content, at
        if tag == b"i":
            return _whole(content), at
        if tag == b"r":
            return _real(content), at
        text = _text(content)
        return (text, at) if tag == b"s" else self._read_body(text, data, at, depth)

    def _read_body(self, name: str, data: bytes, at: int, depth: int) -> _Read:
        kind = self._kinds.get(name)
        if kind is None:
            raise EncodingError("is not a kind of message")
        given = {}
        for field in self._fields[kind]:
            given[field], at = self._read(data, at, depth + 1)
        return kind(**given), at


def _sized(tag: bytes, content: bytes) -> bytes:
    return b"%b%d:%b" % (tag, len(content), content)


def _length(data: bytes, at: int) -> tuple[int, int]:
    end = data.find(b":", at, at + 12)
    if end < 0:
        raise EncodingError("no length")
    length = _whole(data[at:end])
    if not 0 <= length <= len(data) - end - 1:  # of items as well: each takes a byte at least
        raise EncodingError("a length beyond the end")
    return length, end + 1


def _content(data: bytes, at: int) -> tuple[bytes, int]:
    length, at = _length(data, at)
    return data[at : at + length], at + length


def _whole(digits: bytes) -> int:
    try:
        number = int(digits)
    except ValueError:  # also a number of more digits than Python reads
        raise EncodingError("no whole number") from None
    if str(number).encode() != digits:
        raise EncodingError("a whole number written oddly")
    return number


def _hex(number: float) -> str:
    """Write a number; of the two zeros only one has a place, since they are equal."""
    if not math.isfinite(number) or (number == 0.0 and math.copysign(1.0, number) < 0.0):
        raise EncodingError(f"{number}: is no number that can be written")
    return number.hex()


def _real(content: bytes) -> float:
    try:
        number = float.fromhex(content.decode())
    except (ValueError, OverflowError):
        raise EncodingError("no number") from None
    if _hex(number).encode() != content:
        raise EncodingError("a number written oddly")
    return number


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise EncodingError("text that is not Unicode") from None
