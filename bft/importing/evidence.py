"""What is read of a file of an evaluation tool, whatever the tool: rows, and what was dropped and why. Data only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bft.validators.table_values import MARKS, Float, field_of
from bft.validators.written_numbers import number_form

SOLUTION_MARK = "####"
"""What separates a worked solution from its result in GSM8K's right answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedAnswer:
    """One answer of one model to one question."""

    question: str
    """Its name within its task."""
    right: tuple[str, ...]
    """All answers that are right; the first stands for them."""
    model: str
    """Who answered."""
    answer: str | None
    """What; None where nothing came."""
    task: str = ""
    """Of which evaluation the question is; empty where the file does not say."""
    sample: int = 1
    """Which of several answers of the model to the same question, from 1."""
    correct: bool | None = None
    """Whether the tool counted it as right; None where it does not say."""
    category: str | None = None
    """Of the question."""
    n_options: int | None = None
    """How many answers the question offers."""
    status: str | None = None
    """Where the file says it: `cancelled` or `not_asked`, of an answer that nobody knows; see
    `bft.validators.table_rows`."""
    fingerprint: str = ""
    """Tells questions apart that have the same name; empty where the file has none."""


@dataclass(slots=True, kw_only=True)
class Evidence:
    """What is read of one file."""

    file: str
    form: str
    """The file, and the tool whose form it has."""
    read: int = 0
    """Rows that the file holds."""
    answers: list[ImportedAnswer] = field(default_factory=list)
    """What is kept of them."""
    dropped: Counter[str] = field(default_factory=Counter)
    """The rest, by reason."""
    notes: list[str] = field(default_factory=list)
    """What else is to be known."""

    def drop(self, reason: str) -> None:
        """Count a row that is not kept."""
        self.dropped[reason] += 1


def text_of(value: Any) -> str | None:
    """Return what a value of JSON says as an answer: a text, a number, a truth value; None where it says nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    read = field_of(value)
    if isinstance(read, Float):
        return read.text
    if not isinstance(read, str) or read.strip().lower() in MARKS:
        return None
    return read.strip()


def right_of(value: Any) -> tuple[str, ...]:
    """Return the right answers that a value of JSON names: one, or each of a list; of a worked solution its result."""
    given = value if isinstance(value, list) else [value]
    texts = [text_of(each) for each in given]
    return tuple(dict.fromkeys(_result(text) for text in texts if text is not None))


def _result(text: str) -> str:
    return text.rpartition(SOLUTION_MARK)[2].strip() or text


def whole_of(value: Any) -> int | None:
    """Return a whole number, from 0; None where a value of JSON is none."""
    if isinstance(value, bool) or value is None:
        return None
    written = number_form(str(value).strip())
    return int(written) if written is not None and written.isdecimal() and len(written) < 10 else None


def options_of(value: Any) -> int | None:
    """Return how many options a list of them has; None where it is no list, or offers no choice."""
    return len(value) if isinstance(value, list) and len(value) > 1 else None


def graded(value: Any) -> bool | None:
    """Return whether a grade says right or wrong; None where it says neither, such as a half."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return {1.0: True, 0.0: False}.get(float(value))
    if isinstance(value, str):
        return {"c": True, "i": False, "true": True, "false": False, "1": True, "0": False}.get(value.strip().lower())
    return None
