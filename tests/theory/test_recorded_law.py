"""Recorded answers: the file of exact probabilities to its last digit, and every set of faulty nodes, view by view."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, TableError, UnsupportedError
from bft.theory.errors_in_common import probit_errors
from bft.theory.faults import heterogeneous, independent
from bft.theory.recorded import recorded_law, recorded_quorums
from bft.theory.same_answer import FaultyVote, same_answer_law
from bft.theory.wrong_answers import WrongAnswers

PANELS = ("mmlu_pro/strong7", "gsm8k/diverse10")
MADE_UP = np.array(
    [
        [0, 0, 0, 0, 0],
        [3, 3, 3, 3, 0],
        [0, 0, 0, 2, -1],
        [1, 2, 3, 4, 5],
        [-1, -1, -1, -1, -1],
        [2, 2, 0, 1, 1],
        [4, 0, 4, 0, 0],
    ]
)
GOLD = np.zeros(7, dtype=int)


@pytest.fixture(scope="module")
def reference(shared_data: Path) -> dict[str, Any]:
    panels: dict[str, Any] = json.loads((shared_data / "validation" / "recorded_answers.json").read_text("utf-8"))
    return panels


def table_of(folder: Path, panel: str, models: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Answers and gold of the questions that the whole panel answered, as codes."""
    rows = parquet.read_table(folder / "data" / "answers" / f"{panel.split('/')[0]}.parquet").to_pylist()
    gold = {row["question_id"]: row["gold"] for row in rows}
    given = {(row["question_id"], row["model"]): row["answer"] for row in rows}
    complete = sorted(question for question in gold if all((question, model) in given for model in models))
    codes: dict[Any, int] = {None: -1}
    answers = [[codes.setdefault(given[question, model], len(codes)) for model in models] for question in complete]
    return np.array(answers), np.array([codes.setdefault(gold[question], len(codes)) for question in complete])


@pytest.mark.parametrize("panel", PANELS)
def test_the_file_of_exact_probabilities(panel: str, shared_data: Path, reference: dict[str, Any]) -> None:
    expected = reference[panel]
    n = expected["n"]
    answers, gold = table_of(shared_data, panel, expected["panel"])
    assert len(answers) == expected["questions"]
    assert np.round((answers == gold[:, None]).mean(axis=0), 5).tolist() == expected["member_accuracy"]
    assert QuorumSystem.of(n).quorum == expected["q"]
    for faulty_vote in ("crash", "collude_popular"):
        delta, correct, wrong = np.array(expected[faulty_vote]).T
        quorums = recorded_quorums(QuorumSystem.of(n), independent(n, delta), answers, gold, faulty_vote=faulty_vote)
        assert np.round(quorums.correct, 5).tolist() == correct.tolist()
        assert np.round(quorums.wrong, 5).tolist() == wrong.tolist()
        law = recorded_law(QuorumSystem.of(n), independent(n, delta), answers, gold, faulty_vote=faulty_vote)
        assert law.correct == pytest.approx(quorums.correct, abs=1e-12)
        assert law.wrong == pytest.approx(quorums.wrong, abs=1e-12)


@pytest.mark.parametrize(
    ("panel", "r", "model"),
    [
        ("mmlu_pro/strong7", 0.645, WrongAnswers(options=9, tau=0.259, k_alpha=4.7)),
        ("gsm8k/diverse10", 0.724, WrongAnswers(options=1000, tau=0.598, k_alpha=26.8)),
    ],
)
def test_the_correlated_model_fits_the_recorded_answers(
    panel: str, r: float, model: WrongAnswers, reference: dict[str, Any]
) -> None:
    # Notes on validators: within about 2 points at δ = 0 and 3 points along δ.
    expected = reference[panel]
    n = expected["n"]
    for faulty_vote in ("crash", "collude_popular"):
        delta, correct, wrong = np.array(expected[faulty_vote]).T
        errors = probit_errors(n, expected["member_accuracy"], correlation=r)
        law = same_answer_law(QuorumSystem.of(n), independent(n, delta), errors, model, faulty_vote=faulty_vote)
        assert np.abs(law.correct - correct).max() < 0.03
        assert np.abs(law.wrong - wrong).max() < 0.03
        assert max(abs(law.correct[0] - correct[0]), abs(law.wrong[0] - wrong[0])) < 0.02


def decide(
    answers: Sequence[int], gold: int, faulty: frozenset[int], system: QuorumSystem, views: int, faulty_vote: FaultyVote
) -> str:
    """Run the views of one question by hand."""
    if len(faulty) == system.n:
        return "stalled"
    held: list[object] = [None if node in faulty or one == -1 else one for node, one in enumerate(answers)]
    if faulty_vote == "collude_popular":
        wrong: Counter[int] = Counter()
        for node, one in enumerate(held):
            if isinstance(one, int) and one != gold:
                wrong[one] += system.weights[node]
        popular = min(wrong, key=lambda one: (-wrong[one], one)) if wrong else "a wrong answer of their own"
        held = [popular if node in faulty else one for node, one in enumerate(held)]
    for view in range(views):
        proposal = held[view % system.n]
        backers = [node for node, one in enumerate(held) if one == proposal]
        if proposal is not None and system.weight(backers) >= system.quorum:
            return "correct" if proposal == gold else "wrong"
    return "stalled"


SYSTEMS = [
    QuorumSystem.of(5),
    QuorumSystem.of(5, quorum=2),
    QuorumSystem.of(5, stakes=[3, 1, 1, 2, 1]),
    QuorumSystem.of(5, stakes=[3, 1, 1, 2, 1], quorum=3),
]


@pytest.mark.parametrize("faulty_vote", ["crash", "collude_popular"])
@pytest.mark.parametrize("views", [1, 2, 3, 9])
@pytest.mark.parametrize("system", SYSTEMS, ids=repr)
def test_made_up_answers_view_by_view(
    system: QuorumSystem,
    views: int,
    faulty_vote: FaultyVote,
    over_faulty_sets: Callable[[Sequence[float], Callable[[frozenset[int]], str]], dict[str, float]],
) -> None:
    deltas = [0.1, 0.6, 0.0, 0.3, 0.45]
    total = dict.fromkeys(("correct", "wrong", "stalled"), 0.0)
    for answers in MADE_UP.tolist():

        def outcome(faulty: frozenset[int], answers: list[int] = answers) -> str:
            return decide(answers, 0, faulty, system, views, faulty_vote)

        for name, chance in over_faulty_sets(deltas, outcome).items():
            if name in total:
                total[name] += chance / len(MADE_UP)
    law = recorded_law(system, heterogeneous(deltas), MADE_UP, GOLD, faulty_vote=faulty_vote, views=views)
    for name, chance in total.items():
        assert getattr(law, name) == pytest.approx(chance, rel=1e-12, abs=1e-15), name


def test_null_never_matches() -> None:
    nobody = np.full((1, 4), -1)
    law = recorded_law(QuorumSystem.of(4), independent(4, 0.0), nobody, [0])
    assert law.stalled == 1.0
    three = np.array([[-1, 0, 0, 0]])
    assert recorded_law(QuorumSystem.of(4), independent(4, 0.0), three, [0]).correct == 1.0
    assert recorded_law(QuorumSystem.of(4), independent(4, 0.0), three, [0], views=1).stalled == 1.0


@settings(max_examples=50)
@given(data=st.data(), n=st.integers(1, 7), delta=st.floats(0.0, 1.0))
def test_codes_and_the_order_of_questions_do_not_matter(data: st.DataObject, n: int, delta: float) -> None:
    rows = data.draw(st.lists(st.lists(st.integers(-1, 4), min_size=n, max_size=n), min_size=1, max_size=6))
    gold = data.draw(st.lists(st.integers(0, 4), min_size=len(rows), max_size=len(rows)))
    answers = np.array(rows)
    renamed = np.where(answers < 0, -1, 100 - 7 * answers)
    order = data.draw(st.permutations(range(len(rows))))
    for faulty_vote in ("crash", "collude_popular"):
        one = recorded_quorums(QuorumSystem.of(n), independent(n, delta), answers, gold, faulty_vote=faulty_vote)
        other = recorded_quorums(
            QuorumSystem.of(n),
            independent(n, delta),
            renamed[list(order)],
            100 - 7 * np.array(gold)[list(order)],
            faulty_vote=faulty_vote,
        )
        assert one.correct == pytest.approx(other.correct, abs=1e-12)
        assert one.wrong == pytest.approx(other.wrong, abs=1e-12)
        assert 0.0 <= one.correct + one.wrong <= 1.0 + 1e-12


def test_shapes_follow_delta() -> None:
    law = recorded_law(QuorumSystem.of(5), independent(5, np.zeros((2, 3))), MADE_UP, GOLD)
    assert np.shape(law.correct) == np.shape(law.stalled) == (2, 3)


@pytest.mark.parametrize(
    ("answers", "gold", "message"),
    [
        (np.zeros((0, 4), dtype=int), [], r"^answers\.shape = \(0, 4\): must be \(at least one question, 4 models\)$"),
        (np.zeros((2, 3), dtype=int), [0, 0], r"^answers\.shape = \(2, 3\): must be"),
        (np.zeros((2, 4), dtype=int), [0], r"^gold\.shape = \(1,\): must be \(2,\), as there are questions$"),
        (np.zeros((1, 4)), [0], r"^answers\.dtype = 'float64, int64': must be whole numbers$"),
        (np.full((1, 4), -2), [0], r"^answers = -2: must be codes of at least 0, or -1 for no answer$"),
        (np.zeros((1, 4), dtype=int), [-1], r"^gold = -1: must be codes of at least 0$"),
    ],
)
def test_bad_tables_are_refused(answers: np.ndarray, gold: list[int], message: str) -> None:
    with pytest.raises(TableError, match=message):
        recorded_law(QuorumSystem.of(4), independent(4, 0.1), answers, gold)


def test_bad_values_are_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"^n = 17: must be at most 16 where every set"):
        recorded_law(QuorumSystem.of(17), independent(17, 0.1), np.zeros((1, 17), dtype=int), [0])
    with pytest.raises(ScenarioError, match=r"^faulty_vote = 'sulk': must be 'crash' or 'collude_popular'$"):
        recorded_law(QuorumSystem.of(5), independent(5, 0.1), MADE_UP, GOLD, faulty_vote="sulk")  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match=r"^faults = 4: must describe the n = 5 nodes"):
        recorded_law(QuorumSystem.of(5), independent(4, 0.1), MADE_UP, GOLD)
