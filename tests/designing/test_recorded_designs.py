"""Designs on tables of real models and of known shapes: what is recommended meets its target on unseen questions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.designing.test_effective_votes import DIVERSE10, STRONG7
from tests.simulations.test_voting_questions import script

MATH9 = (
    "o1-mini-2024-09-12", "gemini-1.5-pro-exp-0827", "grok-2-1212", "Qwen2.5-72B-Instruct",
    "claude-3-5-sonnet-20241022", "gpt-4o-2024-08-06", "Llama-3.1-405B-Inst@sambanova", "Mistral-Large-2",
    "deepseek-v2.5-0908",
)  # fmt: skip
TABLES = {"gsm8k": DIVERSE10, "math_l5": MATH9, "mmlu_pro": STRONG7}
trial = script("held_out_designs")


def test_panels_of_real_models_meet_their_target_and_shuffled_ones_are_not_recommended(shared_data: Path) -> None:
    codes = trial.recorded(str(shared_data / "data/answers/gsm8k.parquet"), DIVERSE10[:6])
    loose, tight = trial.trial("gsm8k", codes, 2, (0.05, 0.01), 7)
    assert (loose.recommended, loose.missed, loose.held, loose.shuffled) == (2, 0, 2, 0)
    assert (tight.missed, tight.shuffled) == (0, 0)


def test_a_share_of_wrong_answers_that_every_panel_gives_is_not_underestimated() -> None:
    """One question in forty traps all models: above .02 and below .08 for every panel."""
    at_08, at_02 = trial.trial("trapped", trial.trapped(3), 3, (0.08, 0.02), 3)
    assert (at_08.recommended, at_08.missed) == (3, 0)
    assert at_02.recommended == 0


@pytest.mark.parametrize("shape", ["two answers", "few questions"])
def test_panels_that_one_half_flatters_by_chance_are_not_recommended(shape: str) -> None:
    codes = trial.SHAPES[shape](1)
    for row in trial.trial(shape, codes, 2, (0.05, 0.02, 0.01), 1):
        assert row.missed == 0, row
        assert row.shuffled == 0, row


def test_errors_that_only_the_judging_half_holds_are_counted_as_a_missed_target() -> None:
    """The measure itself: three models err alike on the judging half alone, where a design cannot have seen it."""
    one = np.zeros((300, 3), dtype=np.intp)
    other = np.where(np.arange(300)[:, np.newaxis] % 10 == 0, 1, one)
    panel = trial.designs(one, [0.02], 0)[0.02]
    assert panel is not None
    assert trial.wrong(panel, one) == 0.0
    assert trial.wrong(panel, other) == pytest.approx(0.1)
    assert trial.hindsight(one, [0.02], 0) == {0.02: True}
    assert trial.hindsight(other, [0.02], 0) == {0.02: False}


@pytest.mark.nightly
@pytest.mark.parametrize("table", TABLES)
def test_fifty_halvings_meet_the_target_in_at_least_95_percent(shared_data: Path, table: str) -> None:
    """Wherever the other half holds a panel for .05, one is recommended in at least nine tenths of the halvings."""
    codes = trial.recorded(str(shared_data / f"data/answers/{table}.parquet"), TABLES[table])
    for row in trial.trial(table, codes, 50, (0.05, 0.02, 0.01), 0):
        assert row.missed <= 2, row
        assert row.shuffled == 0, row
        if row.target == 0.05:
            assert row.found >= 0.9 * row.held, row


@pytest.mark.nightly
@pytest.mark.parametrize("shape", trial.SHAPES)
def test_fifty_halvings_of_drawn_tables_meet_the_target(shape: str) -> None:
    for row in trial.trial(shape, trial.SHAPES[shape](0), 50, (0.05, 0.02, 0.01), 0):
        assert row.missed <= 2, row
        assert row.shuffled == 0, row
