"""The axes of a sweep: which field of a scenario takes which values, and how a value is called in a table.

Reading what a user wrote is all that happens here; whether a scenario can have a value is left to the scenario.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from bft.adversary.node import Behaviour
from bft.adversary.settings import BEHAVIOURS, describe
from bft.errors import SweepError, bad_value
from bft.protocols.protocol import Protocol
from bft.settings import Settings

MOST_VALUES = 100_000
NUMBERS_AND_COLONS = re.compile(r"[\s\d.eE+/-]*(:[\s\d.eE+/-]*)+")
LOOSE_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")  # ".5" is no TOML, but plain enough
LARGEST_NUMBER = 1e300  # sums of two of them are floats

Label: TypeAlias = str | int | float | bool | None
"""What stands for a value in a table: a scalar that CSV and JSON know."""

Axes: TypeAlias = Mapping[str, tuple[object, ...]]


def read_axes(over: object) -> dict[str, tuple[object, ...]]:
    """Return the values of every axis.

    Parameters
    ----------
    over : mapping of str to (str or sequence)
        Dotted path of a field to its values, as for `axis_values`.

    Raises
    ------
    SweepError
        If an axis has no values, one value twice, or cannot be read.
    """
    if not isinstance(over, Mapping) or not all(isinstance(path, str) for path in over):
        allowed = 'must name each field with its values, such as {"faults.delta": "0:0.5:11"}'
        raise SweepError(bad_value("over", over, allowed))
    return {path: axis_values(path, values) for path, values in over.items()}


def axis_values(path: str, values: object) -> tuple[object, ...]:
    """Return the values of one axis.

    Parameters
    ----------
    path : str
        Dotted path of the field, for messages.
    values : str or sequence
        "start:stop:count", both ends included and evenly spaced; a list written with commas; or any sequence.

    Examples
    --------
    >>> axis_values("faults.delta", "0:0.5:6")
    (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    >>> axis_values("n", "4:10:3")
    (4, 7, 10)
    >>> axis_values("faults.behaviour", "crash,equivocate")
    ('crash', 'equivocate')
    """
    field = f"over.{path}"
    if isinstance(values, str):
        read = _range(field, values) if NUMBERS_AND_COLONS.fullmatch(values) else _listed(values)
    elif isinstance(values, Sequence):
        read = tuple(values)
    elif hasattr(values, "tolist"):
        read = tuple(values.tolist())
    else:
        raise SweepError(bad_value(field, values, "must be a list of values or 'start:stop:count'"))
    if not read:
        raise SweepError(bad_value(field, values, "must have at least one value"))
    seen: set[Label] = set()
    for value in read:
        name = label(value)
        if name in seen:
            raise SweepError(bad_value(field, name, "stands there twice"))
        seen.add(name)
    return read


def read_value(text: str) -> object:
    """Return what a word of the command line stands for: a TOML value, a number, or else the word itself.

    Examples
    --------
    >>> read_value("0.2"), read_value("true"), read_value("[1, 2]"), read_value("equivocate")
    (0.2, True, [1, 2], 'equivocate')
    """
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except RecursionError:
        raise SweepError("a value is nested too deeply") from None
    except ValueError:
        word = text.strip()
        return float(word) if LOOSE_NUMBER.fullmatch(word) else word


def label(value: object) -> Label:
    """Return what stands for a value in a table."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    plain = _plain(value)
    if isinstance(plain, str):
        return plain
    return json.dumps(plain, sort_keys=True)


def _plain(value: Any) -> Any:
    """Return a value as JSON types; a behaviour with nothing but defaults is its name."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Protocol):
        return value.name
    if isinstance(value, Settings):
        return value.model_dump(mode="json", exclude_unset=True)
    if isinstance(value, Behaviour):
        described = describe(value)
        kind = described["kind"]
        return kind if kind in BEHAVIOURS and described == describe(BEHAVIOURS[kind]()) else described
    return value if value is None or isinstance(value, str | int | float | bool) else repr(value)


def _listed(text: str) -> tuple[object, ...]:
    """Read a list written with commas, of TOML values or of bare words."""
    listed = read_value(f"[{text}]")
    if isinstance(listed, list):
        return tuple(listed)
    return tuple(read_value(word) for word in text.split(",") if word.strip())


def _range(field: str, text: str) -> tuple[object, ...]:
    """Read "start:stop:count"; values are exact before they become floats: 0.15, not 0.15000000000000002."""
    try:
        first, last, number = text.split(":")
        start, stop, count = _number(first), _number(last), int(number)
    except (ValueError, ZeroDivisionError):
        allowed = "must be start:stop:count with two numbers and a whole number"
        raise SweepError(bad_value(field, text, allowed)) from None
    if not 2 <= count <= MOST_VALUES or start == stop:
        allowed = f"must be start:stop:count with different ends and a count between 2 and {MOST_VALUES}"
        raise SweepError(bad_value(field, text, allowed))
    exact = [start + (stop - start) * place / (count - 1) for place in range(count)]
    whole = "." not in first + last and all(value.denominator == 1 for value in exact)
    return tuple(int(value) if whole else float(value) for value in exact)


def _number(text: str) -> Fraction:
    """Read a number as it is written, if a float can hold it."""
    number = Fraction(text.strip())
    if abs(number) > LARGEST_NUMBER:
        raise ValueError(text)
    return number
