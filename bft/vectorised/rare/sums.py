"""From what was drawn in strata to one estimate with its interval, and to what that rests on.

The sums of strata in which the event is counted, and of those in which what is not the event is, have intervals of
their own; those of the difference follow from the distances of their ends (Zou & Donner, Statistics in Medicine 27
(2008) 1693–1702).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, hypot, inf

from bft.vectorised.rare.intervals import counted_interval, weighted_interval
from bft.vectorised.rare.results import RareEvent, Stratum
from bft.vectorised.rare.tallies import Tally, Weights

PLAIN = 0.2
"""Share of the runs drawn without any mode; no weight is above its inverse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A stratum that was drawn from."""

    weight: float
    """Its probability."""
    looked: Tally
    tally: Tally
    """The first look, which chooses between estimates, and the replications that count."""
    tilted: bool
    """Whether they were drawn by several modes."""

    @property
    def mostly(self) -> bool:
        """Whether the probability is found from the runs without the event."""
        return self.looked.mostly and self.tally.handed_back == 0

    @property
    def value(self) -> float:
        """The probability of the event in the stratum."""
        mean = self.tally.mean(mostly=self.mostly)
        return max(0.0, 1.0 - mean) if self.mostly else mean

    @property
    def variance(self) -> float:
        """Its estimated variance."""
        return self.tally.variance(mostly=self.mostly)

    @property
    def next_one(self) -> float:
        """What one run more may add: the largest weight of its kind, else that of one drawn without any mode."""
        tally, looked = self.tally, self.looked
        one, other = (tally.others, looked.others) if self.mostly else (tally.met, looked.met)
        most = max(one.largest, other.largest)
        if most == 0.0:
            asked = tally.ask if tally.handed_back else 1.0
            most = max(1.0, tally.met.largest, tally.others.largest, 1.0 / PLAIN if self.tilted else 1.0) / asked
        return most / tally.runs

    def interval(self, tail: float) -> tuple[float, float]:
        """Return an interval that misses on each side with probability `tail`."""
        if self.tally.plain and self.tally.handed_back == self.tally.asked:
            return counted_interval(self.tally.met.count, self.tally.runs, tail)
        low, high = weighted_interval(self.tally.mean(mostly=self.mostly), self.variance, self.next_one, tail)
        return (max(0.0, 1.0 - high), 1.0 - low) if self.mostly else (low, min(1.0, high))


def _together(drawn: list[Drawn], tail: float) -> tuple[float, float, float]:
    """Return the sum over strata of the same kind, and its interval."""
    value = fsum(each.weight * each.tally.mean(mostly=each.mostly) for each in drawn)
    variance = fsum(each.weight**2 * each.variance for each in drawn)
    next_one = max((each.weight * each.next_one for each in drawn), default=0.0)
    return value, *weighted_interval(value, variance, next_one, tail)


def summed_up(
    strata: tuple[Stratum, ...], drawn: list[Drawn], tail: float, *, unsampled: float, untilted: tuple[str, ...]
) -> RareEvent:
    """Return the estimate over all strata.

    Parameters
    ----------
    strata : tuple of Stratum
        All of them; those that are exact give their part.
    drawn : list of Drawn
        Those that were drawn from.
    tail : float
        With which probability the interval misses on each side.
    unsampled : float
        Probability of those that were neither.
    untilted : tuple of str
        What was drawn as it is.
    """
    settled = fsum(stratum.weight * stratum.value for stratum in strata if stratum.exact)
    variance = fsum(each.weight**2 * each.variance for each in drawn)
    variance += max((each.weight * each.next_one for each in drawn), default=0.0) ** 2
    part, low, high = _together([each for each in drawn if not each.mostly], tail)
    mostly = [each for each in drawn if each.mostly]
    others, fewest, most = _together(mostly, tail)
    most_there_is = fsum(each.weight for each in drawn)
    value = min(most_there_is, part + max(0.0, fsum(each.weight for each in mostly) - others))  # weights may say more
    low = value - hypot(part - low, most - others)
    high = value + hypot(high - part, others - fewest)
    met = Weights()
    for each in drawn:
        met.join(each.tally.met.times(each.weight / each.tally.runs))
    whole, estimated = min(1.0, settled + value), bool(drawn) or unsampled > 0.0
    runs = float(sum(each.tally.runs for each in drawn))
    return RareEvent(
        value=whole,
        low=min(whole, settled + max(0.0, low)),
        high=min(1.0, settled + min(high, most_there_is) + unsampled),
        effective_runs=(whole * (1.0 - whole) / variance if variance > 0 else runs) if estimated else inf,
        effective_events=(met.sum**2 / met.squares if met.squares > 0 else 0.0) if estimated else inf,
        largest_share=met.largest / whole if whole > 0 else 0.0,
        unsampled=unsampled,
        unmet=fsum(each.weight for each in drawn if each.tally.met.count == 0),
        asked_of_events=sum(each.tally.asked for each in drawn),
        untilted=untilted,
        strata=strata,
    )
