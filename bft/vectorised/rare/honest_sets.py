"""Sets of failing validators among the nodes that are not faulty, and the law of both numbers together.

Who fails is independent of who is faulty. A set of faulty nodes is drawn given its number; then the failing ones are
drawn among the others, given theirs. Where nodes differ, some faulty sets leave more nodes that are likely to fail than
others do: that is the weight of the draw.
"""

from __future__ import annotations

import numpy as np

from bft.randomness import Floats
from bft.vectorised.fault_sets import FaultSets
from bft.vectorised.rare.positions import members_of
from bft.vectorised.streams import Flags, Ints


class HonestSets:
    """Failing nodes among those that are not faulty.

    Parameters
    ----------
    chance : ndarray, shape (rows, n)
        Each node's probability to fail; the rows are laws of their own.
    faults : FaultSets
        Who is faulty.

    Attributes
    ----------
    weight : ndarray, shape (rows, n + 1, n + 1)
        P(K = k, J = j) of each law.
    """

    def __init__(self, chance: Floats, faults: FaultSets) -> None:
        self.n = chance.shape[1]
        self._chance, self._faults = chance, faults
        self._alike = bool((chance == chance[:, :1]).all())
        self.weight = self._of_equals() if self._alike else self._of_others()

    def draw(
        self,
        faulty: Flags,
        row: Ints,
        failing: int,
        favour: Floats,
        mode: Ints,
        generator: np.random.Generator,
    ) -> tuple[Flags, Floats, Floats, Floats]:
        """Draw failing nodes beside sets of faulty ones, by modes (`positions`).

        Returns
        -------
        fails : ndarray of bool, shape (runs, n)
            Who does, of those who are not faulty.
        chance : ndarray, shape (runs, n)
            The probabilities that they were drawn with.
        ratio : ndarray, shape (runs,)
            How much likelier the draw is by its law than it was here, without any favour.
        ratios : ndarray, shape (modes, runs)
            The logarithm of how much likelier it is by each mode than without any.
        """
        chance = self._chance[row]
        if self._alike and len(favour) == 1:  # all sets of so many are equally likely
            keys = np.where(faulty, 2.0, generator.random(faulty.shape))
            rank = np.argsort(np.argsort(keys, axis=1), axis=1)
            return rank < failing, chance, np.ones(len(faulty)), np.zeros((1, len(faulty)))
        fails, whole, ratios = members_of(np.where(faulty, 0.0, chance), failing, favour, mode, generator)
        number = int(faulty[0].sum())
        return fails, chance, whole * self._faults.weight[number] / self.weight[row, number, failing], ratios

    def _of_equals(self) -> Floats:
        from scipy.stats import binom  # 40 MB and half a second, which commands that sample nothing do without

        number = np.arange(self.n + 1)
        left = np.maximum(self.n - number[:, None], 0)
        fails = binom.pmf(number, left, self._chance[:, :1, None])
        return np.asarray(fails * self._faults.weight[:, None])

    def _of_others(self) -> Floats:
        """Count both sets node by node."""
        weight = np.zeros((len(self._chance), self.n + 1, self.n + 1))
        weight[:, 0, 0] = 1.0
        for node, delta in enumerate(self._faults.delta.tolist()):
            chance = self._chance[:, node, None, None] * (1.0 - delta)
            further = weight * ((1.0 - self._chance[:, node, None, None]) * (1.0 - delta))
            further[:, 1:] += weight[:, :-1] * delta
            further[:, :, 1:] += weight[:, :, :-1] * chance
            weight = further
        return np.asarray(weight * (self._faults.weight > 0.0)[:, None] * self._faults.scale)
