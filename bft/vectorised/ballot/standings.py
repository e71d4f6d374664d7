"""When a ballot is decided at each node, from the times at which it hears the votes.

Whether a ballot is decided, or cannot be any more, only changes once as votes come in. So votes are counted in the
order in which a node hears them, and the first after which the rule leaves nothing open tells the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bft.randomness import Floats
from bft.vectorised.ballot.counting import Count, Votes
from bft.vectorised.streams import Flags, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """What hearing the votes tells each node; arrays of shape (columns,), a column for each node of each ballot."""

    decided_s: Floats
    impossible_s: Floats
    """When the votes heard decide whatever the missing say, and when nothing can be decided any more; infinity for
    never."""
    answer: Ints
    """The leading answer once all have been heard that ever are; it is the decided one where one is."""


def standings(heard_s: Floats, votes: Votes, ballot: Ints) -> Standings:
    """Count the votes in the order in which they are heard.

    Parameters
    ----------
    heard_s : ndarray, shape (n, columns)
        When each voter's vote is heard; infinity for never.
    votes : Votes
        What they are.
    ballot : ndarray of int, shape (columns,)
        Which ballot each column belongs to.
    """
    n, columns = heard_s.shape
    order = np.argsort(heard_s, axis=0)
    times_s = np.take_along_axis(heard_s, order, axis=0)
    count = Count(votes, columns)
    newest = _newest_missing(order, votes) if votes.counting.lowest else None
    decided_s, impossible_s = np.full(columns, inf), np.full(columns, inf)
    for place in range(n):
        heard = times_s[place] < inf
        if not heard.any():
            break
        count.add(order[place], ballot, None if heard.all() else heard)
        if newest is not None:
            count.missing(newest[place])
        decided, impossible = count.standing()
        for flags, found_s in ((decided, decided_s), (impossible, impossible_s)):
            np.copyto(found_s, times_s[place], where=flags & heard & (found_s == inf))
    return Standings(decided_s=decided_s, impossible_s=impossible_s, answer=count.final()[1])


def _newest_missing(order: Ints, votes: Votes) -> NDArray[Any]:
    """Return the lowest-numbered voter of any weight that is heard later than each place, n for nobody."""
    n = len(order)
    weighs = np.array(votes.counting.weights) > 0
    named = np.where(weighs[order], order, n)
    newest = np.full(order.shape, n)
    for place in range(n - 2, -1, -1):
        np.minimum(newest[place + 1], named[place + 1], out=newest[place])
    return newest


def tally(heard: Flags, votes: Votes, ballot: Ints | slice) -> tuple[Flags, Ints]:
    """Return where the votes heard decide if nobody else votes, and which answer leads.

    Parameters
    ----------
    heard : ndarray of bool, shape (n, columns)
        Whose votes are heard.
    votes, ballot
        As for `standings`.
    """
    count = Count(votes, heard.shape[1])
    for voter, flags in enumerate(heard):
        count.add(voter, ballot, None if flags.all() else flags)
    decided, answer = count.final()
    return decided, answer


def completed(heard: Flags, votes: Votes) -> tuple[Flags, Flags, Flags, Ints]:
    """Return what ballots come to once these votes are heard.

    Parameters
    ----------
    heard : ndarray of bool, shape (n, ballots)
        Whose votes are heard.
    votes : Votes
        What they are.

    Returns
    -------
    tuple of ndarray, each of shape (ballots,)
        Where it is decided whatever the others say; where nothing can be; where it is decided if the others abstain;
        and which answer leads.
    """
    count = Count(votes, heard.shape[1])
    newest = np.full(heard.shape[1], len(heard))
    for voter, flags in enumerate(heard):
        count.add(voter, slice(None), None if flags.all() else flags)
        if votes.counting.lowest and votes.counting.weights[voter] > 0:
            np.minimum(newest, np.where(flags, len(heard), voter), out=newest)
    count.missing(newest)
    decided, impossible = count.standing()
    final, answer = count.final()
    return decided, impossible, final, answer
