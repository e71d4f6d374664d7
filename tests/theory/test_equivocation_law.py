"""Colluding equivocators: the classes of the validation cases, and every set of faulty nodes, view by view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.core.quorum import QuorumSystem
from bft.errors import UnsupportedError
from bft.theory.agreement import crash_law
from bft.theory.equivocation import equivocation_law
from bft.theory.faults import at_most, fixed, fraction, heterogeneous, independent

Twin = Callable[[Sequence[float], Callable[[frozenset[int]], str]], dict[str, float]]

DELTAS = [0.2, 0.7, 0.0, 0.45, 1.0, 0.05, 0.33, 0.5]
SYSTEMS = [
    *(QuorumSystem.of(n) for n in range(1, 9)),
    QuorumSystem.of(6, quorum=2),
    QuorumSystem.of(6, quorum=6),
    QuorumSystem.of(5, quorum=1),
    QuorumSystem.of(7, f=1),
    QuorumSystem.of(5, stakes=[5, 1, 1, 2, 3]),
    QuorumSystem.of(6, stakes=[4, 1, 1, 1, 2, 1]),
    QuorumSystem.of(6, stakes=[4, 1, 1, 1, 2, 1], quorum=4),
    QuorumSystem.of(7, stakes=[7, 2, 2, 5, 3, 3, 1]),
]


def splits(system: QuorumSystem, faulty: frozenset[int]) -> bool:
    """Try every partition of the honest nodes."""
    honest = sorted(set(range(system.n)) - faulty)
    backing = system.weight(faulty)
    return any(
        min(system.weight(part), system.weight(honest) - system.weight(part)) + backing >= system.quorum
        for size in range(1, len(honest))
        for part in combinations(honest, size)
    )


def equivocation_outcome(system: QuorumSystem, views: int) -> Callable[[frozenset[int]], str]:
    def outcome(faulty: frozenset[int]) -> str:
        honest_quorum = system.weight(set(range(system.n)) - faulty) >= system.quorum
        for view in range(views):
            if view % system.n in faulty and splits(system, faulty):
                return "split"
            if view % system.n not in faulty and honest_quorum:
                return "agree"
        return "stalled"

    return outcome


@pytest.mark.parametrize("system", SYSTEMS, ids=repr)
@pytest.mark.parametrize("views", [1, 2, 3, 20])
def test_equivocators_view_by_view(system: QuorumSystem, views: int, over_faulty_sets: Twin) -> None:
    for deltas in ([0.3] * system.n, DELTAS[: system.n]):
        expected = over_faulty_sets(deltas, equivocation_outcome(system, views))
        law = equivocation_law(system, heterogeneous(deltas), views=views)
        for outcome in ("agree", "split", "stalled"):
            assert getattr(law, outcome) == pytest.approx(expected[outcome], rel=1e-12, abs=1e-16), outcome
    exchangeable = equivocation_law(system, independent(system.n, 0.3), views=views)
    each = equivocation_law(system, heterogeneous([0.3] * system.n), views=views)
    for outcome in ("agree", "split", "stalled"):
        assert getattr(exchangeable, outcome) == pytest.approx(getattr(each, outcome), rel=1e-12, abs=1e-16)


@pytest.mark.parametrize("n", [4, 5, 7, 8, 10, 13])
def test_agreement_is_at_most_n_minus_q_where_no_class_is_between(n: int) -> None:
    # Validation cases, "Exact laws", last line.
    system, faults = QuorumSystem.of(n), independent(n, np.linspace(0.0, 1.0, 21))
    agree = equivocation_law(system, faults).agree
    assert agree == pytest.approx(at_most(faults, system.live_up_to), rel=1e-12)


@pytest.mark.parametrize("n", [6, 9, 12])
def test_between_the_thresholds_the_first_primary_decides(n: int) -> None:
    # Validation cases: 2q − n ≤ K ≤ n − q exists for n = 6, 9, 12; the split has probability K/n.
    system = QuorumSystem.of(n)
    k = system.safe_below
    assert k <= system.live_up_to
    law = equivocation_law(system, fraction(n, (k + 0.5) / n))
    assert law.split == pytest.approx(k / n, rel=1e-12)
    assert law.agree == pytest.approx(1 - k / n, rel=1e-12)


def test_every_class_of_eight_nodes() -> None:
    # n = 8: f = 2, q = 6, so K ≤ 2 agrees, K = 3 stalls (below 2q − n = 4), 4 ≤ K ≤ 6 splits, 7 and 8 stall.
    outcomes = []
    for k in range(9):
        law = equivocation_law(QuorumSystem.of(8), fixed(8, range(8 - k, 8)))
        outcomes.append(next(name for name in ("agree", "split", "stalled") if getattr(law, name) == 1.0))
    assert outcomes == ["agree"] * 3 + ["stalled"] + ["split"] * 3 + ["stalled"] * 2


@pytest.mark.parametrize(
    ("n", "f", "quorum", "faulty"),
    [(5, 1, 3, 1), (6, 1, 3, 1), (8, 2, 5, 2), (4, 1, 2, 1), (3, 1, 2, 1), (7, 2, 4, 2), (7, 2, 5, 3)],
)
def test_splits_of_the_quorum_sweep(n: int, f: int, quorum: int, faulty: int) -> None:
    # Safety notes, "Quorum sweep with the same attack. Splits: …"; the first primary is faulty.
    law = equivocation_law(QuorumSystem.of(n, f=f, quorum=quorum), fixed(n, range(faulty)))
    assert law.split == 1.0


@pytest.mark.parametrize(("n", "quorum", "f"), [(5, 4, 1), (6, 4, 1), (6, 5, 1), (7, 5, 2), (8, 6, 2), (10, 7, 3)])
def test_no_split_where_the_quorum_sweep_is_safe(n: int, quorum: int, f: int) -> None:
    law = equivocation_law(QuorumSystem.of(n, f=f, quorum=quorum), fixed(n, range(f)))
    assert (law.split, law.agree) == (0.0, 1.0)


def test_a_split_needs_a_turn() -> None:
    # n = 4, K = 2 at the end: views 0 and 1 belong to honest primaries, whom the colluders stall.
    outcome = [equivocation_law(QuorumSystem.of(4), fixed(4, [2, 3]), views=views) for views in (1, 2, 3)]
    assert [(law.stalled, law.split) for law in outcome] == [(1.0, 0.0), (1.0, 0.0), (0.0, 1.0)]


def test_one_rich_node_splits_where_many_poor_ones_cannot() -> None:
    system = QuorumSystem.of(6, stakes=[5, 1, 1, 1, 1, 1])
    assert equivocation_law(system, fixed(6, [0])).split == 1.0
    assert equivocation_law(system, fixed(6, [1, 2, 3])).agree == 1.0


def test_limits() -> None:
    for system in (QuorumSystem.of(1), QuorumSystem.of(4), QuorumSystem.of(4, stakes=[2, 1, 1, 1])):
        n = system.n
        assert equivocation_law(system, independent(n, 0.0)).agree == pytest.approx(1.0, abs=1e-15)
        assert equivocation_law(system, independent(n, 1.0)).stalled == pytest.approx(1.0, abs=1e-15)


@given(n=st.integers(1, 40), delta=st.floats(0.0, 1.0), views=st.integers(1, 50), data=st.data())
def test_outcomes_are_a_distribution_and_no_better_than_crashes(
    n: int, delta: float, views: int, data: st.DataObject
) -> None:
    system = QuorumSystem.of(n, quorum=data.draw(st.integers(1, n)))
    law = equivocation_law(system, independent(n, delta), views=views)
    assert law.agree + law.stalled + law.split == pytest.approx(1.0, abs=1e-12)
    assert min(law.agree, law.stalled, law.split) >= 0.0
    assert law.agree <= crash_law(system, independent(n, delta), views=views).agree + 1e-12
    assert law.correct is None
    assert law.wrong is None


@given(n=st.integers(2, 8), delta=st.floats(0.0, 1.0), views=st.integers(1, 8))
def test_by_count_and_by_enumeration_are_the_same(n: int, delta: float, views: int) -> None:
    by_count = QuorumSystem.of(n)
    # 1000 votes each and one vote more for node 0: the same sets are quorums, but every set is enumerated.
    by_set = QuorumSystem(
        weights=(1001, *[1000] * (n - 1)), tolerated=1000 * by_count.tolerated, quorum=1000 * by_count.quorum
    )
    one = equivocation_law(by_count, independent(n, delta), views=views)
    other = equivocation_law(by_set, independent(n, delta), views=views)
    for outcome in ("agree", "split", "stalled"):
        assert getattr(one, outcome) == pytest.approx(getattr(other, outcome), rel=1e-11, abs=1e-15)


@pytest.mark.parametrize("delta", [1e-4, 1e-6])
def test_rare_splits_and_stalls_keep_twelve_digits(delta: float) -> None:
    # n = 7: 3, 4 or 5 colluders split, 6 or 7 stall.
    p = Fraction(delta)
    chance = [comb(7, k) * p**k * (1 - p) ** (7 - k) for k in range(8)]
    for faults in (independent(7, delta), heterogeneous([delta] * 7)):
        law = equivocation_law(QuorumSystem.of(7), faults)
        assert law.split == pytest.approx(float(sum(chance[3:6])), rel=1e-12, abs=0.0)
        assert law.stalled == pytest.approx(float(sum(chance[6:])), rel=1e-12, abs=0.0)
        crashed = crash_law(QuorumSystem.of(7), faults)
        assert crashed.stalled == pytest.approx(float(sum(chance[3:])), rel=1e-12, abs=0.0)
    # Two views: the rest of the mass stalls where both primaries are faulty.
    two = crash_law(QuorumSystem.of(7), independent(7, delta), views=2).stalled
    both_faulty = chance[2] / comb(7, 2) + sum(chance[3:])
    assert two == pytest.approx(float(both_faulty), rel=1e-12, abs=0.0)


def test_large_weighted_systems_are_refused() -> None:
    system = QuorumSystem.of(17, stakes=[2, *[1] * 16])
    with pytest.raises(UnsupportedError, match=r"^n = 17: must be at most 16 where every set"):
        equivocation_law(system, independent(17, 0.1))
    assert equivocation_law(QuorumSystem.of(16, stakes=[2, *[1] * 15]), independent(16, 0.01)).agree > 0.99
