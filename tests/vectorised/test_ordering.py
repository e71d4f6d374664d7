"""Selection by comparing rows gives what sorting gives."""

from __future__ import annotations

from itertools import product
from math import inf

import numpy as np
import pytest

from bft.vectorised.ordering import COLUMNS, LARGEST_NETWORK, placed


@pytest.mark.parametrize("n", range(1, 13))
def test_a_network_selects_from_every_tuple(n: int) -> None:
    # What finds a place among all tuples of zeros and ones finds it among all numbers (the 0-1 principle).
    tuples = np.array(list(product((0.0, 1.0), repeat=n)), dtype=np.float32).T
    tuples = np.repeat(tuples, -(-COLUMNS * n // tuples.shape[1]), axis=1)
    assert tuples.shape[1] >= COLUMNS * n  # or the columns would be sorted
    ordered = np.sort(tuples, axis=0)
    for place in range(n):
        found, after = placed(tuples.copy(), place)
        np.testing.assert_array_equal(found, ordered[place])
        np.testing.assert_array_equal(after, ordered[place + 1] if place + 1 < n else np.full_like(after, inf))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 4, 31, 63, LARGEST_NETWORK, LARGEST_NETWORK + 1, 100])
@pytest.mark.parametrize("columns", [0, 1, 40, 9000])
def test_a_place_is_what_sorting_finds(n: int, columns: int, kind: type[np.floating]) -> None:
    random = np.random.default_rng(n)
    values = random.integers(0, 2 * n, (n, columns)).astype(kind)  # with ties
    values[random.random(values.shape) < 0.1] = inf
    before, ordered = values.copy(), np.sort(values, axis=0)
    for place in {0, n // 2, 2 * n // 3, n - 1}:
        found, after = placed(values, place)
        np.testing.assert_array_equal(found, ordered[place])
        np.testing.assert_array_equal(after, ordered[place + 1] if place + 1 < n else np.full(columns, inf))
    np.testing.assert_array_equal(values, before)
