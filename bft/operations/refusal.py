"""Refusals: every rule of this room checks itself, and names the field, the value and what is allowed."""

from __future__ import annotations

import math

from bft.errors import ScenarioError, bad_value


def require(holds: bool, field: str, value: object, allowed: str) -> None:
    """Raise `ScenarioError` unless a condition holds."""
    if not holds:
        raise ScenarioError(bad_value(field, value, allowed))


def require_whole(field: str, value: object, *, at_least: int) -> None:
    """Refuse all but whole numbers from `at_least` on."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    require(whole and value >= at_least, field, value, f"must be a whole number, {at_least} or more")  # type: ignore[operator]


def require_positive(**values: float) -> None:
    """Refuse all but positive, finite numbers; a double underscore in a name stands for a dot."""
    for name, value in values.items():
        require(
            _is_number(value) and 0.0 < value < math.inf, name.replace("__", "."), value, "must be positive and finite"
        )


def require_not_negative(**values: float) -> None:
    """Refuse all but finite numbers from 0 on."""
    for name, value in values.items():
        holds = _is_number(value) and 0.0 <= value < math.inf
        require(holds, name.replace("__", "."), value, "must be 0 or more, and finite")


def require_share(**values: float) -> None:
    """Refuse all but numbers between 0 and 1."""
    for name, value in values.items():
        require(_is_number(value) and 0.0 <= value <= 1.0, name.replace("__", "."), value, "must be between 0 and 1")


def require_open_share(**values: float) -> None:
    """Refuse all but numbers above 0 and below 1."""
    for name, value in values.items():
        holds = _is_number(value) and 0.0 < value < 1.0
        require(holds, name.replace("__", "."), value, "must be above 0 and below 1")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)
