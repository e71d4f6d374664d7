"""The broadcasts of many replications: the uniforms behind their delays, addressed by the sender's row.

Rows lie where `bft.network.draws` puts them: the first few of every node in a block, later ones in chunks of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from bft.network.delays import DelayLaw
from bft.network.draws import BROADCASTS, CHUNK_ELEMENTS
from bft.randomness import Floats, purpose_key
from bft.vectorised import generators
from bft.vectorised.delay_bounds import DelayBounds
from bft.vectorised.streams import Flags, Ints, Streams

PURPOSE = "broadcast delays"
LATER_ELEMENTS = 1 << 15  # draws of later rows at once: their temporaries stay in the cache


class Broadcasts:
    """The delays of all broadcasts of some replications.

    Parameters
    ----------
    seed : int
        Of the streams.
    law : DelayLaw
        Turns uniforms into seconds.
    which : ndarray of int, shape (which,)
        Positions of the replications; they are asked for by these.
    number : ndarray of int, shape (which,)
        Which replications they are.
    rows : ndarray, shape (which, n, BROADCASTS, n)
        The uniforms of their first broadcasts.
    delay_bounds : DelayBounds or None
        Bounds of the law's delays; without them all delays are computed.

    Attributes
    ----------
    law, which, delay_bounds
        As given.
    n : int
        Number of nodes.
    """

    def __init__(
        self, seed: int, law: DelayLaw, which: Ints, number: Ints, rows: Floats, delay_bounds: DelayBounds | None
    ) -> None:
        self.law = law
        self.which = which
        self.delay_bounds = delay_bounds
        self.n = rows.shape[1]
        self._seed = seed
        self._number = number
        self._rows = rows
        self._first = int(which[0])
        self._place = np.zeros(int(which[-1]) + 1 - self._first, dtype=np.intp)
        self._place[which - self._first] = np.arange(len(which))

    @classmethod
    def drawn(
        cls, streams: Streams, law: DelayLaw, n: int, replications: range, first: int, delay_bounds: DelayBounds | None
    ) -> Self:
        """Return those of successive replications, whose positions begin with `first`."""
        which = np.arange(first, first + len(replications))
        number = which + (replications.start - first)
        rows = streams.uniforms(PURPOSE, (n, BROADCASTS, n), replications)
        return cls(streams.randomness.seed, law, which, number, rows, delay_bounds)

    def part(self, which: Ints) -> Broadcasts:
        """Return those of some replications, by their positions in ascending order."""
        place = self._place[which - self._first]
        return Broadcasts(self._seed, self.law, which, self._number[place], self._rows[place], self.delay_bounds)

    def uniforms(self, which: Ints, sender: Ints, row: Ints, wanted: Flags | None = None) -> Floats:
        """Return the uniforms of broadcasts to all nodes, shape (broadcasts, n).

        Parameters
        ----------
        which, sender, row : ndarray of int, shape (broadcasts,)
            Position of the replication, who sends, and the number of its broadcast.
        wanted : ndarray of bool, shape (broadcasts,), optional
            Those that are needed; what is returned for others means nothing.
        """
        place = self._place[which - self._first]
        within = (place * self.n + sender) * BROADCASTS + np.minimum(row, BROADCASTS - 1)
        found = self._rows.reshape(-1, self.n).take(within, axis=0)
        later = row >= BROADCASTS
        if later.any():
            late = np.flatnonzero(later if wanted is None else later & wanted)
            chunk, index = np.divmod(row[late] - BROADCASTS, max(1, CHUNK_ELEMENTS // self.n))
            address = (self._number[place[late]], sender[late], chunk)
            step = max(1, LATER_ELEMENTS // self.n)
            for start in range(0, len(late), step):
                part = slice(start, start + step)
                found[late[part]] = generators.uniforms(
                    self._seed,
                    (purpose_key(PURPOSE), 1),
                    [each[part] for each in address],
                    index[part] * self.n,
                    self.n,
                )
        return np.asarray(found)

    def of_row(self, which: Ints, row: int) -> Floats:
        """Return the uniforms of one broadcast of every node, the same for each, shape (which, sender, recipient)."""
        if row < BROADCASTS:
            return np.asarray(self._rows[:, :, row].take(self._place[which - self._first], axis=0))
        rows = np.full((len(which), self.n), row)
        return self.of_all(which, rows, np.ones(rows.shape, dtype=np.bool_)).transpose(1, 0, 2)

    def from_one(self, which: Ints, sender: Ints | int, row: Ints) -> Floats:
        """Return the delays of one broadcast of a node, or of one of each, to all, shape (which, n), in seconds."""
        return self.law.sample(self.uniforms(which, np.broadcast_to(sender, which.shape), row))

    def of_all(self, which: Ints, row: Ints, speaks: Flags) -> Floats:
        """Return the uniforms of one broadcast of every node, shape (sender, which, recipient).

        Parameters
        ----------
        which : ndarray of int, shape (which,)
            Positions of replications.
        row, speaks : ndarray, shape (which, n)
            Number of each sender's broadcast, and whether it is needed; otherwise its uniforms mean nothing.
        """
        sender = np.repeat(np.arange(self.n), len(which))
        found = self.uniforms(np.tile(which, self.n), sender, row.T.reshape(-1), speaks.T.reshape(-1))
        return found.reshape(self.n, len(which), self.n)


def joined(parts: Sequence[Broadcasts]) -> Broadcasts:
    """Return the broadcasts of several parts together; their positions ascend."""
    if len(parts) == 1:
        return parts[0]
    which, number, rows = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("which", "_number", "_rows")
    )
    return Broadcasts(parts[0]._seed, parts[0].law, which, number, rows, parts[0].delay_bounds)
