"""Sweeps that go on until intervals are narrow enough: when to look, when to stop, and what may be said then.

An interval that is right at a fixed number of runs is not right at a number that the data chose. So the data are looked
at only after fixed numbers of replications, n₁ < n₂ < … < n_K, known beforehand, and at every look the interval is
Clopper–Pearson's at level 1 − α/K. All K of them hold together with probability at least 1 − α (Bonferroni), so the one
at which the sweep stops does too, for whatever reason it stops: precision, budget, time or Ctrl-C. What ended after the
last complete look is kept, and not reported.

That is safe rather than tight. With 95 % asked for, the exact probability that the interval at the stop holds is 0.989
to 1.000 (absolute precision 0.02 and 0.05, over the probabilities from 0.001 to 0.5), for about twice the replications
at which the uncorrected interval would have stopped. That one holds with 0.940 in the worst case: little less than
it says, but less.

References
----------
Jennison & Turnbull, *Group Sequential Methods* (2000), ch. 9 (repeated confidence intervals).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, inf, log, log1p
from time import monotonic
from typing import Any

from bft.arguments import check_number, check_whole
from bft.errors import SweepError, bad_value
from bft.experiments.blocks import Tally
from bft.experiments.execution import Execution
from bft.experiments.intervals import Estimate, estimate, look_level
from bft.experiments.shares import SHARES

FLOOR = 100  # replications before the first look
MOST = 1_000_000  # replications of a cell
GROWTH = 1.5  # from look to look
SHARE = "agree"


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """How narrow an interval has to be.

    Attributes
    ----------
    absolute : float, optional
        Half of its width: between 0 and 0.5.
    relative : float, optional
        On the scale of logarithms, for rare events: its ends are at most (1 + relative)² apart. One of the two.
    of : str
        Which probability: "agree", "correct", "wrong", "partial", "stalled" or "split".
    floor, most : int
        Fewest and most replications of a cell.
    """

    absolute: float | None = None
    relative: float | None = None
    of: str = SHARE
    floor: int = FLOOR
    most: int = MOST

    def __post_init__(self) -> None:
        if self.of not in SHARES:
            raise SweepError(bad_value("of", self.of, f"must be one of {', '.join(SHARES)}"))
        if (self.absolute is None) == (self.relative is None):
            raise SweepError("precision: must be absolute or relative, one of the two")
        if self.absolute is not None:
            check_number("precision", self.absolute, SweepError, above=0, most=0.5)
        if self.relative is not None:
            check_number("relative_precision", self.relative, SweepError, above=0)
        check_whole("floor", self.floor, SweepError, least=1)
        check_whole("most", self.most, SweepError, least=1)
        if self.most < self.floor:
            raise SweepError(bad_value("most", self.most, f"must be at least the floor, {self.floor}"))

    @classmethod
    def within(cls, *, absolute: float | None = None, relative: float | None = None, **more: Any) -> Precision:
        """Return a precision of which a budget may leave less than the usual floor.

        Parameters
        ----------
        absolute, relative : float, optional
            One of the two.
        **more
            `of`, and `budget`: replications of all cells together, or None.
        """
        budget = more.pop("budget", None)
        most = MOST if budget is None else max(1, min(MOST, budget))
        return cls(absolute=absolute, relative=relative, floor=min(FLOOR, most), most=most, **more)

    def narrow(self, interval: Estimate) -> bool:
        """Return whether an interval is narrow enough."""
        return self.width(interval) <= 1.0

    def width(self, interval: Estimate) -> float:
        """Return the width of an interval in units of the width that is wanted."""
        if self.absolute is not None:
            return (interval.high - interval.low) / 2.0 / self.absolute
        assert self.relative is not None
        if interval.low <= 0.0:
            return inf
        return (log(interval.high) - log(interval.low)) / 2.0 / log1p(self.relative)

    def looks(self, level: float) -> tuple[int, ...]:
        """Return after how many replications the data are looked at.

        Parameters
        ----------
        level : float
            Level at which all intervals hold together.
        """
        first = self.floor
        if self.absolute is not None:  # with fewer, not even a share of 0 or 1 is known so well
            first = max(first, ceil(log((1.0 - level) / 2.0) / log1p(-min(2.0 * self.absolute, 1.0 - 1e-12))))
        looks = [min(first, self.most)]
        while looks[-1] < self.most and not self._always_narrow(looks, level):
            looks.append(min(self.most, ceil(GROWTH * looks[-1])))
        return tuple(looks)

    def _always_narrow(self, looks: list[int], level: float) -> bool:
        """Return whether the last look is the last one whatever the data are: the interval is widest at a half."""
        if self.absolute is None:
            return False
        return self.narrow(estimate(looks[-1] // 2, looks[-1], look_level(level, len(looks))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a sweep may cost.

    Attributes
    ----------
    replications : int, optional
        Of all cells together.
    seconds : float, optional
        Of real time; it decides how many looks there are, never what is seen.
    """

    replications: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.replications is not None:
            check_whole("budget", self.replications, SweepError, least=1)
        if self.seconds is not None:
            check_number("budget_s", self.seconds, SweepError, above=0)


class Looks:
    """Where each cell of a sweep is among its looks.

    Attributes
    ----------
    known : list of int
        Replications of each cell up to its last complete look.
    narrow : list of bool
        Whether each cell's interval is narrow enough.
    places : tuple of int
        After how many replications the data are looked at.
    """

    def __init__(self, execution: Execution, cells: int, precision: Precision, budget: Budget, level: float) -> None:
        self._execution = execution
        self._precision = precision
        self._budget = budget
        self.places = precision.looks(level)
        self._level = look_level(level, len(self.places))
        self._width = [inf] * cells
        self.known = [0] * cells
        self.narrow = [False] * cells

    def run(self) -> None:
        """Go from look to look until all intervals are narrow enough, or the budget is used up."""
        go_on = self._clock()
        while go_on() and (wave := self._wave()):
            try:
                self._execution.reach(wave, go_on)
            finally:
                for cell, target in wave.items():
                    self._look(cell, target)

    def _wave(self) -> dict[int, int]:
        """Return the next look of every cell that goes on, the widest interval first, as far as the budget goes."""
        left = inf if self._budget.replications is None else self._budget.replications - sum(self.known)
        wave: dict[int, int] = {}
        for cell in sorted(range(len(self.known)), key=lambda cell: (-self._width[cell], cell)):
            target = next((place for place in self.places if place > self.known[cell]), None)
            if self.narrow[cell] or target is None or target - self.known[cell] > left:
                continue
            wave[cell] = target
            left -= target - self.known[cell]
        return wave

    def _look(self, cell: int, target: int) -> None:
        """Take a look's interval, if all its replications have ended."""
        known, tally = self._execution.coverages[cell].tally(target)
        if known < target:
            return
        interval = estimate(number_of(tally, self._precision.of), tally.runs, self._level)
        self.known[cell] = target
        self._width[cell] = self._precision.width(interval)
        self.narrow[cell] = self._precision.narrow(interval)

    def _clock(self) -> Callable[[], bool]:
        """Return what tells whether there is time left."""
        if self._budget.seconds is None:
            return lambda: True
        end_s = monotonic() + self._budget.seconds
        return lambda: monotonic() < end_s


def number_of(tally: Tally, share: str) -> int:
    """Return how many replications count for one of `SHARES`."""
    return sum(tally.counts.get(outcome, 0) for outcome in SHARES[share])
