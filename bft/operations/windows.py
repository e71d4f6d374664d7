"""Sliding windows over the last calls, and thresholds with hysteresis.

A window of 100 calls with a true error rate of 5 % shows more than 5 % in 38 % of the cases. So a threshold is crossed
only with a minimum of samples, and is left again only well below it.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from bft.core.refusal import require, require_positive, require_whole

SIZE = 100  # S4
MINIMUM = 20


class Window:
    """The last `size` values.

    Parameters
    ----------
    size : int
        1 or more.
    minimum : int
        Below so many values nothing is said; 1 to `size`.
    """

    __slots__ = ("_since_exact", "_sum", "_values", "minimum", "size")

    def __init__(self, *, size: int = SIZE, minimum: int = MINIMUM) -> None:
        require_whole("window.size", size, at_least=1)
        require_whole("window.minimum", minimum, at_least=1)
        require(minimum <= size, "window.minimum", minimum, f"must be at most window.size, {size}")
        self.size, self.minimum = size, minimum
        self._values: deque[float] = deque()
        self._sum = 0.0
        self._since_exact = 0

    def __len__(self) -> int:
        return len(self._values)

    def add(self, value: float) -> float | None:
        """Take in a value, and return `mean`; the oldest goes when there are too many."""
        values = self._values
        values.append(value)
        total, kept = self._sum + value, len(values)
        if kept > self.size:
            total -= values.popleft()
            kept -= 1
        since_exact = self._since_exact + 1
        if since_exact == self.size:  # sums drift by rounding
            since_exact, total = 0, math.fsum(values)
        self._since_exact, self._sum = since_exact, total
        return None if kept < self.minimum else total / kept

    @property
    def mean(self) -> float | None:
        """Mean of the values, for zeros and ones the share of ones; None below the minimum."""
        return None if len(self._values) < self.minimum else self._sum / len(self._values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Is crossed above one value and left at or below another.

    Attributes
    ----------
    above : float
        Positive.
    clear_at : float
        0 or more, below `above`: the gap is the hysteresis.
    """

    above: float
    clear_at: float

    def __post_init__(self) -> None:
        require_positive("threshold.above", self.above)
        holds = 0.0 <= self.clear_at < self.above
        require(
            holds, "threshold.clear_at", self.clear_at, f"must be 0 or more and below threshold.above, {self.above}"
        )

    def crossed(self, value: float | None, before: bool) -> bool:
        """Whether it is crossed now, given whether it was before; nothing known changes nothing."""
        if value is None:
            return before
        # A hair of tolerance: sums of hundredths do not round to the threshold exactly.
        return value > (self.clear_at if before else self.above) + 1e-12
