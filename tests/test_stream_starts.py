"""Streams start where NumPy would start them, whatever their seed and address."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from bft.randomness import Randomness, purpose_key
from bft.stream_starts import StreamStarts

SEEDS = (0, 1, 2**32 - 1, 2**32, 2**64 + 5, 2**127 - 1, 2**128, 2**199 + 2**70)
NUMBERS = (0, 1, 255, 2**31, 2**32 - 1, 2**32, 2**40 + 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stream_starts_where_numpys_seed_sequence_would_start_it(seed: int) -> None:
    draws = Random(seed)
    for _ in range(12):
        address = tuple(draws.choice(NUMBERS) for _ in range(draws.randrange(5)))
        starts = StreamStarts(seed, address, draws.choice((1, 4, 7, 64)))
        for _ in range(6):
            node, chunk = draws.randrange(starts._nodes), draws.choice((0, 7, 8, 15, draws.randrange(100), 2**31 + 3))
            key = np.random.SeedSequence(seed, spawn_key=(*address, node, chunk))
            expected = np.random.Generator(np.random.PCG64(key)).random(3)
            assert starts.generator(node, chunk).random(3).tolist() == expected.tolist()


def test_a_seed_gives_the_same_stream_whether_one_is_started_or_many() -> None:
    randomness = Randomness(7)
    starts = randomness.starts("send delays", 1, 12, nodes=5)
    for node, chunk in ((0, 0), (4, 3), (2, 31)):
        alone = randomness.generator("send delays", 1, 12, node, chunk)
        assert starts.generator(node, chunk).random(4).tolist() == alone.random(4).tolist()


def test_a_chunk_that_is_no_word_is_refused() -> None:
    with pytest.raises(AssertionError, match="one word"):
        StreamStarts(7, (purpose_key("x"),), 3).generator(0, 2**32 - 1)
