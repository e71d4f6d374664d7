"""The rule confidence in designs: of tables that state how sure models were, and of no others."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bft
from bft.designing.candidates import Candidate, Search
from bft.designing.fault_cases import FaultModel
from bft.designing.honest_sets import HonestSets
from bft.errors import BftError
from bft.randomness import Floats
from bft.validators.answers import Codes
from bft.voting import ConfidenceWeighted, Vote
from tests.designing.conftest import drawn_codes

NAMES = ("ann", "bob", "cat", "dan")


def told(codes: Codes, seed: int = 1) -> Floats:
    """Return confidences that are higher where models are right, in steps of a tenth: ties occur."""
    generator = np.random.default_rng(seed)
    return np.round(np.where(codes == 0, 0.6, 0.3) + 0.4 * generator.random(codes.shape), 1)


def written(file: Path, codes: Codes, stated: Any) -> Path:
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(["question_id", "gold", "model", "answer", "confidence"])
        for question, row in enumerate(codes.tolist()):
            for place, code in enumerate(row):
                answer = "" if code < 0 else f"A{code}"
                writer.writerow([question, "A0", NAMES[place], answer, stated[question][place]])
    return file


def decided(codes: list[int], stated: list[float], faulty: set[int]) -> int | None:
    """Return what the ballot decides, by the rule itself; colluders back the most popular wrong answer, at 1.0."""
    honest = [node for node in range(len(codes)) if node not in faulty and codes[node] >= 0]
    votes = [Vote(voter=node, answer=str(codes[node]), confidence=stated[node]) for node in honest]
    wrong = [codes[node] for node in honest if codes[node] > 0]
    if faulty:
        weight = {code: sum(stated[node] for node in honest if codes[node] == code) for code in wrong}
        target = max(wrong, key=lambda code: (wrong.count(code), round(weight[code], 6)), default=99)
        votes += [Vote(voter=node, answer=str(target), confidence=1.0) for node in sorted(faulty)]
    standing = ConfidenceWeighted().standing(votes, [])
    return None if standing.answer is None else int(standing.answer)


@pytest.mark.parametrize("liars", [0, 1])
def test_every_panel_decides_as_the_rule_does_on_each_question(liars: int) -> None:
    codes = drawn_codes(60, (0.7, 0.6, 0.6, 0.5), seed=4, missing=0.1, options=2)
    stated = told(codes)
    millionths = np.round(stated * 1e6).astype(np.intp)
    honest = HonestSets(codes, smallest=0, largest=4, stated=millionths)
    search = Search(honest, range(4), sizes=[3, 4], rules=["confidence"], faults=FaultModel(liars=liars))
    scores = search.scores(np.ones(60), {})
    for place, candidate in enumerate(scores.candidates):
        assert candidate == Candidate(candidate.members, "confidence", None)
        right, wrong = [], []
        for liar in range(candidate.n) if liars else [None]:
            faulty = set() if liar is None else {liar}
            ends = [
                decided([row[k] for k in candidate.members], [sure[k] for k in candidate.members], faulty)
                for row, sure in zip(codes.tolist(), stated.tolist(), strict=True)
            ]
            right.append(np.mean([end == 0 for end in ends]))
            wrong.append(np.mean([end is not None and end > 0 for end in ends]))
        assert scores.correct[place] == pytest.approx(min(right), abs=1e-12)
        assert scores.wrong[place] == pytest.approx(max(wrong), abs=1e-12)


def test_a_table_that_states_confidences_is_designed_for_the_rule(tmp_path: Path) -> None:
    """Models that know when they err decide right by confidence where most of them are wrong."""
    codes = drawn_codes(300, (0.6, 0.6, 0.6, 0.6), seed=2)
    sure = np.where(codes == 0, 0.9, 0.1)
    found = bft.design(written(tmp_path / "sure.csv", codes, sure), max_wrong=0.1)
    assert found.recommended is not None
    assert found.recommended.rule == "confidence"
    assert found.recommended.held_out.correct.value > 0.9
    assert 'rule = "confidence"' in found.panel_toml()
    with pytest.raises(BftError, match="states no confidences"):
        found.to_toml()


@pytest.mark.parametrize("field", ["", "high", "1.5", "nan"])
def test_an_answer_without_a_confidence_leaves_the_rule_out(tmp_path: Path, field: str) -> None:
    codes = np.zeros((40, 4), dtype=np.intp)
    stated = np.full(codes.shape, "0.5", dtype=object)
    stated[3, 1] = field
    file = written(tmp_path / "some.csv", codes, stated)
    found = bft.design(file, repeats=1)
    assert "confidence" not in found.rules
    assert any("bob on question '3' is the first of 1" in note for note in found.pool.notes)
    with pytest.raises(BftError, match="needs stated confidences"):
        bft.design(file, rules=["confidence"])


def test_who_gave_no_answer_needs_state_nothing(tmp_path: Path) -> None:
    codes = np.zeros((40, 4), dtype=np.intp)
    codes[3, 1] = -1
    stated = np.where(codes < 0, "", "0.5")
    assert "confidence" in bft.design(written(tmp_path / "some.csv", codes, stated), repeats=1).rules
