"""Ballots in the vectorised engine: the same outcome and times as event by event, for every rule, or a refusal by name.

Nothing here is statistical: a single difference is a mistake in one of the engines.
"""

from __future__ import annotations

import doctest
from collections.abc import Callable
from dataclasses import dataclass, fields
from math import inf
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import bft
from benchmarks import equality
from bft.adversary.attacks.ballot import two_answers
from bft.adversary.draw import faulty_nodes
from bft.core.request import Request
from bft.errors import UnsupportedError
from bft.experiments.engines import Way, way_of
from bft.randomness import Randomness, ReplicationStreams
from bft.record.outcome import Outcome
from bft.simulation.workload import Workload
from bft.simulation.world import PanelWorld
from bft.validators.confidence import ConfidenceLaw
from bft.vectorised import Batch, VectorisedSimulator, rare_event, supported
from bft.vectorised.ballot import confidences, counting, standings
from bft.vectorised.ballot.casting import doubles_of
from bft.vectorised.ballot.confidences import Confidences
from bft.vectorised.ballot.counting import Count, Votes, numbered
from bft.vectorised.ballot.voters import voters_of
from bft.vectorised.ballots import Electorate
from bft.vectorised.population import draw_faulty
from bft.vectorised.streams import Streams
from bft.voting import (
    Approval,
    ConfidenceWeighted,
    Exhaustive,
    Plurality,
    Quorum,
    Rule,
    State,
    Vote,
    Weighted,
    counting_of,
)
from bft.voting import counting as rules_as_numbers

RULES = ("quorum", "plurality", "stake", "log_odds", "confidence", "judge")
ERRING = {"kind": "statistical", "accuracy": 0.6, "options": 5, "missing": 0.05}
EQUIVOCATE = {"delta": 0.3, "behaviour": "equivocate"}
SLOW = {"law": "lognormal", "median_s": 1.2, "log_sd": 1.0}


def ballot(rule: Any = "quorum", **described: Any) -> bft.Scenario:
    """Return a ballot of seven fallible validators."""
    validators = {**ERRING, **({"confidence": {}} if rule == "confidence" else {})}
    if rule == "judge":
        validators["check"] = {"kind": "judge", "unsure": 0.1}
    stakes = (5, 1, 1, 2, 2, 3, 1) if rule == "stake" else None
    plain = {"n": 7, "protocol": "ballot", "rule": rule, "validators": validators, "stakes": stakes}
    return bft.Scenario(**{**plain, **described})


def compared(scenario: bft.Scenario, replications: range, *, timing: bool = True) -> equality.Totals:
    """Compare the engines and return what was seen, without a difference."""
    totals = equality.Totals()
    equality.compare(scenario, 1, replications, timing=timing, totals=totals)
    assert not totals.differences, totals.differences[0]
    return totals


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_decides_the_same_at_the_same_time_under_every_fault(rule: str) -> None:
    outcomes = set()
    for behaviour in (*equality.OF_BALLOTS, {"kind": "crash", "at_s": 0.06}, {"kind": "slow", "delay_s": 0.03}):
        faults = {"delta": 0.3, "behaviour": behaviour}
        totals = compared(ballot(rule, faults=faults), range(250, 262))
        assert totals.compared > 6, behaviour
        outcomes |= set(totals.outcomes)
    assert {"agreed_correct", "split"} <= outcomes


def test_random_ballots_of_all_fields_are_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equality, "BALLOTS", 1.0)
    totals = equality.campaign(tmp_path, 500, 420)
    assert not totals.differences, totals.differences[0]
    assert totals.compared > 1000
    assert totals.handed_back < totals.compared / 5
    assert {"agreed_correct", "agreed_wrong", "partial", "stalled", "split"} <= set(totals.outcomes)


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(2_000_000, 2_040_000, 4_000))
def test_a_hundred_thousand_replications_of_random_ballots_are_equal(
    first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equality, "BALLOTS", 1.0)
    totals = equality.campaign(tmp_path, first, 4_000)
    assert not totals.differences, totals.differences[0]
    assert totals.compared > 10_000


PLANTED: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "a vote that is still missing is forgotten": lambda patch: patch.setattr(
        Count, "standing", lambda self: (self.final()[0], np.zeros(len(self._rest), dtype=bool))
    ),
    "whoever decides keeps the proof": lambda patch: patch.setattr(
        "bft.vectorised.ballot.decisions.Decider._prove", lambda *_: None
    ),
    "answers to questions change nothing": lambda patch: patch.setattr(
        "bft.vectorised.ballot.poll.answered_sooner",
        lambda _, __, which, *___, **____: np.zeros(len(which), dtype=bool),
    ),
    "those that vote twice cut the honest elsewhere": lambda patch: patch.setattr(
        "bft.vectorised.ballot.casting._groups", lambda _, honest: np.where(honest, np.cumsum(honest, axis=1) % 2, -1)
    ),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_found(bug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equality, "BALLOTS", 1.0)
    PLANTED[bug](monkeypatch)
    table = equality.write_table(tmp_path / "answers.csv")
    totals = equality.Totals()
    for number in range(500, 900):
        scenario, timing, start = equality.random_scenario(Random(f"equality {number}"), table)
        equality.compare(scenario, number, range(start, start + 3), timing=timing, totals=totals, most_stalled=1)
        if totals.differences:
            return
    pytest.fail(f"{totals.compared} replications show no difference")


@pytest.mark.parametrize("rule", RULES)
def test_outcomes_alone_are_the_outcomes_with_times(rule: str) -> None:
    scenario = ballot(rule, faults={"delta": 0.2, "behaviour": ["crash", "lie", "withhold"]})
    alone = VectorisedSimulator(scenario, 3, timing=False).run(range(100, 700))
    timed = VectorisedSimulator(scenario, 3).run(range(100, 700))
    np.testing.assert_array_equal(alone.code, timed.code)
    assert len(set(alone.code.tolist())) > 1


def test_parts_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = ballot("judge", faults=EQUIVOCATE)
    whole = VectorisedSimulator(scenario, 3).run(range(5, 205))
    monkeypatch.setattr("bft.vectorised.ballot.simulator.TIMED_PAIRS", 49 * 30)
    parts = VectorisedSimulator(scenario, 3).run(range(5, 205))
    for field in fields(Batch):
        np.testing.assert_array_equal(getattr(whole, field.name), getattr(parts, field.name))


@pytest.mark.parametrize(
    ("described", "most"),
    [
        ({"network": {"delay": SLOW}}, 0.9),  # votes are on their way when somebody asks
        ({"network": {"delay": SLOW}, "retransmission": False}, 0.0),
        ({"network": {"delay": {"law": "constant", "delay_s": 10.0}}, "retransmission": False}, 1.0),  # and time is up
        ({"network": {"loss": 0.2}, "retransmission": False}, 0.0),
        ({"validators": {**ERRING, "timeouts": {"share": 0.3, "after_s": 0.07}}}, 0.0),
        ({"validators": {**ERRING, "timeouts": {"share": 0.3, "after_s": 4.99}}}, 0.5),  # just before somebody asks
        ({"horizon_s": 0.06}, 0.0),
        ({"validators": {**ERRING, "latency": {}}}, 0.2),
    ],
)
def test_what_depends_on_time_is_followed_or_handed_back(described: dict[str, Any], most: float) -> None:
    totals = compared(ballot("plurality", **described), range(100))
    assert totals.handed_back <= most * 100
    assert (totals.handed_back == 0) == (most == 0.0)
    assert totals.compared + totals.handed_back == 100


@pytest.mark.parametrize("delay_s", [0.0, 0.01])
def test_judges_that_equivocators_vote_before_at_the_same_instant_are_handed_back(delay_s: float) -> None:
    described: dict[str, Any] = {
        "n": 6,
        "f": 5,
        "faults": {"nodes": [2, 5], "behaviour": "equivocate"},
        "validators": {"kind": "statistical", "accuracy": 0.6, "check": {"kind": "same_answer", "flip": 0.0}},
        "network": {"delay": {"law": "constant", "delay_s": delay_s}},
    }
    assert compared(ballot("judge", **described), range(60)).handed_back > 0
    assert (compared(ballot("quorum", **described), range(60)).handed_back > 0) == (delay_s == 0.0)


def test_outcomes_alone_are_refused_where_judges_may_wait_beyond_the_horizon() -> None:
    described: dict[str, Any] = {
        "faults": {"nodes": [1], "behaviour": "withhold"},
        "network": {"delay": {"law": "constant", "delay_s": 0.01}},
        "retransmission": False,
    }
    assert supported(ballot("judge", **described), timing=False) is None
    told = supported(ballot("judge", horizon_s=0.9, **described), timing=False)
    assert told is not None
    assert "horizon_s" in str(told)
    assert supported(ballot("quorum", horizon_s=0.9, **described), timing=False) is None


def test_a_voter_that_injects_is_obeyed_as_often() -> None:
    validators = {**ERRING, "check": {"kind": "judge"}, "injection": {"accept": 0.5}}
    totals = compared(ballot("judge", validators=validators, faults={"delta": 0.3, "behaviour": "inject"}), range(60))
    assert totals.outcomes["agreed_wrong"] > 5


@dataclass(frozen=True)
class Second:
    """Two votes decide."""

    def standing(self, votes: Any, missing: Any) -> Any:
        """Never called."""


REFUSED: list[tuple[str, bool, dict[str, Any]]] = [
    ("rule", True, {"rule": Second()}),
    ("rule", True, {"rule": Exhaustive(lambda votes: votes[0].answer, voters=7)}),
    ("rule", True, {"rule": Weighted(weights=(1, 2))}),
    ("stakes", True, {"rule": "stake", "stakes": (1e-30, *(1.0,) * 6)}),
    ("n", True, {"rule": "judge", "n": 63}),
    ("network.partitions", True, {"network": {"partitions": [{"groups": [[0]], "end_s": 1.0}]}}),
    ("network.duplication", True, {"network": {"duplication": 0.1}}),
    ("network.loss", True, {"network": {"loss": 0.1}}),
    ("network.loss", False, {"network": {"loss": 0.1}, "retransmission": False}),
    ("network.loss", True, {"network": {"loss": 0.1}, "retransmission": False, "faults": EQUIVOCATE}),
    ("network.delay.law", False, {"network": {"delay": SLOW}}),
    ("network.topology", True, {"network": {"topology": "ring"}}),
    ("horizon_s", False, {"horizon_s": 2.0}),
    ("validators.debate", True, {"validators": {**ERRING, "debate": {}}}),
    ("validators.latency", False, {"validators": {**ERRING, "latency": {}}}),
    ("validators.latency", True, {"rule": "judge", "validators": {**ERRING, "latency": {}}}),
    ("validators.timeouts", False, {"validators": {**ERRING, "timeouts": {}}}),
    ("validators.timeouts", True, {"rule": "judge", "validators": {**ERRING, "timeouts": {}}}),
    ("faults.behaviour", True, {"faults": {"delta": 0.1, "behaviour": "crash_recover"}}),
    ("faults.behaviour", False, {"faults": EQUIVOCATE}),
    (
        "faults.behaviour.at_s",
        False,
        {"rule": "judge", "faults": {"delta": 0.1, "behaviour": {"kind": "crash", "at_s": 0.1}}},
    ),
]


@pytest.mark.parametrize(("field", "timing", "described"), REFUSED)
def test_a_ballot_that_is_not_supported_is_refused_by_the_name_of_its_field(
    field: str, timing: bool, described: dict[str, Any]
) -> None:
    scenario = ballot(**described)
    reason = supported(scenario, timing=timing)
    assert reason is not None
    assert reason.startswith(f"{field} = ")
    assert "the vectorised engine runs" in reason
    with pytest.raises(UnsupportedError, match="the vectorised engine runs"):
        VectorisedSimulator(scenario, 1, timing=timing)


def test_sweeps_run_ballots_in_the_vectorised_engine_where_it_honours_them() -> None:
    assert way_of(ballot("plurality")) is Way.OUTCOMES
    assert way_of(ballot("plurality"), records=True) is Way.TIMES
    assert way_of(ballot("plurality", faults=EQUIVOCATE)) is Way.TIMES
    assert way_of(ballot(Second())) is Way.SIMPY
    with pytest.raises(UnsupportedError, match="rare events are found in pbft"):
        rare_event(ballot("plurality"), Outcome.AGREED_WRONG, seed=1)


def random_rule(random: Random, n: int) -> Rule:
    """Return a rule that adds up weights."""
    ties: Any = random.choice(("undecided", "lowest_voter"))
    weights = tuple(random.choice((0, 1, 2, 2, 6)) for _ in range(n))
    system = bft.Scenario(n=n, quorum=random.randint(1, n)).system
    return random.choice(
        (
            Quorum(system=system),
            Approval(system=system),
            Plurality(ties=ties),
            ConfidenceWeighted(ties=ties),
            Weighted(weights=weights, need=random.randint(1, 2 * n), ties=ties),
        )
    )


def test_votes_are_counted_as_the_rules_themselves_count_them() -> None:
    random = Random(7)
    seen = dict.fromkeys(State, 0)
    for _ in range(400):
        n = random.randint(1, 7)
        rule = random_rule(random, n)
        count = counting_of(rule, n)
        assert count is not None
        sets = [random.sample(range(4), random.choice((0, 1, 1, 2, 3))) for _ in range(n)]
        if not count.judged:
            sets = [each[:1] for each in sets]
        sure = [random.choice((0.0, 0.3, 1.0)) for _ in range(n)]
        choice = [sum(1 << a for a in each) if count.judged else (each or [-1])[0] for each in sets]
        weight = np.array([[round(1e6 * each)] for each in sure]) if count.stated else None
        votes = Votes(counting=count, answers=4, choice=np.array(choice)[:, None], weight=weight)
        heard_s = [random.choice((0.0, 1.0, 2.0, 3.0, 3.0, inf)) for _ in range(n)]
        found = standings.standings(np.array(heard_s)[:, None], votes, np.array([0]))
        decided_s = impossible_s = inf
        for now_s in sorted(set(heard_s) - {inf}):
            heard = [voter for voter in range(n) if heard_s[voter] <= now_s]
            standing = rule.standing(
                [
                    Vote(
                        voter=voter,
                        answer=str(sets[voter][0]) if sets[voter] else None,
                        confidence=sure[voter],
                        also=tuple(map(str, sets[voter][1:])),
                    )
                    for voter in heard
                ],
                [voter for voter in range(n) if voter not in heard],
            )
            seen[standing.state] += 1
            if standing.state is State.DECIDED and decided_s == inf:
                decided_s = now_s
                assert str(found.answer[0]) == standing.answer
            elif standing.state is State.IMPOSSIBLE and impossible_s == inf:
                impossible_s = now_s
        assert (found.decided_s[0], found.impossible_s[0]) == (decided_s, impossible_s), (rule, sets, heard_s)
    assert min(seen.values()) > 50


def test_answers_are_numbered_in_the_order_in_which_they_come() -> None:
    random = np.random.default_rng(3)
    codes = random.integers(-1, 9, size=(6, 200))
    found = numbered(codes)
    for mine, code in zip(found.T.tolist(), codes.T.tolist(), strict=True):
        named = list(dict.fromkeys(each for each in code if each >= 0))
        assert mine == [named.index(each) if each >= 0 else -1 for each in code]


@pytest.mark.parametrize("stakes", [None, (4, 1, 1, 2, 3)])
@pytest.mark.parametrize("accuracy", [0.3, 0.99])
def test_those_that_vote_twice_back_the_same_two_answers(stakes: Any, accuracy: float) -> None:
    validators = {
        "kind": "statistical",
        "accuracy": accuracy,
        "options": 3,
        "missing": 0.004,
        "errors": {"kind": "correlated", "r": 0.5},
    }
    scenario = bft.Scenario(n=5, protocol="ballot", stakes=stakes, validators=validators, faults=EQUIVOCATE)
    streams, electorate, chosen = Streams(Randomness(4)), Electorate(scenario), range(40)
    faulty = draw_faulty(scenario.faults, 5, streams, chosen)
    voters = voters_of(scenario.faults, 5, faulty, streams, chosen)
    panels = electorate.ballots(voters.population(), streams, chosen)
    doubles = doubles_of(scenario.system, electorate, panels, voters)
    request = Request(client="client-0", timestamp=1, operation="question-0")
    model, workload = scenario.validators.model(5), Workload(scenario.requests, Randomness(4))
    backed = 0
    for replication in chosen:
        nodes = faulty_nodes(scenario.faults, 5, ReplicationStreams(Randomness(4), replication))
        world = PanelWorld(model.panel(Randomness(4), replication), workload)
        honest = tuple(node for node in range(5) if node not in nodes)
        for node in nodes:
            coalition: Any = type("Coalition", (), {"honest": honest})
            about: Any = type(
                "Node", (), {"world": world, "coalition": coalition, "system": scenario.system, "id": node}
            )
            codes = doubles.codes[:, replication, node].tolist()
            for code, text in zip(codes, two_answers(about, request), strict=True):
                backed += 1
                known = {0: "right", 1: "wrong-1", 2: "wrong-2", 3: "wrong-3"}
                assert known.get(code, text) == text
                assert (code in known) == (not text.startswith("not "))
    assert backed > 40


def test_confidence_is_stated_to_the_last_bit() -> None:
    law = bft.Scenario(
        n=4, validators={"kind": "statistical", "accuracy": (0.0, 0.4, 0.9, 1.0), "confidence": {"bias": 0.3}}
    ).validators.model(4)
    stated: Any = law.confidence  # type: ignore[attr-defined]  # it is one put together
    drawn = np.random.default_rng(1).random((50, 4))
    right = np.random.default_rng(2).random((50, 4)) < 0.5
    expected = [
        [stated.level(node, bool(right[row, node]), float(drawn[row, node])) for node in range(4)] for row in range(50)
    ]
    np.testing.assert_array_equal(Confidences(stated).levels(right, drawn), expected)


@pytest.mark.parametrize(("spread", "stretch"), [(4.0, 1.0), (0.3, 3.0), (60.0, 0.5)])
def test_tables_of_confidence_give_every_millionth_of_the_law(
    spread: float, stretch: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    law = ConfidenceLaw(accuracy=(0.3, 0.9, 1.0, 0.9), spread=(spread,) * 4, bias=0.3, stretch=stretch)
    drawn = np.random.default_rng(1).random((20_000, 4))
    for end, scale in enumerate((1e2, 1e4, 1e6)):  # parts of cells, and where these do not fit either
        drawn[1000 * end : 1000 * end + 500] /= scale
        drawn[1000 * end + 500 : 1000 * end + 1000] = 1.0 - drawn[1000 * end + 500 : 1000 * end + 1000] / scale
    right = np.random.default_rng(2).random(drawn.shape) < 0.5
    said = Confidences(law)
    monkeypatch.setattr(confidences, "CELLS", 1 << 10)
    monkeypatch.setattr(confidences, "WORTH_A_TABLE", 0)
    found = said.weights(right, drawn, 1_000_000)
    assert said.table is not None
    expected = np.rint(1_000_000 * Confidences(law).levels(right, drawn))
    np.testing.assert_array_equal(found, expected)


def test_examples_of_the_documentation_hold() -> None:
    assert doctest.testmod(counting, extraglobs={"np": np}).failed == 0
    assert doctest.testmod(rules_as_numbers).failed == 0
