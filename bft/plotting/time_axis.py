"""An axis of time on which long silences are folded: what happens in milliseconds between timeouts stays readable."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise

from matplotlib.axes import Axes

LONG = 6.0
"""A folded silence is at least so many times as long as those that are not, and as the average busy stretch."""

FOLD = 0.12
"""Width of a fold, as a part of all busy time."""

CLOSE = 0.08
"""Labels nearer than this part of the axis would touch."""


class FoldedTime:
    """Maps times to places: busy stretches to scale, silences between them all of one small width.

    Parameters
    ----------
    times : iterable of float
        When something happens.

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
        busy = self.end - sum(end - start for start, end in self.folds)
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

    def label(self, ax: Axes) -> None:
        """Label the axis with true times, and hatch each fold."""
        for start, end in self.folds:
            ax.axvspan(
                self(start), self(end), facecolor="#F4F4F4", edgecolor="#DDDDDD", hatch="///", linewidth=0, zorder=0
            )
        length = self(self.end) or 1.0
        wanted = [0.0, *(end for _, end in self.folds), self.end, *self._inner()]
        placed: dict[float, float] = {}
        for time in wanted:  # the more important first
            if all(abs(self(time) - other) > CLOSE * length for other in placed):
                placed[self(time)] = time
        ax.set_xticks(sorted(placed), [f"{placed[place]:.4g}" for place in sorted(placed)])

    def _inner(self) -> list[float]:
        """Return a few times within the busy stretches."""
        edges = [0.0, *(edge for fold in self.folds for edge in fold), self.end]
        return [
            start + (end - start) * part
            for start, end in zip(edges[::2], edges[1::2], strict=True)
            for part in (0.5, 1.0)
        ]


def _long_silences(gaps: list[tuple[float, float, float]]) -> list[tuple[float, float]]:
    """Return the fewest silences that are long against every other, and against the busy stretches that they part."""
    ordered = sorted(gaps, reverse=True)
    rest = sum(gap for gap, _, _ in ordered)
    for count, (gap, next_gap) in enumerate(pairwise(gap for gap, _, _ in ordered), 1):
        rest -= gap
        if gap >= LONG * next_gap and gap >= LONG * rest / (count + 1):
            return sorted((start, end) for _, start, end in ordered[:count])
    return []
