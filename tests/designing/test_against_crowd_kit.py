"""Accuracies and answers without right ones, beside those of another implementation of the same model.

The figures were obtained once by crowd-kit 1.4.2, `DawidSkene(n_iter=2000, tol=1e-12)` and `OneCoinDawidSkene` with the
same arguments, on the votes below; crowd-kit itself needs transformers, which a test should not.
"""

from __future__ import annotations

import pytest

from bft.designing.without_gold import dawid_skene, one_parameter

CROWD_KIT_ACCURACY = [0.87187, 0.78538, 0.76197, 0.52730]
CROWD_KIT_SKILLS = [0.87954, 0.80985, 0.74487, 0.51473]  # with shares of the classes; the one-parameter model has none
CROWD_KIT_ANSWERS = (
    "BBCABAACABABCABBBCABABBABABCBBABCACABCABCBCABABCABABBABABAABABCABABCABABCABABBABABBABACC"
    "ABABCAAABCABABCABABBABABCABACCACABCCBABCACABCABABCABAACABABCABABCCBABCBBABCABABCABBBCABA"
    "BCABABCABABAABABCABCBCABACAABABCABABCABABAABABCAAABCABBBCABACCAB"
)


def votes() -> list[list[str]]:
    """Return 240 questions of three classes, put to four models that err in different ways: by arithmetic alone."""
    rows = []
    for question in range(240):
        right, row = (question * 7 + question // 5) % 3, []
        for model, error in enumerate((0.1, 0.2, 0.3, 0.4)):
            drawn = ((question**2 * (3 + model) + question * (17 + 10 * model) + 7 * model**2 + 5 * model) % 101) / 101
            often = error * (0.8 if model % 2 else 0.5)
            row.append("ABC"[(right + (0 if drawn >= error else 1 if drawn < often else 2)) % 3])
        rows.append(row)
    return rows


def test_dawid_and_skene_agree_with_crowd_kit() -> None:
    """Ours adds .01 to every count and stops when accuracies move by less than 1e-6."""
    found = dawid_skene(votes(), resamples=0)
    assert found.accuracy == pytest.approx(CROWD_KIT_ACCURACY, abs=5e-4)
    assert "".join(found.answers) == CROWD_KIT_ANSWERS


def test_the_one_parameter_model_is_near_the_one_coin_of_crowd_kit() -> None:
    """Shares of the classes, which it has beside the skills, move these a little."""
    found = one_parameter(votes(), options=2, resamples=0)
    assert found.accuracy == pytest.approx(CROWD_KIT_SKILLS, abs=5e-3)
