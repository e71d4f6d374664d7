"""Liars under perfect judges: every set of liars, view by view, and what the quorums say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.core.quorum import QuorumSystem
from bft.theory.faults import at_most, fixed, heterogeneous, independent, more_than
from bft.theory.lying import lying_law

Twin = Callable[[Sequence[float], Callable[[frozenset[int]], str]], dict[str, float]]

DELTAS = [0.2, 0.7, 0.0, 0.45, 1.0, 0.05, 0.33]
SYSTEMS = [
    *(QuorumSystem.of(n) for n in (1, 2, 4, 5, 6, 7)),
    QuorumSystem.of(6, quorum=2),
    QuorumSystem.of(6, quorum=3),
    QuorumSystem.of(5, quorum=1),
    QuorumSystem.of(5, stakes=[5, 1, 1, 2, 3]),
    QuorumSystem.of(6, stakes=[4, 1, 1, 1, 2, 1], quorum=3),
]


def lying_outcome(system: QuorumSystem, views: int) -> Callable[[frozenset[int]], str]:
    def outcome(liars: frozenset[int]) -> str:
        honest = set(range(system.n)) - liars
        for view in range(views):
            backers = liars if view % system.n in liars else honest
            if system.weight(backers) >= system.quorum:
                return "wrong" if backers is liars else "correct"
        return "stalled"

    return outcome


@pytest.mark.parametrize("system", SYSTEMS, ids=repr)
@pytest.mark.parametrize("views", [1, 2, 3, 20])
def test_liars_view_by_view(system: QuorumSystem, views: int, over_faulty_sets: Twin) -> None:
    for deltas in ([0.6] * system.n, DELTAS[: system.n]):
        expected = over_faulty_sets(deltas, lying_outcome(system, views))
        law = lying_law(system, heterogeneous(deltas), views=views)
        for outcome in ("correct", "wrong", "stalled"):
            assert getattr(law, outcome) == pytest.approx(expected[outcome], rel=1e-12, abs=1e-16), outcome
    exchangeable = lying_law(system, independent(system.n, 0.6), views=views)
    each = lying_law(system, heterogeneous([0.6] * system.n), views=views)
    for outcome in ("correct", "wrong", "stalled"):
        assert getattr(exchangeable, outcome) == pytest.approx(getattr(each, outcome), rel=1e-12, abs=1e-16)


def test_with_rotation_the_quorums_decide() -> None:
    system, faults = QuorumSystem.of(10), independent(10, np.linspace(0.0, 1.0, 11))
    law = lying_law(system, faults)
    assert law.correct == pytest.approx(at_most(faults, 3), rel=1e-12)
    assert law.wrong == pytest.approx(more_than(faults, 6), rel=1e-9, abs=1e-15)


def test_limits() -> None:
    for n in (1, 4):
        assert lying_law(QuorumSystem.of(n), independent(n, 0.0)).correct == 1.0
        assert lying_law(QuorumSystem.of(n), independent(n, 1.0)).wrong == 1.0
    # Three of four lie: a quorum of liars, followed by the honest one.
    assert lying_law(QuorumSystem.of(4), fixed(4, [0, 1, 2])).wrong == 1.0
    assert lying_law(QuorumSystem.of(4), fixed(4, [1, 2, 3]), views=1).stalled == 1.0


@given(n=st.integers(1, 40), delta=st.floats(0.0, 1.0), views=st.integers(1, 50), data=st.data())
def test_outcomes_are_a_distribution(n: int, delta: float, views: int, data: st.DataObject) -> None:
    system = QuorumSystem.of(n, quorum=data.draw(st.integers(1, n)))
    law = lying_law(system, independent(n, delta), views=views)
    assert law.correct + law.wrong + law.stalled == pytest.approx(1.0, abs=1e-12)
    assert min(law.correct, law.wrong, law.stalled) >= 0.0
    assert law.agree == law.correct + law.wrong
    assert (law.partial, law.split) == (0.0, 0.0)
