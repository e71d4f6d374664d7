"""When the nodes of one view accept, prepare and commit: order statistics of sums of delays.

A replica counts its own vote at once; it must be prepared before it is committed. Times are summed as the event engine
sums them, delay upon delay, so they are equal to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import numpy as np

from bft.core.quorum import QuorumSystem
from bft.randomness import Floats
from bft.scenario import Scenario
from bft.vectorised.arrivals import Arrivals
from bft.vectorised.broadcasts import Broadcasts
from bft.vectorised.streams import Flags, Ints

Lost = Callable[[Ints, Ints], Flags]
"""Tells which copies of one broadcast of every node are lost: positions, row of each sender → (which, to, from)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One view of some replications, when it starts."""

    which: Ints
    """Positions of the replications; shape (which,)."""
    primary: int
    """The same in all of them."""
    entered_s: Floats
    """When each node enters the view; infinity for nodes that are dead. Shape (which, n)."""
    led: Flags
    """Whether the primary proposes; shape (which,)."""
    accepts: Flags
    votes: Flags
    """Who agrees with the proposal, and whose votes others see; shape (which, n)."""
    row: Ints
    """Number of each node's next broadcast; shape (which, n)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """When it happened, in seconds, shape (which, n); infinity for never."""

    accepted_s: Floats
    prepared_s: Floats
    committed_s: Floats
    """Of each node; with one request, committing is executing."""


def accept(view: View, broadcasts: Broadcasts, lost: Lost | None = None) -> Floats:
    """Return when each node has accepted the primary's proposal, shape (which, n)."""
    primary = view.primary
    start_s = view.entered_s[:, primary]
    travel_s = broadcasts.from_one(view.which, primary, view.row[:, primary])
    accepted_s = np.maximum(view.entered_s, start_s[:, None] + travel_s)
    if lost is not None:
        accepted_s[lost(view.which, view.row)[:, :, primary]] = inf
    accepted_s[:, primary] = start_s
    accepted_s[~view.led] = inf
    return accepted_s


def prepares(view: View, accepted_s: Floats, broadcasts: Broadcasts, lost: Lost | None = None) -> Arrivals:
    """Return when each node's prepare reaches each other; its own at once."""
    speaks = view.accepts & view.votes
    return Arrivals(
        broadcasts,
        broadcasts.of_all(view.which, view.row, speaks),
        sent_s=np.where(speaks, accepted_s, inf),
        own_s=np.where(view.accepts, accepted_s, inf),
        lost=None if lost is None else lost(view.which, view.row),
    )


def prepare(
    view: View, accepted_s: Floats, system: QuorumSystem, broadcasts: Broadcasts, lost: Lost | None = None
) -> tuple[Floats, Flags]:
    """Return when each node is prepared, and who says commit before prepare, each of shape (which, n).

    Whom others' votes make prepared before its own verdict is in, commits first. That exchanges the rows of its two
    broadcasts, which changes who hears its prepare when. Causes come before effects, so correcting ends.
    """
    need = system.quorum - system.weights[view.primary]  # the pre-prepare stands for the primary's own
    arrivals = prepares(view, accepted_s, broadcasts, lost)
    heard_s = arrivals.reach(system, need)
    swapped = np.zeros_like(view.accepts)
    while True:
        early = view.accepts & view.votes & (heard_s < accepted_s)
        place, sender = np.nonzero(early != swapped)
        if not len(place):
            return np.maximum(accepted_s, heard_s), swapped
        swapped = early
        row = view.row + swapped
        again = broadcasts.uniforms(view.which[place], sender, row[place, sender])
        away = None if lost is None else lost(view.which[place], row[place])[np.arange(len(place)), :, sender]
        touched = arrivals.exchange(place, sender, again, away, heard_s)
        heard_s.reshape(-1)[touched] = arrivals.reach(system, need, touched)


def run(view: View, system: QuorumSystem, broadcasts: Broadcasts, lost: Lost | None = None) -> Times:
    """Return what happens in one view if nobody leaves it."""
    accepted_s = accept(view, broadcasts, lost)
    prepared_s, swapped = prepare(view, accepted_s, system, broadcasts, lost)
    row = view.row + ((view.accepts & view.votes & ~swapped) | (np.arange(system.n) == view.primary))
    arrivals = Arrivals(
        broadcasts,
        broadcasts.of_all(view.which, row, view.votes),
        sent_s=np.where(view.votes, prepared_s, inf),
        own_s=prepared_s,
        lost=None if lost is None else lost(view.which, row),
    )
    return Times(
        accepted_s=accepted_s,
        prepared_s=prepared_s,
        committed_s=np.maximum(prepared_s, arrivals.reach(system, system.quorum)),
    )


def part(view: View, chosen: Ints | Flags) -> View:
    """Return some of a view's replications."""
    return View(
        which=view.which[chosen],
        primary=view.primary,
        entered_s=view.entered_s[chosen],
        led=view.led[chosen],
        accepts=view.accepts[chosen],
        votes=view.votes[chosen],
        row=view.row[chosen],
    )


def one_view(scenario: Scenario) -> bool:
    """Whether nothing but the normal case can happen: no second view, and nobody asks again."""
    return scenario.view_limit == 1 and not scenario.retransmission
