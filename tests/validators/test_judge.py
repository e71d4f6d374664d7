"""Verdicts come at the told rates, at the told address, and change only where told."""

from __future__ import annotations

import pytest

from bft.core.verdict import Verdict
from bft.randomness import Randomness
from bft.validators.settings import StatisticalValidators

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
