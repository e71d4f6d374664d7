"""The law of the set of faulty nodes: by number exactly, and given the number by enumeration or by drawing.

Poisson-binomial throughout: node i is faulty with a δᵢ of its own. Every sum is over positive terms, so weights keep
their relative accuracy down to the smallest. What the sets lead to is left to the simulator.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np

from bft.adversary.draw import faulty_count
from bft.adversary.settings import Faults
from bft.randomness import Floats
from bft.vectorised.counted_sets import CountedSets, later_members
from bft.vectorised.streams import Flags


class FaultSets:
    """The faulty sets of a scenario's nodes.

    Attributes
    ----------
    weight : ndarray of shape (n + 1,)
        P(K = k).
    delta : ndarray of shape (n,)
        Each node's probability of being faulty in sets of a number of their own.
    scale : float
        By how much the weights of those sets are multiplied, so that they are those of the sets that can be drawn.
    """

    def __init__(self, faults: Faults, n: int) -> None:
        self.n = n
        self.delta = np.broadcast_to(np.asarray(faults.delta, dtype=np.float64), (n,))
        number = None
        self._ranked = faults.nodes is None and faults.draw == "fraction"
        if faults.nodes is not None:
            self.delta = np.isin(np.arange(n), faults.nodes).astype(np.float64)
        elif faults.draw == "fraction":
            assert isinstance(faults.delta, float)
            number = faulty_count(faults.delta, n)
            self.delta = np.full(n, 0.5)  # fair coins given k heads: all sets of k nodes are equally likely
        self._sets = CountedSets(self.delta[None])
        self._later = later_members(self.delta[None])[0]
        self.scale = 1.0 if number is None else 1.0 / float(self._sets.weight[0, number])
        self.weight: Floats = self._sets.weight[0]
        if number is not None:
            self.weight = np.where(np.arange(n + 1) == number, 1.0, 0.0)

    def number_of(self, faulty: int) -> int:
        """Return how many sets of so many nodes there are."""
        return comb(self.n, faulty)

    def every(self, faulty: int) -> tuple[Flags, Floats]:
        """Return all sets of so many nodes, shape (sets, n), and the probability of each."""
        sets = np.zeros((self.number_of(faulty), self.n), dtype=np.bool_)
        for place, members in enumerate(combinations(range(self.n), faulty)):
            sets[place, list(members)] = True
        return sets, np.where(sets, self.delta, 1.0 - self.delta).prod(axis=1) * self.scale

    def patterns(self, faulty: int) -> tuple[Flags, Floats]:
        """Return a set for each way in which sets of so many nodes can begin, and the probability of each way.

        A way is whether node 0 is faulty, and how many nodes after it are like it. Where nodes weigh the same, no more
        of a set matters to who leads first.
        """
        sets, weights = [], []
        for first in (True, False):
            for run, weight in self._runs(faulty, first):
                chosen = np.zeros(self.n, dtype=np.bool_)
                chosen[:run] = first
                if not first and run < self.n:
                    chosen[run] = True
                left = faulty - int(chosen.sum())
                chosen[self.n - left :] |= left > 0
                sets.append(chosen)
                weights.append(weight)
        return np.array(sets, dtype=np.bool_).reshape(-1, self.n), np.array(weights) * self.scale

    def draw(self, faulty: int, runs: int, generator: np.random.Generator) -> Flags:
        """Draw sets of so many nodes, given their number, shape (runs, n)."""
        return self._sets.draw(np.zeros(runs, dtype=np.intp), np.full(runs, faulty), generator)

    def uniforms(self, sets: Flags, generator: np.random.Generator) -> Floats:
        """Return draws of the stream of faulty nodes that these sets come from, shape (sets, n)."""
        if self._ranked:  # the nodes with the smallest draws are faulty
            return 0.5 * (generator.random(sets.shape) + ~sets)
        spread = generator.random(sets.shape)
        return np.where(sets, self.delta * spread, self.delta + (1.0 - self.delta) * spread)

    def _runs(self, faulty: int, first: bool) -> Iterator[tuple[int, float]]:
        """Yield the length of the run of nodes like node 0, and its probability together with the number."""
        alike = self.delta if first else 1.0 - self.delta
        most = faulty if first else self.n - faulty
        so_far = 1.0
        for run in range(1, most + 1):
            so_far *= float(alike[run - 1])
            if run == self.n:
                yield run, so_far
            else:
                left = faulty - run if first else faulty - 1
                if 0 <= left <= self.n - run - 1:
                    yield run, so_far * float((1.0 - alike[run]) * self._later[run + 1, left])
