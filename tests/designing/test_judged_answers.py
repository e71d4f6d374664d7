"""The rule judge in designs: against verdicts drawn one by one, the event engine, and what costs calls."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import bft
from bft.core.quorum import QuorumSystem
from bft.designing.candidates import Search
from bft.designing.fault_cases import FaultModel
from bft.designing.honest_sets import HonestSets
from bft.designing.judged_sets import Judges
from bft.designing.search import design
from bft.errors import BftError
from bft.experiments.intervals import estimate
from bft.scenario import Scenario
from bft.voting import Approval, Vote
from tests.designing.conftest import WriteCodes, drawn_codes

NAMES = ("ann", "bob", "cat", "dan")
A, B = 0.8, 0.3


def law_by_hand(row: list[int], liars: set[int], quorum: int) -> tuple[float, float]:
    """Return what the rule itself decides right and wrong, over every combination of verdicts."""
    n = len(row)
    honest = [node for node in range(n) if node not in liars]
    wrong = [row[node] for node in honest if row[node] > 0]
    lie = max(wrong, key=wrong.count, default=99)
    texts = sorted({row[node] for node in honest if row[node] >= 0} | ({lie} if liars else set()))
    asked = [(node, text) for node in honest for text in texts if row[node] != text]
    right = erring = 0.0
    for verdicts in product((True, False), repeat=len(asked)):
        chance = 1.0
        for (_, text), accepts in zip(asked, verdicts, strict=True):
            share = A if text == 0 else B
            chance *= share if accepts else 1.0 - share
        said = {pair for pair, accepts in zip(asked, verdicts, strict=True) if accepts}
        votes = []
        for node in range(n):
            approved = [str(lie)] if node in liars else [str(t) for t in texts if row[node] == t or (node, t) in said]
            first, *also = approved or [None]
            votes.append(Vote(voter=node, answer=first, also=tuple(str(each) for each in also)))
        answer = Approval(system=QuorumSystem.of(n, quorum=quorum)).standing(votes, []).answer
        right += chance * (answer == "0")
        erring += chance * (answer not in (None, "0"))
    return right, erring


@pytest.mark.parametrize("liars", [0, 1])
def test_every_quorum_of_judges_has_the_law_of_all_verdicts(liars: int) -> None:
    codes = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 2], [0, 1, 2], [-1, 0, 1], [-1, -1, 0], [-1, -1, -1]])
    honest = HonestSets(codes, smallest=0, largest=3)
    search = Search(honest, range(3), sizes=[3], rules=["judge"], faults=FaultModel(liars=liars), judges=Judges(A, B))
    scores = search.scores(np.ones(len(codes)), {})
    assert [candidate.quorum for candidate in scores.candidates] == [2, 3]
    for place, candidate in enumerate(scores.candidates):
        assert candidate.quorum is not None
        cases = [{node} for node in range(3)] if liars else [set[int]()]
        laws = [np.mean([law_by_hand(row, case, candidate.quorum) for row in codes.tolist()], axis=0) for case in cases]
        assert scores.correct[place] == pytest.approx(min(law[0] for law in laws), abs=1e-12)
        assert scores.wrong[place] == pytest.approx(max(law[1] for law in laws), abs=1e-12)


@pytest.mark.parametrize(
    "given", [{}, {"liars": 1}, {"delta": 0.2, "behaviour": "crash"}, {"delta": 0.2, "behaviour": "collude"}]
)
def test_a_simulation_with_judges_does_what_the_design_says(write_codes: WriteCodes, given: dict[str, Any]) -> None:
    """Inside the 99.9 % intervals of 400 replications, right and wrong: a false alarm in 1 of 500 of each."""
    file = write_codes(drawn_codes(300, (0.8, 0.75, 0.7, 0.6), seed=1, missing=0.1, options=2), NAMES)
    found = design(file, rules=["judge"], sizes=[4], accept_right=A, accept_wrong=B, repeats=1, **given)
    panel = found.recommended or found.nearest
    assert panel is not None
    assert panel.rule == "judge"
    assert panel.safe_below == 0
    scenario = Scenario.from_dict(found.scenario(panel).to_dict())
    (row,) = bft.sweep(scenario, over={"n": [4]}, replications=400, seed=5).rows
    for name, share in (("correct", panel.chosen_on_correct), ("wrong", panel.chosen_on_wrong)):
        interval = estimate(round(row[f"p_{name}"] * 400), 400, 0.999)
        if given.get("liars") and name == "correct":
            share = min(share, interval.value)  # other members may do more harm to right decisions
        assert interval.low <= share <= interval.high, name


def test_judges_decide_more_than_equal_answers_do_and_cost_calls(write_codes: WriteCodes) -> None:
    """Of three answers two are equal on half of the questions; verdicts find the right one on others too."""
    codes = np.array([[0, 0, 1], [0, 1, 2]] * 50)
    file = write_codes(codes, NAMES[:3])
    prices = {name: {"price": 1.0, "latency_s": 2.0} for name in NAMES[:3]}
    found = design(file, rules=["quorum", "judge"], prices=prices, accept_right=1.0, accept_wrong=0.0, repeats=1)
    assert found.recommended is not None
    assert found.recommended.rule == "judge"
    assert found.recommended.chosen_on_correct == pytest.approx(1.0)
    assert found.recommended.calls == pytest.approx(3 + (3 + 6) / 2), "two answers: one verdict each; three: two each"
    assert found.recommended.cost == pytest.approx(7.5)
    assert found.recommended.latency_s == 4.0, "verdicts come after answers"
    cheap = design(
        file, rules=["quorum", "judge"], prices=prices, accept_right=1.0, accept_wrong=0.0, repeats=1, max_cost=3.0
    )
    assert cheap.recommended is not None
    assert (cheap.recommended.rule, cheap.recommended.calls) == ("quorum", 3)


def test_an_exact_law_is_judged_exactly() -> None:
    """Two models of .9 and .8, independent: by hand."""
    found = design(accuracies=[0.9, 0.8], options=1, rules=["judge"], accept_right=A, accept_wrong=B, max_wrong=0.4)
    assert found.recommended is not None
    one = 0.9 * 0.2 + 0.1 * 0.8  # one of two is right
    right = 0.72 + one * A * (1 - B)
    assert found.recommended.held_out.correct.value == pytest.approx(right, abs=1e-12)
    assert found.recommended.held_out.wrong.value == pytest.approx(0.02 + one * B * (1 - A), abs=1e-12)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"rules": ["judge"]}, "needs how often a member accepts another's answer: accept-right and accept-wrong"),
        ({"accept_right": 0.9}, "accept-wrong: must be given too"),
        ({"accept_right": 1.2, "accept_wrong": 0.1}, "accept-right = 1.2: must be between 0 and 1"),
    ],
)
def test_judges_of_whom_nothing_is_known_are_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(BftError) as refused:
        design(accuracies=[0.9, 0.8], **given)
    assert told in str(refused.value)
