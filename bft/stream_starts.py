"""Where many random streams start: what `numpy.random.SeedSequence` makes of their addresses, of all of them at once.

To hash one address costs more than to draw a hundred numbers. A run that needs more than its rows of a block, such as a
long one or one with losses, starts hundreds of streams whose addresses differ in their last two numbers alone, node and
chunk: here the rest is hashed once, and what is left for all nodes and several chunks together, in a twentieth of the
time. The vectorised engine does the same with addresses of its own. NumPy has promised that these starts never change;
the algorithm is M. E. O'Neill's (`seed_seq` without its flaws), and a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray

Longs: TypeAlias = NDArray[np.uint64]

_WORD = 0xFFFFFFFF
_POOL = 4
"""Words in which everything is hashed together."""


class _Start(ISeedSequence):
    """The start of one stream, for `numpy.random.PCG64`."""

    def __init__(self, state: Longs) -> None:
        self._state = state

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> Longs:
        """Return the state that PCG64 asks for; no other asks."""
        assert n_words == 4, "there is the start of a PCG64 and no other"
        return self._state


def generator_from(state: Longs) -> np.random.Generator:
    """Return the generator that starts from a state of `states_of`, shape (4,)."""
    start: Any = _Start(state)  # NumPy's types leave it out
    return np.random.Generator(np.random.PCG64(start))


class StreamStarts:
    """Generators for all addresses that begin alike, of which the last two numbers are a node and a chunk.

    Parameters
    ----------
    seed : int
        0 or more.
    address : tuple of int
        How they begin.
    nodes : int
        How many nodes there are.
    """

    AHEAD = 8
    """Chunks that are hashed at once."""

    def __init__(self, seed: int, address: tuple[int, ...], nodes: int) -> None:
        self._seed, self._address = seed, address
        self._nodes = nodes
        self._begun: Begun | None = None
        self._first = 0
        self._states: Longs | None = None

    def generator(self, node: int, chunk: int) -> np.random.Generator:
        """Return what ``Generator(PCG64(SeedSequence(seed, spawn_key=(*address, node, chunk))))`` is."""
        if self._states is None or not self._first <= chunk < self._first + self.AHEAD:
            self._first = chunk // self.AHEAD * self.AHEAD
            assert self._first + self.AHEAD <= _WORD, "a chunk is one word"
            self._states = self._hashed()
        return generator_from(self._states[node, chunk - self._first])

    def _hashed(self) -> Longs:
        """Return the states of all nodes at the present chunks, shape (nodes, chunks, 4)."""
        if self._begun is None:
            self._begun = begun(self._seed, self._address, 2)
        nodes = np.arange(self._nodes, dtype=np.uint32)[:, np.newaxis]
        chunks = np.arange(self._first, self._first + self.AHEAD, dtype=np.uint32)
        return states_of(self._begun, nodes, chunks)


class Begun(NamedTuple):
    """What all addresses have in common, hashed together, and the numbers with which further words are hashed."""

    pool: NDArray[np.uint32]
    numbers: NDArray[np.uint32]


def begun(seed: int, address: tuple[int, ...], further: int) -> Begun:
    """Hash a seed and what all addresses begin with; the first four words begin, all others are mixed into the four."""
    words = _words(seed)
    words += [0] * (_POOL - len(words))
    for number in address:
        words += _words(number)
    pairs = _pairs(0x43B0D7E5, 0x931E8875, _POOL * (len(words) + further))
    pool: list[int] = [_hash(word, *next(pairs)) for word in words[:_POOL]]
    for source in range(_POOL):
        for place in range(_POOL):
            if source != place:
                pool[place] = _mix(pool[place], _hash(pool[source], *next(pairs)))
    for word in words[_POOL:]:
        pool = [_mix(each, _hash(word, *next(pairs))) for each in pool]
    return Begun(np.array(pool, np.uint32), _columns(pairs))


def states_of(begun: Begun, *words: NDArray[np.uint32]) -> Longs:
    """Return the states of PCG64 at all addresses that end with these words, shape (..., 4) after that of the words."""
    axes = (1,) * max(word.ndim for word in words)
    pool: Any = begun.pool.reshape(_POOL, *axes)
    for place, word in enumerate(words):
        numbers = begun.numbers[:, _POOL * place : _POOL * (place + 1)]
        pool = _mix(pool, _hash(word, *numbers.reshape(2, _POOL, *axes)))
    out = _hash(np.concatenate((pool, pool)), *_OUT.reshape(2, 2 * _POOL, *axes))
    return np.ascontiguousarray(out.transpose(*range(1, out.ndim), 0), "<u4").view("<u8").astype(np.uint64)


def _columns(pairs: Iterable[tuple[int, int]]) -> NDArray[np.uint32]:
    """Return the first numbers of pairs, and the second ones."""
    return np.array(list(pairs), np.uint32).T


def _pairs(number: int, factor: int, count: int) -> Iterator[tuple[int, int]]:
    """Yield the numbers with which words are hashed, each with the next."""
    for _ in range(count):
        following = number * factor & _WORD
        yield number, following
        number = following


_OUT = _columns(_pairs(0x8B51F9DD, 0x58F38DED, 2 * _POOL))


def _hash(word: Any, number: int, following: int) -> Any:
    """Return a word, or an array of words, hashed with two numbers."""
    hashed = (word ^ number) * following & _WORD
    return hashed ^ hashed >> 16


def _mix(one: Any, other: Any) -> Any:
    """Return two words, or arrays of words, mixed."""
    mixed = one * 0xCA01F9DD - other * 0x4973F715 & _WORD
    return mixed ^ mixed >> 16


def _words(number: int) -> list[int]:
    """Return the words of a number, the lowest first; of 0 one."""
    words = [number & _WORD]
    while number := number >> 32:
        words.append(number & _WORD)
    return words
