"""When replications decide: view after view, those that do not decide in one go on to the next."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from bft.network.delays import ConstantDelay, UniformDelay
from bft.network.draws import BROADCASTS
from bft.randomness import Floats
from bft.scenario import Scenario
from bft.validators.answers import MISSING
from bft.vectorised.arrivals import Arrivals
from bft.vectorised.ballots import Ballots
from bft.vectorised.broadcasts import Broadcasts, joined
from bft.vectorised.delay_bounds import DelayBounds, slowest_s
from bft.vectorised.losses import Losses
from bft.vectorised.pbft import normal_case, view_change
from bft.vectorised.pbft.normal_case import Lost, Times, View, one_view
from bft.vectorised.pbft.view_change import Clock
from bft.vectorised.population import Population
from bft.vectorised.static_outcome import NEVER, StaticOutcome
from bft.vectorised.streams import Flags, Ints, Streams

NOT_COUNTED = -1
PART_ELEMENTS = 1 << 20  # uniforms of broadcasts at once: 8 MB
GATHERED = 2  # parts that replications fill which are followed beyond the first view together
PLAIN = (ConstantDelay, UniformDelay)
"""Laws that are computed as fast as they are looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """When every node decides."""

    committed_s: Floats
    """In seconds; infinity for never, or not by the horizon. Shape (replications, n)."""
    unsure: Flags
    """Where the event engine has to be asked; shape (replications,)."""
    messages_sent: Ints
    """Copies handed to links; -1 where they were not counted. Shape (replications,)."""


def bounded(scenario: Scenario) -> DelayBounds | None:
    """Return bounds of a scenario's delays; None where they are as fast themselves, or all are needed."""
    law = scenario.network.delay
    return None if scenario.system.weighted or isinstance(law, PLAIN) else DelayBounds(law)


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
    delay_bounds : DelayBounds or None
        Bounds of delays, if `bounded` has any.
    """

    def __init__(
        self,
        scenario: Scenario,
        streams: Streams,
        replications: range,
        population: Population,
        ballots: Ballots,
        static: StaticOutcome,
        delay_bounds: DelayBounds | None,
    ) -> None:
        self._scenario = scenario
        self._config = scenario.configuration()
        self._slowest_s = slowest_s(scenario.network.delay)
        self._population = population
        self._ballots = ballots
        self._static = static
        self._streams = streams
        self._replications = replications
        self._delay_bounds = delay_bounds
        self._found = Timeline(
            committed_s=np.full(population.alive.shape, inf),
            unsure=static.unsure.copy(),
            messages_sent=np.full(len(replications), NOT_COUNTED),
        )

    def run(self) -> Timeline:
        """Return when every node decides.

        First views are taken in parts that stay in the cache; what does not decide there is gathered from several, as
        few replications at a time cost more in calls than in arithmetic.
        """
        static, n = self._static, self._scenario.n
        goes_on = (static.view != NEVER) & ~static.unsure
        size = max(1, PART_ELEMENTS // (BROADCASTS * n * n))
        waiting: list[Broadcasts] = []
        for first in range(0, len(goes_on), size):
            which = first + np.flatnonzero(goes_on[first : first + size])
            if not len(which):
                continue
            part = self._replications[first : first + size]
            law, bounds = self._scenario.network.delay, self._delay_bounds
            broadcasts = Broadcasts.drawn(self._streams, law, n, part, first, bounds)
            decides = static.view[which] == 0
            if decides.any():
                losses = Losses(self._scenario, self._streams, part, first) if self._scenario.network.loss > 0 else None
                lost = None if losses is None else losses.lost
                self._decide(self._started(which[decides]), 0, broadcasts, lost)
            if not decides.all():
                waiting.append(broadcasts.part(which[~decides]))
                if sum(len(each.which) for each in waiting) >= GATHERED * size:
                    self._follow(joined(waiting))
                    waiting = []
        if waiting:
            self._follow(joined(waiting))
        return self._found

    def _started(self, which: Ints) -> Clock:
        return view_change.start(self._population.alive[which], which, self._config)

    def _follow(self, broadcasts: Broadcasts) -> None:
        """Time replications that leave the first view, from there to where they decide."""
        clock, view = self._started(broadcasts.which), 0
        while len(clock.which):
            decides = self._static.view[clock.which] == view
            if decides.any():
                self._decide(clock.part(decides), view, broadcasts, None)
                clock = clock.part(~decides)
            if len(clock.which):
                self._leave(clock, view, broadcasts)
                self._found.unsure[clock.which[clock.unsure]] = True
                clock = clock.part(~clock.unsure)
            view += 1

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

    def _decide(self, clock: Clock, number: int, broadcasts: Broadcasts, lost: Lost | None) -> None:
        """Time the replications that decide in this view."""
        view, scenario, found = self._view(clock, number), self._scenario, self._found
        times = normal_case.run(view, scenario.system, broadcasts, lost)
        committed_s, alive = times.committed_s, self._population.alive[view.which]
        if not one_view(scenario):
            # Nobody may ask for what it lacks, or leave, before it has decided.
            patience_s = inf if self._config.retransmit_s is None else self._config.retransmit_s
            last_view = scenario.view_limit is not None and number + 1 == scenario.view_limit
            until_s = np.full_like(committed_s, inf) if last_view else clock.timeout_at_s
            in_time = committed_s < np.minimum(until_s, clock.entered_s + patience_s)
            found.unsure[view.which[(alive & ~in_time).any(axis=1)]] = True
        if self._config.checkpoint_interval == 1:
            overtaken = self._overtaken(view, times, alive, broadcasts, lost)
            found.unsure[view.which[overtaken]] = True
        found.committed_s[view.which] = np.where(committed_s <= scenario.end_s, committed_s, inf)
        if number == 0:
            found.messages_sent[view.which] = self._sent(view, times, alive)

    def _overtaken(self, view: View, times: Times, alive: Flags, broadcasts: Broadcasts, lost: Lost | None) -> Flags:
        """Return where a checkpoint may be stable at a node before it decides: it discards the votes then (§4.3).

        So it may, too, where a node decides as soon as it is asked for its verdict: its prepare would come last.
        """
        spoken = (view.accepts & view.votes) | ((np.arange(self._scenario.n) == view.primary) & view.votes)
        row = view.row + spoken + view.votes
        arrivals = Arrivals(
            broadcasts,
            broadcasts.of_all(view.which, row, alive),
            sent_s=np.where(alive, times.committed_s, inf),
            own_s=np.full_like(times.committed_s, inf),
            lost=None if lost is None else lost(view.which, row),
        )
        stable_s = arrivals.reach(self._scenario.system, self._scenario.system.quorum)
        at_once = view.accepts & (times.committed_s <= times.accepted_s)
        return np.asarray((alive & ((stable_s <= times.committed_s) | at_once)).any(axis=1))

    def _sent(self, view: View, times: Times, alive: Flags) -> Ints:
        """Count what is sent in the first view: a pre-prepare, prepares, commits, and checkpoints if they are due."""
        n, end_s = self._scenario.n, self._scenario.end_s
        prepares = (view.accepts & view.votes & (times.accepted_s <= end_s)).sum(axis=1)
        commits = (view.votes & (times.prepared_s <= end_s)).sum(axis=1)
        checkpoints = (alive & (times.committed_s <= end_s)).sum(axis=1)
        due = self._config.checkpoint_interval == 1
        return np.asarray((view.led + prepares + commits + due * checkpoints) * (n - 1))

    def _leave(self, clock: Clock, number: int, broadcasts: Broadcasts) -> None:
        """Take the replications that do not decide in this view to the next one."""
        view = self._view(clock, number)
        alive = self._population.alive[view.which]
        if view.led.any():
            # What is said must have arrived before anybody asks for it or leaves.
            led = clock.part(view.led)
            spoken = normal_case.part(view, view.led)
            accepted_s = normal_case.accept(spoken, broadcasts)
            arrivals = normal_case.prepares(spoken, accepted_s, broadcasts)
            patience_s = inf if self._config.retransmit_s is None else self._config.retransmit_s
            until_s = np.minimum(led.entered_s + patience_s, led.timeout_at_s.min(axis=1)[:, None])
            late = ((accepted_s >= until_s) & (accepted_s < inf)) | arrivals.late(until_s)
            clock.unsure[view.led] |= (alive[view.led] & late).any(axis=1)
            clock.row += view.accepts & view.votes
            clock.row[:, view.primary] += view.led
        leads = self._population.leads[view.which]
        view_change.leave(clock, number, alive, leads, broadcasts, self._config, self._slowest_s)
