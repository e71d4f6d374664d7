"""What one field of a table of answers says: a text, a number by its value, or nothing.

| field | is read as |
|---|---|
| null, NaN, empty, white space | missing |
| ``[invalid]``, ``<NA>`` | missing: marks of evaluators and of pandas, in any column of answers |
| NA, N/A, NaN, None, null | missing where all other answers are numbers; else an answer, with a warning |
| a whole number, a DECIMAL | its exact value |
| a floating-point number | the shortest decimal that rounds to it, or the number beside it in the row that does |
| anything else | the text as it stands; lists, tables and truth values are unreadable |

A column of floats (float32 or float64) cannot hold more than what rounds to them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite, isnan
from typing import Any, TypeAlias

import numpy as np

from bft.validators.written_numbers import number_form

MARKS = frozenset({"[invalid]", "<na>"})
WORDS = frozenset({"na", "n/a", "nan", "none", "null"})


@dataclass(frozen=True, slots=True)
class Float:
    """A floating-point number as a file holds it."""

    value: float
    single: bool = False  # float32

    @property
    def text(self) -> str:
        """The shortest decimal that rounds to it."""
        shortest = str(np.float32(self.value)) if self.single else repr(self.value)
        return number_form(shortest) or shortest

    def holds(self, text: str) -> bool:
        """Return whether a number, as it is written, rounds to this one."""
        written = number_form(text)
        if written is None:
            return False
        rounded = np.float32(Decimal(written)) if self.single else float(Decimal(written))
        return bool(rounded == self.value)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A value that is neither text nor number."""

    value: object


Field: TypeAlias = str | Float | Unreadable | None


def field_of(value: object, *, single: bool = False) -> Field:
    """Return what a typed value of a file says; `single` for a value of a column of float32."""
    if value is None or isinstance(value, str):
        return value if value is not None and value.strip() else None
    if isinstance(value, float):
        if isnan(value):
            return None
        return Float(value, single) if isfinite(value) else str(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        if isinstance(value, Decimal) and not value.is_finite():
            return None if value.is_nan() else str(value)
        return number_form(str(value)) or str(value)
    return Unreadable(value)


def texts_of(right: Field, given: Field) -> tuple[str | None, str | None]:
    """Return the right answer and the given one of a row as texts, equal wherever their numbers may be."""
    here, there = _text(right), _text(given)
    same = (isinstance(right, Float) and there is not None and right.holds(there)) or (
        isinstance(given, Float) and here is not None and given.holds(here)
    )
    return here, here if same else there


def _text(field: Any) -> str | None:
    return field.text if isinstance(field, Float) else field


def without_marks(answers: Sequence[str | None]) -> tuple[list[str | None], list[str]]:
    """Take what only says that nothing came out of a column of answers.

    Parameters
    ----------
    answers : sequence of str or None
        The answers as texts.

    Returns
    -------
    list of str or None
        The answers, None where nothing came.
    list of str
        Warnings about words that may mean the same, and are read as answers.
    """
    kept = [None if answer is None or answer.strip().lower() in MARKS else answer for answer in answers]
    doubtful = Counter(answer for answer in kept if answer is not None and answer.strip().lower() in WORDS)
    if not doubtful:
        return kept, []
    others = {answer for answer in kept if answer is not None and answer not in doubtful}
    if others and all(number_form(" ".join(answer.split())) is not None for answer in others):
        return [None if answer in doubtful else answer for answer in kept], []
    return kept, [
        f"{count} answers are {word!r}, read as an answer: leave the field empty where nothing came"
        for word, count in sorted(doubtful.items())
    ]
