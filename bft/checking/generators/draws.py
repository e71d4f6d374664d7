"""Cheap random choices for generators: whole numbers drawn in blocks from a named stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import TypeVar

import numpy as np

from bft.randomness import Randomness

Option = TypeVar("Option")
BLOCK = 128
"""Numbers that are drawn at once; many schedules need hardly more."""


class Draws:
    """Choices from one stream; each costs a fraction of a microsecond, whereas a call of numpy costs several.

    Parameters
    ----------
    generator : numpy.random.Generator
        Where the numbers come from.
    """

    __slots__ = ("_numbers", "number")

    def __init__(self, generator: np.random.Generator) -> None:
        self._numbers = _numbers(generator)
        self.number = self._numbers.__next__

    @classmethod
    def of(cls, seed: int, purpose: str, index: int) -> Draws:
        """Return the choices addressed by a seed, a purpose and a whole number."""
        return cls(Randomness(seed).generator(purpose, index))

    def below(self, bound: int) -> int:
        """Return a whole number in [0, bound); the bias of the modulus is below bound / 2³²."""
        return self.number() % bound

    def chance(self, percent: int) -> bool:
        """Return True in so many of a hundred cases."""
        return self.number() % 100 < percent

    def pick(self, options: Sequence[Option]) -> Option:
        """Return one of the options."""
        return options[self.number() % len(options)]

    def subset(self, size: int, percent: int) -> int:
        """Return a bit mask in which each of `size` bits is set with a probability."""
        mask, place = 0, 1
        for number in islice(self._numbers, size):
            if number % 100 < percent:
                mask |= place
            place <<= 1
        return mask

    def choices(self, count: int) -> tuple[int, ...]:
        """Return numbers for a recipe, small enough to read."""
        return tuple([number % 840 for number in islice(self._numbers, count)])

    def order(self, size: int) -> list[int]:
        """Return 0 to size − 1 in random order."""
        return [place for _, place in sorted(zip(islice(self._numbers, size), range(size), strict=True))]


def _numbers(generator: np.random.Generator) -> Iterator[int]:
    """Yield the numbers of `generator.integers(0, 1 << 32)`: half of each raw one, the lower half first."""
    raw = generator.bit_generator.random_raw

    def block() -> list[int]:
        numbers: list[int] = raw(BLOCK // 2).astype("<u8", copy=False).view("<u4").tolist()
        return numbers

    return chain.from_iterable(iter(block, None))  # without end; each number costs no step of Python
