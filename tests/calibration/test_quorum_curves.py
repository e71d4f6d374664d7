"""Quorum curves equal the enumeration of every faulty set."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest

from bft.calibration.quorum_curves import quorum_curves
from bft.core.quorum import QuorumSystem
from bft.validators.answers import MISSING
from bft.validators.tables import load_answers

DELTAS = (0.0, 0.1, 0.35, 0.5, 1.0)


def enumerated(codes, delta: float) -> tuple[float, float, float]:
    """Visit every set of faulty nodes and every question, as naively as can be."""
    n = len(codes[0])
    quorum = QuorumSystem.of(n).quorum
    right = crash = collude = 0.0
    for size in range(n + 1):
        for faulty in combinations(range(n), size):
            chance = delta**size * (1 - delta) ** (n - size) / len(codes)
            for answers in codes:
                honest = [answers[node] for node in range(n) if node not in faulty]
                popular = max((honest.count(answer) for answer in set(honest) if answer > 0), default=0)
                right += chance * (honest.count(0) >= quorum)
                crash += chance * (popular >= quorum)
                collude += chance * (popular + size >= quorum)
    return right, crash, collude


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6, 7])
def test_every_faulty_set_is_counted_once(n) -> None:
    codes = np.random.default_rng(n).integers(MISSING, 4, size=(30, n))
    codes[0], codes[1], codes[2] = 0, 2, MISSING
    curves = quorum_curves(codes, DELTAS)
    for index, delta in enumerate(DELTAS):
        found = (curves.right[index], curves.wrong_crash[index], curves.wrong_collude[index])
        assert found == pytest.approx(enumerated(codes.tolist(), delta), abs=1e-12)


@pytest.mark.parametrize("panel", ["mmlu_pro/strong7", "gsm8k/diverse10"])
def test_the_reference_probabilities_of_recorded_panels(panel, shared_data) -> None:
    reference = json.loads((shared_data / "validation" / "recorded_answers.json").read_text(encoding="utf-8"))[panel]
    table = load_answers(shared_data / "data" / "answers" / f"{panel.split('/')[0]}.parquet")
    recorded = table.panel(reference["panel"])
    assert len(recorded.rows) == reference["questions"]
    assert (recorded.codes == 0).mean(axis=0) == pytest.approx(np.array(reference["member_accuracy"]), abs=5e-6)
    deltas, right, crash = np.array(reference["crash"]).T
    collude = np.array(reference["collude_popular"])[:, 2]
    curves = quorum_curves(recorded.codes, deltas.tolist())
    np.testing.assert_allclose(curves.right, right, atol=5.1e-6)
    np.testing.assert_allclose(curves.wrong_crash, crash, atol=5.1e-6)
    np.testing.assert_allclose(curves.wrong_collude, collude, atol=5.1e-6)
