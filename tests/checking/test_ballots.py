"""The ballot under examination: no alarm on the correct one, every seeded bug found, and the counting counted again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.checking import operations as ops
from bft.checking.ballot import invariants
from bft.checking.ballot.counts import Count
from bft.checking.ballot.counts import Vote as Counted
from bft.checking.ballot.mutants import MUTANTS
from bft.checking.ballot.subject import MILESTONES, RULES, SPLITS, ballot
from bft.checking.campaign import reached_shares, search
from bft.checking.check import CheckArguments, check_command
from bft.checking.counterexample import Counterexample, run
from bft.checking.generators.random_schedules import EVERYONE
from bft.checking.invariants import state_machine
from bft.checking.mutant_runner import hunt
from bft.checking.plan import Plan
from bft.checking.protocols import PROTOCOLS, subject_of
from bft.checking.seeded_bug import HARMLESS
from bft.checking.setting import Setting
from bft.core.effects import CancelTimer
from bft.core.inputs import Input
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError
from bft.protocols.ballot import BallotReplica
from bft.protocols.ballot.events import BallotUndecided
from bft.voting import State, Vote

SCHEDULES = 3000
"""The slowest bug needs about 600 with this seed; the schedules are the same in every process."""
BALLOTS = [name for name in PROTOCOLS if name.startswith("ballot")]


def plan(protocol: str, **given: object) -> Plan:
    return Plan(**{"protocol": protocol, "schedules": 400, "sizes": (4, 5, 6, 7), **given})  # type: ignore[arg-type]


@pytest.mark.parametrize("protocol", BALLOTS)
def test_the_correct_ballot_raises_no_alarm_and_gets_everywhere(protocol: str) -> None:
    found = search(plan(protocol))
    assert found.found is None
    reached = reached_shares(found.rows)
    late = "decided at the deadline"
    assert set(subject_of(protocol).milestones) == {
        each for each in MILESTONES if each[0] != late or protocol != "ballot"
    }
    for name, _ in subject_of(protocol).milestones:
        assert reached[name] > 0, name


@pytest.mark.parametrize("each", MUTANTS, ids=lambda each: each.name)
def test_every_seeded_bug_is_found_unless_it_says_why_not(each) -> None:
    if each.breaks == HARMLESS:
        assert len(each.argument) > 50
        assert hunt(each, schedules=400).finding is None
        return
    kill = hunt(each, schedules=SCHEDULES)
    assert kill.finding is not None
    known = {one.name for one in (*invariants.INVARIANTS, *state_machine.INVARIANTS)} | {"LV1"}
    assert kill.finding.breach.invariant in known


def test_two_double_voters_of_four_split_a_quorum_and_the_split_can_be_replayed(tmp_path: Path) -> None:
    file = tmp_path / "split.json"
    asked = CheckArguments(plan=plan("ballot", sizes=(4,), byzantine=2, schedules=4000), save=file)
    result = check_command(asked)
    assert result.exit_code == 1
    assert result.found is not None
    assert result.found.finding is not None
    assert result.found.finding.breach.invariant == "S1"
    assert len(result.found.operations) <= 12
    again = check_command(CheckArguments(replay=file))
    assert again.exit_code == 1
    assert "S1 broken" in again.text
    assert Counterexample.load(file).protocol == "ballot"


def test_a_plurality_splits_which_is_a_result_and_no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    assert search(plan("ballot-plurality", byzantine=1)).found is None
    monkeypatch.setattr("bft.checking.ballot.subject.SPLITS", ())
    found = search(plan("ballot-plurality", byzantine=1)).found
    assert found is not None
    assert found.finding is not None
    assert found.finding.breach.invariant == "S1"


def test_votes_on_two_questions_of_a_client_are_not_counted_together() -> None:
    heard_first = (1 << 10) - 1 - 0b10
    schedule = (
        ops.Forge("candidate", 0, heard_first, (3,)),  # on another question that the client has asked
        ops.Exchange("", (*[EVERYONE] * 9, 0), True),
        ops.Call(2, EVERYONE),
        ops.Heal(10, 678),
    )
    world, monitor = run(subject_of("ballot-judge"), Setting(n=10, byzantine=(7,)), schedule)
    questions = {monitor.facts.ballot.held[node].request for node in range(10) if node != 7}  # type: ignore[attr-defined]
    assert len(questions) == 2
    assert world.stalled is None


def test_whoever_has_decided_another_question_owes_no_second_reply_where_nothing_promises_one_decision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule = (
        ops.Forge("vote", 0, 6, (3,)),  # on another question that the client has asked, to nodes 1 and 2
        ops.Forge("vote", 0, 15, ()),
        ops.Settle(2),
        ops.Fire(1, "deadline"),
        ops.Ask(0, EVERYONE),
        ops.Settle(1),
    )
    setting = Setting(n=4, byzantine=(2,), checkpoint_interval=1, window=2)
    assert run(subject_of("ballot-plurality"), setting, schedule)[1].breaches == []
    monkeypatch.setattr("bft.checking.ballot.subject.SPLITS", tuple(each for each in SPLITS if each != "S9"))
    _, monitor = run(subject_of("ballot-plurality"), setting, schedule)
    assert {breach.invariant for breach in monitor.breaches} == {"S9"}


def test_the_promises_of_a_rule_are_what_is_watched() -> None:
    def watched(name: str) -> frozenset[str]:
        world, monitor = run(ballot(name), Setting(n=4), ())
        del world
        return monitor.unpromised

    assert watched("quorum") == frozenset()
    assert {watched(name) for name in RULES if name != "quorum"} == {frozenset({"S1", "S5", "S6", "S7", "S9"})}


@given(st.data())
def test_the_naive_count_and_the_rules_agree_on_every_ballot(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 6))
    stakes = data.draw(st.none() | st.tuples(*[st.integers(1, 4)] * n))
    system = QuorumSystem.of(n, stakes=stakes)
    name = data.draw(st.sampled_from(sorted(RULES)))
    votes = []
    for voter in range(n):
        if data.draw(st.booleans()):
            answer = data.draw(st.sampled_from(("A", "B", "C", None)))
            also = data.draw(st.sampled_from(((), ("A",), ("B", "C")))) if name == "judge" and answer else ()
            sure = data.draw(st.sampled_from((0.0, 0.25, 1.0)))
            votes.append(
                Vote(voter=voter, answer=answer, confidence=sure, also=tuple(each for each in also if each != answer))
            )
    missing = [voter for voter in range(n) if voter not in {vote.voter for vote in votes}]
    rule, count = RULES[name].rule(system), RULES[name].count(system)
    counted = [
        Counted(vote.voter, () if vote.answer is None else (vote.answer, *vote.also), vote.confidence) for vote in votes
    ]
    standing = rule.standing(votes, missing)
    assert count.certain(counted) == standing.answer
    assert count.impossible(counted) == (standing.state is State.IMPOSSIBLE)
    assert count.winner(counted) == rule.standing(votes, ()).answer


def test_the_naive_count_sees_a_wrong_rule() -> None:
    votes = [Counted(0, ("A",)), Counted(1, ("A",))]
    assert Count(weights=(1, 1, 1, 1), need=3).certain(votes) is None
    assert Count(weights=(1, 1, 1, 1), need=2).certain([*votes, Counted(2, ("A",))]) == "A"
    assert Count(weights=(1, 1, 1, 1), need=4).impossible([Counted(0, ("A",)), Counted(1, ("B",))])


def test_a_ballot_has_one_question_and_two_answers() -> None:
    world, _ = run(ballot(), Setting(n=4), (ops.Ask(3, EVERYONE), ops.Settle(3)))
    assert list(world.requests) == [0]
    assert {vote.answer for vote in world.sent["Cast"]} == {"A", "B"}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (CheckArguments(mutants=True, protocol="ballot-judge"), "protocol = 'ballot-judge': has no seeded bugs"),
        (CheckArguments(mutants=True, protocol="poll"), "protocol = 'poll': must be one of pbft, .*ballot, ballot-"),
    ],
)
def test_what_is_not_there_is_refused(arguments: CheckArguments, complaint: str) -> None:
    with pytest.raises(ScenarioError, match=complaint):
        check_command(arguments)
    with pytest.raises(ScenarioError, match=r"mutant = 'join never': must be one of quorum one short"):
        subject_of("ballot", "join never")
    with pytest.raises(ScenarioError, match=r"mutant = 'join never': ballot-judge has no seeded bugs"):
        subject_of("ballot-judge", "join never")
    with pytest.raises(ScenarioError, match="protocol = 'poll': must be one of pbft"):
        replace(plan("ballot"), protocol="poll")


class AsksNoMore(BallotReplica):
    """Waits for nobody once nothing can be decided, as if others could not know more."""

    def step(self, now: float, event: Input) -> Sequence[object]:
        effects = super().step(now, event)
        gave_up = any(isinstance(each, BallotUndecided) and each.proved for each in effects)
        return [*effects, CancelTimer("status")] if gave_up else effects


@pytest.mark.parametrize(("make_replica", "told"), [(BallotReplica, []), (AsksNoMore, ["LV1"])])
def test_who_proved_that_nothing_can_be_decided_still_gets_the_proof_of_the_contrary(make_replica, told) -> None:
    # Found by the campaign and shrunk: a liar tells 0 and 4 something else, and the proof is lost on its way to them.
    setting = Setting(n=5, byzantine=(2,), clients=1, prompt_validators=False)
    schedule = [
        ops.Ask(0, 31),
        ops.Forge("vote", 0, 21, (0, 4)),
        ops.Consult(0, 0),
        ops.Consult(5, 1),
        ops.Consult(6, 0),
        ops.Consult(0, 0),
        ops.Exchange("Cast", (31,) * 5, True),
        ops.Consult(6, 1),
        ops.Exchange("Certificate", (0,) * 5, False),
        ops.Heal(6, 26),
    ]
    _, monitor = run(ballot(make_replica=make_replica), setting, tuple(schedule))
    assert [breach.invariant for breach in monitor.breaches] == told
