"""Who gives no parseable answer: more often several together than chance would have it.

A question that is long, or whose form confuses one model's writing, often does so to others: on MMLU-Pro twice as many
pairs of models give nothing together as if each did so by itself. How hard the question is has little to do with it, so
the factor that they share is one of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from bft.randomness import Floats

_SMALLEST = 2.0**-54  # a uniform may be 0, whose normal quantile is not finite


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingAnswers:
    """A validator that is not right gives no answer iff √κ·h + √(1−κ)·ε_v < Φ⁻¹(c_v), with h shared by the panel."""

    given_not_right: Floats
    """Probability c_v of no answer where the validator is not right, in [0, 1]; shape (n,)."""
    correlation: float = 0.0
    """κ, the latent correlation of two validators' giving none, in [0, 1)."""

    @classmethod
    def of(cls, accuracy: Floats, missing: Floats, correlation: float = 0.0) -> MissingAnswers:
        """Return the law in which `missing` is the probability over all questions, at most 1 − accuracy."""
        error = 1.0 - accuracy
        given = np.divide(missing, error, out=np.zeros(len(error)), where=error > 0.0)
        return cls(given_not_right=np.minimum(given, 1.0), correlation=correlation)  # 0.45/(1 − 0.55) is above 1

    @property
    def uniforms(self) -> int:
        """How many uniforms a question needs beside one for each validator: that of the factor, or none."""
        return int(self.correlation > 0.0)

    def missing(self, common: Floats, own: Floats) -> NDArray[np.bool_]:
        """Return who would give no answer, shape (questions, n).

        Parameters
        ----------
        common : ndarray, shape (questions, `uniforms`)
            The factor's uniforms.
        own : ndarray, shape (questions, n)
            One uniform for each validator.
        """
        if not self.uniforms:
            return own < self.given_not_right
        return own < self.chances(ndtri(np.maximum(common[:, 0], _SMALLEST)))

    def chances(self, factor: Floats) -> Floats:
        """Return the probability of no answer where a validator is not right, given h, shape (len(factor), n)."""
        limit = ndtri(self.given_not_right)
        share = math.sqrt(self.correlation)
        chance: Floats = ndtr((limit - share * factor[:, np.newaxis]) / math.sqrt(1.0 - self.correlation))
        return chance
