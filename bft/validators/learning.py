"""Held-out questions: what is learnt of validators must not come from the questions on which they are tried."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import numpy as np

from bft.errors import TableError, bad_value
from bft.validators.tables import AnswerTable, RecordedPanel


def held_out(panel: RecordedPanel, table: AnswerTable, share: float) -> tuple[RecordedPanel, RecordedPanel]:
    """Cut a panel's questions in two: those to learn from, and those that are asked.

    A question's side follows from its identifier alone, so that it is the same in every run, whatever the panel.

    Parameters
    ----------
    panel, table
        The panel and the table that it comes from.
    share : float
        About which share of the questions is held out, between 0 and 1.

    Raises
    ------
    TableError
        If nothing is left on a side.
    """
    level = np.array([_level(table.questions[row]) for row in panel.rows.tolist()])
    kept = level < share
    if kept.all() or not kept.any():
        allowed = f"must leave some of the panel's {len(kept)} questions on either side"
        raise TableError(bad_value("validators.kept_for_learning", share, allowed))
    return _part(panel, kept), _part(panel, ~kept)


def _level(question: str) -> float:
    """Return a number in [0, 1) that only the identifier decides."""
    return int.from_bytes(sha256(question.encode()).digest()[:6], "big") / float(1 << 48)


def _part(panel: RecordedPanel, chosen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> RecordedPanel:
    codes = panel.codes[chosen]
    codes.flags.writeable = False
    texts = tuple(panel.texts[place] for place in np.flatnonzero(chosen).tolist())
    return replace(panel, rows=panel.rows[chosen], codes=codes, texts=texts)
