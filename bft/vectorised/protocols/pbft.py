"""PBFT, many replications at once: what decides, when, and with what outcome."""

from __future__ import annotations

from math import nan

import numpy as np

from bft.adversary.crash import Crash
from bft.adversary.equivocate import Equivocate
from bft.randomness import Floats
from bft.record.outcome import Outcome
from bft.scenario import Scenario
from bft.validators.answers import RIGHT
from bft.vectorised.ballots import Ballots, Electorate
from bft.vectorised.batch import CODE, NEEDS_EVENTS, Batch, OutcomeCodes, joined
from bft.vectorised.pbft.obstacles import RUNS, asks_before_a_split, obstacles
from bft.vectorised.population import Population, draw_faulty, populate
from bft.vectorised.static_outcome import NEVER, StaticOutcome, equivocation, static_outcome
from bft.vectorised.streams import Flags, Ints, Streams
from bft.vectorised.timing import NOT_COUNTED, Stopwatch, Timeline, bounded

__all__ = ["BEHAVIOURS", "PARAMETERS", "SETTINGS", "obstacles", "simulator"]

SETTINGS = ("view_timeout_s", "timeout_growth", "timeout_cap_s", "checkpoint_interval", "window")
BEHAVIOURS = (Crash, Equivocate, *RUNS)
PARAMETERS = frozenset({"at_s", "rush"})

TIMED_NODES, TIMED_PAIRS = 1 << 18, 1 << 22  # in replications that are timed together
UNTIMED_NODES = 1 << 17


class PbftSimulator:
    """Runs replications of one scenario of PBFT, many at once; see `bft.vectorised.VectorisedSimulator`."""

    def __init__(self, scenario: Scenario, streams: Streams, *, timing: bool) -> None:
        self.scenario = scenario
        self.timing = timing
        self._streams = streams
        self._electorate = Electorate(scenario)
        self._delay_bounds = bounded(scenario) if timing else None
        self._equivocate = any(isinstance(each, Equivocate) for each in scenario.faults.behaviour)

    def run(self, replications: range) -> Batch:
        """Run successive replications."""
        n = self.scenario.n
        nodes = min(TIMED_NODES, TIMED_PAIRS // n) if self.timing else UNTIMED_NODES
        size = max(1, nodes // n)
        starts = range(replications.start, replications.stop, size)
        return joined([self._run(range(first, min(first + size, replications.stop))) for first in starts])

    def outcomes(self, faulty: Flags, replications: range, streams: Streams | None = None) -> Batch:
        """Return what becomes of replications whose faulty nodes are given."""
        if self._equivocate and faulty.any():
            return self._equivocated(faulty, replications)
        population, _, found = self._static(faulty, replications, streams or self._streams)
        decided = np.where(found.view != NEVER, population.counts.sum(axis=1), 0)
        return untimed(replications, codes_of(found, found.unsure, population, decided), found.view)

    def _static(
        self, faulty: Flags, replications: range, streams: Streams
    ) -> tuple[Population, Ballots, StaticOutcome]:
        """Return all that does not depend on time."""
        population = populate(self.scenario.faults, self.scenario.n, faulty, streams, replications)
        ballots = self._electorate.ballots(population, streams, replications)
        return population, ballots, static_outcome(self.scenario, population, ballots)

    def _run(self, replications: range) -> Batch:
        faulty = draw_faulty(self.scenario.faults, self.scenario.n, self._streams, replications)
        if not self.timing:
            return self.outcomes(faulty, replications)
        population, ballots, found = self._static(faulty, replications, self._streams)
        timeline = Stopwatch(
            self.scenario, self._streams, replications, population, ballots, found, self._delay_bounds
        ).run()
        return self._timed(replications, population, found, timeline)

    def _timed(self, replications: range, population: Population, found: StaticOutcome, timeline: Timeline) -> Batch:
        """Sum up timed replications."""
        system, counted = self.scenario.system, population.counts.sum(axis=1)
        committed_s = np.sort(np.where(population.counts, timeline.committed_s, np.inf), axis=1)
        decided = np.isfinite(committed_s).sum(axis=1)
        code = codes_of(found, timeline.unsure, population, decided)
        known = code != NEEDS_EVENTS
        enough = counted if system.weighted else np.minimum(counted, system.n - system.tolerated)

        def at(place: Ints, sure: Flags) -> Floats:
            """Return the time of the decision at a place in order, where there is one."""
            there = sure & (place >= 0) & (place < decided)
            times_s = committed_s[np.arange(len(place)), np.clip(place, 0, system.n - 1)]
            return np.where(there, times_s, nan)

        return Batch(
            replication=np.arange(replications.start, replications.stop),
            code=code,
            decided_at_s=at(enough - 1, known),
            first_decided_at_s=at(np.zeros_like(decided), known),
            last_decided_at_s=at(counted - 1, known),
            views=np.where(known & (decided > 0), found.view + 1, 0),
            messages_sent=np.where(known, timeline.messages_sent, NOT_COUNTED),
        )

    def _equivocated(self, faulty: Flags, replications: range) -> Batch:
        """Return the outcomes of a coalition of equivocators."""
        agreed, split = equivocation(self.scenario.system, faulty, self.scenario.view_limit)
        split_code = NEEDS_EVENTS if asks_before_a_split(self.scenario) else CODE[Outcome.SPLIT]
        code = np.full(len(faulty), CODE[Outcome.STALLED], dtype=np.int8)
        code[agreed] = CODE[Outcome.AGREED_CORRECT]
        code[split] = split_code
        return untimed(replications, code, np.full(len(faulty), NEVER))


simulator = PbftSimulator  # how every companion calls it


def codes_of(found: StaticOutcome, unsure: Flags, population: Population, decided: Ints) -> OutcomeCodes:
    """Return the code of each replication's outcome, from how many of those that count have decided."""
    counted = population.counts.sum(axis=1)
    right, wrong = CODE[Outcome.AGREED_CORRECT], CODE[Outcome.AGREED_WRONG]
    agreed = np.where(found.code == RIGHT, right, wrong)
    partial = np.where(decided < counted, CODE[Outcome.PARTIAL], agreed)
    code = np.where(decided == 0, CODE[Outcome.STALLED], partial)
    return np.where(unsure, NEEDS_EVENTS, code).astype(np.int8)


def untimed(replications: range, code: OutcomeCodes, view: Ints) -> Batch:
    """Return a batch of outcomes alone."""
    never_s = np.full(len(code), nan)
    decided = (code != NEEDS_EVENTS) & (code != CODE[Outcome.STALLED])
    return Batch(
        replication=np.arange(replications.start, replications.stop),
        code=code,
        decided_at_s=never_s,
        first_decided_at_s=never_s,
        last_decided_at_s=never_s,
        views=np.where(decided, view + 1, 0),
        messages_sent=np.full(len(code), NOT_COUNTED),
    )
