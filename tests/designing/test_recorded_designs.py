"""Designs on tables of real models: what is recommended on one half of the questions keeps its promise on the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bft.designing.candidates import Candidate, Search
from bft.designing.fault_cases import FaultModel
from bft.designing.honest_sets import HonestSets
from bft.designing.panel import DesignedPanel
from bft.designing.rules import log_odds
from bft.designing.search import design
from bft.validators.answers import Codes
from bft.validators.tables import load_answers
from tests.designing.conftest import WriteCodes
from tests.designing.test_effective_votes import DIVERSE10

MATH9 = (
    "o1-mini-2024-09-12", "gemini-1.5-pro-exp-0827", "grok-2-1212", "Qwen2.5-72B-Instruct",
    "claude-3-5-sonnet-20241022", "gpt-4o-2024-08-06", "Llama-3.1-405B-Inst@sambanova", "Mistral-Large-2",
    "deepseek-v2.5-0908",
)  # fmt: skip
TABLES = {"gsm8k": DIVERSE10, "math_l5": MATH9}


def codes_of(shared_data: Path, table: str) -> Codes:
    return load_answers(shared_data / f"data/answers/{table}.parquet").panel(TABLES[table]).codes


def counted(codes: Codes, models: tuple[str, ...], panel: DesignedPanel) -> tuple[float, float]:
    """Return what a panel decides right and wrong on other questions, with the weights that it came with."""
    own = codes[:, [models.index(model) for model in panel.models]]
    honest = HonestSets(own, smallest=panel.n, largest=panel.n)
    search = Search(honest, range(panel.n), sizes=[panel.n], rules=[panel.rule], faults=FaultModel())
    scores = search.scores(np.ones(len(codes)), {"log_odds": log_odds(panel.accuracy)})
    place = scores.candidates.index(Candidate(tuple(range(panel.n)), panel.rule, panel.quorum))
    return float(scores.correct[place]), float(scores.wrong[place])


def test_real_models_that_are_shuffled_or_strong(shared_data: Path, write_codes: WriteCodes) -> None:
    models = DIVERSE10[:6]
    codes = codes_of(shared_data, "gsm8k")[:, :6]
    order = np.random.default_rng(7).permutation(len(codes))
    one, other = codes[order[:659]], codes[order[659:]]
    panel = design(write_codes(one, models), max_wrong=0.05, halvings=3).recommended
    assert panel is not None
    correct, wrong = counted(other, models, panel)
    assert wrong <= 0.05
    assert correct >= 0.5
    moved = np.random.default_rng(1).integers(0, 5, (len(one), 1))
    shuffled = np.where(one == 0, moved, np.where(one == moved, 0, one))
    assert design(write_codes(shuffled, models), max_wrong=0.05, halvings=1).recommended is None


@pytest.mark.nightly
@pytest.mark.parametrize("table", TABLES)
def test_fifty_halvings_keep_the_promise_in_at_least_95_percent(
    shared_data: Path, write_codes: WriteCodes, table: str
) -> None:
    """At .05 a panel is recommended in at least nine tenths of them; at .05, .02 and .01 at most two break it."""
    models, codes = TABLES[table], codes_of(shared_data, table)
    for target in (0.05, 0.02, 0.01):
        recommended = broken = 0
        for halving in range(50):
            order = np.random.default_rng(halving).permutation(len(codes))
            half = len(codes) // 2
            panel = design(write_codes(codes[order[:half]], models), max_wrong=target).recommended
            if panel is not None:
                recommended += 1
                broken += counted(codes[order[half:]], models, panel)[1] > target
        assert broken <= 2, target
        assert target < 0.05 or recommended >= 45
