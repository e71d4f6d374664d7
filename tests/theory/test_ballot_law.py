"""The law of a ballot over recorded answers: by hand, by the law of PBFT, by the shared exact probabilities."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bft.core.quorum import QuorumSystem
from bft.errors import TableError
from bft.theory.ballots import ballot_law
from bft.theory.faults import fixed, heterogeneous, independent
from bft.theory.recorded import recorded_law
from bft.voting import Plurality, Quorum, Weighted

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
