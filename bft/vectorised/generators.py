"""Many small generators at once: what NumPy's `SeedSequence` and `PCG64` give one address after another.

Busy nodes take their later broadcasts from generators of their own (`bft.randomness`), each good for a handful of
rows; building one costs as much as thousands of draws. The algorithm is arithmetic on whole numbers, and NumPy promises
that the stream of a bit generator never changes (NEP 19), so it is written here once more, over arrays of addresses;
where streams start `bft.stream_starts` finds. PCG64 is the congruence s → a·s + c modulo 2¹²⁸, so k
steps lead from s to s + Cₖ·d with d = (a − 1)·s + c, the first step's length, and Cₖ = 1 + a + … + aᵏ⁻¹: any draw of
any generator is found without those before it.

Sources: M. E. O'Neill, "PCG: a family of simple fast space-efficient statistically good algorithms for random number
generation" (2014); numpy/random/src/pcg64.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bft.randomness import Floats
from bft.stream_starts import Longs, begun, generator_from, states_of

Halves: TypeAlias = tuple[Longs, Longs]
"""High and low half of whole numbers below 2¹²⁸."""

LONG = 1 << 64
STEP = 0x2360ED051FC65DA44385DF649FCCF645  # a of PCG64
LONG_HALF, LOW = np.uint64(32), np.uint64((1 << 32) - 1)


def uniforms(
    seed: int, prefix: tuple[int, ...], address: Sequence[NDArray[np.intp]], first: NDArray[np.intp], count: int
) -> Floats:
    """Return successive draws of many generators.

    Parameters
    ----------
    seed : int
        0 or more.
    prefix : tuple of int
        What all addresses begin with, each below 2³².
    address : sequence of ndarray of int, each of shape (generators,)
        The rest of the addresses, each number from 0 and below 2³².
    first : ndarray of int, shape (generators,)
        How many draws of each generator are passed over.
    count : int
        How many draws are wanted.

    Returns
    -------
    ndarray of shape (generators, count)
        In [0, 1): what ``Generator(PCG64(SeedSequence(seed, spawn_key=(*prefix, *address)))).random`` gives after
        `first` draws.
    """
    state_high, state_low, more_high, more_low = _seeded(seed, prefix, address).T
    one = np.uint64(1)
    increment = (more_high << one) | (more_low >> np.uint64(63)), (more_low << one) | one
    start = _sum(increment, (state_high, state_low))
    start = _ahead(start, increment, first + 1)
    columns = start[0][:, None], start[1][:, None]
    high, low = _ahead(columns, (increment[0][:, None], increment[1][:, None]), np.arange(1, count + 1))
    turn = high >> np.uint64(58)
    high ^= low
    bits = (high >> turn) | (high << (-turn & np.uint64(63)))
    return np.asarray((bits >> np.uint64(11)) * 2.0**-53, dtype=np.float64)


def built(seed: int, prefix: tuple[int, ...], last: NDArray[np.intp]) -> Iterator[np.random.Generator]:
    """Yield the generators of some addresses that differ in the last number alone, from 0 and below 2³²."""
    for state in _seeded(seed, prefix, (last,)):
        yield generator_from(state)


def _seeded(seed: int, prefix: tuple[int, ...], address: Sequence[NDArray[np.intp]]) -> Longs:
    """Return the four words of 64 bits that `SeedSequence.generate_state` gives for each address, shape (…, 4)."""
    return states_of(_begun(seed, prefix, len(address)), *(part.astype(np.uint32) for part in address))


_begun = cache(begun)


@cache
def _steps(size: int) -> Halves:
    """Return Cₖ for k below a size."""
    found = list(accumulate(range(size - 1), lambda sum_, _: (sum_ * STEP + 1) % LONG**2, initial=0))
    return (
        np.array([each // LONG for each in found], dtype=np.uint64),
        np.array([each % LONG for each in found], dtype=np.uint64),
    )


def _ahead(state: Halves, increment: Halves, steps: NDArray[np.intp]) -> Halves:
    """Return states so many steps on."""
    less = np.uint64((STEP - 1) // LONG), np.uint64((STEP - 1) % LONG)
    length = _sum(_product(less, state), increment)
    high, low = _steps(1 << int(steps.max(initial=1)).bit_length())
    return _sum(state, _product((high[steps], low[steps]), length))


def _sum(left: Halves, right: Halves) -> Halves:
    low = left[1] + right[1]
    return left[0] + right[0] + (low < left[1]), low


def _product(left: tuple[Longs | np.uint64, Longs | np.uint64], right: Halves) -> Halves:
    """Return left · right modulo 2¹²⁸; the upper half of the lower halves' product from their quarters."""
    (left_high, left_low), (right_high, right_low) = left, right
    above, below = left_low >> LONG_HALF, left_low & LOW
    over, under = right_low >> LONG_HALF, right_low & LOW
    cross = above * under + ((below * under) >> LONG_HALF)
    other = below * over + (cross & LOW)
    high = above * over + (cross >> LONG_HALF) + (other >> LONG_HALF)
    return high + left_high * right_low + left_low * right_high, left_low * right_low
