"""Who is faulty in many replications, and what that leaves of a node: who lives, votes, leads, and counts.

The same draws as `bft.adversary.draw`, with arrays for sets. What a lying validator says is left to the ballots.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from bft.adversary.crash import Crash
from bft.adversary.draw import faulty_count
from bft.adversary.equivocate import Equivocate
from bft.adversary.lie import Collude, Lie
from bft.adversary.node import Behaviour
from bft.adversary.settings import Faults
from bft.adversary.silence import SilentPrimary, Withhold
from bft.vectorised.streams import Flags, Ints, Streams

HONEST = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The nodes of many replications; every array has shape (replications, n)."""

    faulty: Flags
    """Drawn faulty, whatever the behaviour."""
    alive: Flags
    """Not crashed: hears, and helps to leave a view."""
    votes: Flags
    """Says publicly what it agrees to."""
    leads: Flags
    """Proposes, and starts the views it is the primary of."""
    counts: Flags
    """Its replica is honest, so its decision counts."""
    lies: Flags
    colludes: Flags
    """Its validator does."""


def draw_faulty(faults: Faults, n: int, streams: Streams, replications: range) -> Flags:
    """Return who is faulty, shape (replications, n)."""
    shape = (len(replications), n)
    if faults.nodes is not None:
        flags = np.zeros(shape, dtype=np.bool_)
        flags[:, list(faults.nodes)] = True
        return flags
    if faults.delta == 0:
        return np.zeros(shape, dtype=np.bool_)
    uniforms = streams.uniforms("faulty nodes", (n,), replications)
    if faults.draw == "fraction":
        assert isinstance(faults.delta, float)
        rank = np.argsort(np.argsort(uniforms, axis=1, kind="stable"), axis=1)
        return np.asarray(rank < faulty_count(faults.delta, n))
    return np.asarray(uniforms < np.asarray(faults.delta))


def populate(faults: Faults, n: int, faulty: Flags, streams: Streams, replications: range) -> Population:
    """Return what becomes of the nodes, given who is faulty."""
    behaviour = behaviour_numbers(faults, n, faulty, streams, replications)

    def those(*kinds: type[Behaviour]) -> Flags:
        which = [number for number, each in enumerate(faults.behaviour) if isinstance(each, kinds)]
        return faulty & np.isin(behaviour, which) if which else np.zeros_like(faulty)

    lies, colludes = those(Lie), those(Collude)
    alive = ~those(Crash)
    return Population(
        faulty=faulty,
        alive=alive,
        votes=alive & ~those(Withhold, Equivocate),
        leads=alive & ~those(Withhold, Equivocate, SilentPrimary),
        counts=~faulty | lies | colludes,
        lies=lies,
        colludes=colludes,
    )


def behaviour_numbers(faults: Faults, n: int, faulty: Flags, streams: Streams, replications: range) -> Ints:
    """Return the number of each faulty node's behaviour, -1 for honest nodes."""
    if len(faults.behaviour) == 1:
        return np.where(faulty, 0, HONEST)
    shares = faults.shares or (1.0,) * len(faults.behaviour)
    bounds = [bound / sum(shares) for bound in accumulate(shares)]
    uniforms = streams.uniforms("behaviours", (n,), replications)
    drawn = sum((uniforms >= bound).astype(np.intp) for bound in bounds[:-1])
    return np.where(faulty, drawn, HONEST)
