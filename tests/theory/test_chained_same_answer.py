"""Fallible validators under chained HotStuff: the law beside every case gone through view by view, and beside runs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import bft
from bft.core.quorum import QuorumSystem
from bft.errors import UnsupportedError
from bft.experiments.laws import law_of
from bft.theory import binomial
from bft.theory.chained_same_answer import chained_same_answer_law, missed
from bft.theory.errors_in_common import independent_errors
from bft.theory.faults import fixed, independent
from bft.theory.hotstuff import chained_crash_law
from bft.theory.same_answer import same_answer_law
from bft.theory.wrong_answers import WrongAnswers
from tests.theory.chained_views import committed


@pytest.mark.parametrize(("n", "chain"), [(4, 2), (4, 3), (5, 2), (5, 3), (3, 3)])
@pytest.mark.parametrize("views", [3, 5, 6, 8, None])
def test_the_law_is_the_sum_over_all_crashes_and_answers(n: int, chain: int, views: int | None) -> None:
    system, delta, accuracy, options = QuorumSystem.of(n), 0.15, 0.7, 2
    law = chained_same_answer_law(
        system,
        independent(n, delta),
        independent_errors(n, accuracy),
        WrongAnswers(options=options),
        chain=chain,
        views=views,
    )
    right = wrong = 0.0
    for live in product((True, False), repeat=n):
        alive = sum(live)
        if alive < system.quorum:
            continue
        chance = delta ** (n - alive) * (1.0 - delta) ** alive
        for answers in product(range(options + 1), repeat=n):
            rights = answers.count(0)
            each = chance * accuracy**rights * ((1.0 - accuracy) / options) ** (n - rights)
            found = committed(n, system.quorum, chain, 5 * n if views is None else views, live, answers)
            right += each * (found == 0)
            wrong += each * (found is not None and found > 0)
    assert law.correct == pytest.approx(right, abs=1e-12)
    assert law.wrong == pytest.approx(wrong, abs=1e-12)
    assert law.stalled == pytest.approx(1.0 - right - wrong, abs=1e-12)


def test_with_perfect_validators_it_is_the_law_of_crashes_and_without_crashes_that_of_any_leader() -> None:
    wrong = WrongAnswers(options=4)
    for n, chain, views in ((7, 3, 7), (7, 3, 10), (10, 2, 5), (6, 3, None)):
        system = QuorumSystem.of(n)
        perfect = chained_same_answer_law(
            system, independent(n, 0.2), independent_errors(n, 1.0), wrong, chain=chain, views=views
        )
        assert perfect.agree == pytest.approx(
            chained_crash_law(system, independent(n, 0.2), chain=chain, views=views).agree, abs=1e-12
        )
        errors = independent_errors(n, 0.75)
        all_live = chained_same_answer_law(system, fixed(n, ()), errors, wrong, chain=chain)
        pbft = same_answer_law(system, fixed(n, ()), errors, wrong)
        assert (all_live.correct, all_live.wrong) == pytest.approx((pbft.correct, pbft.wrong), abs=1e-12)
        assert all_live.correct == pytest.approx(float(binomial.at_least(system.quorum, n, 0.75)), abs=1e-12)


def test_none_of_the_given_is_chosen_as_often_as_there_are_such_choices() -> None:
    assert missed(4)[1] == pytest.approx([1.0, 3 / 4, 1 / 2, 1 / 4, 0.0])
    assert missed(4)[0] == pytest.approx(np.ones(5))


def test_what_it_does_not_cover_is_refused() -> None:
    wrong = WrongAnswers(options=3)
    with pytest.raises(UnsupportedError, match="above n/2"):
        chained_same_answer_law(
            QuorumSystem.of(4, f=0, quorum=2), independent(4, 0.1), independent_errors(4, 0.5), wrong
        )
    with pytest.raises(UnsupportedError, match="16"):
        chained_same_answer_law(QuorumSystem.of(17), independent(17, 0.1), independent_errors(17, 0.5), wrong)


@pytest.mark.parametrize(
    ("n", "chain", "delta", "views"), [(4, 2, 0.1, None), (7, 3, 0.15, None), (7, 2, 0.2, 4), (5, 3, 0.0, 6)]
)
def test_runs_agree_as_often_as_the_law_says(n: int, chain: int, delta: float, views: int | None) -> None:
    """300 runs each: within 3.9 standard errors, so one false alarm in 1,300 where both are right, for eight shares."""
    scenario = bft.Scenario(
        protocol="hotstuff-chained",
        n=n,
        faults={"delta": delta},
        validators={"kind": "statistical", "accuracy": 0.75, "options": 3},
        **({} if views is None else {"views": views}),
        **{"hotstuff-chained": {"chain": chain}},
    )
    law = law_of(scenario)
    assert law is not None
    runs = 300
    simulator = bft.Simulator(scenario, 11)
    outcomes = [simulator.run(each).outcome.value for each in range(runs)]
    for name, exact in (("agreed_correct", float(law.correct)), ("agreed_wrong", float(law.wrong))):
        spread = max((exact * (1.0 - exact) / runs) ** 0.5, 1.0 / runs)
        assert abs(outcomes.count(name) / runs - exact) < 3.9 * spread
