"""Panels of which several nodes run one model: the law at its limits, and against what is drawn and simulated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bft
from bft.calibration.fit_files import numbers_toml
from bft.calibration.outcomes import outcome_shares
from bft.core.quorum import QuorumSystem
from bft.errors import UnsupportedError
from bft.experiments.laws import law_of
from bft.theory.clone_panels import ClonePanel, clone_law
from bft.theory.errors_in_common import probit_errors
from bft.theory.faults import independent
from bft.theory.same_answer import same_answer_law
from bft.theory.wrong_answers import WrongAnswers
from bft.validators.answers import MISSING
from bft.validators.settings import StatisticalValidators

DRAWS = 40_000
CORRELATED = {"kind": "correlated", "r": 0.5, "tau": 0.1, "k_alpha": 4.0}
PANELS: list[dict[str, Any]] = [
    {"models": "aaabb", "correlation": 0.9, "same_wrong": 0.7, "accuracy": (0.6, 0.6, 0.6, 0.7, 0.7), "missing": 0.05},
    {"models": "aabac", "correlation": 0.95, "same_wrong": 0.9, "accuracy": 0.4},
    {"models": "abba", "correlation": 0.6, "same_wrong": 0.3, "accuracy": 0.3, "errors": {"kind": "independent"}},
    {"models": "aaaabbb", "correlation": 0.9, "same_wrong": 0.8, "accuracy": 0.5, "missing": 0.2},
    {"models": "aaaa", "correlation": 0.92, "same_wrong": 0.8, "accuracy": 0.5, "options": 1},
    {
        "models": "aabb",
        "correlation": 0.8,
        "same_wrong": 0.5,
        "accuracy": 0.5,
        "errors": {**CORRELATED, "flawed": 0.2, "k_alpha": None},
    },
]


def settings(models: str, correlation: float, same_wrong: float, **more: Any) -> dict[str, Any]:
    clones = {"models": tuple(models), "correlation": correlation, "same_wrong": same_wrong}
    return {"kind": "statistical", "options": 4, "errors": CORRELATED, "clones": clones, **more}


@pytest.mark.parametrize("delta", [0.0, 0.15])
@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["models"])
def test_the_law_is_that_of_drawn_answers(panel: dict[str, Any], delta: float) -> None:
    """Each of 36 shares within five standard errors: false alarms below 1e-4 over all of them."""
    validators = StatisticalValidators(**settings(**panel))
    n = len(panel["models"])
    law = law_of(bft.Scenario(n=n, validators=validators, faults={"delta": delta}))
    assert law is not None
    answers = validators.model(n).answers  # type: ignore[attr-defined]  # a composed model has them
    generator = np.random.default_rng(11)
    codes = answers.prepare(generator.random((DRAWS, answers.uniforms)))[0]
    codes = np.where(generator.random(codes.shape) < delta, MISSING, codes)
    drawn = outcome_shares(codes, [tuple(range(n))], "quorum", None).mean(axis=0)
    for share, exact in zip(drawn, (law.correct, law.wrong, law.stalled), strict=True):
        assert abs(share - exact) < 5.0 * np.sqrt(exact * (1.0 - exact) / DRAWS) + 1e-12


def panel_of(models: tuple[int, ...], **more: Any) -> ClonePanel:
    n = len(models)
    given = {"between": 0.3, "within": 0.3, "same_wrong": 0.0, "options": 6, "tau": 0.2, "k_alpha": 3.0, **more}
    return ClonePanel(models=models, accuracy=(0.55,) * n, no_answer=(0.1,) * n, **given)


@pytest.mark.parametrize(
    ("panel", "correlation"),
    [
        (panel_of((0, 1, 2, 3, 4), within=0.9, same_wrong=0.8), 0.3),  # a model each
        (panel_of((0, 0, 0, 0, 0), within=0.8), 0.8),  # one model, which repeats nothing
        (panel_of((0, 0, 1, 1, 1)), 0.3),  # models no closer to themselves
    ],
)
def test_without_anything_shared_it_is_the_law_of_the_panel(panel: ClonePanel, correlation: float) -> None:
    system, faults = QuorumSystem.of(5), independent(5, np.array([0.0, 0.2]))
    wrong = WrongAnswers(options=6, tau=0.2, k_alpha=3.0, no_answer=0.1)
    expected = same_answer_law(system, faults, probit_errors(5, 0.55, correlation=correlation), wrong)
    found = clone_law(system, faults, panel)
    assert found.correct == pytest.approx(expected.correct, abs=1e-9)
    assert found.wrong == pytest.approx(expected.wrong, abs=1e-9)


def test_one_model_that_repeats_itself_always_is_wrong_as_often_as_a_quorum_of_it_is_wrong() -> None:
    panel = panel_of((0, 0, 0, 0), within=0.8, same_wrong=1.0)
    number = probit_errors(4, 0.55, correlation=0.8).number_right
    wrong = number[::-1] @ np.array([0.0, 0.0, 0.0, 0.9**3, 4 * 0.9**3 * 0.1 + 0.9**4])
    assert clone_law(QuorumSystem.of(4), independent(4, 0.0), panel).wrong == pytest.approx(wrong, abs=1e-9)


def test_simulated_runs_follow_the_law(tmp_path: Path) -> None:
    """Four frequencies of 4,000 runs within five standard errors: false alarms below 1e-5."""
    numbers = StatisticalValidators(**settings(**PANELS[3])).numbers()
    clones = StatisticalValidators(**settings(**PANELS[3])).clones
    file = tmp_path / "panel.toml"
    file.write_text(numbers_toml(numbers.model_copy(update={"clones": clones})), encoding="utf-8")
    for protocol in ("pbft", "ballot"):
        scenario = bft.Scenario(n=7, protocol=protocol, validators={"kind": "statistical", "file": str(file)})
        (row,) = bft.sweep(scenario, over={"faults.delta": [0.1]}, replications=4000, seed=3, progress=False).rows
        law = law_of(scenario, 0.1)
        assert law is not None
        assert row["exact_wrong"] == pytest.approx(law.wrong)
        for name, exact in (("p_correct", law.correct), ("p_wrong", law.wrong)):
            assert abs(row[name] - exact) < 5.0 * np.sqrt(exact * (1.0 - exact) / 4000), (protocol, name)


@pytest.mark.parametrize(
    "more",
    [
        {"faults": {"delta": 0.1, "behaviour": "collude"}},
        {"views": 1},
        {"validators": {"check": {"kind": "judge", "accept_given_right": 0.9, "accept_given_wrong": 0.1}}},
        {"validators": {"check": {"kind": "same_answer", "flip": 0.1}}},
        {"validators": {"missing": 0.1, "missing_correlation": 0.3}},
        {"validators": {"clones": {"models": tuple("aabbc"), "correlation": 0.999}}},
        {"stakes": (1.0, 2.0, 1.0, 1.0, 1.0)},
    ],
)
def test_where_it_does_not_hold_there_is_no_law(more: dict[str, Any]) -> None:
    validators = {**settings("aabbc", 0.9, 0.7, accuracy=0.6), **more.pop("validators", {})}
    assert law_of(bft.Scenario(n=5, validators=settings("aabbc", 0.9, 0.7, accuracy=0.6))) is not None
    assert law_of(bft.Scenario(n=5, validators=validators, **more)) is None


@pytest.mark.parametrize(
    ("system", "panel", "sentence"),
    [
        (QuorumSystem.of(11), panel_of((0,) * 11), "n = 11: must be at most 10"),
        (QuorumSystem.of(4, quorum=2), panel_of((0,) * 4), "quorum = 2: must be above half"),
        (QuorumSystem.of(4), panel_of((0,) * 4, within=0.99), "within = 0.99: must be at most 0.984375"),
    ],
)
def test_what_is_out_of_reach_is_refused(system: QuorumSystem, panel: ClonePanel, sentence: str) -> None:
    with pytest.raises(UnsupportedError) as refused:
        clone_law(system, independent(system.n, 0.0), panel)
    assert sentence in str(refused.value)
