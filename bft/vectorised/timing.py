"""When replications decide: view after view, those that do not decide in one go on to the next."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from bft.randomness import Floats
from bft.scenario import Scenario
from bft.validators.answers import MISSING
from bft.vectorised import normal_case, view_change
from bft.vectorised.ballots import Ballots
from bft.vectorised.luck import Luck
from bft.vectorised.normal_case import Times, View
from bft.vectorised.population import Population
from bft.vectorised.static_outcome import NEVER, StaticOutcome
from bft.vectorised.streams import Broadcasts, Flags, Ints, Streams
from bft.vectorised.support import one_view, slowest_s
from bft.vectorised.view_change import Clock

NOT_COUNTED = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """When every node decides.

    Attributes
    ----------
    committed_s : ndarray, shape (replications, n)
        In seconds; infinity for never, or not by the horizon.
    unsure : ndarray of bool, shape (replications,)
        Where the event engine has to be asked.
    messages_sent : ndarray of int, shape (replications,)
        Copies handed to links; -1 where they were not counted.
    """

    committed_s: Floats
    unsure: Flags
    messages_sent: Ints


class Stopwatch:
    """Times the replications of a range.

    Parameters
    ----------
    scenario : Scenario
        One that the engine supports with timing.
    streams : Streams
        The streams of the seed.
    replications : range
        Successive ones.
    population, ballots, static
        Of these replications.
    """

    def __init__(
        self,
        scenario: Scenario,
        streams: Streams,
        replications: range,
        population: Population,
        ballots: Ballots,
        static: StaticOutcome,
    ) -> None:
        self._scenario = scenario
        self._config = scenario.pbft_config()
        self._slowest_s = slowest_s(scenario.network.delay)
        self._population = population
        self._ballots = ballots
        self._static = static
        self._broadcasts = Broadcasts(streams, scenario.network.delay, scenario.n, replications)
        self._luck = None if scenario.network.loss == 0 else Luck(scenario, streams, replications)
        self._found = Timeline(
            committed_s=np.full(population.alive.shape, inf),
            unsure=static.unsure.copy(),
            messages_sent=np.full(len(replications), NOT_COUNTED),
        )

    def run(self) -> Timeline:
        """Return when every node decides."""
        going_on = np.flatnonzero((self._static.view != NEVER) & ~self._static.unsure)
        clock = view_change.start(self._population.alive[going_on], going_on, self._config)
        view = 0
        while len(clock.which):
            decides = self._static.view[clock.which] == view
            if decides.any():
                self._decide(clock.part(decides), view)
                clock = clock.part(~decides)
            if len(clock.which):
                self._leave(clock, view)
                self._found.unsure[clock.which[clock.unsure]] = True
                clock = clock.part(~clock.unsure)
            view += 1
        return self._found

    def _view(self, clock: Clock, view: int) -> View:
        """Return the view that a clock stands at the beginning of."""
        which, primary = clock.which, view % self._scenario.n
        population, (proposal, accepted) = self._population, self._ballots.round(primary)
        led = population.leads[which, primary] & (proposal[which] != MISSING)
        accepts = accepted[which] & population.alive[which] & led[:, None]
        accepts[:, primary] = False
        return View(
            which=which,
            primary=primary,
            entered_s=clock.entered_s,
            led=led,
            accepts=accepts,
            votes=population.votes[which],
            row=clock.row,
        )

    def _decide(self, clock: Clock, number: int) -> None:
        """Time the replications that decide in this view."""
        view, scenario, found = self._view(clock, number), self._scenario, self._found
        lost = None if self._luck is None else self._luck.lost
        times = normal_case.run(view, scenario.system, self._broadcasts, lost)
        committed_s, alive = times.committed_s, self._population.alive[view.which]
        if not one_view(scenario):
            # Nobody may ask for what it lacks, or leave, before it has decided.
            patience_s = inf if self._config.retransmit_s is None else self._config.retransmit_s
            last_view = scenario.view_limit is not None and number + 1 == scenario.view_limit
            until_s = np.full_like(committed_s, inf) if last_view else clock.timeout_at_s
            in_time = committed_s < np.minimum(until_s, clock.entered_s + patience_s)
            found.unsure[view.which[(alive & ~in_time).any(axis=1)]] = True
        found.committed_s[view.which] = np.where(committed_s <= scenario.end_s, committed_s, inf)
        if number == 0:
            found.messages_sent[view.which] = self._sent(view, times, alive)

    def _sent(self, view: View, times: Times, alive: Flags) -> Ints:
        """Count what is sent in the first view: a pre-prepare, prepares, commits, and checkpoints if they are due."""
        n, end_s = self._scenario.n, self._scenario.end_s
        prepares = (view.accepts & view.votes & (times.accepted_s <= end_s)).sum(axis=1)
        commits = (view.votes & (times.prepared_s <= end_s)).sum(axis=1)
        checkpoints = (alive & (times.committed_s <= end_s)).sum(axis=1)
        due = self._scenario.checkpoint_interval == 1
        return np.asarray((view.led + prepares + commits + due * checkpoints) * (n - 1))

    def _leave(self, clock: Clock, number: int) -> None:
        """Take the replications that do not decide in this view to the next one."""
        view = self._view(clock, number)
        alive = self._population.alive[view.which]
        if view.led.any():
            # What is said must have arrived before anybody asks for it or leaves.
            led = clock.part(view.led)
            spoken = normal_case.part(view, view.led)
            last_s = normal_case.last_vote(spoken, self._broadcasts)
            patience_s = inf if self._config.retransmit_s is None else self._config.retransmit_s
            until_s = np.minimum(led.entered_s + patience_s, led.timeout_at_s.min(axis=1)[:, None])
            clock.unsure[view.led] |= (alive[view.led] & (last_s >= until_s)).any(axis=1)
            clock.row += view.accepts & view.votes
            clock.row[:, view.primary] += view.led
        leads = self._population.leads[view.which]
        view_change.leave(clock, number, alive, leads, self._broadcasts, self._config, self._slowest_s)
