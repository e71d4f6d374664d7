"""Numbers that a description of validators may hold: one for all nodes, or one for each node.

Each type refuses a wrong value with one plain phrase that names what is allowed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import BeforeValidator

from bft.errors import ScenarioError, bad_value


def _number(value: object, allowed: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(allowed)
    try:
        number = float(value)
    except (ValueError, OverflowError):  # no number, or a whole one beyond all floats
        raise ValueError(allowed) from None
    if math.isnan(number):
        raise ValueError(allowed)
    return number


def _one(fits: Callable[[float], bool], allowed: str) -> BeforeValidator:
    def check(value: object) -> float:
        number = _number(value, allowed)
        if not fits(number):
            raise ValueError(allowed)
        return number

    return BeforeValidator(check)


def _one_or_each(fits: Callable[[float], bool], allowed: str) -> BeforeValidator:
    each = f"{allowed} (a number, or a list with one for each node)"

    def check(value: object) -> object:
        if isinstance(value, str) or not isinstance(value, Sequence):
            number = _number(value, each)
            if not fits(number):
                raise ValueError(allowed)
            return number
        numbers = tuple(_number(entry, each) for entry in value)
        if not numbers:
            raise ValueError("must hold one value for each node, not none")
        if not all(fits(number) for number in numbers):
            raise ValueError(allowed)
        return numbers

    return BeforeValidator(check)


def by_name(value: object) -> object:
    """Let a bare name stand for the part of that kind with all its defaults: "judge" for {kind = "judge"}."""
    return {"kind": value} if isinstance(value, str) else value


def _share(number: float) -> bool:
    return 0.0 <= number <= 1.0


def _below_one(number: float) -> bool:
    return 0.0 <= number < 1.0


def _between(number: float) -> bool:
    return 0.0 < number < 1.0


def _positive(number: float) -> bool:
    return 0.0 < number < math.inf


def _finite(number: float) -> bool:
    return 0.0 <= number < math.inf


def _factor(number: float) -> bool:
    return 1.0 <= number < math.inf


ProbabilityBelowOne = Annotated[float, _one(_below_one, "must be at least 0 and below 1")]
ShareKept = Annotated[float, _one(_between, "must be above 0 and below 1")]
Positive = Annotated[float, _one(_positive, "must be a finite number above 0")]
Factor = Annotated[float, _one(_factor, "must be a finite number, 1 or more")]

Probabilities = Annotated[float | tuple[float, ...], _one_or_each(_share, "must be between 0 and 1")]
Accuracies = Annotated[float | tuple[float, ...], _one_or_each(_between, "must be above 0 and below 1")]
Rates = Annotated[float | tuple[float, ...], _one_or_each(_positive, "must be a finite number above 0")]
Amounts = Annotated[float | tuple[float, ...], _one_or_each(_finite, "must be a finite number, 0 or more")]


def each_node(field: str, value: float | tuple[float, ...], n: int) -> tuple[float, ...]:
    """Return one value for each of `n` nodes.

    Raises `ScenarioError` if a list of another length was given.
    """
    if not isinstance(value, tuple):
        return (value,) * n
    if len(value) != n:
        raise ScenarioError(bad_value(field, list(value), f"must have one value for each of the n = {n} nodes"))
    return value
