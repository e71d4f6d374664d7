"""Generators over arrays of addresses give NumPy's draws, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from bft.randomness import Randomness, purpose_key
from bft.vectorised.generators import built, uniforms

SEEDS = (0, 1, 7, 2**31, 2**32 - 1, 2**32, 2**40 + 5, 2**64 + 3, 2**127, 2**128 + 9, 2**200 + 17)
PURPOSE = "broadcast delays"


@pytest.mark.parametrize("seed", SEEDS)
def test_draws_are_those_of_numpy(seed: int) -> None:
    random = np.random.default_rng(3)
    address = [random.integers(0, high, 40) for high in (2**32, 300, 9)]
    address[0][:2] = 0, 2**32 - 1
    first = random.integers(0, 700, 40)
    found = uniforms(seed, (purpose_key(PURPOSE), 1), address, first, 13)
    for place in range(40):
        numbers = [int(part[place]) for part in address]
        generator = Randomness(seed).generator(PURPOSE, 1, *numbers)
        generator.random(int(first[place]))
        np.testing.assert_array_equal(found[place], generator.random(13))


@pytest.mark.parametrize("seed", SEEDS)
def test_built_generators_are_those_of_numpy(seed: int) -> None:
    numbers = np.array([0, 1, 5, 2**32 - 1])
    for number, generator in zip(numbers.tolist(), built(seed, (purpose_key(PURPOSE), 0), numbers), strict=True):
        np.testing.assert_array_equal(generator.random(9), Randomness(seed).generator(PURPOSE, 0, number).random(9))


def test_a_row_may_be_longer_than_a_chunk() -> None:
    one = np.array([5])
    (found,) = uniforms(1, (2, 1), (one, one, one), np.array([0]), 3000)
    sequence = np.random.SeedSequence(1, spawn_key=(2, 1, 5, 5, 5))
    np.testing.assert_array_equal(found, np.random.Generator(np.random.PCG64(sequence)).random(3000))
