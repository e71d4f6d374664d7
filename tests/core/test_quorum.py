"""Quorums against a naive second implementation: sets of replicas, tried one by one."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain, combinations
from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.core.quorum import QuorumSystem, integer_weights, max_faults, quorum_size
from bft.errors import ScenarioError


def subsets(n):
    return chain.from_iterable(combinations(range(n), size) for size in range(n + 1))


def least_common_weight(weights, quorum):
    """Return the least weight that two quorums share, by trying all pairs of those that can spare nobody."""

    def weight(members):
        return sum(weights[each] for each in members)

    quorums = [set(members) for members in subsets(len(weights)) if weight(members) >= quorum]
    tight = [members for members in quorums if all(weight(members - {each}) < quorum for each in members)]
    return min(weight(one & other) for one in tight for other in tight)


@pytest.mark.parametrize("n", range(1, 9))
def test_any_two_quorums_share_more_than_f_and_no_smaller_size_does(n):
    system = QuorumSystem.of(n)
    assert least_common_weight(system.weights, system.quorum) > system.tolerated
    if system.quorum > 1:
        assert least_common_weight(system.weights, system.quorum - 1) <= system.tolerated


@pytest.mark.parametrize("n", range(1, 30))
def test_the_honest_alone_are_a_quorum(n):
    system = QuorumSystem.of(n)
    assert n - system.tolerated >= system.quorum
    assert 3 * system.tolerated < n <= 3 * (system.tolerated + 1)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_any_two_weighted_quorums_share_more_than_the_tolerated_stake(stakes):
    system = QuorumSystem.of(len(stakes), stakes=stakes)
    assert least_common_weight(system.weights, system.quorum) > system.tolerated
    assert system.total - system.tolerated >= system.quorum


@pytest.mark.parametrize("n", [5, 6, 8])
def test_the_intersection_check_sees_2f_plus_1(n):
    """Planted bug: q = 2f + 1 where n ≠ 3f + 1."""
    assert least_common_weight((1,) * n, 2 * max_faults(n) + 1) <= max_faults(n)


@pytest.mark.parametrize(
    ("n", "f", "q"),
    [(1, 0, 1), (2, 0, 2), (3, 0, 2), (4, 1, 3), (5, 1, 4), (6, 1, 4), (7, 2, 5), (8, 2, 6), (10, 3, 7)],
)
def test_known_quorums(n, f, q):
    system = QuorumSystem.of(n)
    assert (system.tolerated, system.quorum, system.weak) == (f, q, f + 1)
    assert quorum_size(n, f) == q


@pytest.mark.parametrize("n", range(1, 8))
def test_the_two_thresholds(n):
    """Two quorums share 2q − n replicas at least, and K ≤ n − q may be silent."""
    for quorum in range(1, n + 1):
        system = QuorumSystem.of(n, quorum=quorum)
        assert max(0, system.safe_below) == least_common_weight(system.weights, quorum)
        assert system.live_up_to == max(k for k in range(n + 1) if n - k >= quorum)


def test_strangers_weigh_nothing_and_nobody_weighs_twice():
    system = QuorumSystem.of(4, stakes=[5, 3, 1, 1])
    assert system.weight({0, 3}) == 6
    assert system.weight({0, 3, 4, -1, 99}) == 6
    assert system.weight(dict.fromkeys([1, 1, 2])) == 4


@given(st.lists(st.fractions(Fraction(1, 50), 50, max_denominator=50), min_size=1, max_size=6))
def test_integer_weights_keep_the_proportions_and_are_the_smallest(stakes):
    weights = integer_weights([str(stake) for stake in stakes])
    assert all(
        Fraction(w, v) == Fraction(a) / Fraction(b)
        for w, a in zip(weights, stakes, strict=True)
        for v, b in zip(weights, stakes, strict=True)
    )
    assert gcd(*weights) == 1


def test_decimal_stakes_are_read_as_written():
    assert integer_weights([0.1, 0.2, 0.7]) == (1, 2, 7)
    assert QuorumSystem.of(3, stakes=[0.5, 0.5, 0.5]).weights == (1, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"n": 0}, "n = 0: must be at least 1"),
        ({"n": -3}, "n = -3: must be at least 1"),
        ({"n": 4, "f": 4}, "f = 4: must be between 0 and 3"),
        ({"n": 4, "f": -1}, "f = -1: must be between 0 and 3"),
        ({"n": 4, "quorum": 0}, "quorum = 0: must be between 1 and 4"),
        ({"n": 4, "quorum": 5}, "quorum = 5: must be between 1 and 4"),
        ({"n": 3, "stakes": [1, 2]}, r"stakes = \[1, 2\]: must have one stake for each of the n = 3 nodes"),
        ({"n": 2, "stakes": [1, 0]}, r"stakes = \[1, 0\]: every stake must be a positive number"),
        ({"n": 2, "stakes": [1, -1]}, r"stakes = \[1, -1\]: every stake must be a positive number"),
        ({"n": 2, "stakes": [1, float("nan")]}, r"stakes = \[1, nan\]: every stake must be a positive number"),
        ({"n": 2, "stakes": [1, float("inf")]}, r"stakes = \[1, inf\]: every stake must be a positive number"),
        ({"n": 2, "stakes": [1, "much"]}, r"stakes = \[1, 'much'\]: every stake must be a positive number"),
        ({"n": 2, "stakes": [1, "1/0"]}, r"stakes = \[1, '1/0'\]: every stake must be a positive number"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(arguments, sentence):
    with pytest.raises(ScenarioError, match=sentence):
        QuorumSystem.of(**arguments)


def test_weights_given_directly_are_checked_too():
    with pytest.raises(ScenarioError, match="n = 0"):
        QuorumSystem(weights=(), tolerated=0, quorum=1)
    with pytest.raises(ScenarioError, match="every stake must be positive"):
        QuorumSystem(weights=(1, 0), tolerated=0, quorum=1)
