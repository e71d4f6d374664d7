"""Which replications of a cell are known, and which are still to be run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from bft.experiments.blocks import Tally, gather


class Coverage:
    """The finished pieces of one cell."""

    def __init__(self) -> None:
        self._pieces: dict[int, dict[int, Tally]] = defaultdict(dict)

    def add(self, start: int, stop: int, tally: Tally) -> None:
        """Add replications `start` … `stop` − 1."""
        self._pieces[start][stop] = tally

    def missing(self, target: int, size: int) -> Iterator[range]:
        """Yield what is to be run so that the first `target` replications are known, cut at multiples of `size`.

        Parameters
        ----------
        target : int
            How many replications, 0 or more.
        size : int
            Replications of a block, 1 or more.
        """
        starts = sorted(start for start, stops in self._pieces.items() if min(stops) <= target)
        place = 0
        while place < target:
            stop = self._longest(place, target)
            if stop is None:
                stop = min((start for start in starts if place < start < target), default=target)
                for cut in range(place - place % size, stop, size):
                    yield range(max(place, cut), min(cut + size, stop))
            place = stop

    def tally(self, target: int) -> tuple[int, Tally]:
        """Return how many of the first `target` replications are known without a gap, and what they came to.

        What ended behind a gap is left out: which pieces those are depends on how long runs took.
        """
        place, found = 0, []
        while (stop := self._longest(place, target)) is not None:
            found.append(self._pieces[place][stop])
            place = stop
        return place, gather(found)

    def _longest(self, start: int, target: int) -> int | None:
        """Return where the longest known piece from `start` ends, if it does so by `target`."""
        return max((stop for stop in self._pieces.get(start, ()) if stop <= target), default=None)
