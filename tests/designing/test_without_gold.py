"""Estimates without right answers: exact on models that err independently, and misled by models that err together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bft.designing.without_gold import dawid_skene, one_parameter
from bft.errors import TableError
from bft.validators.tables import load_answers
from tests.designing.conftest import drawn_codes
from tests.designing.test_effective_votes import STRONG7

ACCURACY = (0.9, 0.8, 0.7, 0.6, 0.5)


def lettered(codes: np.ndarray, seed: int) -> tuple[list[list[str | None]], list[str]]:
    """Give each question's right answer a letter of its own, so that no class stands for being right."""
    turn = np.random.default_rng(seed).integers(0, 5, len(codes))
    rows = [
        [None if code < 0 else "ABCDE"[(code + k) % 5] for code in row]
        for row, k in zip(codes.tolist(), turn, strict=True)
    ]
    return rows, ["ABCDE"[k] for k in turn]


@pytest.mark.parametrize("estimate", [dawid_skene, one_parameter])
def test_independent_models_are_estimated_without_right_answers(estimate: type) -> None:
    """Within four standard errors of 800 questions; most intervals hold the truth."""
    rows, gold = lettered(drawn_codes(800, ACCURACY, seed=1, missing=0.05), 2)
    found = estimate(rows, resamples=20)  # type: ignore[call-arg]
    truth = [float(np.mean([row[model] == right for row, right in zip(rows, gold, strict=True)])) for model in range(5)]
    assert found.accuracy == pytest.approx(truth, abs=0.07)
    assert sum(each["inside"] for each in found.against(truth)) >= 4
    assert np.mean([a == b for a, b in zip(found.answers, gold, strict=True)]) > 0.93
    assert all(0.5 < sum(each.values()) <= 1.0 + 1e-9 for each in found.posterior if len(each) > 1)


def test_the_one_parameter_model_is_the_maximum_that_a_search_by_brute_force_finds() -> None:
    """Two answers, three models: the likelihood of accuracies above one half, over both right answers, on a grid."""
    rows, _ = lettered(drawn_codes(300, (0.9, 0.75, 0.7), seed=4, options=1), 5)
    found = one_parameter(rows, options=1, resamples=0)
    grid = np.linspace(0.5, 0.98, 25)
    a, b, c = np.meshgrid(grid, grid, grid, indexing="ij")
    total = np.zeros_like(a)
    for row in rows:
        names = list(dict.fromkeys(row))
        likely = np.zeros_like(a)
        for right in names if len(names) > 1 else [names[0], "another"]:
            chance = np.ones_like(a)
            for said, accuracy in zip(row, (a, b, c), strict=True):
                chance = chance * np.where(said == right, accuracy, 1.0 - accuracy)
            likely += chance / 2.0
        total += np.log(likely)
    best = np.unravel_index(int(total.argmax()), total.shape)
    assert sorted(found.accuracy) == pytest.approx(sorted(grid[list(best)]), abs=0.02)


def test_models_that_err_together_are_taken_for_accurate(shared_data: Path) -> None:
    table = load_answers(shared_data / "data/answers/mmlu_pro.parquet")
    panel = table.panel(STRONG7)
    columns = [table.models.index(model) for model in STRONG7]
    given = table.answers[panel.rows[:600]][:, columns]
    rows = [[None if code < 0 else table.texts[code] for code in row] for row in given.tolist()]
    truth = (panel.codes[:600] == 0).mean(axis=0)
    found = one_parameter(rows, resamples=20)
    assert float(np.mean(found.accuracy - truth)) > 0.05, "errors in common look like agreement on what is right"
    assert not any(each["inside"] for each in found.against(truth.tolist())[:3])
    assert "err together" in found.warning


def test_free_answers_are_too_many_for_confusion_matrices() -> None:
    rows = [[str(number), str(number), str(number + 1)] for number in range(50)]
    with pytest.raises(TableError, match="one-parameter"):
        dawid_skene(rows)


@pytest.mark.parametrize("rows", [[], [["A"]], [["A", "B"], ["A"]], [[None, None]]])
def test_tables_that_say_nothing_are_refused(rows: list[list[str | None]]) -> None:
    with pytest.raises(TableError, match="answers"):
        one_parameter(rows)
