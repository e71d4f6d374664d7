"""Verdicts come at the told rates, at the told address, and change only where told."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

import bft
from bft.core.verdict import Verdict
from bft.errors import ScenarioError
from bft.randomness import Randomness
from bft.validators.judge import JudgeCheck
from bft.validators.settings import StatisticalValidators
from bft.vectorised import VectorisedSimulator

PANELS = 4000
RATES = {
    "accept_given_right_own_right": 0.95,
    "accept_given_right_own_wrong": 0.5,
    "accept_given_wrong_own_right": 0.2,
    "accept_given_wrong_own_wrong": 0.7,
}


def panels(count=PANELS, n=2, accuracy=0.5, **check):
    model = StatisticalValidators(accuracy=accuracy, check=check).model(n)
    randomness = Randomness(7)
    return [model.panel(randomness, replication) for replication in range(count)]


def accepted(asked, answer) -> int:
    return sum(panel.judge(0, 0, answer).verdict is Verdict.ACCEPT for panel in asked)


def test_a_judge_accepts_at_its_rates(consistent) -> None:
    asked = panels(kind="judge", accept_given_right=0.9, accept_given_wrong=0.4)
    assert consistent(accepted(asked, "right"), PANELS, 0.9)  # 2 checks: a false alarm in 5,000 seeds
    assert consistent(accepted(asked, "wrong-1"), PANELS, 0.4)


def test_a_judge_s_own_answer_counts(consistent) -> None:
    asked = panels(kind="judge", **RATES)
    by_own = {
        "right": [panel for panel in asked if panel.own_answer(0, 0) == "right"],
        "wrong": [panel for panel in asked if panel.own_answer(0, 0) != "right"],
    }
    for own, some in by_own.items():  # 4 checks: a false alarm in 2,500 seeds
        assert consistent(accepted(some, "right"), len(some), RATES[f"accept_given_right_own_{own}"])
        assert consistent(accepted(some, "wrong-1"), len(some), RATES[f"accept_given_wrong_own_{own}"])


def test_each_node_may_have_its_own_rate() -> None:
    for panel in panels(50, kind="judge", accept_given_right=(0.0, 1.0)):
        assert [panel.judge(node, 0, "right").verdict for node in range(2)] == [Verdict.REJECT, Verdict.ACCEPT]


def test_unparseable_verdicts_are_unsure(consistent) -> None:
    asked = panels(kind="judge", accept_given_right=0.5, unsure=0.2)
    verdicts = [panel.judge(0, 0, "right").verdict for panel in asked]
    assert consistent(verdicts.count(Verdict.UNSURE), PANELS, 0.2)  # 2 checks: a false alarm in 5,000 seeds
    assert consistent(verdicts.count(Verdict.ACCEPT), PANELS, 0.4)


def test_judges_and_answers_have_coins_of_their_own(consistent) -> None:
    asked = panels(n=3, kind="judge", accept_given_right=0.5, accept_given_wrong=0.5)
    both_judges = sum(
        panel.judge(0, 0, "right").verdict is panel.judge(1, 0, "right").verdict is Verdict.ACCEPT for panel in asked
    )
    both_answers = sum(
        panel.judge(0, 0, "right").verdict is panel.judge(0, 0, panel.wrong_answer(1, 0)).verdict is Verdict.ACCEPT
        for panel in asked
    )
    differing = [panel for panel in asked if panel.wrong_answer(0, 0) != panel.wrong_answer(1, 0)]
    both_wrong = sum(
        all(panel.judge(0, 0, panel.wrong_answer(node, 0)).verdict is Verdict.ACCEPT for node in range(2))
        for panel in differing
    )
    assert consistent(both_judges, PANELS, 0.25)  # 3 checks: a false alarm in 3,300 seeds
    assert consistent(both_answers, PANELS, 0.25)
    assert consistent(both_wrong, len(differing), 0.25)


def test_first_verdicts_do_not_depend_on_the_order_of_asking() -> None:
    answers = ["right", "wrong-1", "wrong-2", "wrong-3", "unheard of"]
    one, other = panels(30, kind="judge"), panels(30, kind="judge")
    for there, back in zip(one, other, strict=True):
        forwards = [there.judge(node, 0, answer).verdict for node in range(2) for answer in answers]
        backwards = [back.judge(node, 0, answer).verdict for node in (1, 0) for answer in reversed(answers)]
        assert forwards == backwards[::-1]


@pytest.mark.parametrize("check", [{"kind": "judge", "accept_given_right": 0.5}, {"kind": "same_answer"}])
def test_asked_again_a_validator_repeats_itself(check) -> None:
    for panel in panels(100, **check):
        assert len({panel.judge(0, 0, "right").verdict for _ in range(4)}) == 1


@pytest.mark.parametrize("kind", ["judge", "same_answer"])
def test_verdicts_flip_as_often_as_told(kind, consistent) -> None:
    asked = panels(kind=kind, flip=0.3)
    said = [[panel.judge(0, 0, "right").verdict for _ in range(8)] for panel in asked]
    for turn in range(1, 8):  # 14 checks in all: a false alarm in 700 seeds
        assert consistent(sum(verdicts[turn] is not verdicts[turn - 1] for verdicts in said), PANELS, 0.3)


def test_what_was_unsure_stays_unsure() -> None:
    for panel in panels(50, kind="judge", unsure=1.0, flip=1.0):
        assert [panel.judge(0, 0, "right").verdict for _ in range(3)] == [Verdict.UNSURE] * 3


def test_verdicts_drawn_anew_forget_the_first(consistent) -> None:
    asked = panels(kind="judge", accept_given_right=0.6, redraw=True)
    said = [[panel.judge(0, 0, "right").verdict is Verdict.ACCEPT for _ in range(2)] for panel in asked]
    assert consistent(sum(second for _, second in said), PANELS, 0.6)  # 2 checks: a false alarm in 5,000 seeds
    assert consistent(sum(first and second for first, second in said), PANELS, 0.36)


def test_the_same_answer_is_accepted_and_another_rejected() -> None:
    model = StatisticalValidators(accuracy=0.5, missing=0.2).model(3)
    randomness = Randomness(2)
    for replication in range(200):
        panel = model.panel(randomness, replication)
        for node in range(3):
            own = panel.own_answer(node, 0)
            for answer in ("right", "wrong-1", "wrong-2", "wrong-3", "None"):
                expected = Verdict.ACCEPT if own == answer else Verdict.REJECT
                assert panel.judge(node, 0, answer).verdict is (Verdict.UNSURE if own is None else expected)


def coins(correlation: float, n: int = 3, questions: int = 40_000) -> np.ndarray:
    check = JudgeCheck(accept=np.full((2, 2, n), 0.5), correlation=correlation)
    return check.coins(np.random.default_rng(5).random((questions, *check.coin_shape(n))))


@pytest.mark.parametrize("correlation", [0.2, 0.7, 1.0])
def test_correlated_verdicts_keep_their_rates_and_go_together_as_a_copula(correlation) -> None:
    # 40,000 questions: five standard errors are .0125. The witness is the bivariate normal distribution.
    drawn = coins(correlation)
    for rate in (0.1, 0.5, 0.9):
        accepts = drawn[:, :, 0] < rate
        assert np.abs(accepts.mean(axis=0) - rate).max() < 0.0125
        limit = norm.ppf(rate)
        both = (
            rate
            if correlation == 1.0
            else multivariate_normal.cdf([limit, limit], cov=[[1.0, correlation], [correlation, 1.0]])
        )
        assert abs((accepts[:, 0] & accepts[:, 1]).mean() - both) < 0.0125
    other = drawn[:, 0, 0] < 0.5, drawn[:, 1, 1] < 0.5
    assert abs((other[0] & other[1]).mean() - 0.25) < 0.0125, "verdicts on different answers have nothing in common"


def test_fully_correlated_judges_speak_with_one_voice_in_every_question_of_a_stream() -> None:
    for panel in panels(30, n=4, kind="judge", correlation=1.0, accept_given_right=0.5):
        for question in (0, 1, 40):
            assert len({panel.judge(node, question, "right").verdict for node in range(4)}) == 1


def test_without_correlation_nothing_is_drawn_otherwise() -> None:
    plain, named = panels(50, n=4, kind="judge"), panels(50, n=4, kind="judge", correlation=0.0)
    for one, other in zip(plain, named, strict=True):
        assert [one.judge(node, 0, "right").verdict for node in range(4)] == [
            other.judge(node, 0, "right").verdict for node in range(4)
        ]
    assert "correlation" not in bft.Scenario(validators=JUDGES).to_dict()["validators"]["check"]


JUDGES = {"kind": "statistical", "accuracy": 0.6, "check": {"kind": "judge"}}


def test_correlation_is_refused_where_it_has_no_meaning() -> None:
    scenario = bft.Scenario(validators=JUDGES)
    with pytest.raises(ScenarioError, match=r"validators\.check\.correlation = 1\.5: must be between 0 and 1"):
        scenario.replace("validators.check.correlation", 1.5)
    with pytest.raises(ScenarioError, match=r"^validators\.check\.correlation = 0\.5: must be 0 where redraw is true"):
        scenario.replace_all({"validators.check.correlation": 0.5, "validators.check.redraw": True})
    assert (
        bft.Scenario.from_dict(
            scenario.replace("validators.check.correlation", 0.5).to_dict()
        ).validators.check.correlation
        == 0.5
    )


def test_both_engines_ask_the_same_correlated_judges() -> None:
    scenario = bft.Scenario(n=5, validators={**JUDGES, "check": {"kind": "judge", "correlation": 0.6, "unsure": 0.1}})
    batch = VectorisedSimulator(scenario, seed=3).run(range(60))
    simulator = bft.Simulator(scenario, 3)
    for replication in range(60):
        run = simulator.run(replication)
        assert batch.outcome(replication) is run.outcome
        if run.metrics.decided_at_s is not None:
            assert batch.decided_at_s[replication] == run.metrics.decided_at_s
