"""Probabilities too small to count: stratified over the number of faulty nodes.

P(event) = Σ P(K = k) · P(event | K = k). The first factor is exact. The second is

- exact where the fault set alone settles the outcome (validators without error, one behaviour) and there are few sets,
  or few ways to begin a set of equal nodes: the engine is asked about each of them once;
- otherwise estimated from sets drawn given their number, with a Clopper–Pearson interval. A first look, which is not
  counted, tells where runs are worth most.

The interval adds the strata's own, each at a level such that together they hold at least as often as they should
(Bonferroni). A stratum without runs counts from 0 to all of its weight.

References
----------
Clopper & Pearson, Biometrika 26 (1934) 404–413. Cochran, *Sampling Techniques* (1977), ch. 5 (strata, Neyman's
allocation).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from scipy.special import betaincinv

from bft.checking.outcome import Outcome
from bft.errors import ScenarioError, UnsupportedError, bad_value
from bft.randomness import Randomness
from bft.scenario import Scenario
from bft.validators.settings import PerfectValidators
from bft.vectorised.batch import CODE, NEEDS_EVENTS
from bft.vectorised.fault_sets import FaultSets
from bft.vectorised.simulator import VectorisedSimulator
from bft.vectorised.streams import Flags

PURPOSE = "rare.fault sets"
MOST_SETS = 20_000  # to ask about one by one in a stratum
FIRST_LOOK = 0.1  # share of the runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """One number of faulty nodes.

    Attributes
    ----------
    faulty : int
        K.
    weight : float
        P(K = k), exact.
    runs : int
        Sets that the engine was asked about.
    value, low, high : float
        P(event | K = k) and its interval; all the same where it is exact.
    """

    faulty: int
    weight: float
    runs: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RareEvent:
    """The estimated probability of a rare outcome.

    Attributes
    ----------
    value, low, high : float
        Probability, and the ends of its interval.
    effective_runs : float
        Plain replications that would have told as much; infinity where nothing had to be estimated, and the number of
        drawn sets where the event was never, or always, met among them.
    strata : tuple of Stratum
        By number of faulty nodes.
    """

    value: float
    low: float
    high: float
    effective_runs: float
    strata: tuple[Stratum, ...]

    @property
    def runs(self) -> int:
        """Sets that the engine was asked about."""
        return sum(stratum.runs for stratum in self.strata)


def rare_event(
    scenario: Scenario, outcomes: Outcome | tuple[Outcome, ...], *, seed: int, runs: int = 100_000, level: float = 0.95
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
        Budget of drawn fault sets, at least 1000; the strata that are settled exactly cost few more.
    level : float
        Confidence level of the interval, above 0 and below 1.

    Raises
    ------
    UnsupportedError
        If the engine cannot honour the scenario, or has to leave replications to the event engine.
    ScenarioError
        If the budget or the level is out of range.

    Examples
    --------
    >>> scenario = Scenario(n=31, faults={"delta": 0.02})
    >>> f"{rare_event(scenario, Outcome.STALLED, seed=1).value:.4e}"
    '1.1983e-11'
    """
    if runs < 1000:
        raise ScenarioError(bad_value("runs", runs, "must be at least 1000"))
    if not 0.0 < level < 1.0:
        raise ScenarioError(bad_value("level", level, "must be above 0 and below 1"))
    return _Search(scenario, (outcomes,) if isinstance(outcomes, Outcome) else outcomes, seed).estimate(runs, level)


class _Search:
    """One estimate in the making."""

    def __init__(self, scenario: Scenario, outcomes: tuple[Outcome, ...], seed: int) -> None:
        self._engine = VectorisedSimulator(scenario, seed, timing=False)
        self._randomness = Randomness(seed)
        self._codes = [CODE[outcome] for outcome in outcomes]
        self._sets = FaultSets(scenario.faults, scenario.n)
        self._settled = isinstance(scenario.validators, PerfectValidators) and len(scenario.faults.behaviour) == 1
        self._alike = not scenario.system.weighted
        self._next = 0

    def estimate(self, runs: int, level: float) -> RareEvent:
        numbers = np.flatnonzero(self._sets.weight > 0).tolist()
        exact = {number: self._exactly(number) for number in numbers if self._enumerable(number)}
        open_ones = [number for number in numbers if number not in exact]
        drawn = self._drawn(open_ones, runs, level) if open_ones else {}
        strata = tuple((exact | drawn)[number] for number in numbers)
        value, low, high = (
            min(1.0, sum(stratum.weight * getattr(stratum, name) for stratum in strata))
            for name in ("value", "low", "high")
        )
        variance = sum(
            each.weight**2 * each.value * (1.0 - each.value) / each.runs for each in drawn.values() if each.runs
        )
        counted = sum(each.runs for each in drawn.values())
        effective = value * (1.0 - value) / variance if variance > 0 else float(counted) if drawn else inf
        return RareEvent(value=value, low=low, high=high, effective_runs=effective, strata=strata)

    def _enumerable(self, number: int) -> bool:
        return self._settled and (self._alike or self._sets.number_of(number) <= MOST_SETS)

    def _exactly(self, number: int) -> Stratum:
        """Ask about every set of a stratum, or every way in which one can begin."""
        sets, weights = self._sets.patterns(number) if self._alike else self._sets.every(number)
        weight = float(self._sets.weight[number])
        share = float(weights[self._happens(sets)].sum() / weights.sum())
        return Stratum(faulty=number, weight=weight, runs=len(sets), value=share, low=share, high=share)

    def _drawn(self, numbers: list[int], runs: int, level: float) -> dict[int, Stratum]:
        """Estimate strata from sets drawn given their number."""
        look = max(1, int(FIRST_LOOK * runs / len(numbers)))
        seen = np.array([self._happens(self._draw(number, look, 0)).sum() for number in numbers])
        guess = (seen + 1.0) / (look + 2.0)
        worth = self._sets.weight[numbers] * np.sqrt(guess * (1.0 - guess))
        share = np.floor((1.0 - FIRST_LOOK) * runs * worth / worth.sum()).astype(np.intp)
        tail = (1.0 - level) / (2.0 * max(1, int((share > 0).sum())))
        return {number: self._stratum(number, int(count), tail) for number, count in zip(numbers, share, strict=True)}

    def _stratum(self, number: int, runs: int, tail: float) -> Stratum:
        """Estimate one stratum, with a Clopper–Pearson interval that misses on each side with probability `tail`."""
        weight = float(self._sets.weight[number])
        if runs == 0:
            return Stratum(faulty=number, weight=weight, runs=0, value=0.0, low=0.0, high=1.0)
        events = int(self._happens(self._draw(number, runs, 1)).sum())
        return Stratum(
            faulty=number,
            weight=weight,
            runs=runs,
            value=events / runs,
            low=0.0 if events == 0 else float(betaincinv(events, runs - events + 1, tail)),
            high=1.0 if events == runs else float(betaincinv(events + 1, runs - events, 1.0 - tail)),
        )

    def _draw(self, number: int, runs: int, stage: int) -> Flags:
        return self._sets.draw(number, runs, self._randomness.generator(PURPOSE, number, stage))

    def _happens(self, sets: Flags) -> Flags:
        """Ask the engine about fault sets, each with answers of its own."""
        replications = range(self._next, self._next + len(sets))
        self._next = replications.stop
        code = self._engine.outcomes(sets, replications).code
        if (code == NEEDS_EVENTS).any():
            allowed = "rare events need replications that the vectorised engine decides alone"
            raise UnsupportedError(bad_value("faults.behaviour", "withhold", allowed))
        return np.isin(code, self._codes)
