"""The named streams of many replications at once: the same numbers that one replication finds, stacked.

Blocks lie where `bft.randomness` puts them, the rows of busy nodes where `bft.network.draws` does; nothing new is drawn
here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bft.network.delays import DelayLaw
from bft.network.draws import BROADCASTS, CHUNK_ELEMENTS
from bft.randomness import Floats, Randomness, block_size

Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]


class Streams:
    """The streams of one seed, by ranges of replications.

    Parameters
    ----------
    randomness : Randomness
        Where they come from.
    """

    def __init__(self, randomness: Randomness) -> None:
        self.randomness = randomness
        self._last: dict[tuple[str, tuple[int, ...]], tuple[int, Floats]] = {}

    def uniforms(self, purpose: str, shape: tuple[int, ...], replications: range) -> Floats:
        """Return the uniforms of successive replications, shape (replications, *shape)."""
        size = block_size(shape)
        found = np.empty((len(replications), *shape))
        for block in range(replications.start // size, (replications.stop - 1) // size + 1):
            first = max(replications.start, block * size)
            stop = min(replications.stop, (block + 1) * size)
            place = found[first - replications.start : stop - replications.start]
            if len(place) == size:
                self.randomness.generator(purpose, 0, block).random(out=place)
            else:
                place[:] = self._block(purpose, shape, size, block)[first - block * size : stop - block * size]
        return found

    def _block(self, purpose: str, shape: tuple[int, ...], size: int, block: int) -> Floats:
        """Return a whole block; the last one is kept, because ranges that follow each other share it."""
        held = self._last.get((purpose, shape))
        if held is None or held[0] != block:
            held = (block, self.randomness.generator(purpose, 0, block).random((size, *shape)))
            self._last[purpose, shape] = held
        return held[1]


class Broadcasts:
    """The delays of all broadcasts of some replications, addressed by the sender's row.

    Parameters
    ----------
    streams : Streams
        The streams of the seed.
    law : DelayLaw
        Turns uniforms into seconds.
    n : int
        Number of nodes.
    replications : range
        Successive ones.
    """

    def __init__(self, streams: Streams, law: DelayLaw, n: int, replications: range) -> None:
        self._law = law
        self._n = n
        self._randomness = streams.randomness
        self._replications = replications
        self._uniforms = streams.uniforms("broadcast delays", (n, BROADCASTS, n), replications)
        self._chunk = max(1, CHUNK_ELEMENTS // n)
        self._chunks: dict[tuple[int, int, int], Floats] = {}

    def from_all(self, which: Ints, row: Ints, speaks: Flags) -> Floats:
        """Return the delays of one broadcast of every node, shape (which, recipient, sender), in seconds.

        Parameters
        ----------
        which : ndarray of int, shape (which,)
            Positions of replications in the range.
        row, speaks : ndarray, shape (which, n)
            Number of each sender's broadcast, and whether it is needed; otherwise the delays mean nothing.
        """
        within = row < BROADCASTS
        lowest = int(row.min(initial=BROADCASTS))
        if lowest == int(row.max(initial=0)) and lowest < BROADCASTS:
            chosen = (
                self._uniforms[:, :, lowest]
                if len(which) == len(self._replications)
                else (self._uniforms[which, :, lowest])
            )
        else:
            chosen = self._uniforms[which[:, None], np.arange(self._n), np.where(within, row, 0)]
        if not within.all():
            for place, sender in np.argwhere(speaks & ~within).tolist():
                chosen[place, sender] = self._later(int(which[place]), sender, int(row[place, sender]))
        return self._law.sample(np.ascontiguousarray(chosen.transpose(0, 2, 1)))

    def from_one(self, which: Ints, sender: Ints | int, row: Ints) -> Floats:
        """Return the delays of one broadcast of a node, or of one of each, to all, shape (which, n), in seconds."""
        chosen = self._uniforms[which, sender, np.minimum(row, BROADCASTS - 1)]
        for place in np.flatnonzero(row >= BROADCASTS).tolist():
            own = sender if isinstance(sender, int) else int(sender[place])
            chosen[place] = self._later(int(which[place]), own, int(row[place]))
        return self._law.sample(chosen)

    def _later(self, place: int, sender: int, row: int) -> Floats:
        """Return the uniforms of a broadcast beyond the block, from a chunk of the sender's own."""
        chunk, index = divmod(row - BROADCASTS, self._chunk)
        key = (place, sender, chunk)
        if key not in self._chunks:
            generator = self._randomness.generator("broadcast delays", 1, self._replications[place], sender, chunk)
            self._chunks[key] = generator.random((self._chunk, self._n))
        later: Floats = self._chunks[key][index]
        return later
