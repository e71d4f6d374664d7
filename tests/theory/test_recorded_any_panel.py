"""The enumeration of recorded panels, for any panel up to twelve models of the three real tables.

Two implementations that share nothing judge each panel: every set of faulty nodes at once (`theory.recorded`), and
binomial tails over the classes of equal answers (`calibration.quorum_curves`). Small panels are also counted naively.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from bft.calibration.quorum_curves import quorum_curves
from bft.core.quorum import QuorumSystem
from bft.theory.faults import independent
from bft.theory.recorded import recorded_law, recorded_quorums
from bft.validators.tables import AnswerTable, load_answers

TABLES = ("mmlu_pro", "gsm8k", "math_l5")
DELTAS = (0.0, 0.07, 0.2, 0.33, 0.5, 1.0)
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
NAIVE = 5


@pytest.fixture(params=TABLES)
def table(request: pytest.FixtureRequest, shared_data: Path) -> AnswerTable:
    return load_answers(shared_data / "data" / "answers" / f"{request.param}.parquet")


def random_panel(table: AnswerTable, size: int, questions: int) -> np.ndarray:
    """The codes of a panel drawn at random, of some questions that it answered in full."""
    source = np.random.default_rng(size)
    for _ in range(50):
        models = [table.models[place] for place in source.permutation(len(table.models))[:size]]
        if (table.answers[:, [table.models.index(model) for model in models]] >= -1).all(axis=1).any():
            codes = table.panel(models).codes
            return codes[source.permutation(len(codes))[:questions]]
    raise AssertionError(f"no {size} models of {table.source} share a question")


def naive(codes: list[list[int]], delta: float) -> tuple[float, float, float]:
    """Visit every set of faulty nodes of every question: right, wrong when they crash, wrong when they collude."""
    n = len(codes[0])
    quorum = QuorumSystem.of(n).quorum
    chances = [0.0, 0.0, 0.0]
    for size in range(n + 1):
        weight = delta**size * (1.0 - delta) ** (n - size) / len(codes)
        for faulty in combinations(range(n), size):
            for answers in codes:
                honest = Counter(answers[node] for node in range(n) if node not in faulty)
                wrong = max((count for answer, count in honest.items() if answer > 0), default=0)
                chances[0] += weight * (honest[0] >= quorum)
                chances[1] += weight * (wrong >= quorum)
                chances[2] += weight * (wrong + size >= quorum)
    return chances[0], chances[1], chances[2]


@pytest.mark.parametrize("size", SIZES)
def test_both_enumerations_agree_on_any_panel(table: AnswerTable, size: int) -> None:
    codes = random_panel(table, size, questions=200)
    system, faults = QuorumSystem.of(size), independent(size, np.array(DELTAS))
    gold = np.zeros(len(codes), dtype=int)
    curves = quorum_curves(codes, DELTAS)
    for faulty_vote, wrong in (("crash", curves.wrong_crash), ("collude_popular", curves.wrong_collude)):
        found = recorded_quorums(system, faults, codes, gold, faulty_vote=faulty_vote)  # type: ignore[arg-type]
        np.testing.assert_allclose(found.correct, curves.right, atol=1e-12)
        np.testing.assert_allclose(found.wrong, wrong, atol=1e-12)
        # With every primary's turn each quorum that there is decides, in one of n views.
        law = recorded_law(system, faults, codes, gold, faulty_vote=faulty_vote)  # type: ignore[arg-type]
        assert np.all(np.asarray(law.correct) <= found.correct + 1e-12)
        np.testing.assert_allclose(law.correct + law.wrong + law.stalled, 1.0, atol=1e-12)


@pytest.mark.parametrize("size", range(1, NAIVE + 1))
def test_small_panels_are_counted_by_hand(table: AnswerTable, size: int) -> None:
    codes = random_panel(table, size, questions=60)
    curves = quorum_curves(codes, DELTAS)
    for place, delta in enumerate(DELTAS):
        found = (curves.right[place], curves.wrong_crash[place], curves.wrong_collude[place])
        assert found == pytest.approx(naive(codes.tolist(), delta), abs=1e-12)
