"""Ballots of live panels: how they are described, what their certificate proves, and what is replayed of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import bft
from bft.errors import ScenarioError
from bft.live import Certificate, Panel, PanelAnswer, State
from bft.live.answer import Stance
from bft.live.certificate import context_of
from bft.live.fakes import FakeChat, fake
from bft.live.rule_settings import NAMES, described, read_rule
from bft.protocols.ballot.events import BallotDecided
from bft.validators.canonical import canonical
from bft.validators.panel_record import read_record
from bft.validators.rule_settings import RULES, JudgeRule, LogOddsRule, PluralityRule, QuorumRule, StakeRule
from bft.voting import Plurality

Q = "What is six times seven?"
FAIR = ["fake:always=42", "fake:always=42", "fake:always=$42.0", "fake:always=41"]
DESCRIBED: dict[str, dict[str, Any]] = {
    "quorum": {},
    "plurality": {},
    "stake": {"stakes": (3, 2, 2, 4)},
    "log_odds": {"rule": {"kind": "log_odds", "accuracy": (0.9, 0.8, 0.8, 0.95)}},
    "confidence": {},
    "judge": {},
}


def panel_by(name: str, models: Any = FAIR, **more: Any) -> Panel:
    return Panel(models, **{"rule": name, "deadline_s": 30.0, "grace_s": 10.0, **DESCRIBED[name], **more})


def test_every_rule_of_a_scenario_has_its_live_twin_or_a_reason() -> None:
    assert set(DESCRIBED) == set(RULES) == set(NAMES) - {"pbft", "tendermint"}
    with pytest.raises(ScenarioError, match="an object of Python cannot stand in a certificate"):
        Panel(FAIR, rule=Plurality())


@pytest.mark.parametrize("name", RULES)
def test_every_rule_decides_and_proves_it(name: str) -> None:
    with panel_by(name) as panel:
        answer = panel.invoke(Q)
        assert (answer.state, answer.text, answer.views) == (State.DECIDED, "42", ())
        assert answer.who(Stance.AGREED) == ("fake:always=42 #1", "fake:always=42 #2", "fake:always=$42.0")
        assert answer.who(Stance.DISSENTED) == ("fake:always=41",)
        assert [seat.answer for seat in answer.seats] == ["42", "42", "$42.0", "41"]
        assert answer.certificate is not None
        told = json.loads(json.dumps(answer.to_json()))
        assert told["rule"] == described(panel.settings.rule) == told["certificate"]["rule"]
        again = Certificate.from_json(told["certificate"])
        assert again == answer.certificate
        assert again.verify(panel.public_keys)


@pytest.mark.parametrize("name", RULES)
def test_the_words_that_are_shown_are_a_member_s_own(name: str) -> None:
    models = ["fake:always=41", "fake:always= $42.00", "fake:always=42.", "fake:always=042"]
    more = {"stakes": (1, 1, 1, 1)} if name == "stake" else {}
    with panel_by(name, models, **more) as panel:
        answer = panel.invoke(Q)
    assert (answer.text, answer.proposer) == ("$42.00", 1)
    assert answer.certificate is not None
    assert (answer.certificate.answer, answer.certificate.wording) == ("42", "$42.00")


@pytest.mark.parametrize("name", ["quorum", "plurality", "judge"])
@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_ballots_of_any_size_decide(name: str, n: int) -> None:
    with panel_by(name, ["fake:always=42"] * n) as panel:
        answer = panel.invoke(Q)
        assert (answer.state, answer.text) == (State.DECIDED, "42")
        assert answer.certificate is not None
        assert answer.certificate.verify(panel.public_keys)


def test_everyone_is_asked_once_and_nobody_proposes() -> None:
    models = [fake("fake:always=42") for _ in range(4)]
    with Panel(models, rule="quorum", grace_s=10.0) as panel:
        assert [panel.invoke(Q).text for _ in range(2)] == ["42"] * 2
    assert [model.calls for model in models] == [2] * 4


def test_progress_is_told_as_answers_come() -> None:
    with panel_by("judge") as panel:
        *told, answer = panel.stream(Q)
    assert isinstance(answer, PanelAnswer)
    whats = [each.what for each in told]
    assert whats.count("asked") == whats.count("answered") == 4
    assert (whats.count("approved"), whats.count("rejected")) == (0, 4)
    assert (whats[-1], told[-1].detail) == ("decided", "42")


def test_free_text_is_compared_word_by_word_and_an_answer_line_is_read_out_of_it() -> None:
    models = ["fake:always=Paris", "fake:always=It was built there.\nANSWER: paris.", "fake:always=The city of Paris"]
    with Panel(models, rule="plurality", grace_s=10.0) as panel:
        answer = panel.invoke("Where?")
    assert [seat.answer for seat in answer.seats] == ["Paris", "paris.", "The city of Paris"]
    assert (answer.text, answer.who(Stance.DISSENTED)) == ("Paris", ("fake:always=The city of Paris",))


def test_confidence_is_only_asked_for_where_it_counts() -> None:
    asked: list[str] = []

    class Noted(FakeChat):
        def reply(self, prompt: str) -> str:
            asked.append(prompt)
            return super().reply(prompt)

    for name in ("quorum", "confidence"):
        with panel_by(name, [Noted(says="42") for _ in range(4)]) as panel:
            assert panel.invoke(Q).text == "42"
    assert ["CONFIDENCE: <number>" in prompt for prompt in asked] == [False] * 4 + [True] * 4


REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"rule": "paxos"},
        "rule = 'paxos': must be one of pbft, tendermint, quorum, plurality, stake, log_odds, confidence, judge",
    ),
    ({"rule": "own"}, "rule = 'own': must be one of"),
    ({"rule": {"kind": "plurality", "ties": "coin"}}, r"rule\.ties = 'coin': must be 'undecided' or 'lowest_voter'"),
    ({"rule": {"kind": "quorum", "ties": "undecided"}}, r"rule\.ties = 'undecided': unknown key"),
    ({"rule": "stake"}, "stakes = None: rule = 'stake' needs stakes"),
    ({"rule": "log_odds"}, r"rule = 'log_odds': needs rule\.accuracy"),
    ({"rule": {"kind": "log_odds", "accuracy": [0.9]}}, r"rule\.accuracy = \[0\.9\]: must have one value for each"),
    ({"rule": {"kind": "log_odds", "accuracy": [0.9, 1.0, 0.5, 0.5]}}, "must be above 0 and below 1"),
    ({"rule": "plurality", "quorum": 3}, "quorum = 3: must be left out: rule = 'plurality' has no quorum"),
    ({"rule": "confidence", "f": 1}, "f = 1: must be left out: rule = 'confidence' has no quorum"),
    ({"rule": "plurality", "stakes": (1, 1, 1, 2)}, "rule = 'plurality' does not count stakes: must be left out"),
    ({"rule": "quorum", "views": 2}, "views = 2: must be left out: a ballot has no views"),
    ({"rule": "quorum", "check": "judge"}, "check = 'judge': must be left out: rule = 'quorum' goes by 'same_answer'"),
    ({"rule": "judge", "check": "same_answer"}, "check = 'same_answer': must be left out: rule = 'judge'"),
]


@pytest.mark.parametrize(("settings", "message"), REFUSED)
def test_what_does_not_go_together_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        Panel(FAIR, **settings)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_read_back_from_its_description(name: str) -> None:
    with panel_by(name) as panel:
        rule = panel.settings.rule
    assert read_rule(json.loads(json.dumps(described(rule)))) == rule
    assert "questions" not in json.dumps(described(rule))


def certified(name: str) -> tuple[Certificate, Any]:
    with panel_by(name) as panel:
        certificate = panel.invoke(Q).certificate
        assert certificate is not None
        return certificate, panel.public_keys


def tampered(name: str, certificate: Certificate) -> dict[str, Certificate]:
    first, *rest = certificate.votes
    assert certificate.author is not None
    author = certificate.author
    other_rule = QuorumRule() if name != "quorum" else JudgeRule()
    changes: dict[str, dict[str, Any]] = {
        "answer": {"answer": "41"},
        "wording": {"wording": "forty-two"},
        "question": {"question": "another"},
        "timestamp": {"timestamp": 1},
        "request": {"request_signature": bytes(64)},
        "rule": {"rule": other_rule},
        "quorum": {"quorum": 2},
        "tolerated": {"tolerated": certificate.tolerated + 1},
        "weights": {"weights": (9, *certificate.weights[1:])},
        "no votes": {"votes": ()},
        "a vote twice": {"votes": (*certificate.votes, first)},
        "a made-up vote": {"votes": (first._replace(signature=bytes(64)), *rest)},
        "a vote under another name": {"votes": (first._replace(node=9), *rest)},
        "a vote that says less": {"votes": (first._replace(said=first.said[1:]), *rest)},
        "no author": {"author": None},
        "another author": {"author": author._replace(node=(author.node + 1) % 4)},
        "words nobody signed": {
            "wording": "forty-two",
            "author": author._replace(said=(*author.said[:-1], "forty-two")),
        },
    }
    if isinstance(certificate.rule, PluralityRule | StakeRule):
        changes["ties"] = {"rule": certificate.rule.model_copy(update={"ties": "lowest_voter"})}
    if isinstance(certificate.rule, LogOddsRule):
        changes["accuracy"] = {"rule": certificate.rule.model_copy(update={"accuracy": (0.9, 0.8, 0.8, 0.9)})}
        changes["options"] = {"rule": certificate.rule.model_copy(update={"options": 3})}
    altered = {what: replace(certificate, **change) for what, change in changes.items()}
    for at in range(len(first.said)):
        said = (*first.said[:at], _other(first.said[at]), *first.said[at + 1 :])
        altered[f"field {at} of a vote"] = replace(certificate, votes=(first._replace(said=said), *rest))
    return altered


def _other(value: Any) -> Any:
    return {str: "43", float: 0.5, tuple: ("43",)}.get(type(value), "43")


@pytest.mark.parametrize("name", RULES)
def test_a_certificate_that_was_tampered_with_does_not_verify(name: str) -> None:
    certificate, public = certified(name)
    assert certificate.verify(public)
    for what, altered in tampered(name, certificate).items():
        assert not altered.verify(), what
        assert not altered.verify(public), what


@pytest.mark.parametrize("name", RULES)
def test_every_changed_byte_of_a_certificate_breaks_it(name: str) -> None:
    certificate, public = certified(name)
    text = json.dumps(certificate.to_json())
    for at in range(0, len(text), 7):  # every seventh: a twentieth of a second each would be too long
        altered = text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
        try:
            read = Certificate.from_json(json.loads(altered))
        except (ValueError, ScenarioError):
            continue
        assert read == certificate or not read.verify(public), (at, altered[max(0, at - 20) : at + 20])


@pytest.mark.parametrize("name", RULES)
def test_votes_that_were_signed_but_do_not_decide_prove_nothing(name: str) -> None:
    certificate, public = certified(name)
    few = [vote for vote in certificate.votes if vote.node in (1, 3)]  # one for it, one against it
    assert not replace(certificate, votes=tuple(few)).verify(public)


def test_a_vote_counts_under_its_own_rule_and_parameters_only() -> None:
    certificate, public = certified("plurality")
    system = certificate._system
    contexts = {
        context_of(rule, system, public)
        for rule in (PluralityRule(), PluralityRule(ties="lowest_voter"), QuorumRule(), LogOddsRule(accuracy=0.9))
    }
    assert len(contexts) == 4


def replayed(file: Path, rule: Any, n: int, **more: Any) -> set[str | None]:
    """Return what simulations of the recorded panel decide, in canonical form."""
    scenario = bft.Scenario(
        n=n,
        protocol="ballot",
        rule=rule,
        validators={"kind": "replayed", "file": str(file)},
        ballot={"deadline_s": 60.0},
        **more,
    )
    answers: set[str | None] = set()
    for replication in range(3):
        run = bft.simulate(scenario, seed=7, replication=replication)
        answers |= {canonical(record.event.answer) for record in run.trace.of(BallotDecided)} or {None}
    return answers


WITNESSES: dict[str, list[str]] = {
    "agreed": FAIR,
    "tied": ["fake:always=42", "fake:always=42", "fake:always=41", "fake:always=41"],
    "scattered": ["fake:always=1", "fake:always=2", "fake:always=3", "fake:always=4"],
    "failing": ["fake:always=42", "fake:always=41", "fake:error=500", "fake:empty"],
    "one left": ["fake:always=42+sure=0.4", "fake:error=500", "fake:error=500", "fake:always=41+sure=0.9"],
    "hanging": ["fake:always=42+latency_s=0.05", "fake:always=42", "fake:hang", "fake:always=42"],
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("panel", WITNESSES)
def test_yesterdays_ballot_is_decided_alike_in_the_simulation(name: str, panel: str, tmp_path: Path) -> None:
    file = tmp_path / "said.jsonl"
    with panel_by(name, WITNESSES[panel], record=file, grace_s=0.0, attempts=1, deadline_s=2.0) as live:
        answer = live.invoke({"question": Q, "gold": "42"})
        rule, stakes = live.settings.rule, live.settings.stakes
    assert replayed(file, rule, 4, stakes=stakes) == {canonical(answer.text)}
    (question,) = read_record(file).questions
    assert question.decided == answer.text


def test_the_record_of_a_ballot_without_confidences_is_not_replayed_by_confidence(tmp_path: Path) -> None:
    file = tmp_path / "said.jsonl"
    with panel_by("quorum", record=file) as live:
        live.invoke(Q)
    with pytest.raises(ScenarioError, match=r"rule\.kind = 'confidence': needs validators\.confidence"):
        replayed(file, "confidence", 4)


def test_a_survey_of_a_judged_ballot_asks_everyone_everything(tmp_path: Path) -> None:
    file = tmp_path / "said.jsonl"
    with panel_by("judge", record=file) as panel:
        calls = panel.survey(Q)
    assert [call.role for call in calls].count("judge") == 2 * 4
