"""Panels under chained HotStuff that differ, err together, were recorded or collude: laws beside full enumeration."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import bft
from bft.core.quorum import QuorumSystem
from bft.experiments.laws import law_of
from bft.theory.chained_same_answer import chained_recorded_law, chained_same_answer_law, views_in_time
from bft.theory.errors_in_common import ExchangeableErrors, MixedErrors, independent_errors, probit_errors
from bft.theory.faults import fixed, heterogeneous, independent
from bft.theory.recorded import recorded_law
from bft.theory.wrong_answers import WrongAnswers
from tests.theory.chained_views import committed

ACCURACY = (0.9, 0.5, 0.75, 0.6, 0.8)


@pytest.mark.parametrize(("n", "chain", "views"), [(4, 2, None), (4, 3, 5), (5, 3, None), (5, 2, 4)])
def test_nodes_that_differ_and_err_together_are_the_sum_over_all_crashes_and_answers(
    n: int, chain: int, views: int | None
) -> None:
    """Two cases that a quadrature might give: in the second everybody errs more often, each in its own measure."""
    system, deltas, options = QuorumSystem.of(n), np.linspace(0.05, 0.3, n), 2
    chances = np.array([ACCURACY[:n], [each / 2 for each in ACCURACY[:n]]])
    errors = MixedErrors(weight=np.array([0.7, 0.3]), right=chances)
    law = chained_same_answer_law(
        system, heterogeneous(deltas), errors, WrongAnswers(options=options), chain=chain, views=views
    )
    right = wrong = 0.0
    for live in product((True, False), repeat=n):
        if sum(live) < system.quorum:
            continue
        alive = np.array(live)
        chance = np.where(alive, 1.0 - deltas, deltas).prod()
        for answers in product(range(options + 1), repeat=n):
            correct = np.array(answers) == 0
            shares = np.where(correct, chances, (1.0 - chances) / options).prod(axis=1)
            found = committed(n, system.quorum, chain, 5 * n if views is None else views, live, answers)
            right += chance * float(errors.weight @ shares) * (found == 0)
            wrong += chance * float(errors.weight @ shares) * (found is not None and found > 0)
    assert (law.correct, law.wrong) == pytest.approx((right, wrong), abs=1e-12)


def test_nodes_that_happen_to_be_alike_have_the_law_of_nodes_that_are() -> None:
    """Also where wrong answers are traps, copied from each other, or not given."""
    system, faults = QuorumSystem.of(7), independent(7, 0.2)
    wrong = WrongAnswers(options=4, tau=0.2, k_alpha=3.0, no_answer=0.1)
    alike = probit_errors(7, 0.7, correlation=0.4)
    assert isinstance(alike, ExchangeableErrors)
    nearly = probit_errors(7, [0.7, 0.7 + 1e-14, *[0.7] * 5], correlation=0.4)
    assert isinstance(nearly, MixedErrors)
    for chain, views in ((2, None), (3, None), (3, 6)):
        one = chained_same_answer_law(system, faults, alike, wrong, chain=chain, views=views)
        other = chained_same_answer_law(system, faults, nearly, wrong, chain=chain, views=views)
        assert (one.correct, one.wrong) == pytest.approx((other.correct, other.wrong), abs=1e-11)


@pytest.mark.parametrize(("chain", "views"), [(2, None), (3, None), (3, 5), (2, 3)])
def test_recorded_answers_are_the_sum_over_all_crashes_and_questions(chain: int, views: int | None) -> None:
    n, system = 5, QuorumSystem.of(5)
    deltas = np.linspace(0.05, 0.35, n)
    answers = np.random.default_rng(5).choice([-1, 0, 1, 2], p=[0.1, 0.6, 0.2, 0.1], size=(60, n))
    law = chained_recorded_law(
        system, heterogeneous(deltas), answers, np.zeros(60, dtype=int), chain=chain, views=views
    )
    right = wrong = 0.0
    for live in product((True, False), repeat=n):
        chance = np.where(live, 1.0 - deltas, deltas).prod() / len(answers)
        for asked in answers:
            silent = tuple(-2 - node if answer < 0 else int(answer) for node, answer in enumerate(asked))
            voting = tuple(alive and answer >= 0 for alive, answer in zip(live, silent, strict=True))
            if sum(live) < system.quorum or sum(voting) < system.quorum:
                continue
            found = committed(n, system.quorum, chain, 5 * n if views is None else views, live, silent)
            right += chance * (found == 0)
            wrong += chance * (found is not None and found > 0)
    assert (law.correct, law.wrong) == pytest.approx((right, wrong), abs=1e-12)


def test_where_all_live_recorded_answers_have_the_law_of_pbft_with_the_views_in_time() -> None:
    system, nobody = QuorumSystem.of(7), fixed(7, ())
    answers = np.random.default_rng(6).choice([-1, 0, 1, 2], p=[0.1, 0.6, 0.2, 0.1], size=(80, 7))
    gold = np.zeros(80, dtype=int)
    for chain, views in ((2, None), (3, None), (3, 5), (2, 3), (3, 3)):
        chained = chained_recorded_law(system, nobody, answers, gold, chain=chain, views=views)
        pbft = recorded_law(system, nobody, answers, gold, views=views_in_time(chain, views))
        assert (chained.correct, chained.wrong) == pytest.approx((pbft.correct, pbft.wrong), abs=1e-12)


TABLE = {"kind": "statistical", "accuracy": [0.9, 0.8, 0.8, 0.7, 0.7, 0.6, 0.6], "options": 3}
TOGETHER = {"kind": "correlated", "r": 0.5, "tau": 0.2}


@pytest.mark.parametrize(
    "given",
    [
        {"n": 7, "faults": {"delta": 0.15}, "validators": {**TABLE, "errors": TOGETHER}},
        {"n": 7, "faults": {"delta": 0.2}, "validators": TABLE, "views": 6},
        {
            "n": 4,
            "faults": {"delta": 0.1, "behaviour": "collude"},
            "validators": {"kind": "statistical", "accuracy": 0.7},
        },
        {"n": 7, "faults": {"delta": 0.3, "behaviour": "collude"}, "validators": {**TABLE, "errors": TOGETHER}},
        {"n": 7, "faults": {"delta": 0.2, "behaviour": "collude"}, "validators": TABLE, "views": 5},
        {"n": 4, "faults": {"delta": 0.3, "behaviour": "lie"}},
        {"n": 7, "faults": {"delta": 0.3, "behaviour": "lie"}, "views": 4},
    ],
    ids=[
        "err together",
        "few views",
        "collude",
        "collude, err together",
        "collude, few views",
        "lie",
        "lie, few views",
    ],
)
@pytest.mark.parametrize("chain", [2, 3])
def test_runs_agree_as_often_as_the_law_says(chain: int, given: dict[str, Any]) -> None:
    """120 runs each: within 3.9 standard errors, so one false alarm in 370 where all 28 shares are right."""
    scenario = bft.Scenario(protocol="hotstuff-chained", **given, **{"hotstuff-chained": {"chain": chain}})
    law = law_of(scenario)
    assert law is not None
    runs = 120
    simulator = bft.Simulator(scenario, 12)
    outcomes = [simulator.run(each).outcome.value for each in range(runs)]
    for name, exact in (("agreed_correct", float(law.correct)), ("agreed_wrong", float(law.wrong))):
        spread = max((exact * (1.0 - exact) / runs) ** 0.5, 1.0 / runs)
        assert abs(outcomes.count(name) / runs - exact) < 3.9 * spread, (name, outcomes.count(name) / runs, exact)


@pytest.mark.parametrize("protocol", ["tendermint", "hotstuff", "hotstuff-2", "hotstuff-chained"])
def test_judges_whose_verdicts_are_drawn_have_a_law_in_one_view_alone(protocol: str) -> None:
    """In a later view a value comes again that is judged already; PBFT's law, which draws anew, does not hold."""
    judges = {"kind": "judge", "accept_given_right": 0.6, "accept_given_wrong": 0.2, "redraw": True}
    panel = {"kind": "statistical", "accuracy": 0.8, "options": 3, "check": judges}
    assert law_of(bft.Scenario(protocol=protocol, n=4, views=4, validators=panel)) is None
    single = bft.Scenario(protocol=protocol, n=4, views=1, validators=panel)
    law = law_of(single)
    if protocol == "hotstuff-chained":
        assert law is None
        return
    assert law is not None
    runs = 250
    simulator = bft.Simulator(single, 3)
    agreed = sum(simulator.run(each).outcome.value == "agreed_correct" for each in range(runs)) / runs
    assert abs(agreed - float(law.correct)) < 3.9 * (agreed * (1.0 - agreed) / runs) ** 0.5


def test_validators_alike_by_number_are_covered_up_to_sixteen_nodes() -> None:
    law = chained_same_answer_law(
        QuorumSystem.of(16), independent(16, 0.1), independent_errors(16, 0.9), WrongAnswers(options=3), chain=2
    )
    assert 0.0 < float(law.stalled) < 1.0
