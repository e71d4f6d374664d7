"""How sure models said they were of each answer, where a table of answers has a column `confidence`.

Tables that `bft panel` records under the rule `confidence` have one. Answers are left to `bft.validators.tables`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bft.designing.fault_cases import Ints
from bft.validators.answers import RIGHT, Codes
from bft.validators.raw_tables import raw_table
from bft.validators.table_files import named
from bft.voting.confidence import MILLIONTHS

COLUMN = "confidence"
_NEEDED = ("question_id", "model", COLUMN)
_UNKNOWN = -1


def stated_confidences(
    file: Path, questions: Sequence[str], models: Sequence[str], codes: Codes
) -> tuple[Ints | None, str]:
    """Return confidences in millionths, shape (questions, models), and a note.

    None where the table has no such column, or some answer has no number from 0 to 1 in it: then the note says which.

    Parameters
    ----------
    file : Path
        The table.
    questions : sequence of str
        Identifiers of the questions.
    models : sequence of str
        Names of the models.
    codes : ndarray of int, shape (questions, models)
        What they answered: who gave no answer needs state nothing.
    """
    with raw_table(file, _NEEDED) as table:
        called = {name: named(file, table.header, name) for name in _NEEDED}
        if called[COLUMN] is None:
            return None, ""
        columns = table.columns({name: own for name, own in called.items() if own is not None})
    rows = {question: row for row, question in enumerate(questions)}
    places = {model: place for place, model in enumerate(models)}
    found = np.full(codes.shape, _UNKNOWN, dtype=np.intp)
    for question, model, said in zip(*(columns[name] for name in _NEEDED), strict=True):
        row, place = rows.get(_text(question)), places.get(_text(model))
        if row is not None and place is not None:
            found[row, place] = _millionths(_text(said))
    lacking = np.argwhere((codes >= RIGHT) & (found < 0))
    if all(said is None for said in columns[COLUMN]):
        return None, ""
    if len(lacking):
        row, place = lacking[0]
        of = f"{models[place]} on question {questions[row]!r} is the first of {len(lacking)}"
        return None, f"the rule confidence is left out, for not every answer states one from 0 to 1: {of}"
    return np.maximum(found, 0), ""


def _text(field: Any) -> str:
    """Return a field as text; a floating-point number by its shortest decimal."""
    return str(getattr(field, "text", field))


def _millionths(said: str) -> int:
    try:
        value = float(said)
    except ValueError:
        value = math.nan
    return round(MILLIONTHS * value) if 0.0 <= value <= 1.0 else _UNKNOWN
