"""A replica of a ballot: asks once, votes once, stops as soon as nothing is open, proves what it decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bft.core.effects import Broadcast, Execute, Persist, Reply, RequestProposal, RequestVerdict, Send, SetTimer
from bft.core.events import Equivocation, Restarted
from bft.core.inputs import ClientRequest, Deliver, ProposalReady, Restart, TimerFired, VerdictReady
from bft.core.quorum import QuorumSystem
from bft.core.request import Request
from bft.core.signatures import SymbolicKeyring
from bft.core.verdict import Verdict
from bft.errors import ScenarioError
from bft.protocols.ballot import BallotConfig, BallotReplica
from bft.protocols.ballot.events import BallotDecided, BallotUndecided, CallsSaved
from bft.protocols.ballot.messages import Approve, Ask, Cast, Certificate
from bft.protocols.ballot.protocol import BALLOT
from bft.record.words import Words
from bft.voting import Approval, Plurality, Quorum

SYSTEM = QuorumSystem.of(4)


class Bench:
    """One replica under test and the keys of all."""

    def __init__(self, rule: Any = None, node: int = 0, corrupted: tuple[int, ...] = (), **given: Any) -> None:
        self.keys = SymbolicKeyring(corrupted)
        rule = Quorum(system=SYSTEM) if rule is None else rule
        self.config = BallotConfig(system=SYSTEM, rule=rule, judged=isinstance(rule, Approval), **given)
        self.node = node
        self.replica = BallotReplica(node, self.config, self.keys)
        self.request = self.keys.sign(Request(client="c", timestamp=1, operation="q"))
        self.stored: dict[Any, Any] = {}

    def step(self, event: Any) -> list[Any]:
        effects = list(self.replica.step(0.0, event))
        for effect in effects:
            if isinstance(effect, Persist):
                self.stored.update(effect.entries)
        return effects

    def ask(self) -> list[Any]:
        return self.step(ClientRequest(self.request))

    def answer(self, answer: str | None) -> list[Any]:
        return self.step(ProposalReady(0, self.request, answer))

    def vote(self, voter: int, answer: str | None) -> Cast:
        return self.keys.sign(Cast(self.request, answer, 1.0, "", voter))

    def hear(self, voter: int, answer: str | None) -> list[Any]:
        return self.step(Deliver(voter, self.vote(voter, answer)))


def kinds(effects: list[Any], kind: type) -> list[Any]:
    return [each for each in effects if isinstance(each, kind)]


def executed(effects: list[Any]) -> list[str | None]:
    return [each.proposal.answer for each in kinds(effects, Execute)]


def test_a_request_asks_the_own_validator_once_and_starts_the_clock():
    bench = Bench()
    first = bench.ask()
    assert kinds(first, RequestProposal) == [RequestProposal(0, bench.request)]
    assert {each.name for each in kinds(first, SetTimer)} == {"deadline", "status"}
    assert bench.ask() == []


def test_what_is_sent_was_stored_before():
    bench = Bench()
    bench.ask()
    effects = bench.answer("A")
    assert isinstance(effects[0], Persist)
    assert [each.message.answer for each in kinds(effects, Broadcast)] == ["A"]
    assert bench.answer("B") == []


def test_a_quorum_of_votes_decides_and_answers_the_client():
    bench = Bench()
    bench.ask()
    bench.answer("A")
    assert executed(bench.hear(1, "B")) == []
    assert executed(bench.hear(2, "A")) == []
    done = bench.hear(3, "A")
    assert executed(done) == ["A"]
    assert kinds(done, Reply) == [Reply("c", 1, "A")]
    assert kinds(done, BallotDecided) == [BallotDecided("A", (0, 1, 2, 3), proved=True)]
    assert kinds(bench.ask(), Reply) == [Reply("c", 1, "A")]


def test_an_early_decision_saves_the_own_call_and_passes_on_the_proof():
    bench = Bench()
    bench.ask()
    bench.hear(1, "A")
    bench.hear(2, "A")
    done = bench.hear(3, "A")
    assert kinds(done, CallsSaved) == [CallsSaved(1)]
    assert [type(each.message) for each in kinds(done, Broadcast)] == [Certificate]
    assert bench.answer("A") == []
    assert bench.replica.drops == {"answer not needed": 1}


def test_an_impossible_quorum_saves_the_own_call_and_abstains():
    bench = Bench()
    bench.ask()
    bench.hear(1, "A")
    bench.hear(2, "B")
    done = bench.hear(3, "C")
    assert kinds(done, BallotUndecided) == [BallotUndecided((1, 2, 3), proved=True)]
    assert kinds(done, CallsSaved) == [CallsSaved(1)]
    assert [each.message.answer for each in kinds(done, Broadcast)] == [None]


def test_at_the_deadline_the_missing_abstain():
    plural = Bench(Plurality())
    plural.ask()
    plural.answer("A")
    done = plural.step(TimerFired("deadline"))
    assert executed(done) == ["A"]
    assert kinds(done, BallotDecided) == [BallotDecided("A", (0,), proved=False)]
    quorum = Bench()
    quorum.ask()
    quorum.answer("A")
    assert kinds(quorum.step(TimerFired("deadline")), BallotUndecided) == [BallotUndecided((0,), proved=False)]
    quorum.hear(1, "A")
    assert executed(quorum.hear(2, "A")) == ["A"], "late votes still make a quorum"


def test_a_second_vote_is_evidence_and_does_not_count():
    bench = Bench(corrupted=(1,))
    bench.ask()
    bench.answer("A")
    bench.hear(1, "A")
    again = bench.hear(1, "B")
    assert kinds(again, Equivocation) == [Equivocation(1, bench.vote(1, "A"), bench.vote(1, "B"))]
    assert bench.hear(1, "A") == []
    assert executed(bench.hear(2, "A")) == ["A"]


def test_a_vote_may_be_passed_on_but_not_made_up():
    bench = Bench()
    bench.ask()
    honest = bench.vote(1, "A")
    bench.step(Deliver(3, honest))
    forged = Cast(bench.request, "B", 1.0, "", 2)
    bench.step(Deliver(3, forged))
    assert bench.replica.drops == {"passed on without its voter's signature": 1}


def test_a_vote_brings_the_request_with_it():
    bench = Bench()
    assert kinds(bench.hear(1, "A"), RequestProposal)
    forged = Bench()
    unsigned = replace(forged.request, operation="another")
    forged.step(Deliver(1, forged.keys.sign(Cast(unsigned, "A", 1.0, "", 1))))
    assert forged.replica.drops["request not signed by its client"] == 1


def test_a_certificate_convinces_and_must_be_right():
    bench = Bench()
    bench.ask()
    votes = tuple(bench.vote(voter, "A") for voter in (1, 2, 3))
    wrong = (
        Certificate(bench.request, "B", votes),
        Certificate(bench.request, "A", votes[:2]),
        Certificate(bench.request, "A", (votes[0], votes[0], votes[1])),
        Certificate(bench.request, "A", (*votes[:2], Cast(bench.request, "A", 1.0, "", 0))),
        Certificate(bench.request, "A", tuple(bench.keys.sign(Approve(bench.request, ("A",), v)) for v in (1, 2, 3))),
    )
    for certificate in wrong:
        assert executed(bench.step(Deliver(3, certificate))) == []
    assert bench.replica.drops == {"invalid certificate": len(wrong)}
    assert executed(bench.step(Deliver(3, Certificate(bench.request, "A", votes)))) == ["A"]


def test_who_lacks_votes_asks_and_gets_what_is_missing():
    bench = Bench()
    bench.ask()
    bench.answer("A")
    bench.hear(1, "A")
    ask = bench.keys.sign(Ask(bench.request, (1,), (), 2))
    assert [each.message for each in kinds(bench.step(Deliver(2, ask)), Send)] == [bench.vote(0, "A")]
    bench.hear(2, "A")
    assert isinstance(bench.step(Deliver(3, bench.keys.sign(Ask(bench.request, (), (), 3))))[0].message, Certificate)
    other = Bench()
    other.ask()
    fired = other.step(TimerFired("status"))
    assert [type(each.message) for each in kinds(fired, Broadcast)] == [Ask]
    assert kinds(fired, SetTimer) == [SetTimer("status", 10.0)]


def test_a_restart_repeats_its_vote_and_keeps_its_decision():
    bench = Bench()
    bench.ask()
    bench.answer("A")
    bench.replica = BallotReplica(0, bench.config, bench.keys)
    back = bench.step(Restart(dict(bench.stored)))
    assert kinds(back, Restarted) == [Restarted(0, 0)]
    assert not kinds(back, RequestProposal), "who has voted does not ask again"
    bench.hear(1, "A")
    assert executed(bench.hear(2, "A")) == ["A"]
    bench.replica = BallotReplica(0, bench.config, bench.keys)
    assert kinds(bench.step(Restart(dict(bench.stored))), Restarted) == [Restarted(0, 1)]
    assert kinds(bench.ask(), Reply) == [Reply("c", 1, "A")]
    fresh = BallotReplica(0, bench.config, bench.keys)
    assert list(fresh.step(0.0, Restart({}))) == []


def test_judges_see_every_other_answer_once_and_approve_of_what_they_accept():
    bench = Bench(Approval(system=SYSTEM))
    bench.ask()
    bench.answer("A")
    bench.hear(1, "B")
    bench.hear(2, "A")
    asked = kinds(bench.hear(3, "C"), RequestVerdict)
    assert [each.proposal.answer for each in asked] == ["B", "C"]
    bench.step(VerdictReady(0, 1, asked[0].digest, Verdict.ACCEPT))
    voted = bench.step(VerdictReady(0, 1, asked[1].digest, Verdict.UNSURE))
    assert [each.message.answers for each in kinds(voted, Broadcast)] == [("A", "B")]
    bench.step(Deliver(1, bench.keys.sign(Approve(bench.request, ("A", "B"), 1))))
    bench.step(Deliver(2, bench.keys.sign(Approve(bench.request, ("A",), 2))))
    assert executed(bench.step(Deliver(3, bench.keys.sign(Approve(bench.request, (), 3))))) == ["A"]


def test_judges_who_wait_in_vain_for_candidates_judge_those_there_are():
    bench = Bench(Approval(system=SYSTEM))
    bench.ask()
    bench.answer("A")
    bench.hear(1, "B")
    closed = bench.step(TimerFired("deadline"))
    assert [each.proposal.answer for each in kinds(closed, RequestVerdict)] == ["B"]
    assert SetTimer("deadline", 10.0) in closed
    assert kinds(bench.step(TimerFired("deadline")), BallotUndecided)


GARBAGE = [
    lambda request: Cast(request, 7, 1.0, "", 1),
    lambda request: Cast(request, "A", 2.0, "", 1),
    lambda request: Cast(request, "A", float("nan"), "", 1),
    lambda request: Cast(request, "A", True, "", 1),
    lambda request: Cast(request, "A", 1.0, None, 1),
    lambda request: Cast(request, "A", 1.0, "", 9),
    lambda request: Cast(request.client, "A", 1.0, "", 1),
    lambda request: Approve(request, "A", 1),
    lambda request: Approve(request, ("A",) * 5, 1),
    lambda request: Ask(request, ("x",), (), 1),
    lambda request: Certificate(request, "A", ()),
    lambda request: Certificate(request, "A", (None,)),
    lambda request: Certificate(request, None, (Cast(request, "A", 1.0, "", 1),)),
]


@pytest.mark.parametrize("place", range(len(GARBAGE)))
def test_garbage_is_counted_and_changes_nothing(place):
    bench = Bench()
    bench.ask()
    assert bench.step(Deliver(1, GARBAGE[place](bench.request))) == []
    assert bench.replica.drops == {"malformed message": 1}
    assert bench.step(Deliver(1, object())) == []


def test_nonsense_is_refused():
    with pytest.raises(ScenarioError, match="deadline_s = 0: must be more than 0 seconds"):
        BallotConfig(system=SYSTEM, rule=Plurality(), deadline_s=0)
    with pytest.raises(ScenarioError, match="retransmit_s = -1"):
        BallotConfig(system=SYSTEM, rule=Plurality(), retransmit_s=-1)


def test_transcripts_and_journals_say_what_a_ballot_does():
    words, request = Words(BALLOT), Request(client="c", timestamp=1, operation="q")
    assert words.of_message(Cast(request, "A", 1.0, "", 1)) == "Cast 'A'"
    assert words.of_message(Approve(request, (), 1)) == "Approve nothing"
    assert words.of_event(BallotDecided("A", (0, 1), proved=False)).startswith("decides 'A' at the deadline by")
    assert words.of_event(BallotUndecided((0, 1), proved=True)).startswith("decides nothing whatever the others say")
    assert words.of_event(CallsSaved(2)) == "needs 2 answers of its validator no more"
