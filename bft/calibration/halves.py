"""Halving the questions of a table, to fit one half and predict the other.

Matched halves are alike in difficulty: questions are ordered by the share of *other* models that got them right,
neighbours are paired, and a coin sends one of each pair to either half. What the panel answered plays no part, so the
trial is as honest as with random halves, but the halves differ less, and a miss of the model shows sooner.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bft.randomness import Floats
from bft.validators.answers import MISSING
from bft.validators.comparison import Comparison
from bft.validators.tables import AnswerTable, RecordedPanel

FEWEST_OTHERS = 3  # models whose answers say how hard a question is

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Halving:
    """How a panel's questions are halved.

    Attributes
    ----------
    questions : int
        How many there are.
    difficulty : ndarray of shape (questions,), or None
        Halves are matched in this number; None: they are random.
    """

    questions: int
    difficulty: Floats | None

    @property
    def matched(self) -> bool:
        """Whether the halves are alike in difficulty."""
        return self.difficulty is not None

    def halves(self, generator: np.random.Generator) -> tuple[Places, Places]:
        """Draw two halves; of an odd number of questions one half has one more."""
        order = generator.permutation(self.questions)
        if self.difficulty is None:
            return order[: self.questions // 2], order[self.questions // 2 :]
        pairs, left = self._pairs(order)
        swapped = generator.random(len(pairs)) < 0.5
        first, second = np.where(swapped, pairs[:, 1], pairs[:, 0]), np.where(swapped, pairs[:, 0], pairs[:, 1])
        return first, np.concatenate([second, left])

    def spread(self, values: Floats) -> Floats:
        """Standard deviation, over halvings, of the difference between the halves' means, shape values.shape[1:].

        Parameters
        ----------
        values : ndarray, shape (questions, ...)
            What is averaged.
        """
        if self.difficulty is None:
            first, second = self.questions // 2, self.questions - self.questions // 2
            deviation: Floats = values.std(axis=0, ddof=1) * np.sqrt(1.0 / first + 1.0 / second)
            return deviation
        pairs, _ = self._pairs(np.arange(self.questions))
        squares: Floats = ((values[pairs[:, 0]] - values[pairs[:, 1]]) ** 2).sum(axis=0)
        return np.sqrt(squares) / len(pairs)

    def _pairs(self, order: Places) -> tuple[Places, Places]:
        """Pair neighbours in difficulty, ties in the order given; an odd one is left."""
        assert self.difficulty is not None
        ranked = order[np.argsort(self.difficulty[order], kind="stable")]
        whole = len(ranked) // 2 * 2
        return ranked[:whole].reshape(-1, 2), ranked[whole:]


def halving(table: AnswerTable, panel: RecordedPanel, *, matched: bool | None, compare: Comparison) -> Halving:
    """Return how a panel's questions are halved; `matched` None: matched where the table has enough other models."""
    others = [place for place, model in enumerate(table.models) if model not in panel.models]
    if matched is None:
        matched = len(others) >= FEWEST_OTHERS
    difficulty = _share_right(table, panel.rows, others, compare) if matched else None
    return Halving(questions=len(panel.rows), difficulty=difficulty)


def _share_right(table: AnswerTable, rows: Places, others: list[int], compare: Comparison) -> Floats:
    """Share of those other models that were asked a question which got it right; the mean where none was."""
    right = table.right(compare=compare)[rows][:, others]
    asked = table.answers[rows][:, others] >= MISSING
    count = asked.sum(axis=1)
    share = np.divide(right.sum(axis=1), count, out=np.full(len(rows), np.nan), where=count > 0)
    return np.where(np.isnan(share), np.nanmean(share) if count.any() else 0.5, share)
