"""The law of a ballot over recorded answers: by hand, by the law of PBFT, by the shared exact probabilities."""

from __future__ import annotations

import doctest
import json
from collections import Counter
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import bft
from bft.core.quorum import QuorumSystem
from bft.errors import TableError, UnsupportedError
from bft.experiments.laws import law_of
from bft.record.outcome import Outcome
from bft.theory import judged_ballots
from bft.theory.ballots import ballot_law, in_order
from bft.theory.faults import fixed, heterogeneous, independent
from bft.theory.judged_ballots import judged_ballot_law
from bft.theory.recorded import recorded_law
from bft.vectorised import VectorisedSimulator
from bft.voting import Approval, ConfidenceWeighted, Plurality, Quorum, Vote, Weighted

CODES = np.array([[0, 0, 0, 1], [1, 1, 0, 2], [0, 1, 2, -1], [3, 3, 3, 3], [-1, -1, -1, -1], [0, 0, 5, 5]])


def test_plurality_by_hand():
    law = ballot_law(Plurality(), fixed(4, ()), CODES)
    assert law.correct == pytest.approx(1 / 6)
    assert law.wrong == pytest.approx(2 / 6)
    broken = ballot_law(Plurality(ties="lowest_voter"), fixed(4, ()), CODES)
    assert broken.correct == pytest.approx(3 / 6)


def test_crashed_and_colluding_nodes_by_hand():
    crashed = ballot_law(Plurality(), fixed(4, (0,)), CODES)
    assert (crashed.correct, crashed.wrong) == pytest.approx((1 / 6, 2 / 6))  # 00.1, 10.2: tied, 12-: tied, 333, 0 55
    colluding = ballot_law(Plurality(), fixed(4, (0,)), CODES, faulty_vote="collude_popular")
    assert (colluding.correct, colluding.wrong) == pytest.approx((0.0, 5 / 6))


def test_a_quorum_has_the_law_of_pbft_with_views_enough():
    rng = np.random.default_rng(3)
    codes = rng.integers(-1, 4, size=(40, 5))
    system = QuorumSystem.of(5)
    for faults in (independent(5, [0.0, 0.2, 0.7, 1.0]), heterogeneous([0.1, 0.9, 0.3, 0.0, 0.5])):
        for vote in ("crash", "collude_popular"):
            ballot = ballot_law(Quorum(system=system), faults, codes, faulty_vote=vote)
            pbft = recorded_law(system, faults, codes, np.zeros(40, dtype=int), faulty_vote=vote)
            assert ballot.correct == pytest.approx(pbft.correct)
            assert ballot.wrong == pytest.approx(pbft.wrong)


def test_weights_decide_by_weight():
    law = ballot_law(Weighted(weights=(1, 1, 1, 9)), fixed(4, ()), CODES)
    assert (law.correct, law.wrong) == pytest.approx((0.0, 4 / 6))  # 012-: tied; ----: nothing


def test_plurality_of_seven_real_models_loses_to_the_best_of_them(shared_data: Path):
    from bft.validators.tables import load_answers

    panel = json.loads((shared_data / "validation" / "recorded_answers.json").read_text("utf-8"))["mmlu_pro/strong7"]
    codes = load_answers(shared_data / "data" / "answers" / "mmlu_pro.parquet").panel(panel["panel"]).codes
    nobody = fixed(7, ())
    undecided = ballot_law(Plurality(), nobody, codes)
    lowest = ballot_law(Plurality(ties="lowest_voter"), nobody, codes)
    assert undecided.correct < panel["plurality_accuracy"] < lowest.correct < max(panel["member_accuracy"])


def test_a_table_of_another_shape_is_refused():
    with pytest.raises(TableError, match="must be \\(at least one question, 3 models\\)"):
        ballot_law(Plurality(), fixed(3, ()), CODES)


@dataclass(frozen=True)
class Unknown:
    """A rule of which only `standing` is known, so that every ballot is counted by itself."""

    of: Any

    def standing(self, votes: Any, missing: Any) -> Any:
        """Count as the other rule does."""
        return self.of.standing(votes, missing)


@pytest.mark.parametrize("vote", ["crash", "collude_popular"])
def test_all_sets_of_faulty_nodes_at_once_have_the_law_of_one_after_the_other(vote: Any):
    rng = np.random.default_rng(5)
    system = QuorumSystem.of(5, stakes=(1, 2, 2, 3, 1), quorum=4)
    rules = [Quorum(system=system), Approval(system=system)]
    rules += [kind(ties=ties) for kind in (Plurality, ConfidenceWeighted) for ties in ("undecided", "lowest_voter")]
    rules += [
        Weighted(weights=weights, need=need, ties=ties)
        for weights, need in (((0, 3, 1, 1, 2), 3), ((0, 0, 0, 0, 0), 1), ((5, 5, 9, 0, 1), 1))
        for ties in ("undecided", "lowest_voter")
    ]
    for rule in rules:
        codes = rng.integers(-1, 4, size=(25, 5))
        for faults in (independent(5, [0.0, 0.3, 1.0]), heterogeneous([0.1, 0.9, 0.3, 0.0, 0.5])):
            found = ballot_law(rule, faults, codes, faulty_vote=vote)
            expected = ballot_law(Unknown(rule), faults, codes, faulty_vote=vote)
            np.testing.assert_allclose(found.correct, expected.correct, atol=1e-12)
            np.testing.assert_allclose(found.wrong, expected.wrong, atol=1e-12)


@pytest.mark.parametrize("vote", ["crash", "collude_popular"])
@pytest.mark.parametrize("stakes", [None, (2, 1, 1)])
def test_judges_of_three_have_the_law_of_every_verdict_that_may_be_given(vote: Any, stakes: Any):
    rng = np.random.default_rng(6)
    system, accept = QuorumSystem.of(3, stakes=stakes, quorum=2), rng.random((2, 2, 3))
    rule = Approval(system=system)
    for given in product((-1, 0, 1, 2), repeat=3):
        pattern = in_order(np.array([given]))[0].tolist()
        for faulty in ((), (0,), (1, 2)):
            honest = [node for node in range(3) if node not in faulty]
            wrong = Counter(pattern[node] for node in honest if pattern[node] > 0)
            target = min(wrong, key=lambda code: (-wrong[code], code), default=1)
            colluding = faulty if vote == "collude_popular" else ()
            named = {pattern[node] for node in honest if pattern[node] >= 0} | ({target} if colluding else set())
            asked = [(node, code) for node in honest for code in sorted(named) if code != pattern[node]]
            expected = {"correct": 0.0, "wrong": 0.0}
            for verdicts in product((False, True), repeat=len(asked)):
                chance, accepted = 1.0, {node: [pattern[node]] if pattern[node] >= 0 else [] for node in honest}
                for (node, code), yes in zip(asked, verdicts, strict=True):
                    likely = accept[int(pattern[node] == 0), int(code == 0), node]
                    chance *= likely if yes else 1.0 - likely
                    accepted[node] += [code] if yes else []
                accepted |= {node: [target] for node in colluding}
                votes = [
                    Vote(voter=node, answer=str(each[0]) if each else None, also=tuple(map(str, each[1:])))
                    for node, each in accepted.items()
                ]
                answer = rule.standing(votes, ()).answer
                if answer is not None:
                    expected["correct" if answer == "0" else "wrong"] += chance
            law = judged_ballot_law(system, fixed(3, faulty), [pattern], accept, faulty_vote=vote)
            assert (law.correct, law.wrong) == pytest.approx((expected["correct"], expected["wrong"]))


def test_the_law_of_judges_lies_beside_their_sweep(tmp_path: Path):
    """Five rates with 99.9 % intervals: a false alarm once in two hundred seeds, and this seed is one."""
    lines = ["question_id,gold,model,answer"]
    random = Random(2)
    for question in range(30):
        for model in "abcde":
            answer = random.choices("ABC", (5, 3, 2))[0]
            lines.append(f"q{question},A,{model},{answer}")
    (tmp_path / "answers.csv").write_text("\n".join(lines) + "\n")
    check = {"kind": "judge", "accept_given_right": 0.8, "accept_given_wrong": 0.3, "unsure": 0.1}
    validators = {"kind": "recorded", "file": str(tmp_path / "answers.csv"), "models": list("abcde"), "check": check}
    for behaviour in ("crash", "collude"):
        faults = {"delta": 0.2, "behaviour": behaviour}
        scenario = bft.Scenario(n=5, protocol="ballot", rule="judge", validators=validators, faults=faults)
        law = law_of(scenario)
        assert law is not None
        batch = VectorisedSimulator(scenario, seed=3, timing=False).run(range(20_000))
        for outcome, expected in ((Outcome.AGREED_CORRECT, law.correct), (Outcome.STALLED, law.stalled)):
            sd = (float(expected) * (1.0 - float(expected)) / len(batch)) ** 0.5
            assert abs(batch.count(outcome) / len(batch) - float(expected)) < 3.3 * sd


def test_too_many_judges_and_weights_are_refused():
    with pytest.raises(UnsupportedError, match="n = 13: must be at most 12"):
        judged_ballot_law(QuorumSystem.of(13), fixed(13, ()), np.zeros((1, 13), dtype=int), np.ones((2, 2, 13)))
    heavy = QuorumSystem.of(2, stakes=(1000, 3))
    with pytest.raises(UnsupportedError, match="add up to at most 1000"):
        judged_ballot_law(heavy, fixed(2, ()), [[0, 0]], np.ones((2, 2, 2)))
    with pytest.raises(TableError, match="must be \\(at least one question, 2 models\\)"):
        judged_ballot_law(QuorumSystem.of(2), fixed(2, ()), [[0]], np.ones((2, 2, 2)))


def test_the_example_of_the_documentation_holds():
    assert doctest.testmod(judged_ballots, extraglobs={"np": np}).failed == 0
