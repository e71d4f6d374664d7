"""Recorded answers are replayed as they were given."""

from __future__ import annotations

from collections import Counter

import pytest

from bft.core.verdict import Verdict
from bft.errors import ScenarioError
from bft.randomness import Randomness
from bft.validators.settings import RecordedValidators


@pytest.fixture
def panels(made_up, write_table):
    settings = RecordedValidators(file=str(write_table("answers.csv", made_up)), models=("big", "quick", "slow"))
    return settings.model(3)


def panel_on(panels, recorded_question: int):
    """Return a panel whose first question is the wanted one."""
    randomness = Randomness(7)
    for replication in range(100):
        if panels.answers.draws(randomness, replication).recorded_question(0) == recorded_question:
            return panels.panel(randomness, replication)
    raise AssertionError("never drawn")


def test_every_common_question_is_drawn_equally_often(panels, consistent) -> None:
    randomness = Randomness(7)
    drawn = Counter(panels.answers.draws(randomness, replication).recorded_question(0) for replication in range(3000))
    assert sorted(drawn) == [0, 1, 2]
    for count in drawn.values():  # three checks: a false alarm in 3,300 seeds
        assert consistent(count, 3000, 1 / 3)


def test_later_questions_are_drawn_anew(panels, consistent) -> None:
    draws = panels.answers.draws(Randomness(7), 0)
    drawn = Counter(draws.recorded_question(question) for question in range(3000))
    assert all(consistent(count, 3000, 1 / 3) for count in drawn.values())  # a false alarm in 3,300 seeds


def test_answers_are_replayed(panels) -> None:
    panel = panel_on(panels, 0)
    assert panel.truth(0) == "18"
    assert [panel.own_answer(node, 0) for node in range(3)] == ["18", "18", "20"]
    assert panel.propose(1, 0).answer == "18"
    assert panel.propose(2, 0).answer == "20"


def test_the_wrong_answer_is_ones_own_or_the_most_frequent(panels) -> None:
    assert [panel_on(panels, 0).wrong_answer(node, 0) for node in range(3)] == ["20", "20", "20"]
    assert [panel_on(panels, 1).wrong_answer(node, 0) for node in range(3)] == ["7", "7", "7"]


def test_who_is_right_lies_with_the_panel(write_table) -> None:
    answers = {"a": "1", "b": "3", "c": "2", "d": "2"}
    rows = [{"question_id": "q", "gold": "1", "model": model, "answer": answer} for model, answer in answers.items()]
    settings = RecordedValidators(file=str(write_table("lie.csv", rows)), models=tuple(answers))
    panel = settings.model(4).panel(Randomness(1), 0)
    assert [panel.wrong_answer(node, 0) for node in range(4)] == ["2", "3", "2", "2"]


def test_where_nobody_errs_a_wrong_answer_is_made_up(write_table, made_up) -> None:
    file = write_table("answers.csv", made_up[:2])
    panel = RecordedValidators(file=str(file), models=("big", "quick")).model(2).panel(Randomness(1), 0)
    assert panel.wrong_answer(0, 0) == "not 18"
    assert panel.judge(0, 0, "not 18").verdict is Verdict.REJECT


def test_the_same_answer_is_accepted_in_any_spelling(panels) -> None:
    panel = panel_on(panels, 0)
    assert [panel.judge(node, 0, "$18.0").verdict for node in range(3)] == [
        Verdict.ACCEPT,
        Verdict.ACCEPT,
        Verdict.REJECT,
    ]


def test_without_an_answer_of_its_own_a_validator_is_unsure(panels) -> None:
    panel = panel_on(panels, 2)
    assert panel.own_answer(1, 0) is None
    assert panel.propose(1, 0).answer is None
    assert panel.judge(1, 0, "b").verdict is Verdict.UNSURE


def test_the_panel_must_have_as_many_models_as_nodes(made_up, write_table) -> None:
    settings = RecordedValidators(file=str(write_table("answers.csv", made_up)), models=("big", "quick"))
    with pytest.raises(
        ScenarioError, match=r"validators.models = \['big', 'quick'\]: must name one for each of the n = 4"
    ):
        settings.model(4)
