"""When one broadcast of every node reaches every other: bounds for all, exact times for those that are asked for.

What a node waits for is the q-th smallest of its arrivals. Let the arrivals aᵢ lie in [lᵢ, uᵢ], let L be the q-th
smallest l, and L′ the next. At least q arrivals have l ≤ L; call C those of them with u ≥ L, and m the latest exact
arrival in C. Those with l ≤ L that are not in C have a ≤ u < L, and the one that L belongs to is in C; so q arrivals or
more are not after m, and the q-th smallest is not before L. If m ≤ L′ no other arrival comes before m, and m is the
q-th smallest. Else it lies between L and m: arrivals with u < L are before it, those with l > m are after it, and the
rest is computed and put in order among them. Either way the time found is the one that the law and one sum give, as in
the event engine, equal to the last bit; and few are computed.
"""

from __future__ import annotations

from math import inf
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bft.core.quorum import QuorumSystem
from bft.randomness import Floats
from bft.vectorised.broadcasts import Broadcasts
from bft.vectorised.delay_bounds import above, below
from bft.vectorised.ordering import placed
from bft.vectorised.streams import Flags, Ints

Bounds: TypeAlias = NDArray[Any]
"""Single precision; where all arrivals are computed, the arrivals themselves."""


class Arrivals:
    """The arrivals of one broadcast of every node in some replications.

    Parameters
    ----------
    broadcasts : Broadcasts
        Whose law turns uniforms into seconds.
    uniforms : ndarray, shape (sender, which, recipient)
        Changed when a broadcast is exchanged for another.
    sent_s : ndarray, shape (which, n)
        When each node sends; infinity for never.
    own_s : ndarray, shape (which, n)
        When it hears itself; infinity for never.
    lost : ndarray of bool, shape (which, recipient, sender), optional
        Copies that never arrive.
    """

    def __init__(
        self, broadcasts: Broadcasts, uniforms: Floats, sent_s: Floats, own_s: Floats, lost: Flags | None = None
    ) -> None:
        self._n = sent_s.shape[1]
        self._law = broadcasts.law
        self._delay_bounds = broadcasts.delay_bounds
        self._uniforms = uniforms
        self._sent_s = sent_s
        self._own_s = own_s
        bounds = self._bounded(uniforms.reshape(-1, self._n), sent_s.T.reshape(-1))
        nodes = np.arange(self._n)
        shaped = []
        for bound, own in zip(bounds, self._own, strict=False):
            bound = bound.reshape(uniforms.shape)
            if lost is not None:
                bound.transpose(1, 2, 0)[lost] = inf
            bound[nodes, :, nodes] = own.T
            shaped.append(bound)
        self._lower, self._upper = shaped[0], shaped[-1]

    def _bounded(self, uniforms: Floats, sent_s: Floats) -> tuple[Bounds, ...]:
        """Return lower and upper bounds of broadcasts' arrivals, shape (broadcasts, n), or the arrivals themselves."""
        if self._delay_bounds is None:
            return (self._law.sample(uniforms) + sent_s[:, None],)
        return self._delay_bounds.arrivals(uniforms, sent_s)

    @property
    def _own(self) -> tuple[Bounds, ...]:
        return (self._own_s,) if self._delay_bounds is None else (below(self._own_s), above(self._own_s))

    def reach(self, system: QuorumSystem, weight: int, rows: Ints | None = None) -> Floats:
        """Return when senders of a weight have been heard.

        Parameters
        ----------
        system : QuorumSystem
            Who weighs what.
        weight : int
            0 or less is reached at once.
        rows : ndarray of int, optional
            Which recipients are asked for, as place · n + recipient; all without it.

        Returns
        -------
        ndarray of shape (which, n), or (rows,)
            In seconds; -infinity if nobody has to be heard, infinity for never.
        """
        shape = self._sent_s.shape if rows is None else rows.shape
        if weight <= 0:
            return np.full(shape, -inf)
        lower, upper = self._lower.reshape(self._n, -1), self._upper.reshape(self._n, -1)
        if rows is None:
            rows = np.arange(lower.shape[1])
        else:
            lower, upper = lower[:, rows], upper[:, rows]
        if system.weighted:
            return heard(np.asarray(lower, dtype=np.float64), system, weight).reshape(shape)
        place = -(-weight // system.weights[0]) - 1
        if place >= self._n:
            return np.full(shape, inf)
        return self._placed(place, rows, lower, upper).reshape(shape)

    def _placed(self, place: int, rows: Ints, lower: Bounds, upper: Bounds) -> Floats:
        """Return the arrival at a place in the order of each recipient, from bounds of all, shape (sender, rows)."""
        level_s, next_s = placed(lower, place)
        if self._delay_bounds is None:
            return level_s.astype(np.float64, copy=False)
        some_s = np.where(level_s < inf, level_s, np.float32(-1.0))  # nobody is before that
        chosen = np.flatnonzero((lower <= some_s) & (upper >= some_s))
        sender = chosen // len(rows)
        row = chosen - sender * len(rows)
        times_s = self._exact(rows[row], sender)
        found = np.full(len(rows), inf)
        found[row] = times_s
        while (later := times_s > found[row]).any():
            found[row[later]] = times_s[later]
        close = np.flatnonzero(found > next_s)
        if len(close):
            found[close] = self._refined(
                place, rows[close], lower[:, close], upper[:, close], level_s[close], found[close]
            )
        return found

    def _refined(self, place: int, rows: Ints, lower: Bounds, upper: Bounds, from_s: Bounds, until_s: Floats) -> Floats:
        """Return the same where it lies between two times, and so do others."""
        times_s = np.where(upper < from_s, -inf, inf)
        sender, row = np.nonzero((lower <= until_s) & (upper >= from_s) & (lower < inf))
        times_s[sender, row] = self._exact(rows[row], sender)
        return placed(times_s, place)[0]

    def _exact(self, rows: Ints, sender: Ints) -> Floats:
        """Return single arrivals of copies that are not lost."""
        place = rows // self._n
        times_s = self._law.sample(self._uniforms.reshape(-1).take(sender * self._sent_s.size + rows))
        times_s += self._sent_s.reshape(-1).take(place * self._n + sender)
        own = np.flatnonzero(sender == rows - place * self._n)
        times_s[own] = self._own_s[place[own], sender[own]]
        return times_s

    def exchange(self, place: Ints, sender: Ints, uniforms: Floats, lost: Flags | None, known_s: Floats) -> Ints:
        """Put other broadcasts in the place of some.

        Parameters
        ----------
        place, sender : ndarray of int, shape (broadcasts,)
            Whose.
        uniforms : ndarray, shape (broadcasts, n)
            Of the broadcasts that are sent instead, at the same time.
        lost : ndarray of bool, shape (broadcasts, n), optional
            Their copies that never arrive.
        known_s : ndarray, shape (which, n)
            What `reach` found for each recipient before.

        Returns
        -------
        ndarray of int
            The recipients for which it may find something else, as place · n + recipient: all but those to whom every
            exchanged arrival stays before or stays after what was found.
        """
        known = known_s[place]
        bounds = (self._lower, self._upper)
        first, last = (bound[sender, place] for bound in bounds)
        self._uniforms[sender, place] = uniforms
        own = np.arange(self._n) == sender[:, None]
        fresh = self._bounded(uniforms, self._sent_s[place, sender])
        for bound, times_s, own_s in zip(bounds, fresh, self._own, strict=False):
            if lost is not None:
                times_s[lost] = inf
            bound[sender, place] = np.where(own, own_s[place], times_s)
        again_first, again_last = (bound[sender, place] for bound in bounds)
        same = own | ((first > known) & (again_first > known)) | ((last < known) & (again_last < known))
        which, recipient = np.nonzero(~same)
        return np.unique(place[which] * self._n + recipient)

    def late(self, from_s: Floats) -> Flags:
        """Return who hears anything at a time or after it, shape (which, n).

        Parameters
        ----------
        from_s : ndarray, shape (which, n)
            In seconds.
        """
        found = (self._upper >= from_s) & (self._lower < inf)
        if self._delay_bounds is not None and found.any():
            sender, place, recipient = np.nonzero(found & ((self._lower < from_s) | (self._upper == inf)))
            times_s = self._exact(place * self._n + recipient, sender)
            found[sender, place, recipient] = (times_s >= from_s[place, recipient]) & (times_s < inf)
        return np.asarray(found.any(axis=0))


def heard(arrivals: Floats, system: QuorumSystem, weight: int) -> Floats:
    """Return when senders of a weight have been heard, from exact arrivals, shape (sender, recipients)."""
    order = np.argsort(arrivals, axis=0)
    reached = np.array(system.weights)[order].cumsum(axis=0)
    place = np.minimum((reached < weight).sum(axis=0), system.n - 1)
    recipients = np.arange(arrivals.shape[1])
    found = arrivals[order[place, recipients], recipients]
    return np.where(reached[-1] >= weight, found, inf)
