"""Replications drawn given how many nodes are faulty and how many validators fail, and what the engines make of them.

A drawn replication is one of the engine's own: the same outcome from the same uniforms, only that these come from
another law, for which its weight makes up. What the vectorised engine hands back, the event engine decides.
"""

from __future__ import annotations

import numpy as np

from bft.adversary.lie import Lie
from bft.randomness import Floats, GivenRandomness
from bft.record.outcome import Outcome
from bft.scenario import Scenario
from bft.simulation.simulate import Simulator
from bft.validators.settings import PerfectValidators
from bft.vectorised.batch import CODE, NEEDS_EVENTS
from bft.vectorised.fault_sets import FaultSets
from bft.vectorised.rare.panels import Beside, panel_of
from bft.vectorised.rare.positions import FavouredFaults, favours
from bft.vectorised.rare.sums import PLAIN
from bft.vectorised.rare.tallies import Tally
from bft.vectorised.rare.tilts import Behaviours, mean_of
from bft.vectorised.simulator import VectorisedSimulator
from bft.vectorised.streams import Flags, GivenStreams

ROUNDING = 1e-12
NODES, PAIRS = 1 << 17, 1 << 22  # in replications drawn together


class Drawing:
    """Draws replications of a scenario.

    Parameters
    ----------
    scenario : Scenario
        One that the vectorised engine supports without timing.
    outcomes : tuple of Outcome
        The event.
    seed : int
        0 or more.
    """

    def __init__(self, scenario: Scenario, outcomes: tuple[Outcome, ...], seed: int) -> None:
        self._engine = VectorisedSimulator(scenario, seed, timing=False)
        self.sets = FaultSets(scenario.faults, scenario.n)
        self.panel = panel_of(scenario, self.sets, wrong=Outcome.AGREED_WRONG in outcomes)
        several = len(scenario.faults.behaviour) > 1
        self._behaviours = Behaviours(scenario.faults) if several else None
        self._favour = favours(scenario, outcomes)
        self._faults = FavouredFaults(self.sets, self._favour)
        self.tilted = self.panel.tilted or several or len(self._favour) > 1
        self.settled = isinstance(scenario.validators, PerfectValidators) and not several
        self._scenario, self._outcomes = scenario, outcomes
        self._codes = [CODE[outcome] for outcome in outcomes]
        self._randomness = GivenRandomness(seed)
        self._events: Simulator | None = None
        self._next = 0

    def tally(self, faulty: int, failing: int, runs: int, stage: int, ask: float = 1.0) -> Tally:
        """Draw replications with so many faulty nodes and failing validators.

        Parameters
        ----------
        faulty, failing, runs : int
            How many.
        stage : int
            Which draws: each stage has its own.
        ask : float
            Share of what is handed back that the event engine is asked about, drawn; those asked weigh the more.
        """
        generator = self._randomness.generator("rare.replications", faulty, failing, stage)
        found = Tally(ask=ask)
        size = max(1, min(NODES // self.sets.n, PAIRS // self.sets.n**2))
        for first in range(0, runs, size):
            self._add(found, faulty, failing, min(size, runs - first), generator, ask)
        return found

    def settles(self, sets: Flags) -> Flags | None:
        """Return which fault sets lead to the event; None if anything beside them matters."""
        code = self._engine.outcomes(sets, self._numbers(len(sets))).code
        return None if (code == NEEDS_EVENTS).any() else np.isin(code, self._codes)

    def _add(
        self, found: Tally, faulty: int, failing: int, runs: int, generator: np.random.Generator, ask: float
    ) -> None:
        sets, given, weight = self.draw(faulty, failing, runs, generator)
        replications = self._numbers(runs)
        code = self._engine.outcomes(sets, replications, GivenStreams(given)).code
        happened = np.isin(code, self._codes)
        open_still = np.flatnonzero((code == NEEDS_EVENTS) & (weight > 0.0))
        asked = open_still[generator.random(len(open_still)) < ask]
        met = asked[[self.run(sets, given, place, replications[place]) in self._outcomes for place in asked]]
        happened[met] = True
        weights = weight.copy()
        weights[met] /= ask
        found.runs += runs
        found.met.add(weights[happened])
        found.others.add(weight[~happened])
        found.handed_back += len(open_still)
        found.asked += len(asked)

    def draw(
        self, faulty: int, failing: int, runs: int, generator: np.random.Generator
    ) -> tuple[Flags, dict[str, Floats], Floats]:
        """Return fault sets, the uniforms of the streams by purpose, and the weights, of some replications."""
        plain = generator.random(runs) < PLAIN
        modes = len(self._favour)
        position = np.where(plain, 0, generator.integers(0, modes, runs))
        sets, positions = self._faults.draw(faulty, position, generator)
        given: dict[str, Floats] = {"faulty nodes": self.sets.uniforms(sets, generator)}
        favoured = np.zeros(runs)
        if self._behaviours is None:
            liars = sets & isinstance(self._scenario.faults.behaviour[0], Lie)
        else:
            given["behaviours"], liars, favoured = self._behaviours.draw(sets, plain, generator)
        beside = Beside(faulty=sets, liars=liars, plain=plain, favour=self._favour, position=position)
        said = self.panel.draw(failing, beside, generator)
        favoured = favoured + mean_of(positions + said.positions)
        given |= said.given
        mixed = PLAIN + (1.0 - PLAIN) * np.exp(favoured + said.modes) if self.tilted else 1.0
        weight = said.ratio / mixed
        weight[abs(weight - 1.0) < ROUNDING] = 1.0
        return sets, given, weight

    def run(self, sets: Flags, given: dict[str, Floats], place: int, replication: int) -> Outcome:
        """Run one drawn replication event by event."""
        if self._events is None:
            self._events = Simulator(self._scenario, self._randomness)
        self._randomness.given = {purpose: uniforms[place] for purpose, uniforms in given.items()}
        return self._events.run(replication).outcome

    def _numbers(self, runs: int) -> range:
        """Return the numbers of the next replications."""
        self._next += runs
        return range(self._next - runs, self._next)
