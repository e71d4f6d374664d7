"""The exact law as a table of patterns, against the law that convolves and against drawn answers."""

from __future__ import annotations

import numpy as np
import pytest

from bft.core.quorum import QuorumSystem
from bft.designing import design
from bft.designing.patterns import answer_patterns, pattern_count
from bft.theory.errors_in_common import probit_errors
from bft.theory.faults import independent
from bft.theory.same_answer import same_answer_law
from bft.theory.wrong_answers import WrongAnswers
from bft.validators.error_settings import CorrelatedErrorSettings
from bft.validators.panel_numbers import PanelNumbers
from bft.validators.statistical import StatisticalAnswers

ACCURACY = (0.9, 0.85, 0.8, 0.8, 0.7)


def numbers(**given: object) -> PanelNumbers:
    errors = CorrelatedErrorSettings(r=0.5, tau=0.3, k_alpha=5.0)
    return PanelNumbers(**{"accuracy": ACCURACY, "options": 3, "errors": errors, **given})  # type: ignore[arg-type]


def test_probabilities_of_all_patterns_add_up_to_one_and_give_the_accuracies() -> None:
    missing = np.full(5, 0.05)
    codes, chance = answer_patterns(numbers(missing_correlation=0.4), np.array(ACCURACY), missing)
    assert chance.sum() == pytest.approx(1.0, abs=1e-12)
    assert chance @ (codes == 0) == pytest.approx(np.array(ACCURACY), abs=1e-9)
    assert chance @ (codes == -1) == pytest.approx(missing, abs=1e-4), "400 quantiles of the common factor"
    assert len(np.unique(codes, axis=0)) == len(codes) <= pattern_count(5, True)


@pytest.mark.parametrize(("size", "missing", "count"), [(5, False, 203), (7, False, 4140), (5, True, 877)])
def test_the_number_of_patterns_is_a_bell_number(size: int, missing: bool, count: int) -> None:
    assert pattern_count(size, missing) == count


@pytest.mark.parametrize("delta", [0.0, 0.1])
def test_five_models_have_the_exact_law_whatever_the_quorum(delta: float) -> None:
    found = design(accuracies=ACCURACY, r=0.5, tau=0.3, kalpha=5.0, delta=delta, max_wrong=0.45)
    errors = {size: probit_errors(size, ACCURACY[:size], correlation=0.5) for size in (3, 4, 5)}
    compared = 0
    for panel in found.front:
        if panel.quorum is None or 2 * panel.quorum <= panel.n:
            continue
        law = same_answer_law(
            QuorumSystem.of(panel.n, quorum=panel.quorum),
            independent(panel.n, delta),
            probit_errors(panel.n, panel.accuracy, correlation=0.5)
            if panel.accuracy != ACCURACY[: panel.n]
            else errors[panel.n],
            WrongAnswers(options=3, tau=0.3, k_alpha=5.0),
            faulty_vote="collude_popular",
        )
        out = panel.held_out
        assert (out.correct.value, out.wrong.value) == pytest.approx((law.correct, law.wrong), abs=1e-9)
        assert out.correct.low == out.correct.high == out.correct.value
        compared += 1
    assert compared >= 3


def test_drawn_answers_have_the_patterns_of_the_law() -> None:
    """Each share of 40,000 drawn questions within five standard errors: false alarm below 1e-3 over all patterns."""
    law = numbers(missing_correlation=0.5, accuracy=(0.7, 0.6, 0.5))
    accuracy, missing = np.array([0.7, 0.6, 0.5]), np.array([0.1, 0.2, 0.2])
    codes, chance = answer_patterns(law, accuracy, missing)
    answers = StatisticalAnswers(
        correctness=law.errors.correctness(accuracy),
        wrong_choice=law.errors.wrong_choice(3),
        accuracy=accuracy,
        missing=missing,
        missing_correlation=0.5,
    )
    drawn = answers.prepare(np.random.default_rng(1).random((40_000, answers.uniforms)))[0]
    named = np.array([_renamed(row) for row in drawn.tolist()])
    for pattern, share in zip(codes.tolist(), chance.tolist(), strict=True):
        seen = float((named == pattern).all(axis=1).mean())
        assert abs(seen - share) <= 5.0 * np.sqrt(share * (1.0 - share) / 40_000) + 2e-4, pattern


def _renamed(row: list[int]) -> list[int]:
    known: dict[int, int] = {}
    return [code if code <= 0 else known.setdefault(code, len(known) + 1) for code in row]
