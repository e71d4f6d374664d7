"""Smoothed rates: nearer to the truth than counts, the more so the more careful a panel is; exact ones stay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from bft.designing.candidates import Scores, Search
from bft.designing.fault_cases import FaultModel
from bft.designing.honest_sets import HonestSets
from bft.designing.smoothing import smoothed
from tests.designing.conftest import drawn_codes

ACCURACY = (0.9, 0.85, 0.8, 0.7, 0.65, 0.6, 0.55)


def scores(questions: int, seed: int, rules: Sequence[str] = ("quorum",)) -> Scores:
    codes = drawn_codes(questions, ACCURACY, seed=seed, hard=0.05, options=2)
    honest = HonestSets(codes, smallest=3, largest=4)
    search = Search(honest, range(7), sizes=[3, 4], rules=rules, faults=FaultModel())
    return search.scores(np.ones(questions), {})


def test_smoothed_rates_are_nearer_to_the_truth_than_counts() -> None:
    truth, few = scores(40_000, 1), [scores(100, seed) for seed in range(2, 12)]
    unanimous = np.array([each.quorum == each.n for each in truth.candidates])
    for rows, most in ((np.ones(len(unanimous), dtype=bool), 0.8), (unanimous, 0.4)):
        counted = np.mean([np.mean((each.wrong - truth.wrong)[rows] ** 2) for each in few])
        taken = np.mean([np.mean((smoothed(each, 100.0)[1] - truth.wrong)[rows] ** 2) for each in few])
        assert taken < most * counted


def test_panels_of_one_size_and_quorum_keep_their_mean_rate_and_equal_rules_stay_equal() -> None:
    seen = scores(100, 5, rules=("quorum", "plurality", "pbft"))
    _, wrong = smoothed(seen, 100.0)
    rates: dict[tuple[str, int, int | None], list[float]] = {}
    for start, members in seen.kinds:
        places = slice(start, start + len(members))
        assert wrong[places].mean() == pytest.approx(seen.wrong[places].mean(), rel=0.02)  # but for rates cut at 0
        first = seen.candidates[start]
        rates[first.rule, first.n, first.quorum] = wrong[places].tolist()
    assert rates["pbft", 3, 3] == rates["quorum", 3, 3]
    assert rates["pbft", 4, 4] == rates["quorum", 4, 4]


def test_shares_that_are_exact_are_left_alone() -> None:
    exact = scores(500, 3)
    correct, wrong = smoothed(exact, np.inf)
    assert correct == pytest.approx(exact.correct)
    assert wrong == pytest.approx(exact.wrong)


def test_no_error_at_all_stays_none() -> None:
    honest = HonestSets(drawn_codes(50, (1.0,) * 7, seed=4), smallest=3, largest=3)
    search = Search(honest, range(7), sizes=[3], rules=["quorum"], faults=FaultModel())
    assert smoothed(search.scores(np.ones(50), {}), 50.0)[1].max() == 0.0
