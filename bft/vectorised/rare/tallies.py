"""Sums over the replications drawn in a stratum, and what they say of the event's probability there."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt

from bft.randomness import Floats


@dataclass(slots=True)
class Weights:
    """A number of weights: how many are not 0, their sum, that of their squares, and the largest."""

    count: int = 0
    sum: float = 0.0
    squares: float = 0.0
    largest: float = 0.0

    def add(self, weights: Floats) -> None:
        """Add weights."""
        self.count += int((weights > 0.0).sum())
        self.sum += float(weights.sum())
        self.squares += float((weights**2).sum())
        self.largest = max(self.largest, float(weights.max(initial=0.0)))

    def times(self, factor: float) -> Weights:
        """Return the same weights, each so many times as large."""
        return Weights(self.count, self.sum * factor, self.squares * factor**2, self.largest * factor)

    def join(self, more: Weights) -> None:
        """Add the weights of another."""
        self.count, self.sum, self.squares = self.count + more.count, self.sum + more.sum, self.squares + more.squares
        self.largest = max(self.largest, more.largest)


@dataclass(slots=True)
class Tally:
    """The replications drawn in a stratum."""

    runs: int = 0
    """How many."""
    met: Weights = field(default_factory=Weights)
    others: Weights = field(default_factory=Weights)
    """Of those with the event, and of those without."""
    handed_back: int = 0
    asked: int = 0
    """Replications that only the event engine can decide, and those that it was asked about."""
    ask: float = 1.0
    """Probability of asking it; those asked weigh the more."""

    def join(self, more: Tally) -> None:
        """Add what was drawn later."""
        self.ask = min(self.ask, more.ask)
        self.met.join(more.met)
        self.others.join(more.others)
        for name in ("runs", "handed_back", "asked"):
            setattr(self, name, getattr(self, name) + getattr(more, name))

    @property
    def plain(self) -> bool:
        """Whether all weights are 1."""
        return all(each.largest <= 1.0 and each.sum == each.squares == each.count for each in (self.met, self.others))

    @property
    def shows(self) -> bool:
        """Whether the event was met, or may have been by what was handed back."""
        return self.met.count + self.handed_back > 0

    @property
    def mostly(self) -> bool:
        """Whether most runs meet the event, so that its probability is better found from those that do not."""
        return self.met.sum > 0.5 * self.runs and self.handed_back == 0

    def spread(self, *, mostly: bool) -> float:
        """Return the standard deviation of a run's weight; half of what was handed back is taken for the event."""
        weights = self.others if mostly else self.met
        mean = (weights.sum + 0.5 * self.handed_back) / self.runs
        square = (weights.squares + 0.5 * self.handed_back) / self.runs
        return sqrt(max(square - mean**2, mean**2 / self.runs, mostly / self.runs**2))

    def mean(self, *, mostly: bool) -> float:
        """Return the mean weight of the runs with the event, or without it."""
        return (self.others if mostly else self.met).sum / self.runs

    def variance(self, *, mostly: bool) -> float:
        """Return its estimated variance; never that of a certainty: some runs of the other kind may be missing."""
        weights = self.others if mostly else self.met
        mean = weights.sum / self.runs
        return max((weights.squares / self.runs - mean**2) / self.runs, (2.0 * mean / self.runs) ** 2)
