"""Sets of nodes, each in by itself with a probability of its own: by their number exactly, and drawn given it.

Poisson-binomial throughout, for several rows of probabilities at once. Every sum is over positive terms, so weights
keep their relative accuracy down to the smallest. What the sets stand for is left to others: faulty nodes, or
validators that fail.
"""

from __future__ import annotations

import numpy as np

from bft.randomness import Floats
from bft.vectorised.streams import Flags, Ints


class CountedSets:
    """Random sets of nodes.

    Parameters
    ----------
    chance : ndarray, shape (rows, n)
        Probability of each node to be in the set, in [0, 1]; the rows are laws of their own.

    Attributes
    ----------
    weight : ndarray, shape (rows, n + 1)
        Probability of each number of members.
    """

    def __init__(self, chance: Floats) -> None:
        rows, self.n = chance.shape
        self.chance = chance
        alike = bool((chance == chance[:, :1]).all())
        self._shared = alike or rows == 1
        self.weight = later_members(chance)[:, 0, : self.n + 1] if not alike else _alike(chance[:, 0], self.n)
        # Fair coins given k heads: among nodes that are alike all sets of k are equally likely.
        self._coins = np.full((1, self.n), 0.5) if alike else chance
        self._later: Floats = later_members(self._coins)

    def draw(self, row: Ints, members: Ints, generator: np.random.Generator) -> Flags:
        """Draw sets given their law and the number of their members, shape (len(row), n)."""
        law = np.zeros_like(row) if self._shared else row
        sets = np.zeros((len(row), self.n), dtype=np.bool_)
        left = members.copy()
        for node in range(self.n):
            among = self._later[law, node, left]
            chosen = self._coins[law, node] * self._later[law, node + 1, left - 1]  # -1 is the last column, which is 0
            sets[:, node] = generator.random(len(row)) * among < chosen
            left -= sets[:, node]
        return sets


def later_members(chance: Floats) -> Floats:
    """Return P(m of the nodes from i on are in), shape (rows, n + 1, n + 2)."""
    rows, n = chance.shape
    rest = np.zeros((rows, n + 1, n + 2))
    rest[:, n, 0] = 1.0
    for node in reversed(range(n)):
        inside = chance[:, node, None]
        rest[:, node] = rest[:, node + 1] * (1.0 - inside)
        rest[:, node, 1:] += rest[:, node + 1, :-1] * inside
    return rest


def _alike(chance: Floats, n: int) -> Floats:
    """Return P(m of n nodes are in) where all of a row are so with the same probability, shape (rows, n + 1)."""
    weight = np.zeros((len(chance), n + 1))
    weight[:, 0] = 1.0
    for _ in range(n):
        further = weight[:, :-1] * chance[:, None]
        weight *= (1.0 - chance)[:, None]
        weight[:, 1:] += further
    return weight
