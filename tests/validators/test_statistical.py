"""Statistical panels have the accuracies, correlations and agreements that were asked for."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr, ndtri
from scipy.stats import betabinom, norm

from bft.randomness import Randomness
from bft.validators.answers import MISSING, RIGHT
from bft.validators.settings import StatisticalValidators
from bft.validators.statistical import CopulaErrors

QUESTIONS = 40_000
ACCURACY = (0.3, 0.55, 0.8, 0.95)
ERRORS = {
    "independent": {"kind": "independent"},
    "beta_binomial": {"kind": "beta_binomial", "correlation": 0.4},
    "correlated": {"kind": "correlated", "r": 0.6, "tau": 0.2, "k_alpha": 4.0},
}


def drawn(n: int = 4, seed: int = 7, questions: int = QUESTIONS, **given):
    """Return the codes of many questions: own answers, and wrong answers."""
    answers = StatisticalValidators(**given).model(n).answers
    return answers.prepare(np.random.default_rng(seed).random((questions, 2 + 3 * n)))


@pytest.mark.parametrize("kind", ERRORS)
def test_every_node_is_right_with_its_accuracy(kind, consistent) -> None:
    own, _ = drawn(accuracy=ACCURACY, errors=ERRORS[kind])
    for node, accuracy in enumerate(ACCURACY):  # 12 checks in all: a false alarm in 830 seeds
        assert consistent((own[:, node] == RIGHT).sum(), QUESTIONS, accuracy)


@pytest.mark.parametrize("kind", ERRORS)
def test_every_node_is_silent_as_often_as_told(kind, consistent) -> None:
    missing = (0.0, 0.45, 0.1, 0.01)
    own, _ = drawn(accuracy=ACCURACY, missing=missing, errors=ERRORS[kind])
    for node, chance in enumerate(missing):  # 24 checks in all: a false alarm in 410 seeds
        assert consistent((own[:, node] == RIGHT).sum(), QUESTIONS, ACCURACY[node])
        assert consistent((own[:, node] == MISSING).sum(), QUESTIONS, chance)


def test_independent_validators_are_right_together_by_chance(consistent) -> None:
    own, _ = drawn(accuracy=ACCURACY)
    for one, other in combinations(range(4), 2):  # 6 checks: a false alarm in 1,600 seeds
        both = (own[:, [one, other]] == RIGHT).all(axis=1).sum()
        assert consistent(both, QUESTIONS, ACCURACY[one] * ACCURACY[other])


def test_a_copula_has_its_tetrachoric_correlation(consistent) -> None:
    r = 0.6
    own, _ = drawn(accuracy=ACCURACY, errors={"kind": "correlated", "r": r})
    for one, other in combinations(range(4), 2):  # 6 checks: a false alarm in 1,600 seeds
        limits = ndtri([ACCURACY[one], ACCURACY[other]])
        exact, _error = quad(
            lambda g, limits=limits: norm.pdf(g) * np.prod(ndtr((limits - math.sqrt(r) * g) / math.sqrt(1 - r))), -9, 9
        )
        assert consistent((own[:, [one, other]] == RIGHT).all(axis=1).sum(), QUESTIONS, exact)


def test_equal_beta_binomial_validators_are_beta_binomial(consistent) -> None:
    n, accuracy, correlation = 7, 0.7, 0.4
    own, _ = drawn(n=n, accuracy=accuracy, errors={"kind": "beta_binomial", "correlation": correlation})
    weight = 1 / correlation - 1
    right = (own == RIGHT).sum(axis=1)
    for count in range(n + 1):  # 8 checks: a false alarm in 1,250 seeds
        exact = betabinom.pmf(count, n, accuracy * weight, (1 - accuracy) * weight)
        assert consistent((right == count).sum(), QUESTIONS, exact)


@pytest.mark.parametrize("accuracy", [0.0, 1.0])
@pytest.mark.parametrize("errors", [*ERRORS.values(), {"kind": "correlated", "r": 1.0}])
def test_certain_accuracies_are_certain(accuracy, errors) -> None:
    own, _ = drawn(accuracy=accuracy, errors=errors, questions=200)
    assert ((own == RIGHT) == (accuracy == 1.0)).all()


def test_perfectly_correlated_equals_are_right_together() -> None:
    own, _ = drawn(accuracy=0.5, errors={"kind": "correlated", "r": 1.0}, questions=500)
    right = own == RIGHT
    assert (right.all(axis=1) | (~right).all(axis=1)).all()


@pytest.mark.parametrize(
    ("tau", "k_alpha", "options"),
    [(0.0, None, 9), (0.259, 4.7, 9), (0.0, 2.0, 3), (0.598, 26.8, 1000), (0.3, None, 1)],
)
def test_pairs_and_triples_err_alike_as_the_formulas_say(tau, k_alpha, options, consistent) -> None:
    # s₂ = τ + (1−τ)(1+α)/(1+Kα), s₃ = τ + (1−τ)(1+α)(2+α)/((1+Kα)(2+Kα)); 40 checks in all: a false alarm in 250 seeds.
    own, _ = drawn(
        accuracy=0.0, options=options, errors={"kind": "correlated", "r": 0.5, "tau": tau, "k_alpha": k_alpha}
    )
    if k_alpha is None:
        pair, triple = 1 / options, 1 / options**2
    else:
        alpha = k_alpha / options
        pair = (1 + alpha) / (1 + k_alpha)
        triple = pair * (2 + alpha) / (2 + k_alpha)
    for nodes in [(0, 1), (0, 3), (1, 2), (2, 3)]:
        alike = (own[:, nodes[0]] == own[:, nodes[1]]).sum()
        assert consistent(alike, QUESTIONS, tau + (1 - tau) * pair)
    for nodes in combinations(range(4), 3):
        alike = (own[:, nodes] == own[:, nodes[:1]]).all(axis=1).sum()
        assert consistent(alike, QUESTIONS, tau + (1 - tau) * triple)


def test_who_is_right_does_not_change_how_the_wrong_err_alike(consistent) -> None:
    own, _ = drawn(accuracy=ACCURACY, errors={"kind": "correlated", "r": 0.6, "tau": 0.259, "k_alpha": 4.7}, options=9)
    alpha = 4.7 / 9
    pair = 0.259 + (1 - 0.259) * (1 + alpha) / (1 + 4.7)
    for one, other in combinations(range(4), 2):  # 6 checks: a false alarm in 1,600 seeds
        both = (own[:, one] > RIGHT) & (own[:, other] > RIGHT)
        assert consistent((own[both, one] == own[both, other]).sum(), both.sum(), pair)


@pytest.mark.parametrize("r", [0.0, 0.5, 1.0 - 1e-6, 1.0])
@pytest.mark.parametrize("flawed", [0.0, 0.1])
def test_equals_are_right_exactly_where_the_definition_says(r: float, flawed: float) -> None:
    rng = np.random.default_rng(1)
    common = np.concatenate([[0.0, 1.0 - 2.0**-53], rng.random(2_000)])
    for accuracy in (0.0, 1e-9, 0.3, 0.9):
        law = CopulaErrors(accuracy=np.full(4, accuracy), r=r, flawed=flawed)
        chance = law.chances(common)[:, 0]
        near = [np.clip(chance + step * 2.0**-53, 0.0, 1.0 - 2.0**-53) for step in (-30, 0, 30)]
        own = np.stack([rng.random(len(common)), *near], axis=1)
        difficulty = ndtri(np.clip(common / (1.0 - flawed), 2.0**-54, 1.0 - 2.0**-53))[:, None]
        alone = math.sqrt(1.0 - r) * ndtri(np.maximum(own, 2.0**-54))
        right = (math.sqrt(r) * difficulty + alone < ndtri(accuracy / (1.0 - flawed))) & (common < 1.0 - flawed)[
            :, None
        ]
        np.testing.assert_array_equal(law.right(common, own), right)


def test_every_wrong_option_is_equally_likely(consistent) -> None:
    own, _ = drawn(accuracy=0.0, options=5, errors={"kind": "correlated", "r": 0.5, "tau": 0.3, "k_alpha": 1.5})
    assert set(np.unique(own)) == {1, 2, 3, 4, 5}
    for option in range(1, 6):  # 10 checks: a false alarm in 1,000 seeds
        assert consistent((own[:, 0] == option).sum(), QUESTIONS, 0.2)
        assert consistent((own[:, 3] == option).sum(), QUESTIONS, 0.2)


def test_the_wrong_answer_is_ones_own_where_that_is_wrong() -> None:
    own, wrong = drawn(accuracy=ACCURACY, missing=0.04, errors=ERRORS["correlated"], questions=2000)
    assert (wrong > RIGHT).all()
    assert (wrong[own > RIGHT] == own[own > RIGHT]).all()


def test_more_accuracy_turns_no_right_answer_wrong() -> None:
    # Common random numbers: a parameter changes only what depends on it.
    before, _ = drawn(accuracy=0.5, errors=ERRORS["correlated"], questions=2000)
    after, _ = drawn(accuracy=0.6, errors=ERRORS["correlated"], questions=2000)
    assert (after[before == RIGHT] == RIGHT).all()
    assert (after == RIGHT).sum() > (before == RIGHT).sum()


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 9),
    accuracy=st.floats(0, 1),
    options=st.integers(1, 50),
    r=st.floats(0, 1),
    tau=st.floats(0, 1),
    k_alpha=st.floats(1e-6, 1e6) | st.none(),
    seed=st.integers(0, 2**32),
)
def test_codes_stay_within_the_options(n, accuracy, options, r, tau, k_alpha, seed) -> None:
    errors = {"kind": "correlated", "r": r, "tau": tau, "k_alpha": k_alpha}
    own, wrong = drawn(n=n, seed=seed, questions=50, accuracy=accuracy, options=options, errors=errors)
    assert ((own >= RIGHT) & (own <= options)).all()
    assert ((wrong >= 1) & (wrong <= options)).all()


def test_codes_and_strings_are_the_same_answers() -> None:
    model = StatisticalValidators(accuracy=0.5, missing=0.2).model(5)
    draws = model.answers.draws(Randomness(3), 11)
    names = {RIGHT: "right", MISSING: None, 1: "wrong-1", 2: "wrong-2", 3: "wrong-3"}
    seen = set()
    for question in range(40):
        own, wrong = draws.codes(question)
        answers = draws.answers(question)
        assert answers.truth == "right"
        assert answers.own == tuple(names[code] for code in own.tolist())
        assert answers.wrong == tuple(names[code] for code in wrong.tolist())
        seen.update(answers.own)
    assert seen == set(names.values())


def test_a_sweep_s_panels_are_drawn_with_their_accuracy(consistent) -> None:
    model = StatisticalValidators(accuracy=ACCURACY).model(4)
    randomness = Randomness(5)
    codes = np.stack([model.answers.draws(randomness, replication).codes(0)[0] for replication in range(5000)])
    for node, accuracy in enumerate(ACCURACY):  # 4 checks: a false alarm in 2,500 seeds
        assert consistent((codes[:, node] == RIGHT).sum(), 5000, accuracy)
