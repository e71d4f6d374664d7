"""Time on which long silences are folded: what happens in milliseconds between timeouts stays readable."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate, pairwise
from math import fsum

MUCH = 0.1
"""A silence is folded when it takes more than this part of all time that is not folded yet."""

LONG = 6.0
"""And when it is at least so many times as long as the average gap: where all are alike, none is a silence."""

FOLD = 0.06
"""Width of a fold, as a part of all time that is not folded."""


class FoldedTime:
    """Maps times to places: busy stretches to scale, silences between them all of one small width.

    Attributes
    ----------
    folds : list of tuple of float
        Start and end of each folded silence, in the unit of the times.
    """

    def __init__(self, times: Iterable[float]) -> None:
        moments = sorted({0.0, *times})
        gaps = [(later - earlier, earlier, later) for earlier, later in pairwise(moments)]
        self.folds = _long_silences(gaps)
        self.end = moments[-1]
        folded = set(self.folds)
        busy = fsum(gap for gap, start, end in gaps if (start, end) not in folded)  # a difference may round below 0
        width = FOLD * busy
        self._starts, self._places, self._widths = [0.0], [0.0], [1.0]
        for start, end in self.folds:
            place = self(start)
            self._starts += [start, end]
            self._places += [place, place + width]
            self._widths += [width / (end - start), 1.0]

    def __call__(self, time: float) -> float:
        """Return the place of a time."""
        index = bisect_right(self._starts, time) - 1
        return self._places[index] + (time - self._starts[index]) * self._widths[index]

    @property
    def corners(self) -> list[tuple[float, float]]:
        """Time and place of every point at which the scale changes, the end among them."""
        return [*zip(self._starts, self._places, strict=True), (self.end, self(self.end))]

    def worth_naming(self) -> list[float]:
        """Return times for the labels of an axis, the more important first."""
        edges = [0.0, *(edge for fold in self.folds for edge in fold), self.end]
        busy = zip(edges[::2], edges[1::2], strict=True)
        inner = [start + (end - start) * part for start, end in busy for part in (0.5, 1.0)]
        return [0.0, *(end for _, end in self.folds), self.end, *inner]


def _long_silences(gaps: list[tuple[float, float, float]]) -> list[tuple[float, float]]:
    """Return the gaps that take much of the time, the longest first while that still holds."""
    ordered = sorted(gaps, reverse=True)
    rests = [*accumulate(gap for gap, _, _ in reversed(ordered[1:]))][::-1]  # what is left when each is folded
    folded = []
    for others, rest, (gap, start, end) in zip(range(len(ordered) - 1, 0, -1), rests, ordered, strict=False):
        if gap < MUCH * (rest + gap) or gap < LONG * rest / others or rest <= 0:
            break
        folded.append((start, end))
    return sorted(folded)
