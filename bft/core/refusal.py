"""Refusals: every rule of a policy checks itself, and names the field, the value and what is allowed.

Both `resilience` and `operations` refuse in these words; descriptions that pydantic checks have `bft.settings`.
"""

from __future__ import annotations

import math
import sys

from bft.errors import ScenarioError, bad_value


def require(holds: bool, field: str, value: object, allowed: str) -> None:
    """Raise `ScenarioError` unless a condition holds."""
    if not holds:
        raise ScenarioError(bad_value(field, value, allowed))


def require_whole(field: str, value: object, *, at_least: int) -> None:
    """Refuse all but whole numbers from `at_least` on."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    require(whole and value >= at_least, field, value, f"must be a whole number, {at_least} or more")  # type: ignore[operator]


def require_share(field: str, value: object) -> None:
    """Refuse all but numbers between 0 and 1."""
    require(_is_number(value) and 0.0 <= value <= 1.0, field, value, "must be between 0 and 1")  # type: ignore[operator]


def require_open_share(field: str, value: object) -> None:
    """Refuse all but numbers above 0 and below 1."""
    holds = _is_number(value) and 0.0 < value < 1.0  # type: ignore[operator]
    require(holds, field, value, "must be above 0 and below 1")


def require_positive(field: str, value: object, *, finite: bool = True) -> None:
    """Refuse all but positive numbers; infinity stands for "no limit" where `finite` is false."""
    holds = _is_number(value) and value > 0.0 and not (finite and value == math.inf)  # type: ignore[operator]
    require(holds, field, value, "must be positive and finite" if finite else "must be positive")


def require_not_negative(field: str, value: object, *, finite: bool = True) -> None:
    """Refuse all but numbers from 0 on; infinity stands for "no limit" where `finite` is false."""
    holds = _is_number(value) and value >= 0.0 and not (finite and value == math.inf)  # type: ignore[operator]
    require(holds, field, value, "must be 0 or more, and finite" if finite else "must be 0 or more")


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return not math.isnan(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
