"""Checks of plain arguments: whoever passes a wrong one reads its name, its value and what is allowed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import inf
from numbers import Integral, Real
from typing import Any

from bft.errors import BftError, ScenarioError, bad_value

LARGEST = sys.float_info.max
"""Whole numbers above cannot be reckoned with."""


def check_whole(field: str, value: Any, error: type[BftError], *, least: int, most: int | None = None) -> None:
    """Refuse what is no whole number in a closed range.

    Parameters
    ----------
    field : str
        What the argument is called.
    value : object
        What was given.
    error : type
        Which error is raised.
    least : int
        The smallest number allowed.
    most : int, optional
        The largest; by default there is none.
    """
    if not is_whole(value):
        raise error(bad_value(field, value, "must be a whole number"))
    if value < least:
        raise error(bad_value(field, value, f"must be at least {least}"))
    if most is not None and value > most:
        raise error(bad_value(field, value, f"must be at most {most}"))


def is_whole(value: object) -> bool:
    """Return whether a value is a whole number of any integer type, and not a truth value."""
    return value.__class__ is int or (isinstance(value, Integral) and not isinstance(value, bool))


def check_number(
    field: str, value: Any, error: type[BftError], *, above: float, below: float = inf, most: float = inf
) -> None:
    """Refuse what is no number in a range without its lower end; parameters as for `check_whole`."""
    number = isinstance(value, int | float | Real) and not isinstance(value, bool)
    if number and is_whole(value) and abs(value) > LARGEST:
        raise error(bad_value(field, value, f"must be at most {LARGEST:.2g}"))
    if not number or not above < value < below or value > most:
        limit = f"above {above:g}"
        if below < inf or most < inf:
            limit += f" and below {below:g}" if below < inf else f" and at most {most:g}"
        raise error(bad_value(field, value, f"must be {limit}" if number else f"must be a number {limit}"))


def check_share(field: str, value: Any, error: type[BftError]) -> None:
    """Refuse all but numbers between 0 and 1."""
    number: Any = value if isinstance(value, int | float | Real) and not isinstance(value, bool) else -1.0
    if not 0.0 <= number <= 1.0:
        raise error(bad_value(field, value, "must be between 0 and 1"))


def check_list(field: str, given: object, of: str, error: type[BftError]) -> None:
    """Refuse what is neither None nor a list, a tuple or an array; a text is no list of letters."""
    listed = isinstance(given, Sequence) or hasattr(given, "__array__")
    if given is not None and (isinstance(given, str | bytes) or not listed):
        raise error(bad_value(field, given, f"must be a list of {of}"))


def check_positive(field: str, value: float) -> None:
    """Refuse a number of a scenario that is not positive and finite."""
    if not 0.0 < value <= LARGEST:
        raise ScenarioError(bad_value(field, value, "must be positive and finite"))


def check_instance(
    field: str, value: object, kind: type | tuple[type, ...], allowed: str, error: type[BftError]
) -> None:
    """Refuse what is of another type than the argument's; `allowed` says what is wanted."""
    if not isinstance(value, kind):
        raise error(bad_value(field, value, allowed))
