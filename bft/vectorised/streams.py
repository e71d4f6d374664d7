"""The named streams of many replications at once: the same numbers that one replication finds, stacked.

Blocks lie where `bft.randomness` puts them; nothing new is drawn here.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bft.randomness import Floats, Randomness, block_size, purpose_key
from bft.vectorised.generators import built

Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]


class Streams:
    """The streams of one seed, by ranges of replications."""

    def __init__(self, randomness: Randomness) -> None:
        self.randomness = randomness
        self._last: dict[tuple[str, tuple[int, ...]], tuple[int, Floats]] = {}

    def uniforms(self, purpose: str, shape: tuple[int, ...], replications: range) -> Floats:
        """Return the uniforms of successive replications, shape (replications, *shape)."""
        size = block_size(shape)
        found = np.empty((len(replications), *shape))
        blocks = range(replications.start // size, (replications.stop - 1) // size + 1)
        generators = built(self.randomness.seed, (purpose_key(purpose), 0), np.array(blocks))
        for block, generator in zip(blocks, generators, strict=True):
            first = max(replications.start, block * size)
            stop = min(replications.stop, (block + 1) * size)
            place = found[first - replications.start : stop - replications.start]
            if len(place) == size:
                generator.random(out=place)
                continue
            held = self._last.get((purpose, shape))
            if held is None or held[0] != block:  # ranges that follow each other share a block
                held = self._last[purpose, shape] = block, generator.random((size, *shape))
            place[:] = held[1][first - block * size : stop - block * size]
        return found


class GivenStreams(Streams):
    """Streams whose numbers are given, replication after replication, instead of drawn.

    Parameters
    ----------
    given : mapping of str to ndarray
        The uniforms of each purpose, the replications along the first axis.
    """

    def __init__(self, given: Mapping[str, Floats]) -> None:
        self._given = given

    def uniforms(self, purpose: str, shape: tuple[int, ...], replications: range) -> Floats:
        """Return what is given for a purpose; one that nothing is given for would be a mistake, and raises KeyError."""
        return self._given[purpose].reshape(len(replications), *shape)
