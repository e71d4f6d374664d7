"""Classes of equal wrong answers, against the urn itself: every sequence of draws, one by one."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import product
from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad
from scipy.special import ndtr, ndtri

from bft.errors import ScenarioError, UnsupportedError
from bft.theory.wrong_answers import WrongAnswers

MODELS = [
    WrongAnswers(options=1),
    WrongAnswers(options=3),
    WrongAnswers(options=3, k_alpha=2.0),
    WrongAnswers(options=4, tau=0.3, k_alpha=0.7),
    WrongAnswers(options=2, tau=1.0),
    WrongAnswers(options=3, tau=0.2, k_alpha=5.0, no_answer=0.25),
    WrongAnswers(options=2, tau=0.2, k_alpha=5.0, no_answer=0.25, no_answer_correlation=0.6),
]


def chance_of(sequence: tuple[int, ...], model: WrongAnswers) -> float:
    """Probability of a sequence of wrong answers, drawn as the model says; −1 is no answer."""
    given_ones = [answer for answer in sequence if answer >= 0]
    silent = len(sequence) - len(given_ones)
    urn = 1.0
    for j, answer in enumerate(given_ones):
        copies = j / (j + model.k_alpha)
        urn *= (given_ones[:j].count(answer) / j if j else 0.0) * copies + (1.0 - copies) / model.options
    trap = 1.0 if not given_ones else float(len(set(given_ones)) == 1) / model.options
    answering = answers_given(len(given_ones), silent, model)
    return answering * (model.tau * trap + (1.0 - model.tau) * urn)


@cache
def answers_given(answering: int, silent: int, model: WrongAnswers) -> float:
    """Probability that these give an answer and those do not, by adaptive quadrature over what they share."""
    if model.no_answer_correlation == 0.0:
        return (1.0 - model.no_answer) ** answering * model.no_answer**silent
    limit, share = ndtri(model.no_answer), model.no_answer_correlation

    def density(h: float) -> float:
        chance = ndtr((limit - sqrt(share) * h) / sqrt(1.0 - share))
        return float((1.0 - chance) ** answering * chance**silent * stats.norm.pdf(h))

    return float(quad(density, -12.0, 12.0, epsabs=1e-14, epsrel=1e-13, limit=200)[0])


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_classes_of_every_sequence(model: WrongAnswers) -> None:
    most = 5
    largest = model.largest_class(most)
    for wrong in range(most + 1):
        by_largest = np.zeros(most + 1)
        by_size = {size: np.zeros(most + 1) for size in (1, 2, 3, 5)}
        for sequence in product(range(-1 if model.no_answer else 0, model.options), repeat=wrong):
            classes = Counter(answer for answer in sequence if answer >= 0)
            chance = chance_of(sequence, model)
            by_largest[max(classes.values(), default=0)] += chance
            for size, law in by_size.items():
                law[sum(count for count in classes.values() if count >= size)] += chance
        assert by_largest.sum() == pytest.approx(1.0, abs=1e-12)
        assert largest[wrong] == pytest.approx(by_largest, rel=1e-12, abs=1e-13)
        for size, law in by_size.items():
            assert model.classes_of(size, most)[wrong] == pytest.approx(law, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("model", MODELS[:5], ids=repr)
def test_pairs_and_triples(model: WrongAnswers) -> None:
    # Notes on validators: s₂ and s₃, from which τ and α are fitted.
    assert model.largest_class(2)[2, 2] == pytest.approx(model.same_pair(), rel=1e-12)
    assert model.largest_class(3)[3, 3] == pytest.approx(model.same_triple(), rel=1e-12)


@pytest.mark.parametrize(
    ("model", "same", "rounding"),
    [
        (WrongAnswers(options=9, tau=0.259, k_alpha=4.7), 0.470, 0.015),
        (WrongAnswers(options=9, tau=0.122, k_alpha=4.9), 0.366, 0.015),
        (WrongAnswers(options=1000, tau=0.598, k_alpha=26.8), 0.613, 0.0005),
        (WrongAnswers(options=1000, tau=0.042, k_alpha=7.8), 0.152, 0.0005),
    ],
    ids=["strong7", "mid10", "diverse10", "diverse9"],
)
def test_presets_agree_as_often_as_the_notes_say(model: WrongAnswers, same: float, rounding: float) -> None:
    # "P(same wrong given both wrong)" of the notes on validators. For MMLU-Pro K and Kα are only "about" there: some
    # questions have fewer than ten options.
    assert model.same_pair() == pytest.approx(same, abs=rounding)


def test_a_thousand_options_and_a_hundred_wrong_answers_against_draws() -> None:
    # 4,000 urns of 100 draws; each of 12 bins is a Bernoulli mean. The bound is 4.5 standard errors, so that the
    # false-alarm rate is below 12 × 7e-6 = 1e-4; the seed is fixed.
    model = WrongAnswers(options=1000, k_alpha=26.8)
    rng = np.random.default_rng(20)
    sizes = [
        np.bincount(rng.choice(1000, p=share, size=100)).max()
        for share in rng.dirichlet(np.full(1000, 26.8 / 1000), size=4000)
    ]
    law = model.largest_class(100)[100]
    for size in range(5, 60, 5):
        drawn, exact = np.mean([one >= size for one in sizes]), law[size:].sum()
        assert abs(drawn - exact) <= 4.5 * np.sqrt(exact * (1 - exact) / 4000) + 1e-3 * (exact < 1e-4)


def test_independent_picks_are_the_limit_of_the_urn() -> None:
    independent = WrongAnswers(options=7).largest_class(12)
    assert WrongAnswers(options=7, k_alpha=1e12).largest_class(12) == pytest.approx(independent, abs=1e-9)
    # All alike: one option picked by all of 12.
    assert independent[12, 12] == pytest.approx(7.0**-11, rel=1e-12)


def test_rare_classes_keep_their_digits() -> None:
    # The one class of 30 or more among 40 independent picks from 1000 options: a union of disjoint events.
    law = WrongAnswers(options=1000).classes_of(30, 40)[40]
    assert law[1:].sum() == pytest.approx(1000 * stats.binom.sf(29, 40, 1e-3), rel=1e-11)
    assert law[1:].sum() < 1e-77


@given(
    options=st.integers(1, 50),
    tau=st.floats(0.0, 1.0),
    k_alpha=st.one_of(st.just(inf), st.floats(1e-3, 1e6)),
    no_answer=st.floats(0.0, 1.0),
    most=st.integers(0, 40),
    size=st.integers(1, 40),
)
def test_every_row_is_a_distribution(
    options: int, tau: float, k_alpha: float, no_answer: float, most: int, size: int
) -> None:
    model = WrongAnswers(options=options, tau=tau, k_alpha=k_alpha, no_answer=no_answer)
    largest, classes = model.largest_class(most), model.classes_of(size, most)
    for law in (largest, classes):
        assert law.sum(axis=1) == pytest.approx(np.ones(most + 1), abs=1e-11)
        assert law.min() >= 0.0
    assert largest[:, size:].sum(axis=1) == pytest.approx(classes[:, 1:].sum(axis=1), abs=1e-11)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"options": 0}, r"^options = 0: must be at least 1$"),
        ({"options": 3, "tau": 1.5}, r"^tau = 1\.5: must be between 0 and 1$"),
        ({"options": 3, "no_answer": -0.5}, r"^no_answer = -0\.5: must be between 0 and 1$"),
        ({"options": 3, "no_answer_correlation": 1.5}, r"^no_answer_correlation = 1\.5: must be between 0 and 1$"),
        ({"options": 3, "k_alpha": 0.0}, r"^k_alpha = 0\.0: must be positive$"),
        ({"options": 3, "k_alpha": float("nan")}, r"^k_alpha = nan: must be positive$"),
    ],
)
def test_bad_values_are_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        WrongAnswers(**arguments)  # type: ignore[arg-type]


def test_too_many_answers_are_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"^n = 501: must be at most 500 for classes of wrong answers$"):
        WrongAnswers(options=3).largest_class(501)
