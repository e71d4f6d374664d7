"""Forecasts say what a panel decides, and their intervals hold what comes as often as they say."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from bft.calibration.designs import design_of, model_of
from bft.calibration.forecast import forecast, resampled
from bft.calibration.outcomes import outcome_shares
from bft.cli import main
from bft.errors import BftError
from bft.randomness import Randomness
from bft.validators.answers import Codes
from bft.validators.settings import StatisticalValidators
from bft.validators.tables import AnswerTable, load_answers

CLONES = {"models": ["a", "a", "a", "b", "b"], "correlation": 0.9, "same_wrong": 0.7}
NUMBERS: dict[str, Any] = {
    "accuracy": (0.6, 0.6, 0.6, 0.7, 0.7),
    "options": 4,
    "missing": 0.05,
    "errors": {"kind": "correlated", "r": 0.5, "tau": 0.1, "k_alpha": 4.0},
    "clones": CLONES,
}
NAMES = ("a #1", "a #2", "a #3", "b #1", "b #2")


def drawn(questions: int, seed: int) -> Codes:
    answers = StatisticalValidators(**NUMBERS).model(5).answers  # type: ignore[attr-defined]
    codes: Codes = answers.prepare(np.random.default_rng(seed).random((questions, answers.uniforms)))[0]
    return codes


def table_of(codes: Codes, names: tuple[str, ...] = NAMES) -> AnswerTable:
    questions = tuple(str(number) for number in range(len(codes)))
    return AnswerTable(
        source="made up",
        questions=questions,
        gold=("0",) * len(codes),
        models=names,
        texts=tuple(str(code) for code in range(codes.max() + 1)),
        answers=codes,
        category=None,
        n_options=None,
    )


def test_outcomes_are_counted_as_one_would_by_hand() -> None:
    codes = np.array([[0, 0, 0, 1], [1, 1, 1, 0], [0, 0, 1, 1], [0, -1, -1, -1], [-1, -1, -1, -1], [1, 1, 2, 3]])
    every = [(0, 1, 2, 3)]
    assert outcome_shares(codes, every, "quorum", None).argmax(axis=1).tolist() == [0, 1, 2, 2, 2, 2]
    assert outcome_shares(codes, every, "plurality", None).argmax(axis=1).tolist() == [0, 1, 2, 0, 2, 1]
    triples = list(combinations(range(4), 3))
    assert outcome_shares(codes, triples, "quorum", 3)[:2, :2].tolist() == [[0.25, 0.0], [0.0, 0.25]]


def test_samples_of_a_model_are_found_by_their_names() -> None:
    assert [model_of(name) for name in ("a #1", "a #12", "a #0", "a#1", "x #2 #3")] == ["a", "a", "a #0", "a#1", "x #2"]
    design = design_of(["a*2", "b"], NAMES)
    assert (design.n, design.ways, len(design.panels(Randomness(0)))) == (3, 6, 6)
    assert design.panels(Randomness(0))[0] == (0, 1, 3)
    assert design_of(["a #2", "b*2"], NAMES).names == ("a #2", "b #1", "b #2")


def test_a_design_of_clones_is_forecast_without_bias_for_any_number_that_is_recorded() -> None:
    """From tables of 300 questions, against 40,000: the mean of 60 forecasts, within four standard errors."""
    truth = outcome_shares(drawn(40_000, 1), [(0, 1, 3, 4)], "quorum", None).mean(axis=0)
    found = []
    for seed in range(2, 62):
        shares = forecast(table_of(drawn(300, seed)), ["a*2", "b*2"]).shares
        found.append([each.share for each in shares])
    errors = np.std(found, axis=0) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0) - truth) < 4.0 * errors + 0.004).all()


def test_prediction_intervals_hold_the_shares_of_fresh_questions_as_often_as_they_say() -> None:
    """Of 150 tables of 200 questions each, 100 fresh ones: at 80 %, fewer than 108 of 150 hold with P = 2 %."""
    held = np.zeros(3)
    for seed in range(150):
        codes = drawn(300, 1000 + seed)
        shares = forecast(table_of(codes[:200]), ["a*2", "b*2"], fresh=100, level=0.8, seed=seed).shares
        fresh = outcome_shares(codes[200:], [(0, 1, 3, 4)], "quorum", None).mean(axis=0)
        held += [each.fresh_low <= seen <= each.fresh_high for each, seen in zip(shares, fresh, strict=True)]
    assert (held >= 108).all()
    assert (held[[0, 2]] <= 141).all(), "and they are not wide for nothing"  # P = 1e-5 for 80 %


def test_what_was_never_seen_is_not_thought_impossible() -> None:
    shares = forecast(table_of(np.zeros((200, 5), dtype=np.intp)), ["a*2", "b*2"], fresh=300).shares
    right, wrong, none = shares
    assert (right.share, wrong.share, none.share) == (1.0, 0.0, 0.0)
    assert 0.003 < wrong.high < 0.03
    assert wrong.low == 0.0
    assert right.fresh_high == 1.0
    assert binom.sf(0, 200, wrong.high) > 0.5, "it holds what would most probably have been seen"


def test_a_smaller_table_is_less_sure_and_more_fresh_questions_are_surer() -> None:
    of_questions = outcome_shares(drawn(2000, 3), [(0, 1, 3, 4)], "quorum", None)

    def widths(rows: int, fresh: int) -> tuple[float, float]:
        means, seen = resampled(of_questions[:rows], fresh, Randomness(1))
        return float(np.ptp(np.quantile(means[:, 0], [0.025, 0.975]))), float(
            np.ptp(np.quantile(seen[:, 0], [0.1, 0.9]))
        )

    assert widths(200, 100)[0] > 2.5 * widths(2000, 100)[0]
    assert widths(2000, 100)[1] > widths(2000, 5000)[1]


def test_alikeness_tells_one_model_asked_again_from_another() -> None:
    alike = forecast(table_of(drawn(20_000, 5)), ["a*3", "b*2"]).alikeness
    assert alike.within == pytest.approx(0.9, abs=0.02)
    assert alike.between == pytest.approx(0.5, abs=0.03)
    assert alike.same_within > 0.7 > alike.same_between > 0.25


def write(table: AnswerTable, file: Path) -> Path:
    lines = ["question_id,gold,model,answer"]
    for question, row in zip(table.questions, table.answers.tolist(), strict=True):
        lines += [f"{question},0,{name},{'' if code < 0 else code}" for name, code in zip(NAMES, row, strict=True)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_the_command_forecasts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(table_of(drawn(100, 7)), tmp_path / "t.csv")
    words = ["validators", "forecast", str(file), "--models", "a*2,b*2", "--fresh", "50"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "2 × a + 2 × b, quorum 3 of 4: 100 questions, 3 panels" in out
    assert "on 50 fresh questions" in out
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    expected = forecast(load_answers(file), ["a*2", "b*2"], fresh=50)
    assert told["shares"]["wrong"]["share"] == expected.shares[1].share
    assert sum(each["share"] for each in told["shares"].values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("models", "more", "sentence"),
    [
        (["c"], {}, "models = 'c': is no model of the table: it has a, b"),
        (["a*4"], {}, "models = 'a*4': must be between 1 and 3, the samples of 'a'"),
        (["a", "a"], {}, "models = 'a': named twice"),
        (["a*x"], {}, "models = 'a*x': must be a model, or NAME*NUMBER"),
        ([], {}, "must name a model"),
        (["a*3"], {"quorum": 1}, "quorum = 1: must be above half of the n = 3 nodes"),
        (["a*3"], {"quorum": 4}, "quorum = 4: must be above half of the n = 3 nodes, and at most all"),
        (["a*3"], {"rule": "plurality", "quorum": 2}, "quorum = 2: must not be given with plurality"),
        (["a*3"], {"rule": "judge"}, "rule = 'judge': must be quorum or plurality"),
        (["a*3"], {"fresh": 0}, "fresh = 0: must be between 1"),
        (["a*3"], {"level": 1.0}, "level = 1.0: must be between 0 and 1"),
    ],
)
def test_what_cannot_be_forecast_is_refused(models: list[str], more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BftError) as refused:
        forecast(table_of(drawn(50, 1)), models, **more)
    assert sentence in str(refused.value)
