"""Values as text and back, exactly: what a snapshot or a message is written down as.

Replicas keep values built from str, int, bytes, bool, None, tuples, and frozen dataclasses of them. Their encoding is
JSON: a tuple is an array, bytes and dataclasses are objects that say so. Only dataclasses that the reader names can
come out of a text, so that no text can make anything else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any

from bft.errors import BftError


class EncodingError(BftError):
    """A value that cannot be written down, or a text that stands for none."""


def encode(value: object) -> str:
    """Return the text of a value.

    Raises
    ------
    EncodingError
        If the value holds anything but str, int, bytes, bool, None, tuples and dataclass instances.

    Examples
    --------
    >>> encode(("balance", 7, None))
    '["balance",7,null]'
    """
    try:
        return json.dumps(_plain(value), separators=(",", ":"))
    except (ValueError, RecursionError) as reason:  # a number of thousands of digits, tuples within tuples for ever
        raise EncodingError(f"the value cannot be written down: {reason}") from reason


def decode(text: str, types: Iterable[type] = ()) -> Any:
    """Return the value of a text.

    Parameters
    ----------
    text : str
        What `encode` returned.
    types : iterable of type
        Dataclasses that may occur in it.

    Raises
    ------
    EncodingError
        If the text is not what `encode` writes, or holds another dataclass.

    Examples
    --------
    >>> decode('["balance",7,null]')
    ('balance', 7, None)
    """
    try:
        return _value(json.loads(text), {each.__name__: each for each in types})
    except (ValueError, TypeError, RecursionError) as reason:
        raise EncodingError(f"the text stands for no value: {reason}") from reason


def _plain(value: object) -> Any:
    if value is None or type(value) in (bool, int, str):  # exactly: an enumeration's member would come back as a number
        return value
    if type(value) is tuple:
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if is_dataclass(value) and not isinstance(value, type):
        parts = {each.name: _plain(getattr(value, each.name)) for each in fields(value) if each.init}
        return {"type": type(value).__name__, "fields": parts}
    raise EncodingError(f"a value of type {type(value).__name__} cannot be written down: {value!r}")


def _value(plain: Any, types: dict[str, type]) -> Any:
    match plain:
        case None | bool() | int() | str():
            return plain
        case list():
            return tuple(_value(each, types) for each in plain)
        case {"bytes": str(digits), **others} if not others:
            return bytes.fromhex(digits)
        case {"type": str(name), "fields": dict(parts), **others} if not others and name in types:
            return types[name](**{field: _value(each, types) for field, each in parts.items()})
    raise ValueError(f"{str(plain)[:60]!r} is none of the values that may occur")
