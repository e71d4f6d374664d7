"""The k-th smallest of few numbers, for very many tuples of them at once.

Numbers of one tuple lie one under the other, so a comparison of two rows serves all columns, as fast as a processor
takes minima. Which rows are compared is a sorting network (K. E. Batcher, "Sorting networks and their applications",
1968), without the comparisons that do not lead to the places asked for. It needs n · log² n comparisons; where numbers
are many or columns few, each column is sorted by itself.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[Any]

LARGEST_NETWORK = 64
COLUMNS = 64  # times n: with fewer columns, calls cost more than sorting
BLOCK_ELEMENTS = 1 << 18


class Comparator(NamedTuple):
    """Puts the smaller of two rows into the upper one, and the larger into the lower one, as far as they are needed."""

    upper: int
    lower: int
    smaller: bool
    larger: bool


def placed(values: Numbers, place: int) -> tuple[Numbers, Numbers]:
    """Return the number at a place of each column's order, and the next one.

    Parameters
    ----------
    values : ndarray, shape (n, columns)
        Without nan.
    place : int
        From 0 to n − 1.

    Returns
    -------
    tuple of ndarray, each of shape (columns,)
        Infinity after the last.
    """
    n, columns = values.shape
    found = np.empty((2, columns), dtype=values.dtype)
    if place + 1 == n:
        found[1] = np.inf
    if n > LARGEST_NETWORK or columns < COLUMNS * n:
        ordered = np.sort(np.ascontiguousarray(values.T), axis=1)[:, place : place + 2]
        found[: ordered.shape[1]] = ordered.T
        return found[0], found[1]
    step = max(1, BLOCK_ELEMENTS // n)
    for start in range(0, columns, step):
        part = slice(start, start + step)
        rows = _through(network(n, place), values[:, part])
        found[0, part] = rows[place]
        if place + 1 < n:
            found[1, part] = rows[place + 1]
    return found[0], found[1]


def _through(comparators: tuple[Comparator, ...], values: Numbers) -> list[Numbers]:
    """Return the rows at the end of a network."""
    rows = list(values.copy())
    spare = np.empty_like(rows[0])
    for upper, lower, smaller, larger in comparators:
        above, below = rows[upper], rows[lower]
        if not larger:
            np.minimum(above, below, out=above)
        elif not smaller:
            np.maximum(above, below, out=below)
        else:
            np.minimum(above, below, out=spare)
            np.maximum(above, below, out=below)
            rows[upper], spare = spare, above
    return rows


@cache
def network(n: int, place: int) -> tuple[Comparator, ...]:
    """Return the comparators that find two successive places of n numbers in order."""
    needed, found = {place, place + 1}, []
    for upper, lower in reversed(merge_exchange(n)):
        if upper in needed or lower in needed:
            found.append(Comparator(upper, lower, upper in needed, lower in needed))
            needed |= {upper, lower}
    return tuple(reversed(found))


def merge_exchange(n: int) -> list[tuple[int, int]]:
    """Return the comparators of Batcher's odd-even merge sort (Knuth, The Art of Computer Programming 3, 5.2.2 M)."""
    found: list[tuple[int, int]] = []
    width = 1
    while width < n:
        apart = width
        while apart:
            found += [
                (upper, upper + apart)
                for start in range(apart % width, n - apart, 2 * apart)
                for upper in range(start, start + min(apart, n - start - apart))
                if upper // (2 * width) == (upper + apart) // (2 * width)
            ]
            apart //= 2
        width *= 2
    return found
