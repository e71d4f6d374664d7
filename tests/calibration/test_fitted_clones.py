"""Fits to samples of one model, and of several, predict quorums on wrong answers without bias."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import bft
from bft.calibration.fit_files import scenario_toml
from bft.calibration.fitting import fit
from bft.calibration.outcomes import outcome_shares
from bft.calibration.quorum_agreement import trap_by_quorums, wrong_quorums
from bft.errors import ScenarioError
from bft.scenario import Scenario
from bft.validators.answers import Codes
from bft.validators.statistical import WrongChoice
from tests.calibration.test_forecast import drawn, table_of

SEVEN = tuple(f"m #{number}" for number in range(1, 8))


def samples(questions: int, seed: int, n: int = 7) -> Codes:
    """Draw samples of one model that is surer of some questions than of others.

    Its answers to a question have probabilities that fall with their rank, the faster the surer it is. The right one is
    the first of them, or the second: where it is sure of a wrong one, it gives it again and again.
    """
    generator = np.random.default_rng(seed)
    sure = 3.5 * generator.random((questions, 1))
    chances = np.cumsum(np.arange(1.0, 61.0) ** -sure, axis=1)
    ranks = (generator.random((questions, n, 1)) * chances[:, None, -1:] > chances[:, None, :]).sum(axis=2)
    right = (generator.random((questions, 1)) < 0.4).astype(np.intp)
    return np.where(ranks == right, 0, ranks + 1)


def misses(codes: Codes, agreement: str) -> dict[int, float]:
    fitted = fit(table_of(codes, SEVEN), ["m"], agreement=agreement, options=59, resamples=1, splits=3)  # type: ignore[arg-type]
    return {size.n: size.wrong.predicted - size.wrong.observed for size in fitted.numbers.fit.held_out.sizes}  # type: ignore[union-attr]


def test_wrong_quorums_of_clones_are_predicted_without_bias_where_triples_predict_too_few() -> None:
    """Over 6,000 questions, of which a fifth ends in a wrong quorum: a standard error of .7 points."""
    codes = samples(6000, 1)
    by_triples, by_quorums = misses(codes, "triples"), misses(codes, "quorums")
    assert by_triples[7] < -0.015
    assert all(abs(miss) < 0.007 for miss in by_quorums.values()), by_quorums


def test_samples_of_one_model_are_fitted_by_their_quorums_and_alike() -> None:
    numbers = fit(table_of(samples(800, 2), SEVEN), ["m"], options=59, resamples=5, splits=1).numbers
    assert isinstance(numbers.accuracy, float)
    assert (numbers.models, numbers.clones) == (SEVEN, None)
    assert numbers == fit(table_of(samples(800, 2), SEVEN), SEVEN, options=59, resamples=5, splits=1).numbers


@pytest.mark.parametrize("size", [4, 5])
def test_wrong_quorums_are_those_of_all_panels_of_a_size(size: int) -> None:
    codes = drawn(200, 4)
    shares = outcome_shares(codes, list(combinations(range(5), size)), "quorum", None)[:, 1]
    assert np.allclose(wrong_quorums(codes, size), shares)


@pytest.mark.parametrize(("tau", "k_alpha"), [(0.3, 5.0), (0.05, 1.0), (0.6, 40.0)])
def test_trap_and_urn_give_the_quorums_that_they_were_found_from(tau: float, k_alpha: float) -> None:
    """Of 40,000 questions on which all seven are wrong."""

    def picked(trap: float, urn: float) -> Codes:
        draws = np.random.default_rng(5).random((40_000, 8))
        return WrongChoice(options=50, tau=trap, k_alpha=urn).pick(draws[:, 0], draws[:, 1:])

    codes, everybody = picked(tau, k_alpha), np.zeros(8)
    everybody[7] = 1.0
    small, large = (float(wrong_quorums(codes, size).mean()) for size in (4, 7))
    again = picked(*trap_by_quorums(_same_pairs(codes), everybody, small, large, 50))
    assert wrong_quorums(again, 4).mean() == pytest.approx(small, abs=0.005)
    assert wrong_quorums(again, 7).mean() == pytest.approx(large, abs=0.005)
    assert _same_pairs(again) == pytest.approx(_same_pairs(codes), abs=0.01)


def _same_pairs(codes: Codes) -> float:
    same = (codes[:, :, None] == codes[:, None, :]).sum(axis=(1, 2)) - codes.shape[1]
    return float(same.mean() / (codes.shape[1] * (codes.shape[1] - 1)))


def test_extremes_have_an_answer() -> None:
    everybody = np.array([0.0, 0.0, 0.0, 0.0, 1.0])
    assert trap_by_quorums(None, everybody, 0.0, 0.0, 9) == (0.0, math.inf)
    assert trap_by_quorums(0.5, everybody, 0.0, 0.0, 1) == (0.0, math.inf)
    assert trap_by_quorums(1.0, everybody, 1.0, 1.0, 9)[0] == pytest.approx(1.0, abs=0.01)
    tau, k_alpha = trap_by_quorums(1.0 / 9.0, everybody, 0.0, 0.0, 9)
    assert (tau, k_alpha) == (pytest.approx(0.0, abs=0.01), pytest.approx(math.inf))


def test_clones_of_several_models_are_found_again_and_written_into_the_scenario(tmp_path: Path) -> None:
    numbers = fit(table_of(drawn(20_000, 6)), ["a", "b"], options=4, resamples=2, splits=1).numbers
    assert numbers.clones is not None
    assert numbers.clones.models == ("a", "a", "a", "b", "b")
    assert numbers.clones.correlation == pytest.approx(0.9, abs=0.02)
    assert numbers.clones.same_wrong == pytest.approx(0.7, abs=0.04)
    assert numbers.errors.r == pytest.approx(0.5, abs=0.03)  # type: ignore[union-attr]
    assert numbers.accuracy == pytest.approx((0.6, 0.6, 0.6, 0.7, 0.7), abs=0.01)
    wrong = numbers.fit.outcomes[-1].wrong  # type: ignore[union-attr]
    assert wrong.fitted == pytest.approx(wrong.recorded, abs=0.015)
    file = tmp_path / "panel.toml"
    file.write_text(scenario_toml(numbers), encoding="utf-8")
    scenario = Scenario.from_toml(file)
    assert scenario.validators.clones.models == numbers.clones.models  # type: ignore[union-attr]
    assert bft.simulate(scenario, seed=1).outcome.value in ("agreed_correct", "agreed_wrong", "stalled")


def test_samples_of_several_models_are_neither_alike_nor_fitted_by_their_quorums() -> None:
    with pytest.raises(ScenarioError, match="samples of several models are neither alike"):
        fit(table_of(drawn(50, 1)), ["a", "b"], exchangeable=True)


def test_outcomes_have_intervals_that_hold_what_was_drawn_from() -> None:
    """Ten tables of 400 questions: of 95 % intervals fewer than 7 of 10 hold with P = 0.1 %."""
    truth = outcome_shares(drawn(40_000, 1)[:, :3], [(0, 1, 2)], "quorum", None).mean(axis=0)[0]
    recorded = fitted = 0
    for seed in range(10):
        codes = drawn(400, 100 + seed)[:, :3]
        (outcomes,) = fit(table_of(codes, NAMES_OF_A), ["a"], options=4, resamples=30, splits=1).numbers.fit.outcomes  # type: ignore[union-attr]
        recorded += outcomes.correct.interval[0] <= truth <= outcomes.correct.interval[1]
        fitted += outcomes.correct.fitted_interval[0] <= truth <= outcomes.correct.fitted_interval[1]
    assert recorded >= 7
    assert fitted >= 7


NAMES_OF_A = ("a #1", "a #2", "a #3")


def test_the_same_seed_gives_the_same_outcomes() -> None:
    codes = drawn(60, 2)
    first, again = (fit(table_of(codes), ["a", "b"], options=4, resamples=3, splits=1, seed=9).numbers for _ in "ab")
    assert first.fit.outcomes == again.fit.outcomes  # type: ignore[union-attr]
