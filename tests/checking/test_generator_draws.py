"""The numbers of generators: those of numpy's own generator, whatever the size of a block."""

from __future__ import annotations

from bft.checking.generators.draws import BLOCK, Draws
from bft.randomness import Randomness


def test_numbers_are_those_of_the_named_stream():
    for index in range(20):
        expected = Randomness(11).generator("views", index).integers(0, 1 << 32, size=5 * BLOCK + 3).tolist()
        draws = Draws.of(11, "views", index)
        assert [draws.number() for _ in expected] == expected
