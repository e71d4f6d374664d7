"""Which scenario has a law: the right one where it holds, none where it does not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from bft import Faults, Network, Partition, Scenario
from bft.adversary.crash import Crash
from bft.adversary.equivocate import Equivocate
from bft.adversary.lie import Lie
from bft.core.quorum import QuorumSystem
from bft.experiments import law_coverage
from bft.experiments.law_coverage import uncovered_fields
from bft.experiments.laws import law_of
from bft.network.delays import ConstantDelay, ExponentialDelay
from bft.theory import (
    crash_law,
    equivocation_law,
    fixed,
    fraction,
    heterogeneous,
    independent,
    judge_law,
    lossy_links_law,
    lying_law,
    silent_primary_law,
)
from bft.theory.outcome_law import OutcomeLaw
from bft.validators.rule_settings import QuorumRule
from bft.validators.settings import StatisticalValidators
from tests.protocols.echo_protocol import ECHO

OUTCOMES = ("agree", "correct", "wrong", "partial", "stalled", "split")
SYSTEM = QuorumSystem.of(7)


def assert_same(law: OutcomeLaw | None, other: OutcomeLaw) -> None:
    assert law is not None
    for name in OUTCOMES:
        here, there = getattr(law, name), getattr(other, name)
        assert (here is None) == (there is None)
        if here is not None:
            np.testing.assert_allclose(here, there, rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("crash", crash_law(SYSTEM, independent(7, 0.3))),
        ("withhold", crash_law(SYSTEM, independent(7, 0.3))),
        (["crash", "withhold"], crash_law(SYSTEM, independent(7, 0.3))),
        ("silent_primary", silent_primary_law(SYSTEM, independent(7, 0.3))),
        ("equivocate", equivocation_law(SYSTEM, independent(7, 0.3))),
        (Equivocate(rush=True), equivocation_law(SYSTEM, independent(7, 0.3))),
        ("lie", lying_law(SYSTEM, independent(7, 0.3))),
        ("collude", lying_law(SYSTEM, independent(7, 0.3))),
    ],
)
def test_each_behaviour_under_perfect_validators_has_its_law(behaviour: object, expected: OutcomeLaw) -> None:
    assert_same(law_of(Scenario(n=7, faults={"delta": 0.3, "behaviour": behaviour})), expected)


def test_the_law_knows_who_may_be_faulty() -> None:
    deltas = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    assert_same(law_of(Scenario(n=7, faults={"delta": deltas})), crash_law(SYSTEM, heterogeneous(deltas)))
    assert_same(law_of(Scenario(n=7, faults={"nodes": (0, 3)})), crash_law(SYSTEM, fixed(7, (0, 3))))
    drawn = Scenario(n=7, faults={"delta": 0.29, "draw": "fraction"})
    assert_same(law_of(drawn), crash_law(SYSTEM, fraction(7, 0.29)))


def test_the_law_knows_quorum_stakes_and_views() -> None:
    faults = independent(7, 0.3)
    assert_same(
        law_of(Scenario(n=7, quorum=4, views=2, faults={"delta": 0.3})),
        crash_law(QuorumSystem.of(7, quorum=4), faults, views=2),
    )
    stakes = (5, 3, 2, 1, 1, 1, 1)
    assert_same(
        law_of(Scenario(n=7, stakes=stakes, views="unlimited", faults={"delta": 0.3, "behaviour": "lie"})),
        lying_law(QuorumSystem.of(7, stakes=stakes), faults),
    )


def test_along_delta_the_law_is_an_array() -> None:
    law = law_of(Scenario(n=4), delta=[0.0, 0.1, 0.5])
    assert law is not None
    np.testing.assert_allclose(law.agree, binom.cdf(1, 4, [0.0, 0.1, 0.5]), atol=1e-12)


def test_without_faults_every_behaviour_has_the_law_of_none() -> None:
    for behaviour in ("slow", "crash_recover", Crash(at_s=3.0), ["lie", "crash"]):
        law = law_of(Scenario(n=4, faults={"delta": 0.0, "behaviour": behaviour}))
        assert law is not None
        assert law.correct == 1.0


def test_lossy_links_have_a_law_in_a_single_view_without_retransmission() -> None:
    scenario = Scenario(n=7, views=1, retransmission=False, network=Network(loss=0.1))
    assert_same(law_of(scenario), lossy_links_law(SYSTEM, 0.1))
    for change in (
        {"views": 2},
        {"retransmission": True},
        {"network.duplication": 0.1},
        {"faults.delta": 0.1},
        {"validators": "statistical"},
    ):
        assert law_of(scenario.replace_all(change)) is None


JUDGES: dict[str, Any] = {
    "kind": "statistical",
    "accuracy": 0.7,
    "check": {"kind": "judge", "redraw": True, "unsure": 0.1},
}


def test_judges_have_a_law_where_every_verdict_is_fresh() -> None:
    expected = judge_law(
        SYSTEM, independent(7, 0.2), accuracy=0.7, accept_right=0.915 * 0.9, accept_wrong=0.555 * 0.9, views=3
    )
    scenario = Scenario(n=7, views=3, validators=JUDGES, faults={"delta": 0.2})
    assert_same(law_of(scenario), expected)
    for change in (
        {"validators.check.redraw": False},
        {"views": 8},
        {"views": "unlimited"},
        {"validators.missing": 0.1},
        {"validators.accuracy": (0.7,) * 7},
        {"validators.errors": {"kind": "correlated", "r": 0.5}},
        {"validators.check.accept_given_right_own_wrong": 0.5},
        {"faults.behaviour": "withhold"},
        {"stakes": (2, 1, 1, 1, 1, 1, 1)},
    ):
        assert law_of(scenario.replace_all(change)) is None, change


@pytest.mark.parametrize(
    "change",
    [
        {"faults.behaviour": "slow"},
        {"faults.behaviour": "crash_recover"},
        {"faults.behaviour": {"kind": "crash", "at_s": 0.1}},
        {"faults.behaviour": ["crash", "lie"]},
        {"requests": {"count": 2, "rate_per_s": 1.0}},
        {"network.partitions": [Partition(groups=((0, 1),), end_s=5.0)]},
        {"network.delay": ConstantDelay(delay_s=3.0)},
        {"network.delay": ExponentialDelay(mean_s=1.0)},
        {"pbft.view_timeout_s": 0.5},
        {"horizon_s": 30.0},
        {"validators": {"kind": "statistical", "latency": {}}},
        {"validators": {"kind": "statistical", "check": {"kind": "same_answer", "flip": 0.1}}},
        {"validators": "statistical", "faults.behaviour": "lie"},
        {"validators": "statistical", "faults.behaviour": "equivocate"},
        {"validators": "statistical", "faults.behaviour": "withhold"},
        {"validators": "statistical", "stakes": (2, 1, 1, 1, 1, 1)},
        {"validators": {"kind": "statistical", "accuracy": (0.5, 0.6, 0.7, 0.8, 0.9, 0.5), "missing": 0.1}},
        {"faults.behaviour": Equivocate(rush=True)},  # n = 6: the honest would decide and can still be split
        {"faults.behaviour": "equivocate", "views": 1},  # the larger group may decide by itself
        {"faults.behaviour": "equivocate", "retransmission": False},  # and the others need not follow
    ],
)
def test_where_no_law_holds_there_is_none(change: dict[str, object]) -> None:
    scenario = Scenario(n=6, faults={"delta": 0.2})
    assert law_of(scenario) is not None
    assert law_of(scenario.replace_all(change)) is None


def test_a_patient_horizon_changes_nothing() -> None:
    scenario = Scenario(n=4, faults={"delta": 0.2})
    assert law_of(scenario.replace("horizon_s", scenario.end_s)) is not None


def test_flawed_questions_are_a_mixture() -> None:
    def law(errors: dict[str, object], accuracy: float) -> OutcomeLaw:
        validators = {"kind": "statistical", "accuracy": accuracy, "options": 9, "errors": errors}
        found = law_of(Scenario(n=4, validators=validators))
        assert found is not None
        return found

    mixed = law({"kind": "correlated", "r": 0.5, "flawed": 0.25, "tau": 0.3}, 0.6)
    sound = law({"kind": "correlated", "r": 0.5, "tau": 0.3}, 0.8)
    hopeless = law({"kind": "correlated", "r": 0.5, "tau": 0.3}, 0.0)
    assert mixed.correct == pytest.approx(0.75 * sound.correct)
    assert mixed.wrong == pytest.approx(0.75 * sound.wrong + 0.25 * hopeless.wrong)


TABLE = """question_id,gold,model,answer
1,A,x,A
1,A,y,A
1,A,z,A
1,A,w,B
2,A,x,B
2,A,y,B
2,A,z,B
2,A,w,B
3,A,x,A
3,A,y,B
3,A,z,C
3,A,w,
4,A,x,
4,A,y,A
4,A,z,A
4,A,w,B
"""


def test_recorded_answers_have_the_law_that_counting_gives(tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    file.write_text(TABLE)
    validators = {"kind": "recorded", "file": str(file), "models": ("x", "y", "z", "w")}
    scenario = Scenario(n=4, validators=validators)
    law = law_of(scenario)
    assert law is not None
    # q = 3: question 1 has three right answers, question 2 four equal wrong ones, the others no quorum.
    assert (law.correct, law.wrong, law.stalled) == (0.25, 0.25, 0.5)
    node_3 = law_of(scenario.replace("faults", {"nodes": (3,), "behaviour": "collude"}))
    assert node_3 is not None
    # Node 3 backs the honest nodes' popular wrong answer, which has at most one more vote in questions 1, 3 and 4.
    assert (node_3.correct, node_3.wrong, node_3.stalled) == (0.25, 0.25, 0.5)
    for change in (
        {"views": 2, "faults.behaviour": "collude"},
        {"faults.behaviour": "lie"},
        {"validators.latency": {}},
    ):
        assert law_of(scenario.replace_all({"faults.delta": 0.1, **change})) is None


def test_too_many_recorded_nodes_have_no_law_rather_than_an_error(tmp_path: Path) -> None:
    models = [f"m{number}" for number in range(17)]
    file = tmp_path / "answers.csv"
    file.write_text("question_id,gold,model,answer\n" + "".join(f"1,A,{model},A\n" for model in models))
    validators = {"kind": "recorded", "file": str(file), "models": models}
    assert law_of(Scenario(n=17, validators=validators, faults=Faults(delta=0.1))) is None


class Tomorrow(Network):
    jitter_s: float = 0.0


class HalfHearted(StatisticalValidators):
    tired: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SometimesLie(Lie):
    share: float = 1.0


PLAIN = Scenario(n=4, faults={"delta": 0.1})
STRANGERS = {
    "network.jitter_s": ("network", Tomorrow, Tomorrow(), Tomorrow(jitter_s=0.5)),
    "validators.tired": ("validators", HalfHearted, HalfHearted(), HalfHearted(tired=0.5)),
}


@pytest.mark.parametrize("path", STRANGERS)
def test_a_field_that_no_law_was_written_for_costs_the_law_as_soon_as_it_is_set(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, kind, at_rest, stirred = STRANGERS[path]
    base = kind.__bases__[0]
    assert law_of(PLAIN.model_copy(update={name: at_rest})) is None  # settings of a kind that nobody knows
    for table in (law_coverage.KNOWN, law_coverage.OPENED):
        monkeypatch.setitem(table, kind, table.get(base, ""))
    assert law_of(PLAIN.model_copy(update={name: at_rest})) is not None
    assert list(uncovered_fields(PLAIN.model_copy(update={name: at_rest}), anybody_faulty=True)) == []
    assert list(uncovered_fields(PLAIN.model_copy(update={name: stirred}), anybody_faulty=True)) == [path]
    assert law_of(PLAIN.model_copy(update={name: stirred})) is None


def test_a_behaviour_or_a_parameter_that_no_law_was_written_for_costs_the_law(monkeypatch: pytest.MonkeyPatch) -> None:
    def lying(share: float) -> Scenario:
        return Scenario(n=4, faults={"delta": 0.1, "behaviour": SometimesLie(share=share)})

    assert law_of(lying(1.0)) is None  # though it is a Lie
    monkeypatch.setitem(law_coverage.BEHAVIOURS, SometimesLie, law_coverage.BEHAVIOURS[Lie])
    assert law_of(lying(1.0)) is not None
    assert law_of(lying(0.5)) is None
    assert list(uncovered_fields(lying(0.5), anybody_faulty=True)) == ["faults.behaviour.share"]
    assert list(uncovered_fields(lying(0.5), anybody_faulty=False)) == []


@pytest.mark.parametrize(
    ("update", "path"),
    [
        ({"protocol": ECHO}, "protocol"),
        ({"faults": PLAIN.faults.model_copy(update={"draw": "clustered"})}, "faults.draw"),
    ],
)
def test_a_name_that_no_law_knows_is_not_taken_for_one_that_it_does(update: dict[str, object], path: str) -> None:
    stranger = PLAIN.model_copy(update=update)
    assert list(uncovered_fields(stranger, anybody_faulty=True)) == [path]
    assert law_of(stranger) is None


def test_a_rule_that_no_law_was_written_for_has_none() -> None:
    class Duel(QuorumRule):
        pass

    ballot = Scenario(n=4, protocol="ballot", rule="quorum", faults={"delta": 0.1})
    assert law_of(ballot) is not None
    assert law_of(ballot.model_copy(update={"rule": Duel()})) is None


def test_a_panel_that_never_errs_aloud_has_a_law() -> None:
    validators = {"kind": "statistical", "accuracy": 0.55, "missing": 0.45, "missing_correlation": 0.5, "options": 3}
    law = law_of(Scenario(n=4, validators=validators))
    assert law is not None
    assert law.wrong == pytest.approx(0.0, abs=1e-12)
    assert law.correct == pytest.approx(4 * 0.55**3 * 0.45 + 0.55**4)


@pytest.mark.parametrize("protocol", ["hotstuff", "hotstuff-2", "hotstuff-chained", "tendermint"])
@pytest.mark.parametrize("n", [2, 3])
def test_where_one_node_is_a_quorum_fallible_validators_have_no_law(protocol: str, n: int) -> None:
    """Its value and another's may both be committed: half of the runs of two nodes by HotStuff split."""
    fallible = {"kind": "statistical", "accuracy": 0.5, "options": 3, "check": "same_answer"}
    assert law_of(Scenario(protocol=protocol, validators=fallible, n=n, quorum=1)) is None


@pytest.mark.parametrize(
    ("n", "quorum", "retransmission", "known"),
    [(3, 1, False, False), (4, 2, False, False), (4, 2, True, True), (5, 3, False, True)],
)
def test_a_chain_of_quorums_that_share_nobody_has_no_law_without_retransmission(
    n: int, quorum: int, retransmission: bool, known: bool
) -> None:
    """Of three nodes with quorum 1 a tenth of the runs do not end agreed: whoever is slow misses a certificate."""
    scenario = Scenario(protocol="hotstuff-chained", n=n, quorum=quorum, retransmission=retransmission)
    assert (law_of(scenario) is not None) == known
