"""Uplinks and processors: one thing after another, in the order in which they came.

Times are known as soon as something joins a queue, so a queue is one number: until when its server is busy.
"""

from __future__ import annotations

from collections.abc import Sequence

from bft.network.capacity import Slowdown


class Stations:
    """One server per node.

    Parameters
    ----------
    n : int
        Number of nodes.
    slowdowns : sequence of Slowdown
        When which nodes take longer.
    limit : int, optional
        How many may wait or be served at once.
    """

    def __init__(self, n: int, slowdowns: Sequence[Slowdown], limit: int | None = None) -> None:
        self._free_s = [0.0] * n
        self._slowdowns = [[each for each in slowdowns if node in each.nodes] for node in range(n)]
        self._limit = limit
        self._present = [0] * n
        self.busy_s = [0.0] * n
        self.served = 0
        self.waited_s = 0.0
        self.longest_wait_s = 0.0

    def serve(self, node: int, now_s: float, work_s: float) -> float:
        """Return when work that comes now will be done."""
        start_s = max(now_s, self._free_s[node])
        for slowdown in self._slowdowns[node]:
            if slowdown.now(start_s):
                work_s *= slowdown.factor
        wait_s = start_s - now_s
        self.served += 1
        self.waited_s += wait_s
        self.longest_wait_s = max(self.longest_wait_s, wait_s)
        self.busy_s[node] += work_s
        self._free_s[node] = start_s + work_s
        return start_s + work_s

    def enter(self, node: int) -> bool:
        """Take a place in a node's queue; return False if there is none left."""
        if self._limit is not None and self._present[node] > self._limit:
            return False
        self._present[node] += 1
        return True

    def leave(self, node: int) -> None:
        """Give the place back."""
        self._present[node] -= 1

    @property
    def mean_wait_s(self) -> float:
        """Mean time in queue, in seconds."""
        return self.waited_s / self.served if self.served else 0.0
