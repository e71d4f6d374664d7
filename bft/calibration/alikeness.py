"""How much answers go together within one model, asked again, and between models: correlation and equal wrong answers.

The correlations are latent (tetrachoric), pooled over the pairs, as r of the correlated model and ρ of its clones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bft.calibration.designs import Design
from bft.calibration.estimate import latent_correlation
from bft.validators.answers import RIGHT, Codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Alikeness:
    """Pairs of answers to one question; None where there are no such pairs.

    Attributes
    ----------
    within, between : float or None
        Latent correlation of being right: of two samples of one model, and of two models.
    same_within, same_between : float or None
        P(the same wrong answer | both gave a wrong one).
    """

    within: float | None
    between: float | None
    same_within: float | None
    same_between: float | None


def groups_of(design: Design) -> list[int]:
    """Return the number of the model of each of the design's columns."""
    return [number for number, model in enumerate(design.counts) for _ in design.columns[model]]


def alikeness(codes: Codes, design: Design) -> Alikeness:
    """Measure pairs.

    Parameters
    ----------
    codes : ndarray of int, shape (questions, columns)
        Answers of all columns of the design.
    design : Design
        Which of them are samples of one model.
    """
    return alikeness_of(codes, groups_of(design))


def alikeness_of(codes: Codes, groups: Sequence[int]) -> Alikeness:
    """Measure pairs of columns, those with the same group being samples of one model."""
    of_column = np.array(groups)
    same_model = (of_column[:, None] == of_column) & ~np.eye(len(groups), dtype=bool)
    other_model = of_column[:, None] != of_column
    right, wrong = (codes == RIGHT).astype(np.float64), (codes > RIGHT).astype(np.float64)
    accuracy = right.mean(axis=0)
    together = right.T @ right / len(codes)
    both_wrong = wrong.T @ wrong
    same = np.array(
        [
            [float(((codes[:, i] > RIGHT) & (codes[:, i] == codes[:, j])).sum()) for j in range(len(groups))]
            for i in range(len(groups))
        ]
    )

    def correlation(pairs: NDArray[np.bool_]) -> float | None:
        return latent_correlation(accuracy, pairs, float(together[pairs].sum())) if pairs.any() else None

    def agreeing(pairs: NDArray[np.bool_]) -> float | None:
        total = float(both_wrong[pairs].sum())
        return float(same[pairs].sum()) / total if total else None

    return Alikeness(
        within=correlation(same_model),
        between=correlation(other_model),
        same_within=agreeing(same_model),
        same_between=agreeing(other_model),
    )
