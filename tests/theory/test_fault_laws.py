"""Who is faulty: counts, stakes, sets and the first nodes, each against a naive enumeration or exact fractions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, UnsupportedError
from bft.theory.faults import (
    ExchangeableFaults,
    FaultLaw,
    at_most,
    faulty_weight,
    fixed,
    fraction,
    heterogeneous,
    independent,
    more_than,
)
from bft.theory.stake import Leading

LEADING: dict[Leading, Callable[[list[bool]], bool]] = {
    "any": lambda first: len(first) >= 0,
    "all_faulty": all,
    "all_honest": lambda first: not any(first),
    "some_faulty": any,
    "some_honest": lambda first: not all(first),
}
DELTAS = [0.3, 0.0, 1.0, 0.05, 0.5, 0.9]
LAWS: dict[str, tuple[FaultLaw, Callable[[frozenset[int]], float]]] = {
    "independent": (independent(6, 0.3), lambda faulty: 0.3 ** len(faulty) * 0.7 ** (6 - len(faulty))),
    "fraction": (fraction(6, 0.4), lambda faulty: (len(faulty) == 2) / comb(6, 2)),
    "heterogeneous": (
        heterogeneous(DELTAS),
        lambda faulty: float(np.prod([delta if i in faulty else 1.0 - delta for i, delta in enumerate(DELTAS)])),
    ),
    "fixed": (fixed(6, [1, 4]), lambda faulty: float(faulty == {1, 4})),
}


def sets_of(n: int) -> list[frozenset[int]]:
    return [frozenset(chosen) for size in range(n + 1) for chosen in combinations(range(n), size)]


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("leading", LEADING)
@pytest.mark.parametrize("first", [0, 1, 3, 6])
def test_counts_and_stakes_with_the_first_nodes(name: str, leading: Leading, first: int) -> None:
    law, chance = LAWS[name]
    weights = (5, 1, 3, 3, 10, 2)
    counts, stakes = np.zeros(7), np.zeros(sum(weights) + 1)
    for faulty in sets_of(6):
        if LEADING[leading]([node in faulty for node in range(first)]):
            counts[len(faulty)] += chance(faulty)
            stakes[sum(weights[node] for node in faulty)] += chance(faulty)
    assert law.count(first=first, leading=leading) == pytest.approx(counts, rel=1e-12, abs=1e-15)
    stake = law.stake(weights, first=first, leading=leading)
    assert stake.probability == pytest.approx(stakes[stake.support], rel=1e-12, abs=1e-15)
    assert stake.probability.sum() == pytest.approx(stakes.sum(), abs=1e-14)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("first", [0, 2, 6])
def test_faulty_ones_among_the_first_and_among_the_others(name: str, first: int) -> None:
    law, chance = LAWS[name]
    joint = np.zeros((first + 1, 6 - first + 1))
    for faulty in sets_of(6):
        joint[sum(node < first for node in faulty), sum(node >= first for node in faulty)] += chance(faulty)
    assert law.leading_count(first) == pytest.approx(joint, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", LAWS)
def test_sums_over_sets(name: str) -> None:
    law, chance = LAWS[name]
    outcome = np.sin(np.arange(64.0))  # a different number for every set
    expected = sum(chance(faulty) * outcome[sum(1 << node for node in faulty)] for faulty in sets_of(6))
    assert float(law.over_subsets(outcome)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("n", "delta", "number"), [(10, 0.3, 3), (100, 0.29, 29), (1000, 0.001, 1), (7, 1.0, 7), (3, 0.33, 0)]
)
def test_fraction_is_the_floor_of_the_decimal_as_written(n: int, delta: float, number: int) -> None:
    assert np.flatnonzero(fraction(n, delta).counts).tolist() == [number]


@given(n=st.integers(1, 40), hundredths=st.integers(0, 100))
def test_fraction_of_whole_percents(n: int, hundredths: int) -> None:
    assert fraction(n, hundredths / 100).counts[n * hundredths // 100] == 1.0


@pytest.mark.parametrize(
    ("n", "delta", "bound"), [(31, 1e-3, 4), (31, 1e-3, 10), (100, 0.01, 33), (400, 0.2, 133), (4, 1e-9, 1)]
)
def test_tails_keep_twelve_digits(n: int, delta: float, bound: int) -> None:
    p = Fraction(delta)
    tail = sum((comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(bound + 1, n + 1)), Fraction(0))
    assert 0 < tail < Fraction(1, 10**2)
    assert more_than(independent(n, delta), bound) == pytest.approx(float(tail), rel=1e-12, abs=0.0)
    if n <= 100:
        each = heterogeneous(np.full(n, delta))
        assert more_than(each, bound) == pytest.approx(float(tail), rel=1e-12, abs=0.0)


def test_tails_of_different_nodes_keep_twelve_digits() -> None:
    deltas = [10.0 ** -(1 + node % 5) for node in range(12)]
    law = [Fraction(1)]
    for delta in deltas:
        p = Fraction(delta)
        law = [a * (1 - p) + b * p for a, b in zip([*law, Fraction(0)], [Fraction(0), *law], strict=True)]
    assert heterogeneous(deltas).count() == pytest.approx([float(one) for one in law], rel=1e-12, abs=0.0)
    assert more_than(heterogeneous(deltas), 7) == pytest.approx(float(sum(law[8:])), rel=1e-12, abs=0.0)


@given(st.integers(1, 30), st.floats(0.0, 1.0))
def test_at_most_and_more_than_are_everything(n: int, delta: float) -> None:
    law = independent(n, delta)
    for number in range(-1, n + 1):
        assert at_most(law, number) + more_than(law, number) == pytest.approx(1.0, abs=1e-12)


def test_a_fixed_law_is_an_average_of_fixed_lists() -> None:
    sets = list(combinations(range(5), 2))
    for leading in LEADING:
        average = np.mean([fixed(5, chosen).count(first=2, leading=leading) for chosen in sets], axis=0)
        assert fraction(5, 0.4).count(first=2, leading=leading) == pytest.approx(average, abs=1e-15)


def test_probabilities_near_the_smallest_float_do_not_overflow() -> None:
    for delta in (5e-324, 1e-308, 1e-307, 1e-305, 1e-300):
        assert independent(100, delta).counts.sum() == pytest.approx(1.0, abs=1e-12)


def test_shapes_follow_delta() -> None:
    assert independent(5, np.zeros((2, 3))).counts.shape == (2, 3, 6)
    assert fraction(5, np.zeros((2, 3))).counts.shape == (2, 3, 6)
    assert heterogeneous(np.zeros((2, 3, 5))).count().shape == (2, 3, 6)
    assert heterogeneous(np.zeros((2, 3, 5))).over_subsets(np.ones(32)).shape == (2, 3)
    assert isinstance(at_most(independent(5, 0.1), 2), float)


def test_weights_of_an_unweighted_system_may_be_any_unit() -> None:
    doubled = QuorumSystem(weights=(2, 2, 2, 2), tolerated=2, quorum=6)
    assert faulty_weight(doubled, independent(4, 0.1)).support.tolist() == [0, 2, 4, 6, 8]


def test_stakes_may_be_large_and_many() -> None:
    primes = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
    law = independent(12, 0.25).stake([10**15 + prime for prime in primes])
    assert law.probability.sum() == pytest.approx(1.0, abs=1e-12)
    mean = float(law.support @ law.probability)
    assert mean == pytest.approx(0.25 * sum(10**15 + prime for prime in primes), rel=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: independent(0, 0.1), r"^n = 0: must be at least 1$"),
        (lambda: independent(4, -0.1), r"^faults\.delta = -0\.1: must be between 0 and 1$"),
        (lambda: independent(4, float("nan")), r"^faults\.delta = nan: must be between 0 and 1$"),
        (lambda: independent(4, "many"), r"^faults\.delta = 'many': must be between 0 and 1$"),
        (lambda: fraction(4, 1.5), r"^faults\.delta = 1\.5: must be between 0 and 1$"),
        (lambda: heterogeneous(0.5), r"^faults\.deltas = 0\.5: must have one δ for each node$"),
        (lambda: heterogeneous([0.1, 2.0]), r"^faults\.deltas = 2\.0: must be between 0 and 1$"),
        (lambda: fixed(4, [1, 1]), r"^faults\.nodes = \[1, 1\]: must be distinct nodes between 0 and 3$"),
        (lambda: fixed(4, [4]), r"^faults\.nodes = \[4\]: must be distinct nodes between 0 and 3$"),
        (lambda: independent(4, 0.1).stake([1, 2]), r"must have one stake for each of the n = 4 nodes$"),
    ],
)
def test_bad_values_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: independent(17, 0.1).over_subsets(np.ones(2**17)), r"^n = 17: must be at most 16 where"),
        (lambda: heterogeneous(np.full(18, 0.1)).over_subsets(np.ones(2**18)), r"^n = 18: must be at most 16 where"),
        (lambda: independent(3, 0.1).stake([2**61, 2**61, 1]), r"must add up to less than \d+ whole units$"),
        (
            lambda: heterogeneous(np.full((50, 40), 0.1)).stake([2**node for node in range(40)]),
            r"have too many different sums",
        ),
        (lambda: independent(1001, 0.1).stake([1] * 1001), r"^n = 1001: must be at most 1000 for this law$"),
    ],
)
def test_what_cannot_be_computed_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        make()


def test_laws_are_of_two_kinds() -> None:
    assert isinstance(independent(4, 0.1), ExchangeableFaults)
    assert not isinstance(fixed(4, [0]), ExchangeableFaults)
