"""What every candidate does, against the laws of recorded answers and of ballots, which look at each question anew."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from bft.core.quorum import QuorumSystem
from bft.designing.candidates import Candidate, Search
from bft.designing.fault_cases import FaultModel
from bft.designing.honest_sets import HonestSets
from bft.designing.rules import log_odds
from bft.theory.ballots import ballot_law
from bft.theory.faults import fixed, independent
from bft.theory.recorded import recorded_law, recorded_quorums
from bft.validators.answers import Codes
from bft.voting import Plurality, Quorum, Rule, Weighted
from tests.designing.conftest import drawn_codes

ACCURACY = (0.8, 0.7, 0.6, 0.55, 0.4)


@pytest.fixture(scope="module")
def codes() -> Codes:
    return drawn_codes(60, ACCURACY, seed=3, hard=0.1, missing=0.1, options=2)


def rule_of(candidate: Candidate, weights: list[int]) -> Rule:
    if candidate.rule == "plurality":
        return Plurality()
    if candidate.rule in ("quorum", "pbft"):
        return Quorum(system=QuorumSystem.of(candidate.n, quorum=candidate.quorum))
    return Weighted(weights=tuple(weights))


def searched(codes: Codes, faults: FaultModel, sizes: tuple[int, ...] = (3, 4)) -> Search:
    honest = HonestSets(codes, smallest=0, largest=max(sizes))
    rules = ["quorum", "plurality", "log_odds", "stake", "pbft"]
    return Search(honest, range(codes.shape[1]), sizes=sizes, rules=rules, faults=faults)


WEIGHTS = {"log_odds": log_odds(ACCURACY), "stake": np.array([5, 1, 1, 2, 2])}


def weighed_law(weights: list[int], delta: float, codes: Codes) -> tuple[float, float]:
    """Colluders back the wrong answer that most honest members give, of several the heaviest; every set, one by one."""
    n, correct, wrong = len(weights), 0.0, 0.0
    for faulty in range(2**n):
        bad = [node for node in range(n) if faulty >> node & 1]
        good = [node for node in range(n) if node not in bad]
        chance = delta ** len(bad) * (1.0 - delta) ** len(good)
        for row in codes.tolist():
            said = [row[node] for node in good if row[node] > 0]
            weight = {code: sum(weights[node] for node in good if row[node] == code) for code in {0, *said}}
            target = max(said, key=lambda code: (said.count(code), weight[code]), default=99)
            weight[target] = weight.get(target, 0) + sum(weights[node] for node in bad)
            top = max(weight.values())
            winners = [code for code, each in weight.items() if each == top and top > 0]
            correct += chance * (winners == [0]) / len(codes)
            wrong += chance * (len(winners) == 1 and winners != [0]) / len(codes)
    return correct, wrong


@pytest.mark.parametrize(("delta", "behaviour"), [(0.0, "crash"), (0.2, "crash"), (0.2, "collude")])
def test_every_candidate_has_the_law_of_its_ballot(codes: Codes, delta: float, behaviour: str) -> None:
    scores = searched(codes, FaultModel(deltas=(delta,), behaviour=behaviour)).scores(np.ones(len(codes)), WEIGHTS)  # type: ignore[arg-type]
    assert len(set(scores.candidates)) == len(scores.candidates) == len(scores.correct)
    vote = "crash" if behaviour == "crash" else "collude_popular"
    for place in range(0, len(scores.candidates), 3):
        candidate = scores.candidates[place]
        weights = WEIGHTS.get(candidate.rule, np.zeros(5, dtype=int))[list(candidate.members)].tolist()
        if behaviour == "collude" and candidate.rule in WEIGHTS:
            law = weighed_law(weights, delta, codes[:, candidate.members])
            assert (scores.correct[place], scores.wrong[place]) == pytest.approx(law, abs=1e-12), candidate
            continue
        rule = rule_of(candidate, weights)
        law = ballot_law(rule, independent(candidate.n, delta), codes[:, candidate.members], faulty_vote=vote)  # type: ignore[arg-type]
        assert scores.correct[place] == pytest.approx(law.correct, abs=1e-12), candidate
        assert scores.wrong[place] == pytest.approx(law.wrong, abs=1e-12), candidate


def test_liars_are_the_set_that_does_most_harm(codes: Codes) -> None:
    scores = searched(codes, FaultModel(liars=1)).scores(np.ones(len(codes)), WEIGHTS)
    for place in range(0, len(scores.candidates), 5):
        candidate = scores.candidates[place]
        weights = WEIGHTS.get(candidate.rule, np.zeros(5, dtype=int))[list(candidate.members)].tolist()
        if candidate.rule in WEIGHTS:
            continue
        laws = [
            ballot_law(
                rule_of(candidate, weights),
                fixed(candidate.n, [liar]),
                codes[:, candidate.members],
                faulty_vote="collude_popular",
            )
            for liar in range(candidate.n)
        ]
        assert scores.correct[place] == pytest.approx(min(law.correct for law in laws), abs=1e-12), candidate
        assert scores.wrong[place] == pytest.approx(max(law.wrong for law in laws), abs=1e-12), candidate


def test_several_fault_probabilities_are_each_withstood(codes: Codes) -> None:
    each = [searched(codes, FaultModel(deltas=(d,))).scores(np.ones(len(codes)), WEIGHTS) for d in (0.0, 0.1, 0.3)]
    together = searched(codes, FaultModel(deltas=(0.0, 0.1, 0.3))).scores(np.ones(len(codes)), WEIGHTS)
    assert together.wrong == pytest.approx(np.max([one.wrong for one in each], axis=0), abs=1e-12)
    assert together.correct == pytest.approx(np.min([one.correct for one in each], axis=0), abs=1e-12)


def test_liars_and_crashed_members_together(codes: Codes) -> None:
    """One member lies, each of the others has crashed with probability 0.2: by hand over all sets of crashed ones."""
    candidate, q = Candidate((0, 1, 2, 3), "quorum", 3), 3
    scores = searched(codes, FaultModel(liars=1, deltas=(0.2,), behaviour="crash")).scores(np.ones(len(codes)), WEIGHTS)
    by_liar = []
    for liar in range(4):
        right = wrong = 0.0
        others = [node for node in range(4) if node != liar]
        for number in range(4):
            for crashed in combinations(others, number):
                chance = 0.2**number * 0.8 ** (3 - number)
                alive = [node for node in others if node not in crashed]
                for row in codes[:, list(candidate.members)].tolist():
                    said = [row[node] for node in alive]
                    most = max((said.count(code) for code in said if code > 0), default=0)
                    right += chance * (said.count(0) >= q) / len(codes)
                    wrong += chance * (most + 1 >= q) / len(codes)
        by_liar.append((right, wrong))
    place = scores.candidates.index(candidate)
    assert scores.correct[place] == pytest.approx(min(right for right, _ in by_liar), abs=1e-12)
    assert scores.wrong[place] == pytest.approx(max(wrong for _, wrong in by_liar), abs=1e-12)


def test_weights_of_questions_count(codes: Codes) -> None:
    weight = np.zeros(len(codes))
    weight[:20] = 3.0
    part = searched(codes, FaultModel()).scores(weight, WEIGHTS)
    alone = searched(codes[:20], FaultModel()).scores(np.ones(20), WEIGHTS)
    assert part.correct == pytest.approx(alone.correct, abs=1e-12)
    assert part.wrong == pytest.approx(alone.wrong, abs=1e-12)


def test_pbft_needs_a_majority_and_then_decides_like_a_quorum(codes: Codes) -> None:
    scores = searched(codes, FaultModel(deltas=(0.1,))).scores(np.ones(len(codes)), WEIGHTS)
    pbft = [place for place, each in enumerate(scores.candidates) if each.rule == "pbft"]
    assert {(scores.candidates[place].n, scores.candidates[place].quorum) for place in pbft} == {
        (3, 2), (3, 3), (4, 3), (4, 4),
    }  # fmt: skip
    for place in pbft[::4]:
        candidate = scores.candidates[place]
        found = recorded_quorums(
            QuorumSystem.of(candidate.n, quorum=candidate.quorum),
            independent(candidate.n, 0.1),
            codes[:, candidate.members],
            np.zeros(len(codes), dtype=int),
            faulty_vote="collude_popular",
        )
        assert (scores.correct[place], scores.wrong[place]) == pytest.approx((found.correct, found.wrong), abs=1e-12)


@pytest.mark.parametrize(
    ("views", "vote"), [(1, "crash"), (2, "crash"), (1, "collude_popular"), (2, "collude_popular")]
)
def test_in_few_views_a_decision_needs_a_member_that_leads(codes: Codes, views: int, vote: str) -> None:
    """Against the law of recorded answers, where colluders back the first of equally popular wrong answers.

    Here they back the one that a member who leads gave, so that a few more decisions are wrong.
    """
    behaviour = "crash" if vote == "crash" else "collude"
    honest = HonestSets(codes, smallest=0, largest=4)
    faults = FaultModel(deltas=(0.2,), behaviour=behaviour)  # type: ignore[arg-type]
    search = Search(honest, range(5), sizes=[3, 4], rules=["pbft", "quorum"], faults=faults, views=views)
    scores = search.scores(np.ones(len(codes)), {})
    whole = searched(codes, faults).scores(np.ones(len(codes)), WEIGHTS)
    compared = 0
    for place, candidate in enumerate(scores.candidates):
        if candidate.rule != "pbft":
            continue
        law = recorded_law(
            QuorumSystem.of(candidate.n, quorum=candidate.quorum),
            independent(candidate.n, 0.2),
            codes[:, candidate.members],
            np.zeros(len(codes), dtype=int),
            faulty_vote=vote,  # type: ignore[arg-type]
            views=views,
        )
        assert scores.correct[place] == pytest.approx(law.correct, abs=1e-12), candidate
        if vote == "crash":
            assert scores.wrong[place] == pytest.approx(law.wrong, abs=1e-12), candidate
        else:
            assert law.wrong - 1e-12 <= scores.wrong[place] <= law.wrong + 0.02, candidate
        everybody = whole.candidates.index(candidate)
        if candidate.quorum + views > candidate.n:  # one of those who lead is among any quorum
            assert scores.correct[place] == pytest.approx(whole.correct[everybody], abs=1e-12)
        else:
            assert scores.correct[place] < whole.correct[everybody] - 1e-3
        compared += 1
    assert compared == 2 * (10 + 5), "ten panels of three and five of four, two quorums each"
