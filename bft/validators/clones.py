"""Several nodes that run one model: each asks it again, and gets much the same answer.

Asked again at temperature 1, a model is right together with itself with a latent correlation of .9 to .95. Two hosts of
one model show the same: for Llama-3.1-405B on three hosts, the GSM8K answers of ZeroEval (WildEval/ZeroEval, at
8c1485ed) give r = .93, .94 and .97, and the same wrong answer in .79 to .84 of the cases where both are wrong; level-5
MATH on two hosts gives .83 and .37. A panel of such nodes is hardly a panel.

With correlation r between models and ρ within one, ε_v of the panel's law is replaced by √c·h + √(1−c)·ε_v, where the
nodes of a model share h and c = (ρ − r)/(1 − r).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from bft.errors import ScenarioError, bad_value
from bft.randomness import Floats
from bft.settings import Probability, Settings
from bft.validators.answers import Codes

_SMALLEST = 2.0**-54  # a uniform may be 0, whose normal quantile is not finite


class CloneSettings(Settings):
    """Which nodes run the same model, and how alike its answers are when it is asked again."""

    models: tuple[str, ...]
    """The model of each node; those with the same name share one."""

    correlation: Probability = 0.92
    """ρ: latent correlation of two answers of one model; at least that between models."""

    same_wrong: Probability = 0.8
    """Probability that a further node of a model repeats the wrong answer of its first, where it is wrong."""

    def clones(self, n: int, between: float) -> Clones:
        """Return the clones of `n` nodes; `between` is the correlation between models.

        Raises `ScenarioError` if there is not one model for each node, or models are more alike than one model is to
        itself.
        """
        if len(self.models) != n:
            allowed = f"must name one for each of the n = {n} nodes"
            raise ScenarioError(bad_value("validators.clones.models", list(self.models), allowed))
        if self.correlation < between:
            allowed = f"must be at least the correlation between models, {between:g}"
            raise ScenarioError(bad_value("validators.clones.correlation", self.correlation, allowed))
        share = (self.correlation - between) / (1.0 - between) if between < 1.0 else 0.0
        first = np.array([self.models.index(model) for model in self.models])
        return Clones(first=first, share=share, same_wrong=self.same_wrong)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clones:
    """Nodes that share models."""

    first: NDArray[np.intp]
    """The lowest-numbered node with the same model; shape (n,)."""
    share: float
    """c, the share of a validator's own variance that its model's nodes have in common, in [0, 1]."""
    same_wrong: float
    """Probability of repeating the first node's wrong answer."""

    def alike(self, own: Floats, of_model: Floats) -> Floats:
        """Correlate the nodes' uniforms within each model.

        Parameters
        ----------
        own, of_model : ndarray, shape (questions, n)
            A uniform for each node, and one for each model in the column of its first node.
        """
        common = ndtri(np.maximum(of_model[:, self.first], _SMALLEST))
        alone = ndtri(np.maximum(own, _SMALLEST))
        uniforms: Floats = ndtr(math.sqrt(self.share) * common + math.sqrt(1.0 - self.share) * alone)
        return uniforms

    def repeated(self, wrong: Codes, coins: Floats) -> Codes:
        """Let further nodes of a model repeat the first one's wrong answer; all of shape (questions, n)."""
        return np.where(coins < self.same_wrong, wrong[:, self.first], wrong)
