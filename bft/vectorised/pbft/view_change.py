"""When a view in which nobody prepared is left, and when the next one is entered.

Timers, view-changes and the new-view, for many replications at once. Nothing is carried over, so only times and the
numbers of broadcasts matter. Status messages of waiting nodes cost them broadcasts and change nothing else as long as
what they ask for has arrived and nobody who hears them has left for the next view; a replication in which that is not
certain is marked, and left to the event engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from bft.protocols.pbft import PbftConfig
from bft.randomness import Floats
from bft.vectorised.arrivals import Arrivals
from bft.vectorised.broadcasts import Broadcasts
from bft.vectorised.streams import Flags, Ints

ASKING = 1  # broadcasts of a node in a view when it asks for what it lacks: its status
ASKING_BETWEEN = 3  # between views: its view-change, the request, its status


@dataclass(slots=True, kw_only=True)
class Clock:
    """Where some replications are in time; all of them in the same view. Arrays have shape (which, n)."""

    which: Ints
    """Positions of the replications; shape (which,)."""
    entered: Flags
    """Whether the nodes are in the view, or still wait for its new-view; shape (which,)."""
    entered_s: Floats
    """When each node entered it; infinity where it did not."""
    timeout_at_s: Floats
    """When each node's view timer runs out."""
    asks_from_s: Floats
    """Since when it waits with its status."""
    asking: Ints
    """What asking costs it, in broadcasts."""
    row: Ints
    """Number of its next broadcast."""
    answered_s: Floats
    """When the last status message had arrived, or later; shape (which,)."""
    unsure: Flags
    """Whether messages may have crossed in a way that only the event engine follows; shape (which,)."""

    def part(self, chosen: Flags) -> Clock:
        """Return some of the replications."""
        return Clock(**{name: getattr(self, name)[chosen] for name in Clock.__dataclass_fields__})


def start(alive: Flags, which: Ints, config: PbftConfig) -> Clock:
    """Return the clock of the first view, which every living node is in at time 0."""
    entered_s = np.where(alive, 0.0, inf)
    return Clock(
        which=which,
        entered=np.ones(len(which), dtype=np.bool_),
        entered_s=entered_s,
        timeout_at_s=entered_s + config.timeout_s(0),
        asks_from_s=entered_s,
        asking=np.full(alive.shape, ASKING),
        row=np.zeros(alive.shape, dtype=np.intp),
        answered_s=np.full(len(which), -inf),
        unsure=np.zeros(len(which), dtype=np.bool_),
    )


def leave(
    clock: Clock, view: int, alive: Flags, leads: Flags, broadcasts: Broadcasts, config: PbftConfig, slowest_s: float
) -> None:
    """Move the clock from `view` to the next one.

    Parameters
    ----------
    clock : Clock
        Changed in place.
    view : int
        The view in which nobody prepared.
    alive, leads : ndarray of bool, shape (which, n)
        Who takes part in view changes, and who starts the views it is the primary of.
    broadcasts : Broadcasts
        Delays.
    config : PbftConfig
        Timers and quorums.
    slowest_s : float
        No message takes longer.
    """
    system, primary = config.system, (view + 1) % config.system.n
    patience_s = inf if config.retransmit_s is None else config.retransmit_s
    asked = _asked(clock.asks_from_s, clock.timeout_at_s, config)
    answered_s = _answered(clock, asked, alive, broadcasts, config, slowest_s)
    clock.answered_s = np.maximum(clock.answered_s, answered_s)
    clock.row += asked * clock.asking
    uniforms = broadcasts.of_all(clock.which, clock.row, alive)
    left_s = _joined(clock.timeout_at_s, alive, broadcasts, uniforms, config)
    clock.unsure |= (_asked(clock.asks_from_s, left_s, config) != asked).any(axis=1)
    clock.unsure |= clock.entered & (alive & (left_s <= clock.entered_s)).any(axis=1)
    clock.row += alive

    arrivals = Arrivals(broadcasts, uniforms, left_s, own_s=left_s)
    first_left_s = left_s.min(axis=1)
    clock.unsure |= answered_s >= first_left_s  # whoever has left answers with its view-change
    gathered_s = np.where(alive, np.maximum(left_s, arrivals.reach(system, system.quorum)), inf)
    timeout_s = config.timeout_s(view + 1)

    opened = leads[:, primary]
    announced_s = gathered_s[:, primary]
    entered_s = announced_s[:, None] + broadcasts.from_one(clock.which, primary, clock.row[:, primary])
    entered_s[:, primary] = announced_s
    entered_s[~alive | ~opened[:, None]] = inf
    skipped = alive & (entered_s <= left_s)
    skipped[:, primary] = False  # its own quorum may be complete at once
    asks = alive & (entered_s >= left_s + patience_s)
    gives_up = alive & (entered_s >= gathered_s + timeout_s)  # the wait for the new-view is timed as well (§4.4)
    clock.unsure |= opened & ((skipped | asks | gives_up).any(axis=1) | (clock.answered_s >= announced_s))
    clock.row[:, primary] += opened

    clock.entered = opened
    clock.entered_s = entered_s
    clock.timeout_at_s = np.where(opened[:, None], entered_s, gathered_s) + timeout_s
    clock.asks_from_s = np.where(opened[:, None], entered_s, left_s)
    clock.asking = np.where(opened[:, None], ASKING, np.full(alive.shape, ASKING_BETWEEN))
    # A primary that keeps its new-view back has entered the view all the same, by itself.
    alone = ~opened & alive[:, primary]
    clock.unsure |= alone & (announced_s >= left_s[:, primary] + patience_s)
    clock.asks_from_s[alone, primary] = announced_s[alone]
    clock.asking[alone, primary] = ASKING
    until_s = np.minimum(clock.timeout_at_s.min(axis=1), first_left_s + patience_s)
    clock.unsure |= arrivals.late(np.broadcast_to(until_s[:, None], left_s.shape)).any(axis=1)


def _asked(from_s: Floats, until_s: Floats, config: PbftConfig) -> Ints:
    """Return how often each node asks before a time; of nodes that never get there nothing is asked."""
    asked = np.zeros(from_s.shape, dtype=np.intp)
    if config.retransmit_s is None:
        return asked
    wait_s = config.retransmit_s
    at_s = from_s + wait_s
    until_s = np.where(until_s < inf, until_s, -inf)
    while (asks := at_s < until_s).any():
        asked += asks
        wait_s = config.next_wait_s(wait_s)
        at_s = at_s + wait_s
    return asked


def _answered(
    clock: Clock, asked: Ints, alive: Flags, broadcasts: Broadcasts, config: PbftConfig, slowest_s: float
) -> Floats:
    """Return when the last status message has reached all who may answer, or a later time that is early enough."""
    answered_s = np.full(len(clock.which), -inf)
    early_enough_s = clock.timeout_at_s.min(axis=1)
    if config.retransmit_s is None:
        return answered_s
    wait_s = config.retransmit_s
    at_s = clock.asks_from_s + wait_s
    nodes = np.arange(asked.shape[1])
    for number in range(int(asked.max(initial=0))):
        asks = asked > number
        by_s = np.where(asks, at_s + slowest_s, -inf).max(axis=1)
        close = by_s >= early_enough_s
        if close.any():
            row = (clock.row + (number + 1) * clock.asking - 1)[close]  # the status is what a node says last
            travel_s = broadcasts.law.sample(broadcasts.of_all(clock.which[close], row, asks[close]))
            travel_s[nodes, :, nodes] = 0.0
            travel_s[:, ~alive[close]] = 0.0
            by_s[close] = np.where(asks[close], at_s[close] + travel_s.max(axis=2).T, -inf).max(axis=1)
        answered_s = np.maximum(answered_s, by_s)
        wait_s = config.next_wait_s(wait_s)
        at_s = at_s + wait_s
    return answered_s


def _joined(timeout_at_s: Floats, alive: Flags, broadcasts: Broadcasts, uniforms: Floats, config: PbftConfig) -> Floats:
    """Return when each node leaves: when its timer runs out, or a weak quorum of others has left."""
    system = config.system
    left_s = np.where(alive, timeout_at_s, inf)
    if (left_s[alive] == left_s.min(initial=inf)).all():
        return left_s
    while True:  # causes come before effects: each round settles at least the next to leave
        arrivals = Arrivals(broadcasts, uniforms, left_s, own_s=np.full_like(left_s, inf))
        others_s = arrivals.reach(system, config.rules.join_quorum(system))
        earlier_s = np.where(alive, np.minimum(timeout_at_s, others_s), inf)
        if (earlier_s == left_s).all():
            return left_s
        left_s = earlier_s
