"""The model against real answers: the published figures, questions kept aside, and the presets of the project."""

from __future__ import annotations

import pytest

from bft.validators.estimate import estimate
from bft.validators.fitting import fit
from bft.validators.moments import counts_by_question, moments
from bft.validators.presets import preset, preset_names
from bft.validators.tables import load_answers

STRONG = preset("mmlu_pro_strong7").models
DIVERSE = preset("gsm8k_diverse10").models
MATHS = preset("math_l5_diverse9").models
PANELS = {
    "mmlu_pro": (STRONG[:4], STRONG, (*STRONG, "Yi-34B", "mathstral-7B", "Phi-3-mini-4k-instruct")),
    "gsm8k": (DIVERSE[:4], DIVERSE[:7], DIVERSE),
    "math_l5": (MATHS[:4], MATHS[:7], (*MATHS, "grok-2-1212")),
}


@pytest.fixture
def table(shared_data):
    return lambda name: load_answers(shared_data / "data" / "answers" / f"{name}.parquet")


@pytest.mark.parametrize(
    ("name", "models", "options", "accuracy", "r", "tau", "k_alpha", "alike"),
    [
        ("mmlu_pro", STRONG, 9, 0.590, 0.645, 0.259, 4.7, 0.470),
        ("gsm8k", DIVERSE, 1000, 0.920, 0.724, 0.598, 26.8, 0.613),
        ("math_l5", MATHS, 1000, 0.428, 0.610, 0.042, 7.8, 0.152),
    ],
)
def test_the_three_published_parameters_are_found(
    name, models, options, accuracy, r, tau, k_alpha, alike, table
) -> None:
    counted = moments(counts_by_question(table(name).panel(models).codes).mean(axis=0))
    found = estimate(counted, options=options, flawed=False)
    assert found.accuracy.mean() == pytest.approx(accuracy, abs=0.003)
    assert found.r == pytest.approx(r, abs=0.012)
    assert found.tau == pytest.approx(tau, abs=0.005)
    assert found.k_alpha == pytest.approx(k_alpha, rel=0.11)  # "about 4.7" is 4.2 here
    assert counted.same_given_wrong == pytest.approx(alike, abs=0.001)


@pytest.mark.parametrize("size", [0, 1, 2], ids=["four", "seven", "ten"])
@pytest.mark.parametrize("name", PANELS)
def test_half_of_the_questions_predicts_the_other_half(name, size, table) -> None:
    # The mean over eight halvings, both ways, so that the halves' own sampling (1.2 to 3.4 points) cancels.
    kept = fit(table(name), PANELS[name][size], resamples=40, splits=8).numbers.fit.held_out
    for share in (kept.correct, kept.wrong, kept.missing):
        assert share.predicted == pytest.approx(share.observed, abs=0.02)
    assert kept.largest_error_crash < 0.03
    assert kept.largest_error_collude < 0.03
    # A single half is predicted as well as the other half's own share predicts it: no model could do much better.
    assert kept.correct.spread < 1.2 * kept.correct.sampling


@pytest.mark.parametrize("name", preset_names())
def test_the_presets_are_made_by_the_fit(name, table) -> None:
    written = preset(name)
    made = fit(
        table(name.rsplit("_", 1)[0]),
        written.models,
        exchangeable=True,
        seed=written.fit.seed,
        resamples=written.fit.resamples,
        splits=1,
    ).numbers
    assert made.options == written.options
    assert made.accuracy == pytest.approx(written.accuracy, abs=2e-5)
    assert made.missing == pytest.approx(written.missing, abs=2e-5)
    for number in ("r", "flawed", "tau"):
        assert getattr(made.errors, number) == pytest.approx(getattr(written.errors, number), abs=2e-5)
    assert made.errors.k_alpha == pytest.approx(written.errors.k_alpha, abs=1e-3)
    assert made.fit.questions == written.fit.questions
    assert made.fit.intervals.r == pytest.approx(written.fit.intervals.r, abs=0.002)
