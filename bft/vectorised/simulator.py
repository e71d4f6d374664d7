"""Many replications of a scenario at once, with the same outcomes and times as the event engine gives one by one."""

from __future__ import annotations

from math import nan

import numpy as np

from bft.adversary.equivocate import Equivocate
from bft.errors import ScenarioError, UnsupportedError, bad_value
from bft.randomness import Floats, Randomness
from bft.record.outcome import Outcome
from bft.scenario import Scenario
from bft.validators.answers import RIGHT
from bft.vectorised.ballots import Ballots, Electorate
from bft.vectorised.batch import CODE, NEEDS_EVENTS, Batch, OutcomeCodes, joined
from bft.vectorised.polling.simulator import BallotSimulator
from bft.vectorised.population import Population, draw_faulty, populate
from bft.vectorised.static_outcome import NEVER, StaticOutcome, equivocation, static_outcome
from bft.vectorised.streams import Flags, Ints, Streams
from bft.vectorised.support import asks_before_a_split, supported
from bft.vectorised.timing import NOT_COUNTED, Stopwatch, Timeline, bounded

TIMED_NODES, TIMED_PAIRS = 1 << 18, 1 << 22  # in replications that are timed together
UNTIMED_NODES = 1 << 17


class VectorisedSimulator:
    """Runs replications of one scenario, many at once.

    Parameters
    ----------
    scenario : Scenario
        What to run; see `supported`.
    seed : int
        0 or more; the same seed gives the same runs as `bft.Simulator`.
    timing : bool
        Whether to find the times of decisions; outcomes alone are much faster.

    Raises
    ------
    UnsupportedError
        If the scenario is one that this engine cannot honour; the message names the field.

    Examples
    --------
    >>> batch = VectorisedSimulator(Scenario(n=4), seed=7).run(range(3))
    >>> [batch.outcome(place).value for place in range(3)]
    ['agreed_correct', 'agreed_correct', 'agreed_correct']
    """

    def __init__(self, scenario: Scenario, seed: int | str, *, timing: bool = True) -> None:
        reason = supported(scenario, timing=timing)
        if reason is not None:
            raise UnsupportedError(reason)
        self.scenario = scenario
        self.timing = timing
        self._streams = Streams(Randomness(seed))
        self._ballot: BallotSimulator | None = None
        if scenario.protocol.name == "ballot":
            self._ballot = BallotSimulator(scenario, self._streams, timing=timing)
            return
        self._electorate = Electorate(scenario)
        self._delay_bounds = bounded(scenario) if timing else None
        self._equivocate = any(isinstance(each, Equivocate) for each in scenario.faults.behaviour)

    def run(self, replications: range) -> Batch:
        """Run successive replications.

        Raises
        ------
        ScenarioError
            If there are none, the range has a step, starts below 0, or ends above 2³².
        """
        if not replications or replications.step != 1 or not 0 <= replications.start < replications.stop <= 1 << 32:
            wanted = "must be successive numbers, 0 or more and below 2³²"
            raise ScenarioError(bad_value("replications", replications, wanted))
        if self._ballot is not None:
            return self._ballot.run(replications)
        n = self.scenario.n
        nodes = min(TIMED_NODES, TIMED_PAIRS // n) if self.timing else UNTIMED_NODES
        size = max(1, nodes // n)
        starts = range(replications.start, replications.stop, size)
        return joined([self._run(range(first, min(first + size, replications.stop))) for first in starts])

    def outcomes(self, faulty: Flags, replications: range, streams: Streams | None = None) -> Batch:
        """Return outcomes where the faulty nodes are given, and all else is drawn as in `run`.

        Parameters
        ----------
        faulty : ndarray of bool, shape (replications, n)
            Who is faulty.
        replications : range
            Whose behaviours, answers and verdicts are taken.
        streams : Streams, optional
            Where these come from; by default from the engine's seed.
        """
        if self._ballot is not None:
            return self._ballot.outcomes(faulty, replications, streams)
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
