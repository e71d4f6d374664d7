"""Types, units and ranges of fields in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel

UNITS = {
    "per_s": "per second",
    "tokens_per_s": "tokens per second",
    "mbit_s": "Mbit/s",
    "km_per_s": "km/s",
    "ms": "milliseconds",
    "s": "seconds",
    "min": "minutes",
    "h": "hours",
    "days": "days",
    "bytes": "bytes",
    "tokens": "tokens",
}
"""By the end of a field's name, the longest first."""

PLAIN: dict[Any, str] = {bool: "true or false", int: "whole number", float: "number", str: "text"}


def unit_of(name: str) -> str:
    """Return the unit that a field's name ends in, or nothing.

    Examples
    --------
    >>> unit_of("retransmit_s"), unit_of("rtt_ms"), unit_of("n")
    ('seconds', 'milliseconds', '')
    """
    for end in sorted(UNITS, key=len, reverse=True):
        if name == end or name.endswith(f"_{end}"):
            return UNITS[end]
    return ""


def type_words(annotation: Any) -> str:
    """Return what a field holds.

    Examples
    --------
    >>> type_words(tuple[float, ...] | None), type_words(Literal["a", "b"])
    ('list of number', '"a" or "b"')
    """
    words = list(dict.fromkeys(_words(annotation)))
    return " or ".join(words)


def _words(annotation: Any) -> Iterator[str]:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _words(inner[0])
    elif origin in (Union, UnionType):
        for each in inner:
            if each is not NoneType:
                yield from _words(each)
    elif origin is Literal:
        yield from (str(each).lower() if isinstance(each, bool) else f'"{each}"' for each in inner)
    elif origin in (tuple, list):
        kinds = [each for each in inner if each is not Ellipsis]
        if Ellipsis in inner or origin is list:
            yield f"list of {type_words(kinds[0])}"
        else:
            yield f"list of {len(kinds)} values: {', '.join(map(type_words, kinds))}"
    elif origin is dict:
        yield "table of named tables"
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield from (f'"{each.value}"' for each in annotation)
    elif annotation in PLAIN:
        yield PLAIN[annotation]
    elif isinstance(annotation, type) and (issubclass(annotation, BaseModel) or is_dataclass(annotation)):
        yield "table"
    elif annotation is not NoneType:
        yield "name, table or object"


def bounds(annotation: Any, metadata: Any = ()) -> str:
    """Return the bounds that an annotation states, or nothing.

    Examples
    --------
    >>> from pydantic import Field
    >>> bounds(Annotated[int, Field(ge=1, le=9)])
    'at least 1 and at most 9'
    """
    words: dict[str, None] = {}
    for each in _metadata(annotation, metadata):
        for kind, text in (
            (annotated_types.Ge, "at least {}"),
            (annotated_types.Gt, "more than {}"),
            (annotated_types.Le, "at most {}"),
            (annotated_types.Lt, "less than {}"),
        ):
            if isinstance(each, kind):
                value = getattr(each, kind.__name__.lower())
                words[text.format(f"{value:g}" if isinstance(value, float) else value)] = None
    return " and ".join(words)


def _metadata(annotation: Any, metadata: Any) -> Iterator[Any]:
    for each in metadata:
        yield from getattr(each, "metadata", [each])
    if get_origin(annotation) is Annotated:
        yield from _metadata(None, get_args(annotation)[1:])
    for inner in get_args(annotation):
        if not isinstance(inner, str | int | float):
            yield from _metadata(inner, ())
