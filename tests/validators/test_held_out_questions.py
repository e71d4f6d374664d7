"""Learning from other questions: the two sides of a table never meet, and learnt accuracies are those of the law."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, TableError
from bft.randomness import Randomness
from bft.validators.answers import RIGHT
from bft.validators.rule_settings import LogOddsRule
from bft.validators.settings import PerfectValidators, RecordedValidators, StatisticalValidators
from bft.voting import Weighted


@pytest.fixture
def table(tmp_path: Path) -> str:
    """200 questions; model 0 is always right, model 1 on even questions, model 2 never."""
    lines = ["question_id,gold,model,answer"]
    for question in range(200):
        right = (True, question % 2 == 0, False)
        lines += [f"q{question},A,m{model},{'A' if right[model] else 'B'}" for model in range(3)]
    path = tmp_path / "answers.csv"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def recorded(table: str, share: float | None) -> RecordedValidators:
    return RecordedValidators(file=table, models=("m0", "m1", "m2"), kept_for_learning=share)


def test_what_is_held_out_is_never_asked(table: str) -> None:
    whole = recorded(table, None).answers().recorded
    apart = recorded(table, 0.3).answers()
    asked = set(apart.recorded.rows.tolist())
    kept = len(apart.training(Randomness(0), 1))
    assert len(asked) + kept == len(whole.rows) == 200
    assert 30 < kept < 90
    assert set(recorded(table, 0.6).answers().recorded.rows.tolist()) < asked, "a larger share keeps more"
    assert apart.recorded.texts[0] == ("a", "b")


def test_nothing_left_on_a_side_is_refused(table: str) -> None:
    with pytest.raises(TableError, match=r"validators\.kept_for_learning = 1e-09: must leave some of the panel's 200"):
        recorded(table, 1e-9).answers()
    with pytest.raises(ScenarioError, match=r"needs validators\.kept_for_learning"):
        recorded(table, None).answers().training(Randomness(0), 1)


def test_weights_follow_what_was_learnt(table: str) -> None:
    rule = LogOddsRule().rule(QuorumSystem.of(3), recorded(table, 0.5).model(3), Randomness(0))
    assert isinstance(rule, Weighted)
    assert rule.weights[0] > 1_000_000
    assert rule.weights[0] > rule.weights[1]
    assert rule.weights[2] == 0


def test_statistical_validators_are_examined_on_questions_of_their_own() -> None:
    model = StatisticalValidators(accuracy=(0.9, 0.5, 0.7)).model(3)
    codes = model.training(Randomness(2), 20_000, 3)
    # five standard errors of three means: false alarms below 1e-5
    assert np.abs((codes == RIGHT).mean(axis=0) - [0.9, 0.5, 0.7]).max() < 5 * 0.5 / np.sqrt(20_000)
    assert (model.training(Randomness(2), 20_000, 3) == codes).all()
    assert PerfectValidators().model(3).training(Randomness(0), 5, 3).tolist() == [[0, 0, 0]] * 5
