"""The estimate of a rare event: which strata are settled, which are looked at, and how the runs are shared.

Strata are looked at in the order of their probability, until the rest cannot matter. The first look is not counted; it
tells where runs are worth most. Most of them go to strata that showed the event, in proportion to what a run there
takes from the variance; the others go to strata that did not, in proportion to their probability, so that what may
have been overlooked is bounded.

References
----------
Cochran, *Sampling Techniques* (1977), ch. 5 (strata, Neyman's allocation).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import fsum, sqrt
from time import perf_counter
from typing import NamedTuple

import numpy as np

from bft.arguments import check_instance, check_number, check_whole
from bft.errors import ScenarioError, UnsupportedError, bad_value
from bft.record.outcome import Outcome
from bft.scenario import Scenario
from bft.vectorised.rare.drawing import Drawing
from bft.vectorised.rare.limits import Limits
from bft.vectorised.rare.results import RareEvent, Stratum
from bft.vectorised.rare.sums import Drawn, summed_up
from bft.vectorised.rare.tallies import Tally
from bft.vectorised.support import supported

MOST_SETS = 20_000  # to ask about one by one in a stratum
FIRST_LOOK, LONGEST_LOOK = 0.1, 0.3  # shares of the runs: as planned for a hundred strata, and at most
FEWEST_LOOKED, STRATA_LOOKED, MOST_LOOKED_AGAIN = 20, 100, 30
FIRST_COUNTED = 2  # of the stages; those before are looks
NEGLIGIBLE = 1e-3  # of the estimate
FOR_THE_UNMET = 0.25  # share of the runs in strata that have not shown the event
FEWEST_RUNS = 50  # in a stratum
EVENTS = 2_000


class Pair(NamedTuple):
    """How many nodes are faulty, and how many validators fail."""

    faulty: int
    failing: int


def rare_event(
    scenario: Scenario,
    outcomes: Outcome | tuple[Outcome, ...],
    *,
    seed: int,
    runs: int = 100_000,
    level: float = 0.95,
    events: int = EVENTS,
    budget_s: float | None = None,
) -> RareEvent:
    """Estimate the probability of a rare outcome.

    Parameters
    ----------
    scenario : Scenario
        One that the vectorised engine supports without timing.
    outcomes : Outcome or tuple of Outcome
        The event.
    seed : int
        0 or more.
    runs : int
        Replications to draw, at least 1000; the strata that are settled exactly cost few more.
    level : float
        Confidence level of the interval, above 0 and below 1.
    events : int
        Replications for each `runs` that the event engine may be asked about, on average, where the vectorised engine
        cannot decide them; at least 1.
    budget_s : float, optional
        Draw as many replications again, and again, while so many seconds are not over. Time decides only how often.

    Raises
    ------
    UnsupportedError
        If the engine cannot honour the scenario.
    ScenarioError
        If a budget or the level is out of range.

    Examples
    --------
    >>> scenario = Scenario(n=31, faults={"delta": 0.02})
    >>> f"{rare_event(scenario, Outcome.STALLED, seed=1).value:.4e}"
    '1.1983e-11'
    >>> fallible = Scenario(n=10, validators={"kind": "statistical", "accuracy": 0.995}, faults={"delta": 0.005})
    >>> f"{rare_event(fallible, Outcome.STALLED, seed=1, runs=10_000).value:.1e}"
    '2.0e-06'
    """
    check_instance("scenario", scenario, Scenario, "must be a Scenario", ScenarioError)
    wanted: object = (outcomes,) if isinstance(outcomes, Outcome) else outcomes
    if not isinstance(wanted, tuple | list) or not wanted or not all(isinstance(each, Outcome) for each in wanted):
        raise ScenarioError(bad_value("outcomes", outcomes, "must be an Outcome, or some of them"))
    check_whole("runs", runs, ScenarioError, least=1000)
    check_whole("events", events, ScenarioError, least=1)
    check_number("level", level, ScenarioError, above=0, below=1)
    if budget_s is not None:
        check_number("budget_s", budget_s, ScenarioError, above=0)
    reason = supported(scenario, timing=False)
    if scenario.protocol.name != "pbft":
        reason = bad_value("protocol", scenario.protocol.name, "rare events are found in pbft")
    if reason is not None:
        raise UnsupportedError(f"{reason}; what is rare in other scenarios can only be counted, as a sweep does")
    until_s = None if budget_s is None else perf_counter() + budget_s
    return _Search(scenario, tuple(wanted), seed).estimate(runs, level, events, until_s)


class _Search:
    """One estimate in the making."""

    def __init__(self, scenario: Scenario, outcomes: tuple[Outcome, ...], seed: int) -> None:
        self._drawing = drawing = Drawing(scenario, outcomes, seed)
        self._counted = drawing.panel.untilted is None
        self._limits = Limits(scenario, outcomes, drawing.panel.alike, counted=self._counted)
        self._alike = not scenario.system.weighted
        numbers = drawing.panel.weight
        self._weight = {
            Pair(int(faulty), int(failing)): float(numbers[faulty, failing])
            for faulty, failing in zip(*np.nonzero(numbers > 0.0), strict=True)
        }
        self._exact = dict(self._settled())

    def estimate(self, runs: int, level: float, events: int, until_s: float | None) -> RareEvent:
        pairs = sorted((pair for pair in self._weight if pair not in self._exact), key=lambda pair: -self._weight[pair])
        if not pairs:
            return self._summed_up({}, {}, level)
        looked = self._look(pairs, runs)
        shares = self._shares(looked, runs)
        ask = self._asking(looked, shares, events)
        tallies = {pair: Tally() for pair in shares}
        stage = FIRST_COUNTED
        while stage == FIRST_COUNTED or (until_s is not None and perf_counter() < until_s):
            for pair, share in shares.items():
                tallies[pair].join(self._drawing.tally(*pair, share, stage, ask[pair]))
            stage += 1
        return self._summed_up(looked, tallies, level)

    def _settled(self) -> Iterator[tuple[Pair, Stratum]]:
        """Yield the strata in which nothing has to be estimated."""
        sets = self._drawing.sets
        for pair in self._weight:
            if not self._limits.possible(*pair):
                yield pair, self._stratum(pair, runs=0, value=0.0)
            elif self._drawing.settled and (self._alike or sets.number_of(pair.faulty) <= MOST_SETS):
                every, chance = sets.patterns(pair.faulty) if self._alike else sets.every(pair.faulty)
                happens = self._drawing.settles(every)
                if happens is not None:
                    yield pair, self._stratum(pair, runs=len(every), value=float(chance[happens].sum() / chance.sum()))

    def _look(self, pairs: list[Pair], runs: int) -> dict[Pair, Tally]:
        """Look at strata, the likeliest first, until the others cannot matter or the look has taken long enough."""
        look = max(FEWEST_LOOKED, int(FIRST_LOOK * runs / min(len(pairs), STRATA_LOOKED)))
        left = fsum(self._weight[pair] for pair in pairs)
        looked: dict[Pair, Tally] = {}
        found = 0.0
        for pair in pairs:
            if left <= NEGLIGIBLE * found or look * len(looked) >= LONGEST_LOOK * runs:
                break
            looked[pair] = tally = self._drawing.tally(*pair, look, 0, ask=0.0)
            left -= self._weight[pair]
            found += self._weight[pair] * tally.met.sum / tally.runs
        self._look_again(looked, int(FIRST_LOOK * runs))
        return looked

    def _look_again(self, looked: dict[Pair, Tally], runs: int) -> None:
        """Look again at the strata that seem to matter most, in equal parts: a few runs tell little of weights."""
        shown = [pair for pair, tally in looked.items() if tally.met.count]
        shown.sort(key=lambda pair: -self._weight[pair] * looked[pair].met.sum / looked[pair].runs)
        for pair in shown[:MOST_LOOKED_AGAIN]:
            share = runs // len(shown[:MOST_LOOKED_AGAIN])
            looked[pair].join(self._drawing.tally(*pair, share, 1, ask=0.0))

    def _shares(self, looked: dict[Pair, Tally], runs: int) -> dict[Pair, int]:
        """Share the runs out."""
        left = runs - sum(tally.runs for tally in looked.values())
        shown = {pair: tally for pair, tally in looked.items() if tally.shows}
        worth = {pair: self._weight[pair] * tally.spread(mostly=tally.mostly) for pair, tally in shown.items()}
        unmet = {pair: self._weight[pair] for pair in looked if pair not in shown}
        for_unmet = FOR_THE_UNMET if worth and unmet else float(bool(unmet))
        shares = {}
        for group, part in ((worth, 1.0 - for_unmet), (unmet, for_unmet)):
            total, roots = fsum(group.values()), fsum(map(sqrt, group.values()))
            for pair, each in group.items():
                plain = each / total
                # A look may have missed the largest weights of a stratum: what it says is not followed to the end.
                even = 0.7 * plain + 0.3 * sqrt(each) / roots if group is worth else plain
                shares[pair] = int(part * left * even)
                if group is worth:
                    shares[pair] = max(FEWEST_RUNS, shares[pair])
        return {pair: share for pair, share in sorted(shares.items()) if share >= FEWEST_RUNS}

    def _asking(self, looked: dict[Pair, Tally], shares: dict[Pair, int], events: int) -> dict[Pair, float]:
        """Return which share of what is handed back in a stratum the event engine is asked about."""
        expected = {pair: share * looked[pair].handed_back / looked[pair].runs for pair, share in shares.items()}
        worth = {pair: self._weight[pair] / share for pair, share in shares.items() if expected[pair]}
        ask, left = dict.fromkeys(shares, 1.0), float(events)
        # What asking takes from the variance is worth most where runs weigh most; nobody can be asked more than once.
        for pair in sorted(worth, key=lambda pair: -worth[pair]):
            total = fsum(expected[other] * worth[other] for other in worth if worth[other] <= worth[pair])
            ask[pair] = min(1.0, left * worth[pair] / total)
            left -= ask[pair] * expected[pair]
        unseen = {pair: share for pair, share in shares.items() if pair not in worth}
        return ask | dict.fromkeys(unseen, min(1.0, events / max(1, sum(unseen.values()))))

    def _summed_up(self, looked: dict[Pair, Tally], tallies: dict[Pair, Tally], level: float) -> RareEvent:
        """Put the strata together."""
        tilted, untilted = self._drawing.tilted, self._drawing.panel.untilted
        drawn = [
            Drawn(weight=self._weight[pair], looked=looked[pair], tally=tally, tilted=tilted)
            for pair, tally in tallies.items()
        ]
        tail = (1.0 - level) / 2.0
        strata = dict(self._exact)
        for pair, each in zip(tallies, drawn, strict=True):
            low, high = each.interval(tail / len(drawn))
            strata[pair] = self._stratum(pair, runs=each.tally.runs, value=each.value, low=low, high=high)
        left_out = [pair for pair in self._weight if pair not in strata]
        strata |= {pair: self._stratum(pair, runs=0, value=0.0, low=0.0, high=1.0) for pair in left_out}
        return summed_up(
            tuple(strata[pair] for pair in sorted(strata)),
            drawn,
            tail,
            unsampled=fsum(self._weight[pair] for pair in left_out),
            untilted=() if untilted is None else (untilted,),
        )

    def _stratum(
        self, pair: Pair, *, runs: int, value: float, low: float | None = None, high: float | None = None
    ) -> Stratum:
        fails = self._counted and self._drawing.panel.weight.shape[1] > 1
        return Stratum(
            faulty=pair.faulty,
            failing=pair.failing if fails else None,
            weight=self._weight[pair],
            runs=runs,
            value=value,
            low=value if low is None else low,
            high=value if high is None else high,
            exact=low is None,
        )
