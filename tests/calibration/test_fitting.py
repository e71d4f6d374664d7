"""A fit finds the numbers of a made-up panel, says how sure it is, and writes what a scenario reads."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from scipy.stats import norm

from bft.calibration.fit_files import numbers_toml
from bft.calibration.fitting import fit
from bft.errors import ScenarioError, TableError
from bft.randomness import Randomness
from bft.validators.settings import StatisticalValidators
from bft.validators.tables import load_answers

ACCURACY = (0.5, 0.6, 0.7, 0.8)
MODELS = ("a", "b", "c", "d")


@pytest.fixture
def made_up_table(write_table):
    """Draw a table from known numbers."""

    def make(questions: int = 1500, seed: int = 3, name: str = "made_up.csv", **given):
        numbers = {"accuracy": ACCURACY, "missing": 0.05, "options": 9, **given}
        answers = StatisticalValidators(**numbers).model(len(MODELS)).answers
        codes, _ = answers.prepare(np.random.default_rng(seed).random((questions, answers.uniforms)))
        rows = [
            {"question_id": question, "gold": "0", "model": model, "answer": None if code < 0 else str(code)}
            for question, given_codes in enumerate(codes.tolist())
            for model, code in zip(MODELS, given_codes, strict=True)
        ]
        return load_answers(write_table(name, rows))

    return make


OLD_FIT = """
accuracy = 0.58728
options = 9
errors = { tau = 0.26158, k_alpha = 4.20298, kind = "correlated", r = 0.60519, flawed = 0.0 }
missing = 0.03879
models = ["a", "b", "c", "d"]
source = "made up"
fitted = 2026-11-21

[fit]
questions = 5269
seed = 0
resamples = 200
same_given_wrong = 0.46978

[fit.intervals]
accuracy = [[0.57834, 0.59664]]
r = [0.58895, 0.61899]
flawed = [0.0, 0.0]
tau = [0.23195, 0.29164]
k_alpha = [3.66416, 4.88472]
same_given_wrong = [0.45533, 0.48349]

[fit.held_out]
splits = 10
matched = true

[[fit.held_out.sizes]]
n = 4
quorum = 3
correct = { predicted = 0.516, observed = 0.5196, mean_miss = 0.006, largest_miss = 0.018, sampling = 0.008, beyond_sampling = 0.05 }
wrong = { predicted = 0.108, observed = 0.1128, mean_miss = 0.007, largest_miss = 0.018, sampling = 0.006, beyond_sampling = 0.2 }
missing = { predicted = 0.376, observed = 0.3676, mean_miss = 0.009, largest_miss = 0.014, sampling = 0.008, beyond_sampling = 0.0 }
crash = { miss = 0.0048, mean_miss = 0.0098, largest_miss = 0.0183, sampling = 0.0076 }
collude = { miss = 0.0048, mean_miss = 0.0098, largest_miss = 0.0183, sampling = 0.0076 }
"""  # noqa: E501 (a file as it was written)

CORRELATED = {"kind": "correlated", "r": 0.6, "tau": 0.2, "k_alpha": 5.0}


def test_the_numbers_lie_within_their_intervals(made_up_table) -> None:
    numbers = fit(made_up_table(errors=CORRELATED), MODELS, options=9, splits=1).numbers
    intervals = numbers.fit.intervals
    assert numbers.errors.flawed == 0.0
    for value, (low, high) in zip(numbers.accuracy, intervals.accuracy, strict=True):
        assert low <= value <= high
        # 95 % of a share of 1,500 questions: 200 resamples know the width to a tenth.
        assert high - low == pytest.approx(3.92 * np.sqrt(value * (1 - value) / 1500), rel=0.3)
    assert intervals.r[0] <= numbers.errors.r <= intervals.r[1]
    assert intervals.tau[0] <= numbers.errors.tau <= intervals.tau[1]
    assert intervals.k_alpha[0] <= numbers.errors.k_alpha <= intervals.k_alpha[1]
    assert intervals.same_given_wrong[0] <= numbers.fit.same_given_wrong <= intervals.same_given_wrong[1]


def test_intervals_hold_the_truth_about_as_often_as_they_say(made_up_table) -> None:
    held = []
    for seed in range(10):
        table = made_up_table(questions=400, seed=seed, errors=CORRELATED, name=f"{seed}.csv")
        found = fit(table, MODELS, options=9, flawed=False, resamples=60, splits=1).numbers.fit.intervals
        truths = [*zip(ACCURACY, found.accuracy, strict=True), (0.6, found.r)]
        held += [low <= truth <= high for truth, (low, high) in truths]
    # 50 intervals that hold 91 to 96 % of the time, measured on 200 other seeds; fewer than 40: 1 collection in 2,000.
    assert sum(held) >= 40


def test_flawed_questions_are_found_and_not_imagined(made_up_table) -> None:
    accuracy = (0.85, 0.88, 0.9, 0.86)
    sound = made_up_table(accuracy=accuracy, errors=CORRELATED, name="sound.csv")
    flawed = made_up_table(accuracy=accuracy, errors={**CORRELATED, "flawed": 0.06}, name="flawed.csv")
    assert fit(sound, MODELS, options=9, splits=1).numbers.errors.flawed == 0.0
    numbers = fit(flawed, MODELS, options=9, splits=1).numbers
    low, high = numbers.fit.intervals.flawed
    assert 0.0 < low <= numbers.errors.flawed <= high
    assert low <= 0.06 <= high


def test_missing_answers_that_come_together_are_found(made_up_table) -> None:
    table = made_up_table(missing=0.15, missing_correlation=0.7, errors=CORRELATED)
    numbers = fit(table, MODELS, options=9, splits=1).numbers
    low, high = numbers.fit.intervals.missing_correlation
    assert 0.5 < low <= numbers.missing_correlation <= high < 0.9
    assert low <= 0.7 <= high


def test_held_out_questions_are_predicted(made_up_table) -> None:
    table = made_up_table(questions=6000, errors=CORRELATED)
    kept = fit(table, MODELS, options=9, resamples=1, splits=8).numbers.fit.held_out
    (size,) = kept.sizes
    assert (kept.splits, kept.matched, size.n, size.quorum) == (8, False, 4, 3)
    for share in (size.correct, size.wrong, size.missing):
        # The model is the true one. Errors have standard deviation .0033 or less, measured on 40 seeds; 4 of them.
        assert share.predicted == pytest.approx(share.observed, abs=0.0135)
        assert share.mean_miss < 1.5 * share.sampling
        # Of a half of 3,000 questions; the two halves differ by √2 of that.
        assert share.standard_error == pytest.approx(np.sqrt(share.observed * (1 - share.observed) / 3000), rel=0.02)
        assert share.sampling == pytest.approx(np.sqrt(2) * share.standard_error, rel=0.02)
        assert share.mean_miss <= share.largest_miss
        assert share.beyond_sampling < 0.5
    assert size.correct.observed + size.wrong.observed + size.missing.observed == pytest.approx(1, abs=2e-5)
    assert size.crash.miss < 0.0135
    assert size.collude.miss < 0.0135
    assert size.crash.miss <= size.crash.mean_miss <= size.crash.largest_miss
    assert size.panels == 1


def test_what_a_half_is_within_is_counted_over_the_halves(made_up_table) -> None:
    kept = fit(made_up_table(questions=200, errors=CORRELATED), MODELS, options=9, resamples=1, splits=20).numbers.fit
    (size,) = kept.held_out.sizes
    for share in (size.correct, size.wrong, size.missing):
        # Misses by sampling alone are normal; 20 halvings, one of whose ways is the other's mirror image: of a share p
        # the standard deviation is at most .11, and these are three and a half.
        expected = 2.0 * norm.cdf(0.02 / share.sampling) - 1.0
        assert share.within_by_half == pytest.approx(expected, abs=0.39)
        assert (share.largest_miss <= 0.02) == (share.within == 1.0)
    assert 0.0 < size.missing.within_by_half < 1.0
    assert (size.crash.largest_miss <= 0.03) == (size.crash.within == 1.0)


def test_a_wrong_model_is_seen_on_held_out_questions(made_up_table) -> None:
    # Half of the questions are flawed, and the fit may not know: the copula cannot express that.
    errors = {"kind": "correlated", "r": 0.0, "flawed": 0.15}
    table = made_up_table(accuracy=(0.8,) * 4, missing=0.0, errors=errors)
    blind = fit(table, MODELS, options=9, flawed=False, resamples=1, splits=4).numbers.fit.held_out
    knowing = fit(table, MODELS, options=9, flawed=True, resamples=1, splits=4).numbers.fit.held_out
    assert abs(blind.sizes[0].correct.predicted - blind.sizes[0].correct.observed) > 0.02
    assert abs(knowing.sizes[0].correct.predicted - knowing.sizes[0].correct.observed) < 0.01


@pytest.mark.parametrize("always", [True, False])
def test_shares_and_curves_are_counted_within_limits_of_their_own(always, made_up_table, monkeypatch) -> None:
    monkeypatch.setattr("bft.calibration.held_out.CLOSE", 1.0 if always else -1.0)
    monkeypatch.setattr("bft.calibration.held_out.CLOSE_ALONG_DELTA", -1.0 if always else 1.0)
    (size,) = fit(made_up_table(questions=200), MODELS, options=9, resamples=1, splits=2).numbers.fit.held_out.sizes
    for share in (size.correct, size.wrong, size.missing):
        assert (share.within, share.within_by_half) == (always, always)
    for curve in (size.crash, size.collude):
        assert (curve.within, curve.within_by_half) == (not always, not always)


def test_silence_taken_for_independent_is_seen_on_held_out_questions(made_up_table, monkeypatch) -> None:
    given = {"accuracy": (0.4,) * 4, "missing": 0.25, "missing_correlation": 0.8}
    table = made_up_table(questions=4000, errors={"kind": "correlated", "r": 0.5, "tau": 0.8}, **given)
    known = fit(table, MODELS, options=9, resamples=1, splits=4).numbers.fit.held_out.sizes[0].wrong
    monkeypatch.setattr("bft.calibration.estimate.missing_correlation", lambda *_: 0.0)
    blind = fit(table, MODELS, options=9, resamples=1, splits=4).numbers.fit.held_out.sizes[0].wrong
    assert abs(known.predicted - known.observed) < 0.012
    assert blind.predicted - blind.observed < -0.02
    assert known.within > blind.within


def test_a_fit_from_before_missing_answers_were_correlated_still_loads(tmp_path) -> None:
    file = tmp_path / "old.toml"
    file.write_text(OLD_FIT, encoding="utf-8")
    settings = StatisticalValidators(file=str(file))
    numbers = settings.numbers()
    assert (numbers.missing, numbers.missing_correlation) == (0.03879, 0.0)
    assert numbers.fit.intervals.missing_correlation is None
    (size,) = numbers.fit.held_out.sizes
    assert (size.panels, size.correct.within, size.crash.within_by_half) == (None, None, None)
    assert settings.model(4).answers.uniforms == 2 + 3 * 4, "and it draws what it drew"
    assert "missing_correlation = 0.0\n" in numbers_toml(numbers)


def test_what_is_written_is_what_a_scenario_reads(made_up_table, tmp_path) -> None:
    found = fit(
        made_up_table(errors=CORRELATED), MODELS, resamples=5, splits=1, source="made up", fitted=date(2026, 11, 21)
    )
    file = tmp_path / "panel.toml"
    found.write(file)
    settings = StatisticalValidators(file=str(file))
    assert settings.numbers() == found.numbers
    assert settings.numbers().models == MODELS
    assert settings.numbers().source == "made up"
    assert settings.model(4).panel(Randomness(1), 0).truth(0) == "right"


def test_an_exchangeable_fit_stands_for_any_number_of_nodes(made_up_table, tmp_path) -> None:
    found = fit(made_up_table(errors=CORRELATED), MODELS, exchangeable=True, resamples=5, splits=1)
    found.write(tmp_path / "panel.toml")
    settings = StatisticalValidators(file=str(tmp_path / "panel.toml"))
    assert isinstance(settings.numbers().accuracy, float)
    for n in (1, 4, 13):
        assert settings.model(n).panel(Randomness(1), 0).own_answer(n - 1, 0) in {"right", None} | {
            f"wrong-{option}" for option in range(1, 1001)
        }


def test_the_number_of_options_comes_from_the_table(made_up, write_table) -> None:
    free = fit(load_answers(write_table("free.csv", made_up)), ("big", "quick"), resamples=5, splits=1)
    assert free.numbers.options == 1000
    rows = [{**row, "n_options": 4} for row in made_up]
    chosen = fit(load_answers(write_table("chosen.csv", rows)), ("big", "quick"), resamples=5, splits=1)
    assert chosen.numbers.options == 3


def test_the_same_seed_gives_the_same_fit(made_up_table) -> None:
    table = made_up_table(questions=300, errors=CORRELATED)
    first = fit(table, MODELS, resamples=20, splits=2, seed=5)
    assert fit(table, MODELS, resamples=20, splits=2, seed=5).toml() == first.toml()
    assert fit(table, MODELS, resamples=20, splits=2, seed=6).toml() != first.toml()


@pytest.mark.parametrize("name", ["options", "resamples", "splits"])
def test_a_number_out_of_range_is_refused(name, made_up, write_table) -> None:
    table = load_answers(write_table("answers.csv", made_up))
    with pytest.raises(ScenarioError, match=f"{name} = 0: must be at least 1"):
        fit(table, ("big", "quick"), **{name: 0})


def test_too_few_questions_are_refused(made_up, write_table) -> None:
    table = load_answers(write_table("answers.csv", made_up))
    with pytest.raises(TableError, match=r"these models share 3 questions; a fit needs 4 or more"):
        fit(table, ("big", "quick", "slow"))
