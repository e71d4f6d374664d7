"""Crashes and silent primaries: the tables of the validation cases, and every set of faulty nodes, view by view."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError
from bft.theory.agreement import crash_law, liveness_bound, message_count, safety_bound, silent_primary_law
from bft.theory.faults import FaultLaw, at_most, fixed, fraction, heterogeneous, independent

Twin = Callable[[Sequence[float], Callable[[frozenset[int]], str]], dict[str, float]]

SYSTEMS = [
    QuorumSystem.of(1),
    QuorumSystem.of(2),
    QuorumSystem.of(4),
    QuorumSystem.of(5),
    QuorumSystem.of(6),
    QuorumSystem.of(6, quorum=2),
    QuorumSystem.of(7, quorum=7),
    QuorumSystem.of(5, stakes=[5, 1, 1, 2, 3]),
    QuorumSystem.of(6, stakes=[0.4, 0.1, 0.1, 0.1, 0.2, 0.1]),
]
DELTAS = [0.2, 0.7, 0.0, 0.45, 1.0, 0.05, 0.33]


def crash_outcome(system: QuorumSystem, views: int) -> Callable[[frozenset[int]], str]:
    def outcome(faulty: frozenset[int]) -> str:
        honest = set(range(system.n)) - faulty
        for view in range(views):
            if view % system.n in honest and system.weight(honest) >= system.quorum:
                return "correct"
        return "stalled"

    return outcome


@pytest.mark.parametrize("system", SYSTEMS, ids=repr)
@pytest.mark.parametrize("views", [1, 2, 3, 20])
def test_crashes_view_by_view(system: QuorumSystem, views: int, over_faulty_sets: Twin) -> None:
    for deltas in ([0.3] * system.n, DELTAS[: system.n]):
        expected = over_faulty_sets(deltas, crash_outcome(system, views))
        law = crash_law(system, heterogeneous(deltas), views=views)
        assert law.correct == pytest.approx(expected["correct"], rel=1e-12)
        assert law.stalled == pytest.approx(expected["stalled"], rel=1e-12)
    exchangeable = crash_law(system, independent(system.n, 0.3), views=views)
    each = crash_law(system, heterogeneous([0.3] * system.n), views=views)
    assert exchangeable.agree == pytest.approx(each.agree, rel=1e-12)
    assert exchangeable.stalled == pytest.approx(each.stalled, rel=1e-12)


@pytest.mark.parametrize("views", [1, 2, 4, 9])
def test_silent_primaries_vote_so_that_one_honest_leader_is_enough(views: int, over_faulty_sets: Twin) -> None:
    def outcome(faulty: frozenset[int]) -> str:
        return "stalled" if all(view % 5 in faulty for view in range(views)) else "correct"

    expected = over_faulty_sets(DELTAS[:5], outcome)
    for system in (QuorumSystem.of(5), QuorumSystem.of(5, quorum=5), QuorumSystem.of(5, stakes=[3, 3, 1, 1, 1])):
        law = silent_primary_law(system, heterogeneous(DELTAS[:5]), views=views)
        assert law.correct == pytest.approx(expected["correct"], rel=1e-12)
        assert law.stalled == pytest.approx(expected["stalled"], rel=1e-12)


@pytest.mark.parametrize(
    ("n", "printed"),
    [
        (4, [0.94770, 0.73828, 0.59259, 0.31250]),
        (7, [0.97431, 0.75641, 0.57064, 0.22656]),
        (10, [0.98720, 0.77588, 0.55926, 0.17188]),
        (13, [0.99354, 0.79396, 0.55204, 0.13342]),
        (31, [0.99987, 0.87156, 0.53375, 0.03538]),
    ],
)
def test_with_rotation_crashes_are_survived_up_to_f(n: int, printed: list[float]) -> None:
    # Validation cases, "Exact laws": for n = 3f + 1 every honest replica decides iff K ≤ n − q = f.
    law = crash_law(QuorumSystem.of(n), independent(n, [0.1, 0.25, 1 / 3, 0.5]))
    assert np.round(law.agree, 5).tolist() == printed


def test_the_two_thresholds_differ_where_n_is_not_3f_plus_1() -> None:
    # n = 6: q = 4, safety needs K < 2, liveness K ≤ 2.
    law = independent(6, 0.25)
    assert safety_bound(QuorumSystem.of(6), law) == pytest.approx(at_most(law, 1), rel=1e-14)
    assert liveness_bound(QuorumSystem.of(6), law) == pytest.approx(at_most(law, 2), rel=1e-14)
    # Node 0 holds half of the stake: both fail as soon as it is faulty.
    heavy = QuorumSystem.of(4, stakes=[3, 1, 1, 1])
    assert [safety_bound(heavy, fixed(4, [0])), liveness_bound(heavy, fixed(4, [0]))] == [0.0, 0.0]
    assert [safety_bound(heavy, fixed(4, [1])), liveness_bound(heavy, fixed(4, [1]))] == [1.0, 1.0]


@pytest.mark.parametrize("law", [crash_law, silent_primary_law])
def test_limits(law: Callable[..., object]) -> None:
    for n in (1, 4, 9):
        for faults, agree in ((independent(n, 0.0), 1.0), (independent(n, 1.0), 0.0), (fixed(n, range(n)), 0.0)):
            outcome = law(QuorumSystem.of(n), faults)
            assert outcome.agree == agree
            assert outcome.stalled == 1.0 - agree


@pytest.mark.parametrize("law", [crash_law, silent_primary_law])
def test_a_crashed_first_primary_stalls_a_single_view(law: Callable[..., object]) -> None:
    assert law(QuorumSystem.of(4), fixed(4, [0]), views=1).agree == 0.0
    assert law(QuorumSystem.of(4), fixed(4, [0]), views=2).agree == 1.0
    assert law(QuorumSystem.of(4), fixed(4, [3]), views=1).agree == 1.0


@given(n=st.integers(1, 40), delta=st.floats(0.0, 1.0), views=st.integers(1, 50), data=st.data())
def test_outcomes_are_a_distribution(n: int, delta: float, views: int, data: st.DataObject) -> None:
    system = QuorumSystem.of(n, quorum=data.draw(st.integers(1, n)))
    faults: FaultLaw = data.draw(st.sampled_from([independent(n, delta), fraction(n, delta)]))
    for outcome in (crash_law(system, faults, views=views), silent_primary_law(system, faults, views=views)):
        assert outcome.agree + outcome.stalled == pytest.approx(1.0, abs=1e-12)
        assert min(outcome.agree, outcome.stalled) >= 0.0
        assert [outcome.correct, outcome.wrong, outcome.partial, outcome.split] == [outcome.agree, 0.0, 0.0, 0.0]


@given(n=st.integers(1, 30), views=st.integers(1, 30))
def test_agreement_falls_with_delta_and_rises_with_views(n: int, views: int) -> None:
    system, faults = QuorumSystem.of(n), independent(n, np.linspace(0.0, 1.0, 21))
    fewer = crash_law(system, faults, views=views).agree
    more = crash_law(system, faults, views=views + 1).agree
    assert np.all(np.diff(fewer) <= 1e-14)
    assert np.all(more >= fewer - 1e-14)


def test_stakes_in_proportion_change_nothing() -> None:
    one = crash_law(QuorumSystem.of(5, stakes=[5, 1, 1, 2, 3]), independent(5, 0.3), views=2)
    ten = crash_law(QuorumSystem.of(5, stakes=["0.5", "0.1", "0.1", "0.2", "0.3"]), independent(5, 0.3), views=2)
    assert one.agree == ten.agree
    doubled = QuorumSystem(weights=(2, 2, 2, 2), tolerated=2, quorum=6)
    assert crash_law(doubled, independent(4, 0.3)).agree == crash_law(QuorumSystem.of(4), independent(4, 0.3)).agree


def test_a_thousand_nodes_at_a_hundred_and_one_deltas() -> None:
    faults = independent(1000, np.linspace(0.0, 1.0, 101))
    outcome = crash_law(QuorumSystem.of(1000), faults)
    assert np.shape(outcome.agree) == (101,)
    assert outcome.agree + outcome.stalled == pytest.approx(np.ones(101), abs=1e-12)
    assert outcome.agree[0] == 1.0
    assert outcome.agree[-1] == 0.0


def test_messages_of_one_decision() -> None:
    # Validation cases, "Message counts": 2n(n − 1) in three terms.
    assert [message_count(n).total for n in (1, 4, 16, 32, 64)] == [0, 24, 480, 1984, 8064]
    count = message_count(16)
    assert (count.pre_prepares, count.prepares, count.commits) == (15, 225, 240)


def test_bad_values_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r"^views = 0: must be at least 1$"):
        crash_law(QuorumSystem.of(4), independent(4, 0.1), views=0)
    with pytest.raises(ScenarioError, match=r"^faults = 5: must describe the n = 4 nodes of the quorum system$"):
        crash_law(QuorumSystem.of(4), independent(5, 0.1))
    with pytest.raises(ScenarioError, match=r"^n = 0: must be at least 1$"):
        message_count(0)
