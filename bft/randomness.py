"""Named random streams: all randomness of the project, from one seed.

A stream is addressed by (purpose, replication, node); what one component draws never disturbs another. Building a
generator costs tens of microseconds, so replications are drawn in blocks: one generator fills the rows of many
replications at once, and every engine takes its slice of the same block. Where a node needs more than its row holds,
its tape goes on from a generator of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bft.arguments import is_whole
from bft.errors import ScenarioError, bad_value
from bft.stream_starts import StreamStarts

Floats = NDArray[np.float64]

BLOCK_ELEMENTS = 1 << 15
BLOCK_REPLICATIONS = 256
TAPE_CHUNK = 16


def purpose_key(purpose: str) -> int:
    """Return the same whole number for a purpose in every process (unlike `hash`)."""
    return crc32(purpose.encode())


@cache
def block_size(shape: tuple[int, ...]) -> int:
    """Return how many replications share a block, if each draws uniforms of this shape."""
    return min(BLOCK_REPLICATIONS, max(1, BLOCK_ELEMENTS // max(1, math.prod(shape))))


def read_seed(seed: object) -> int:
    """Return a master seed: a whole number, or the text of `seed_text`.

    Raises
    ------
    ScenarioError
        If it is neither.

    Examples
    --------
    >>> read_seed(7), read_seed("7"), read_seed("4_611_686_018_427_387_904")
    (7, 7, 4611686018427387904)
    """
    if isinstance(seed, str):
        try:
            seed = int(seed)
        except ValueError:
            raise ScenarioError(bad_value("seed", seed, "must be a whole number, 0 or more")) from None
    if not is_whole(seed) or seed < 0:  # type: ignore[operator]  # a whole number
        raise ScenarioError(bad_value("seed", seed, "must be a whole number, 0 or more"))
    return seed  # type: ignore[return-value]


def seed_text(seed: int) -> str:
    """Return a seed as tables hold it: as text, since spreadsheets round numbers of more than 15 digits.

    Python reads it back with `int`.

    Examples
    --------
    >>> seed_text(4611686018427387904)
    '4_611_686_018_427_387_904'
    """
    return f"{seed:_}"


class Randomness:
    """The streams of one seed.

    Parameters
    ----------
    seed : int or str
        Non-negative; the same seed gives the same draws in every process and for every number of workers. A text is
        read as tables have it: "1_000" is 1000.
    """

    def __init__(self, seed: int | str) -> None:
        self.seed = read_seed(seed)
        self._blocks: dict[tuple[str, tuple[int, ...]], tuple[int, Any]] = {}

    def generator(self, purpose: str, *address: int) -> np.random.Generator:
        """Return a fresh generator for an address, for draws too rare or too many for a block."""
        key = np.random.SeedSequence(self.seed, spawn_key=(purpose_key(purpose), *address))
        return np.random.Generator(np.random.PCG64(key))

    def starts(self, purpose: str, *address: int, nodes: int) -> StreamStarts:
        """Return what makes the generators of ``(*address, node, chunk)``, for those who need many."""
        return StreamStarts(self.seed, (purpose_key(purpose), *address), nodes)

    def rows(
        self,
        purpose: str,
        shape: tuple[int, ...],
        replication: int,
        prepare: Callable[[Floats], tuple[NDArray[Any], ...]] | None = None,
    ) -> tuple[NDArray[Any], ...]:
        """Return what one replication owns of the block that it lies in.

        Parameters
        ----------
        purpose : str
            Name of the stream.
        shape : tuple of int
            Shape of one replication's uniform draws; it belongs to the address.
        replication : int
            0 or more.
        prepare : callable, optional
            Turns the block's uniforms, shape ``(block, *shape)``, into arrays with the same first axis; called once a
            block. The caller uses one `prepare` per purpose and shape.

        Returns
        -------
        tuple of ndarray
            The arrays of `prepare` (or the uniforms alone), each without the first axis.
        """
        size = block_size(shape)
        block, index = divmod(replication, size)
        held = self._blocks.get((purpose, shape))
        if held is None or held[0] != block:
            uniforms = self.generator(purpose, 0, block).random((size, *shape))
            held = (block, (uniforms,) if prepare is None else prepare(uniforms))
            self._blocks[purpose, shape] = held
        return tuple([array[index] for array in held[1]])

    def uniforms(self, purpose: str, shape: tuple[int, ...], replication: int) -> Floats:
        """Return one replication's uniforms in [0, 1) of the given shape."""
        return self.rows(purpose, shape, replication)[0]


class ReplicationStreams(NamedTuple):
    """What one replication draws from: the streams of the seed, and which replication it is."""

    randomness: Randomness
    replication: int


class GivenRandomness(Randomness):
    """Random streams of which some are given, row by row, instead of drawn: for replications drawn by another law.

    Attributes
    ----------
    given : mapping of str to ndarray
        The uniforms of the replication that is run next, by purpose; all other purposes are drawn as always.
    """

    def __init__(self, seed: int | str) -> None:
        super().__init__(seed)
        self.given: Mapping[str, Floats] = {}

    def rows(
        self,
        purpose: str,
        shape: tuple[int, ...],
        replication: int,
        prepare: Callable[[Floats], tuple[NDArray[Any], ...]] | None = None,
    ) -> tuple[NDArray[Any], ...]:
        """Return what one replication owns, from what is given if it is."""
        if purpose not in self.given:
            return super().rows(purpose, shape, replication, prepare)
        uniforms = self.given[purpose].reshape(1, *shape)
        return tuple([array[0] for array in ((uniforms,) if prepare is None else prepare(uniforms))])


class Tape:
    """Uniform draws that every node of one replication takes one after another, each from its own.

    Parameters
    ----------
    randomness : Randomness
        The streams of the seed.
    purpose : str
        Name of the stream.
    nodes : int
        Number of nodes.
    depth : int
        Draws per node that are taken from the block; a node that needs more goes on with a generator of its own.
    replication : int
        0 or more.
    prepare : callable, optional
        Turns uniforms into what is drawn, number by number, many at a time: a law of times, say. The users of one
        `Randomness` have one `prepare` per purpose and number of nodes.
    """

    __slots__ = ("_left", "_made", "_prepare", "_purpose", "_randomness", "_replication", "_rows", "_shape", "_starts")

    def __init__(
        self,
        randomness: Randomness,
        purpose: str,
        nodes: int,
        depth: int,
        replication: int,
        prepare: Callable[[Floats], Floats] | None = None,
    ) -> None:
        self._prepare = prepare
        self._randomness = randomness
        self._purpose = purpose
        self._replication = replication
        self._shape = (nodes, depth)
        self._made = [0] * nodes
        self._left: list[list[float]] = [[] for _ in range(nodes)]  # in reverse: what was drawn is not kept
        self._rows: Floats | None = None
        self._starts: StreamStarts | None = None

    def draw(self, node: int) -> float:
        """Return the node's next uniform in [0, 1), or what it was turned into."""
        return (self._left[node] or self._more(node)).pop()

    def draws(self, node: int, count: int) -> list[float]:
        """Return the node's next numbers, as so many calls of `draw` would."""
        left = self._left[node]
        taken = left[: -count - 1 : -1]
        del left[len(left) - len(taken) :]
        while (lacking := count - len(taken)) > 0:
            left = self._more(node)
            taken += left[: -lacking - 1 : -1]
            del left[-lacking:]
        return taken

    def _more(self, node: int) -> list[float]:
        """Return the node's row of the block, and then one chunk after the other."""
        made, prepare = self._made[node], self._prepare
        self._made[node] = made + 1
        if made == 0:
            if self._rows is None:
                once = None if prepare is None else lambda uniforms: (prepare(uniforms),)
                self._rows = self._randomness.rows(self._purpose, self._shape, self._replication, once)[0]
            drawn = self._rows[node]
        else:
            if self._starts is None:
                self._starts = self._randomness.starts(self._purpose, 1, self._replication, nodes=self._shape[0])
            drawn = self._starts.generator(node, made - 1).random(TAPE_CHUNK)
            if prepare is not None:
                drawn = prepare(drawn)
        left: list[float] = drawn.tolist()
        self._left[node] = left
        left.reverse()
        return left
