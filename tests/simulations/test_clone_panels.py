"""The script on panels of clones answers as its docstring says, on fewer questions than it uses by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.calibration.test_fitted_clones import samples
from tests.simulations.test_voting_questions import script


def test_quorums_on_wrong_answers_are_predicted_where_triples_predict_too_few(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of 3,000 questions a quarter ends in a wrong quorum. The halves, and so their sampling error, are the same."""
    lines = ["question_id,gold,model,answer"]
    for question, row in enumerate(samples(3000, 8, n=20).tolist()):
        lines += [f"{question},0,m{node},{code}" for node, code in enumerate(row)]
    file = tmp_path / "answers.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    four, seven = script("panels_of_clones").main(str(file), [2.0], questions=3000, halvings=3)
    assert (four.n, seven.n) == (4, 7)
    assert four.by_triples < -0.5
    assert seven.by_triples < -1.0
    assert max(abs(four.by_quorums), abs(seven.by_quorums)) < 0.5
    assert "missed by quorums" in capsys.readouterr().out


def test_clones_keep_the_difficulty_of_their_question() -> None:
    module = script("panels_of_clones")
    source = module.made_up(400)
    clones = module.clones_of(source, 1.0, 400)
    places = [source.questions.index(question) for question in clones.questions]
    difficulty = (source.answers[places] == 0).mean(axis=1)
    assert np.corrcoef(difficulty, (clones.answers == 0).mean(axis=1))[0, 1] > 0.8
    two = module.clones_of(source, 1.0, 400, 2)
    assert (two.models[0], two.models[4], len(two.models)) == ("clone A #1", "clone B #1", 8)
    assert clones.models == tuple(f"clone A #{number}" for number in range(1, 8))


def test_a_table_of_few_models_has_no_clones_to_draw() -> None:
    module = script("panels_of_clones")
    module.MODELS = 3  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="fewer than 20"):
        module.clones_of(module.made_up(10), 1.0, 10)
