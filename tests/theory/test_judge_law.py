"""Judges that answer anew in every view, against every set of crashed nodes, view by view."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

import bft
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, UnsupportedError
from bft.experiments.laws import law_of
from bft.record.outcome import Outcome
from bft.theory.agreement import crash_law
from bft.theory.faults import fixed, fraction, heterogeneous, independent
from bft.theory.judge import judge_law
from bft.vectorised import OUTCOMES as CODES
from bft.vectorised import VectorisedSimulator

OUTCOMES = ("correct", "wrong", "stalled")


def accepted(honest: int, quorum: int, chance: float) -> float:
    """P(the primary and enough of the honest backups accept)."""
    backups = honest - 1
    return sum(
        comb(backups, k) * chance**k * (1 - chance) ** (backups - k) for k in range(backups + 1) if k + 1 >= quorum
    )


def twin(deltas: Sequence[float], quorum: int, views: int, a: float, plus: float, minus: float) -> dict[str, float]:
    chances = dict.fromkeys(OUTCOMES, 0.0)
    for crashed in product((True, False), repeat=len(deltas)):
        weight = float(np.prod([d if gone else 1.0 - d for d, gone in zip(deltas, crashed, strict=True)]))
        undecided = weight
        honest = crashed.count(False)
        for view in range(views):
            if not crashed[view % len(deltas)]:
                right, wrong = a * accepted(honest, quorum, plus), (1 - a) * accepted(honest, quorum, minus)
                chances["correct"] += undecided * right
                chances["wrong"] += undecided * wrong
                undecided *= 1.0 - right - wrong
        chances["stalled"] += undecided
    return chances


@pytest.mark.parametrize("views", [1, 2, 4, 5, 7, 13])
@pytest.mark.parametrize("quorum", [1, 3, 5])
def test_judges_view_by_view(quorum: int, views: int) -> None:
    deltas = [0.1, 0.6, 0.0, 0.3, 1.0]
    system = QuorumSystem.of(5, quorum=quorum)
    for faults, each in ((heterogeneous(deltas), deltas), (independent(5, 0.3), [0.3] * 5)):
        law = judge_law(system, faults, accuracy=0.7, accept_right=0.8, accept_wrong=0.35, views=views)
        expected = twin(each, quorum, views, 0.7, 0.8, 0.35)
        for outcome in OUTCOMES:
            assert getattr(law, outcome) == pytest.approx(expected[outcome], rel=1e-11, abs=1e-15), outcome


def test_perfect_judges_of_perfect_proposals_are_the_law_of_crashes() -> None:
    faults = independent(7, np.linspace(0.0, 1.0, 11))
    for views in (1, 3, 7):
        judged = judge_law(QuorumSystem.of(7), faults, accuracy=1.0, accept_right=1.0, accept_wrong=0.0, views=views)
        assert judged.correct == pytest.approx(crash_law(QuorumSystem.of(7), faults, views=views).agree, abs=1e-13)


def test_limits() -> None:
    system, faults = QuorumSystem.of(4), independent(4, 0.0)
    gullible = judge_law(system, faults, accuracy=0.3, accept_right=1.0, accept_wrong=1.0)
    assert (gullible.correct, gullible.wrong) == pytest.approx((0.3, 0.7), abs=1e-14)
    stubborn = judge_law(system, faults, accuracy=0.3, accept_right=0.0, accept_wrong=0.0, views=100)
    assert stubborn.stalled == 1.0
    dead = judge_law(system, independent(4, 1.0), accuracy=1.0, accept_right=1.0, accept_wrong=1.0)
    assert dead.stalled == 1.0
    one = judge_law(QuorumSystem.of(1), independent(1, 0.2), accuracy=0.9, accept_right=0.0, accept_wrong=0.0)
    assert (one.correct, one.wrong, one.stalled) == pytest.approx((0.72, 0.08, 0.2), abs=1e-14)


def test_weights_of_any_unit_are_votes() -> None:
    doubled = QuorumSystem(weights=(2, 2, 2, 2), tolerated=2, quorum=6)
    one, other = (
        judge_law(system, independent(4, 0.1), accuracy=0.8, accept_right=0.9, accept_wrong=0.3)
        for system in (doubled, QuorumSystem.of(4))
    )
    assert (one.correct, one.wrong) == (other.correct, other.wrong)


def test_asked_for_ever_a_panel_decides() -> None:
    law = judge_law(QuorumSystem.of(4), fixed(4, [2]), accuracy=0.8, accept_right=0.9, accept_wrong=0.3, views=100_000)
    # Right and wrong in the proportion of one view: .8 · .81 to .2 · .09 for three honest nodes, who must all accept.
    assert law.correct == pytest.approx(0.648 / (0.648 + 0.018), rel=1e-12)
    assert law.stalled == pytest.approx(0.0, abs=1e-15)


@given(
    n=st.integers(1, 20),
    delta=st.floats(0.0, 1.0),
    a=st.floats(0.0, 1.0),
    plus=st.floats(0.0, 1.0),
    minus=st.floats(0.0, 1.0),
    views=st.integers(1, 60),
    data=st.data(),
)
def test_outcomes_are_a_distribution_that_more_views_decide(
    n: int, delta: float, a: float, plus: float, minus: float, views: int, data: st.DataObject
) -> None:
    system = QuorumSystem.of(n, quorum=data.draw(st.integers(1, n)))
    faults = data.draw(st.sampled_from([independent(n, delta), fraction(n, delta)]))
    law, more = (
        judge_law(system, faults, accuracy=a, accept_right=plus, accept_wrong=minus, views=one)
        for one in (views, views + 1)
    )
    assert law.correct + law.wrong + law.stalled == pytest.approx(1.0, abs=1e-11)
    assert min(law.correct, law.wrong, law.stalled) >= 0.0
    assert more.stalled <= law.stalled + 1e-12


def test_a_thousand_nodes_at_a_hundred_and_one_deltas() -> None:
    law = judge_law(
        QuorumSystem.of(1000),
        independent(1000, np.linspace(0.0, 1.0, 101)),
        accuracy=0.8,
        accept_right=0.9,
        accept_wrong=0.4,
    )
    assert law.correct + law.wrong + law.stalled == pytest.approx(np.ones(101), abs=1e-11)


def test_bad_values_are_refused() -> None:
    system, faults = QuorumSystem.of(4), independent(4, 0.1)
    good = {"accuracy": 0.8, "accept_right": 0.9, "accept_wrong": 0.3}
    for field in good:
        with pytest.raises(ScenarioError, match=rf"^{field} = 1\.5: must be between 0 and 1$"):
            judge_law(system, faults, **{**good, field: 1.5})
    with pytest.raises(ScenarioError, match=r"^views = 0: must be at least 1$"):
        judge_law(system, faults, **good, views=0)
    with pytest.raises(UnsupportedError, match=r"must be equal for the law of judges$"):
        judge_law(QuorumSystem.of(4, stakes=[2, 1, 1, 1]), faults, **good)


def together(honest: int, quorum: int, chance: float, correlation: float) -> float:
    """P(the primary and enough backups accept), by adaptive quadrature over the factor that the verdicts share."""
    limit = norm.ppf(chance)

    def given(factor: float) -> float:
        shared = norm.cdf((limit - correlation**0.5 * factor) / (1.0 - correlation) ** 0.5)
        return accepted(honest, quorum, float(shared)) * float(norm.pdf(factor))

    return float(quad(given, -9.0, 9.0, limit=400, epsabs=1e-12)[0])


@pytest.mark.parametrize("correlation", [0.1, 0.5, 0.9])
def test_correlated_judges_of_one_view_are_a_mixture_over_what_they_share(correlation: float) -> None:
    system = QuorumSystem.of(5)
    for crashed in (0, 1, 2):
        faults = fixed(5, range(5 - crashed, 5))
        law = judge_law(
            system, faults, accuracy=0.7, accept_right=0.8, accept_wrong=0.35, views=1, correlation=correlation
        )
        right, wrong = (together(5 - crashed, system.quorum, chance, correlation) for chance in (0.8, 0.35))
        assert law.correct == pytest.approx(0.7 * right, abs=1e-9)
        assert law.wrong == pytest.approx(0.3 * wrong, abs=1e-9)


def test_judges_who_err_together_are_one_judge_at_last() -> None:
    faults = fixed(7, [])
    rates = {"accuracy": 0.7, "accept_right": 0.8, "accept_wrong": 0.35, "views": 1}
    one = judge_law(QuorumSystem.of(7), faults, **rates, correlation=1.0)
    assert (one.correct, one.wrong) == (pytest.approx(0.56), pytest.approx(0.105))
    apart = judge_law(QuorumSystem.of(7), faults, **rates)
    assert judge_law(QuorumSystem.of(7), faults, **rates, correlation=0.0).correct == apart.correct
    assert one.wrong > 2.0 * apart.wrong, "what a quorum of independent judges filters out, these let through"
    with pytest.raises(ScenarioError, match=r"correlation = 2"):
        judge_law(QuorumSystem.of(7), faults, **rates, correlation=2.0)


def test_the_law_of_correlated_judges_holds_for_runs_and_is_refused_where_it_was_not_written() -> None:
    # 20,000 replications and two probabilities at four standard errors: one false alarm in 8,000 fresh seeds.
    check = {"kind": "judge", "accept_given_right": 0.8, "accept_given_wrong": 0.4, "correlation": 0.5}
    scenario = bft.Scenario(
        n=7, views=1, faults={"delta": 0.1}, validators={"kind": "statistical", "accuracy": 0.7, "check": check}
    )
    law = law_of(scenario)
    assert law is not None
    batch = VectorisedSimulator(scenario, seed=11, timing=False).run(range(20_000))
    for outcome, exact in ((Outcome.AGREED_CORRECT, law.correct), (Outcome.AGREED_WRONG, law.wrong)):
        share = float((batch.code == CODES.index(outcome)).mean())
        assert abs(share - exact) < 4.0 * (exact * (1.0 - exact) / 20_000) ** 0.5
    for path, value in (("views", 2), ("validators.check.unsure", 0.1)):
        assert law_of(scenario.replace(path, value)) is None
    assert (
        law_of(scenario.replace_all({"validators.check.unsure": 0.1, "validators.check.correlation": 0.0})) is not None
    )
