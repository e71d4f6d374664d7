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
from bft.vectorised.streams import Broadcasts, Flags, Ints

Lost = Callable[[Ints, Ints], Flags]
"""Tells which copies of one broadcast of every node are lost: positions, row of each sender → (which, to, from)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One view of some replications, when it starts.

    Attributes
    ----------
    which : ndarray of int, shape (which,)
        Positions of the replications.
    primary : int
        The same in all of them.
    entered_s : ndarray, shape (which, n)
        When each node enters the view; infinity for nodes that are dead.
    led : ndarray of bool, shape (which,)
        Whether the primary proposes.
    accepts, votes : ndarray of bool, shape (which, n)
        Who agrees with the proposal, and whose votes others see.
    row : ndarray of int, shape (which, n)
        Number of each node's next broadcast.
    """

    which: Ints
    primary: int
    entered_s: Floats
    led: Flags
    accepts: Flags
    votes: Flags
    row: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """When it happened, in seconds, shape (which, n); infinity for never.

    Attributes
    ----------
    accepted_s, prepared_s, committed_s : ndarray
        Of each node; with one request, committing is executing.
    """

    accepted_s: Floats
    prepared_s: Floats
    committed_s: Floats


def reach(arrivals: Floats, system: QuorumSystem, weight: int) -> Floats:
    """Return when senders of a weight have been heard, from times of arrival along the last axis (one per node).

    `arrivals` is scratch: it may be reordered.
    """
    if weight <= 0:
        return np.full(arrivals.shape[:-1], -inf)
    if not system.weighted:
        place = -(-weight // system.weights[0]) - 1
        if place >= system.n:
            return np.full(arrivals.shape[:-1], inf)
        arrivals.partition(place, axis=-1)
        return arrivals[..., place]
    order = np.argsort(arrivals, axis=-1)
    heard = np.array(system.weights)[order].cumsum(axis=-1)
    place_of = np.minimum((heard < weight).sum(axis=-1), system.n - 1)
    found = np.take_along_axis(np.take_along_axis(arrivals, order, axis=-1), place_of[..., None], axis=-1)[..., 0]
    return np.where(heard[..., -1] >= weight, found, inf)


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


def prepares(view: View, accepted_s: Floats, broadcasts: Broadcasts, lost: Lost | None = None) -> Floats:
    """Return when each node's prepare reaches each other, shape (which, recipient, sender); its own at once."""
    speaks = view.accepts & view.votes
    arrivals = broadcasts.from_all(view.which, view.row, speaks)
    arrivals += np.where(speaks, accepted_s, inf)[:, None, :]
    if lost is not None:
        arrivals[lost(view.which, view.row)] = inf
    nodes = np.arange(accepted_s.shape[1])
    arrivals[:, nodes, nodes] = np.where(view.accepts, accepted_s, inf)
    return arrivals


def prepare(
    view: View, accepted_s: Floats, system: QuorumSystem, broadcasts: Broadcasts, lost: Lost | None = None
) -> tuple[Floats, Flags]:
    """Return when each node is prepared, and who says commit before prepare, each of shape (which, n).

    Whom others' votes make prepared before its own verdict is in, commits first. That exchanges the rows of its two
    broadcasts, which changes who hears its prepare when. Causes come before effects, so correcting ends.
    """
    need = system.quorum - system.weights[view.primary]  # the pre-prepare stands for the primary's own
    arrivals = prepares(view, accepted_s, broadcasts, lost)
    heard_s = reach(arrivals.copy(), system, need)
    swapped = np.zeros_like(view.accepts)
    while True:
        early = view.accepts & view.votes & (heard_s < accepted_s)
        place, sender = np.nonzero(early != swapped)
        if not len(place):
            return np.maximum(accepted_s, heard_s), swapped
        swapped = early
        row = view.row + swapped
        again_s = broadcasts.from_one(view.which[place], sender, row[place, sender])
        again_s += accepted_s[place, sender][:, None]
        again_s[np.arange(len(place)), sender] = accepted_s[place, sender]
        if lost is not None:
            away = lost(view.which[place], row[place])[np.arange(len(place)), :, sender]
            away[np.arange(len(place)), sender] = False
            again_s[away] = inf
        arrivals[place, :, sender] = again_s
        touched = np.unique(place)
        heard_s[touched] = reach(arrivals[touched], system, need)


def run(view: View, system: QuorumSystem, broadcasts: Broadcasts, lost: Lost | None = None) -> Times:
    """Return what happens in one view if nobody leaves it."""
    accepted_s = accept(view, broadcasts, lost)
    prepared_s, swapped = prepare(view, accepted_s, system, broadcasts, lost)
    nodes = np.arange(accepted_s.shape[1])
    row = view.row + ((view.accepts & view.votes & ~swapped) | (nodes == view.primary))
    arrivals = broadcasts.from_all(view.which, row, view.votes)
    arrivals += np.where(view.votes, prepared_s, inf)[:, None, :]
    if lost is not None:
        arrivals[lost(view.which, row)] = inf
    arrivals[:, nodes, nodes] = prepared_s
    return Times(
        accepted_s=accepted_s,
        prepared_s=prepared_s,
        committed_s=np.maximum(prepared_s, reach(arrivals, system, system.quorum)),
    )


def last_vote(view: View, broadcasts: Broadcasts) -> Floats:
    """Return when each node has heard all that is said in a view in which nobody prepares; -infinity for nothing."""
    accepted_s = accept(view, broadcasts)
    arrivals = prepares(view, accepted_s, broadcasts)
    latest = np.maximum(np.where(np.isfinite(arrivals), arrivals, -inf).max(axis=2), accepted_s)
    return np.where(np.isfinite(latest), latest, -inf)


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
