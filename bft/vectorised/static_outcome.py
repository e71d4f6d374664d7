"""Which view decides, and what, from fault sets and answers alone.

In a lossless view everybody hears all votes. So either the primary and the backups that publicly agree are a quorum,
and every living node decides, or nobody prepares and the next view starts from nothing. Where in no view they are a
quorum, nothing is ever decided, however long messages take. Times are left to the clock.

The exception are nodes that vote for themselves only: what they prepared in private would be carried into the next
view. Replications in which that could happen are marked, and left to the event engine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bft.core.quorum import QuorumSystem
from bft.scenario import Scenario
from bft.validators.answers import MISSING
from bft.vectorised.ballots import Ballots
from bft.vectorised.population import Population
from bft.vectorised.streams import Flags, Ints

NEVER = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticOutcome:
    """How replications end that are given time enough; every array has shape (replications,)."""

    view: Ints
    """The view that decides, or -1."""
    code: Ints
    """The answer that is decided: 0 is the right one."""
    unsure: Flags
    """Whether more than answers and fault sets would have to be known."""


def static_outcome(scenario: Scenario, population: Population, ballots: Ballots) -> StaticOutcome:
    """Return which view decides in each replication, and what."""
    system, replications = scenario.system, len(population.alive)
    weights = np.array(system.weights)
    view, code = np.full(replications, NEVER), np.zeros(replications, dtype=np.intp)
    unsure = _decides_alone(population, system)
    quorum_possible = population.votes @ weights >= system.quorum
    private = population.alive & ~population.votes
    # Without limit the primaries come again, and with them their answers and everybody's verdicts.
    for primary in range(min(scenario.n, scenario.view_limit or scenario.n)):
        open_still = quorum_possible & (view == NEVER)
        if not open_still.any():
            break
        proposal, accepted = ballots.round(primary)
        proposed = open_still & population.leads[:, primary] & (proposal != MISSING)
        accepts = accepted & population.alive
        accepts[:, primary] = False
        public = (accepts & population.votes) @ weights + weights[primary]
        decides = proposed & (public >= system.quorum)
        view[decides], code[decides] = primary, proposal[decides]
        if private.any() and primary + 1 != scenario.view_limit:
            # What one of them prepares by itself goes with its view-change into the next view.
            private_weight = np.where(accepts & private, weights, 0).max(axis=1)
            unsure |= proposed & ~decides & (private_weight > 0) & (public + private_weight >= system.quorum)
    return StaticOutcome(view=view, code=code, unsure=unsure)


def _decides_alone(population: Population, system: QuorumSystem) -> Flags:
    """Return where a silent node is a quorum by itself: it would decide in private, and prove it to others."""
    quorum_alone = np.array(system.weights) >= system.quorum
    return np.asarray((quorum_alone & population.alive & ~(population.leads & population.votes)).any(axis=1))


def equivocation(system: QuorumSystem, faulty: Flags, views: int | None) -> tuple[Flags, Flags]:
    """Return where colluding equivocators let all agree, and where they split them, each of shape (replications,).

    The four cases of `bft.theory.equivocation`, for one fault set after another; equal weights.
    """
    n, unit = system.n, system.weights[0]
    turns = n if views is None else min(views, n)
    number = faulty.sum(axis=1)
    honest = n - number
    live = unit * honest >= system.quorum
    partition = (honest >= 2) & (unit * (honest // 2 + number) >= system.quorum)
    leaders = faulty[:, :turns]
    agreed = live & np.where(partition, ~faulty[:, 0], ~leaders.all(axis=1))
    split = partition & np.where(live, faulty[:, 0], leaders.any(axis=1))
    return agreed & (honest > 0), split
