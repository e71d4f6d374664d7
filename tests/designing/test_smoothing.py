"""Smoothed rates: nearer to the truth than counts where counts are luck, and counts where nothing is."""

from __future__ import annotations

import numpy as np
import pytest

from bft.designing.candidates import Scores, Search
from bft.designing.fault_cases import FaultModel
from bft.designing.honest_sets import HonestSets
from bft.designing.smoothing import smoothed
from tests.designing.conftest import drawn_codes

ACCURACY = (0.9, 0.85, 0.8, 0.7, 0.65, 0.6, 0.55)


def scores(questions: int, seed: int) -> Scores:
    codes = drawn_codes(questions, ACCURACY, seed=seed, hard=0.05, options=2)
    honest = HonestSets(codes, smallest=3, largest=4)
    search = Search(honest, range(7), sizes=[3, 4], rules=["quorum"], faults=FaultModel())
    return search.scores(np.ones(questions), {})


def test_smoothed_rates_are_nearer_to_the_truth_than_counts() -> None:
    truth, few = scores(40_000, 1), [scores(100, seed) for seed in range(2, 12)]
    counted = np.mean([np.mean((each.wrong - truth.wrong) ** 2) for each in few])
    fitted = np.mean([np.mean((smoothed(each, 100.0)[1] - truth.wrong) ** 2) for each in few])
    assert fitted < 0.9 * counted


def test_shares_that_are_exact_are_left_alone() -> None:
    exact = scores(500, 3)
    correct, wrong = smoothed(exact, np.inf)
    assert correct == pytest.approx(exact.correct)
    assert wrong == pytest.approx(exact.wrong)


def test_no_error_at_all_stays_none() -> None:
    honest = HonestSets(drawn_codes(50, (1.0,) * 7, seed=4), smallest=3, largest=3)
    search = Search(honest, range(7), sizes=[3], rules=["quorum"], faults=FaultModel())
    assert smoothed(search.scores(np.ones(50), {}), 50.0)[1].max() == 0.0
