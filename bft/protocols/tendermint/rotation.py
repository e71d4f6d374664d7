"""Who proposes: round robin without stakes, with stakes the rotation of CometBFT by accumulated priority.

At every turn each replica's priority grows by its weight; the one with the highest (of several, the one with the lowest
number) proposes, and pays the total weight. So in any `total` turns in a row each proposes as often as it weighs, and
equal weights give round robin. All numbers are whole. The turn of (h, r) is h - 1 + r: both a new height and a new
round move it on by one, as in CometBFT (`spec/consensus/proposer-selection`).
"""

from __future__ import annotations

from bft.core.quorum import QuorumSystem


class Rotation:
    """The proposers of one system, worked out as far as they are asked for."""

    __slots__ = ("_n", "_order", "_period", "_priorities", "_weights")

    def __init__(self, system: QuorumSystem) -> None:
        self._n = system.n
        self._weights = system.weights if system.weighted else None
        self._priorities = [0] * system.n
        self._order: list[int] = []
        self._period = system.total

    def proposer(self, height: int, round_: int) -> int:
        """Return the proposer of a round.

        Parameters
        ----------
        height : int
            1 or more.
        round_ : int
            0 or more.

        Examples
        --------
        >>> [Rotation(QuorumSystem.of(4)).proposer(1, turn) for turn in range(5)]
        [0, 1, 2, 3, 0]
        >>> [Rotation(QuorumSystem.of(3, stakes=[1, 3, 2])).proposer(1, turn) for turn in range(6)]
        [1, 2, 0, 1, 2, 1]
        """
        turn = height - 1 + round_
        if self._weights is None:
            return turn % self._n
        turn %= self._period  # after so many turns all priorities are 0 again
        order = self._order
        while len(order) <= turn:
            order.append(self._next(self._weights))
        return order[turn]

    def _next(self, weights: tuple[int, ...]) -> int:
        priorities = self._priorities
        for node, weight in enumerate(weights):
            priorities[node] += weight
        first = max(range(self._n), key=lambda node: (priorities[node], -node))
        priorities[first] -= self._period
        return first
