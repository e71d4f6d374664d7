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
from bft.vectorised.streams import Flags


class FaultSets:
    """The faulty sets of a scenario's nodes.

    Parameters
    ----------
    faults : Faults
        Who is faulty.
    n : int
        Number of nodes.

    Attributes
    ----------
    weight : ndarray of shape (n + 1,)
        P(K = k).
    """

    def __init__(self, faults: Faults, n: int) -> None:
        self.n = n
        self._delta = np.broadcast_to(np.asarray(faults.delta, dtype=np.float64), (n,))
        number = None
        if faults.nodes is not None:
            self._delta = np.isin(np.arange(n), faults.nodes).astype(np.float64)
        elif faults.draw == "fraction":
            assert isinstance(faults.delta, float)
            number = faulty_count(faults.delta, n)
            self._delta = np.full(n, 0.5)  # fair coins given k heads: all sets of k nodes are equally likely
        # Row i: P(m of the nodes i, i + 1, … are faulty).
        self._rest = np.zeros((n + 1, n + 2))
        self._rest[n, 0] = 1.0
        for node in reversed(range(n)):
            later = self._rest[node + 1]
            self._rest[node] = later * (1.0 - self._delta[node])
            self._rest[node, 1:] += later[:-1] * self._delta[node]
        self._scale = 1.0 if number is None else 1.0 / float(self._rest[0, number])
        self.weight: Floats = self._rest[0, : n + 1] * self._scale
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
        return sets, np.where(sets, self._delta, 1.0 - self._delta).prod(axis=1) * self._scale

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
        return np.array(sets, dtype=np.bool_).reshape(-1, self.n), np.array(weights) * self._scale

    def draw(self, faulty: int, runs: int, generator: np.random.Generator) -> Flags:
        """Draw sets of so many nodes, given their number, shape (runs, n)."""
        sets = np.zeros((runs, self.n), dtype=np.bool_)
        left = np.full(runs, faulty)
        for node in range(self.n):
            among = self._rest[node][left]
            chosen = self._delta[node] * self._rest[node + 1][left - 1]  # -1 is the last column, which is 0
            sets[:, node] = generator.random(runs) * among < chosen
            left -= sets[:, node]
        return sets

    def _runs(self, faulty: int, first: bool) -> Iterator[tuple[int, float]]:
        """Yield the length of the run of nodes like node 0, and its probability together with the number."""
        alike = self._delta if first else 1.0 - self._delta
        most = faulty if first else self.n - faulty
        so_far = 1.0
        for run in range(1, most + 1):
            so_far *= float(alike[run - 1])
            if run == self.n:
                yield run, so_far
            else:
                left = faulty - run if first else faulty - 1
                if 0 <= left <= self.n - run - 1:
                    yield run, so_far * float((1.0 - alike[run]) * self._rest[run + 1, left])
