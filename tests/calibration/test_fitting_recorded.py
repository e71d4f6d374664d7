"""The model against real answers: the published figures, held-out questions, and the presets of the project."""

from __future__ import annotations

import tomllib

import pytest

from bft.calibration.estimate import estimate
from bft.calibration.fitting import fit
from bft.calibration.moments import counts_by_question, moments
from bft.cli import main
from bft.validators.panel_numbers import HeldOutShare, PanelNumbers
from bft.validators.presets import preset, preset_names
from bft.validators.tables import load_answers

STRONG = preset("mmlu_pro_strong7").models
DIVERSE = preset("gsm8k_diverse10").models
MATHS = preset("math_l5_diverse9").models
PANELS = {
    "mmlu_pro": (*STRONG, "Yi-34B", "mathstral-7B", "Phi-3-mini-4k-instruct"),
    "gsm8k": DIVERSE,
    "math_l5": (*MATHS, "grok-2-1212"),
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


@pytest.mark.parametrize("matched", [True, False], ids=["matched", "random"])
@pytest.mark.parametrize("name", PANELS)
def test_half_of_the_questions_predicts_the_other_half(name, matched, table) -> None:
    # The mean over eight halvings, both ways, so that the halves' own sampling (0.5 to 3.4 points) cancels.
    kept = fit(table(name), PANELS[name], resamples=40, splits=8, matched=matched).numbers.fit.held_out
    assert kept.matched is matched
    assert [size.n for size in kept.sizes] == [4, 7, 10]
    for size in kept.sizes:
        for share in (size.correct, size.wrong, size.missing):
            assert share.predicted == pytest.approx(share.observed, abs=0.02)
            # A single half is predicted about as well as the other half's own share predicts it.
            assert share.mean_miss < 1.7 * share.sampling
        assert size.crash.miss < 0.03
        assert size.collude.miss < 0.03


@pytest.mark.parametrize("name", ["mmlu_pro_strong7", "mmlu_pro_mid10"])
def test_answers_that_are_missing_together_explain_the_wrong_quorums_that_were_not_seen(
    name, table, monkeypatch
) -> None:
    models = PANELS["mmlu_pro"] if name == "mmlu_pro_strong7" else preset(name).models
    known = fit(table("mmlu_pro"), models, resamples=40, splits=8).numbers
    monkeypatch.setattr("bft.calibration.estimate.missing_correlation", lambda *_: 0.0)
    blind = fit(table("mmlu_pro"), models, resamples=40, splits=8).numbers
    assert known.missing_correlation > 0.5
    # The same halves and the same draws: the mean over 16 halves moves by the parameter alone.
    for better, worse in zip(known.fit.held_out.sizes, blind.fit.held_out.sizes, strict=True):
        assert abs(miss(better.wrong)) < abs(miss(worse.wrong))
        assert miss(better.wrong) > -0.005


def miss(share: HeldOutShare) -> float:
    """Mean over the halves, predicted minus observed."""
    return share.predicted - share.observed


@pytest.mark.parametrize("name", PANELS)
def test_single_matched_halves_are_predicted_within_two_points_on_average_and_three_along_delta(name, table) -> None:
    # Not each of them: of math_l5, with 721 questions, sampling alone has a standard deviation of up to 2.3 points.
    kept = fit(table(name), PANELS[name], resamples=40, splits=8).numbers.fit.held_out
    for size in kept.sizes:
        assert max(size.correct.mean_miss, size.wrong.mean_miss, size.missing.mean_miss) < 0.02
        assert max(size.crash.mean_miss, size.collude.mean_miss) < 0.03


@pytest.mark.parametrize("name", preset_names())
def test_the_presets_are_made_by_the_command_that_they_name(name, shared_data, tmp_path, capsys) -> None:
    file = shared_data / "data" / "answers" / f"{name.rsplit('_', 1)[0]}.parquet"
    made = tmp_path / "entry.toml"
    words = ["validators", "fit", str(file), "--like", name, "--as", "preset", "--out", str(made)]
    assert main(words) == 0
    assert "preset in" in capsys.readouterr().err
    written = preset(name)
    again = PanelNumbers.model_validate(tomllib.loads(made.read_text(encoding="utf-8"))[name])
    assert (again.models, again.source, again.fitted) == (written.models, written.source, written.fitted)
    for one, other in zip(numbers_in(again), numbers_in(written), strict=True):
        assert one == pytest.approx(other, abs=2e-5, rel=1e-4)


def numbers_in(numbers: PanelNumbers) -> list[float]:
    """All numbers, whatever they say."""

    def walk(value):
        if isinstance(value, dict):
            return [each for inner in value.values() for each in walk(inner)]
        if isinstance(value, tuple):
            return [each for inner in value for each in walk(inner)]
        return [value] if isinstance(value, int | float) else []

    return walk(numbers.model_dump())
