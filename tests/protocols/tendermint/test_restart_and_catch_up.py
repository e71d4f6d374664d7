"""Crashes, restarts, losses: nothing said is contradicted, and what one has received all receive."""

from __future__ import annotations

from bft.core.effects import Persist, Send
from bft.core.events import Equivocation, Restarted
from bft.core.inputs import Deliver
from bft.core.quorum import QuorumSystem
from bft.core.verdict import Verdict
from bft.protocols.tendermint.messages import CatchUp, Decision, Polka, Precommit, Prevote, Propose, Status
from tests.protocols.tendermint.conftest import Network


def test_what_is_said_is_persisted_before_it_is_sent(four: Network) -> None:
    four.ask()
    for effect in four.effects:
        if hasattr(effect, "message") and isinstance(effect.message, Propose | Prevote | Precommit):
            break
    stored = four.stored[0]
    assert isinstance(stored["Propose",], Propose)
    assert isinstance(four.effects[0], Persist)


def test_a_restarted_replica_votes_for_nothing_else(alone: Network) -> None:
    first, second = alone.value("a"), alone.value("b")
    alone.ask()
    alone.tell(3, alone.propose(first, by=0))
    alone.restart(3)
    alone.tell(3, alone.propose(second, by=0))
    alone.fire("propose", 3)
    assert [each.digest for each in alone.said(Prevote, of=3)] == [first.digest]


def test_a_restarted_replica_keeps_its_lock_and_its_valid_value_with_the_polka(alone: Network) -> None:
    value = alone.value("a")
    alone.ask()
    alone.tell(3, alone.propose(value, by=0))
    for voter in (0, 1):
        alone.tell(3, alone.prevote(value, by=voter))
    alone.restart(3)
    state = alone.state(3)
    assert (state.locked_round, state.locked, state.valid_round, state.valid) == (0, value.digest, 0, value)
    assert value.digest in state.rounds[0].polkas
    alone.tell(3, alone.prevote(None, by=0, round_=1))
    alone.tell(3, alone.prevote(None, by=1, round_=1))
    alone.tell(3, alone.propose(alone.value("b"), by=1, round_=1))
    assert alone.said(Prevote, of=3)[-1].digest is None


def test_a_restarted_proposer_proposes_nothing_else(four: Network) -> None:
    four.ask()
    four.pending.clear()
    four.answer = lambda *_: "another"
    four.restart(0)
    four.deliver()
    four.fire("status")
    four.deliver()
    assert {each.digest for each in four.said(Propose, of=0)} == {four.value("0 in 0").digest}
    assert all(four.executed(replica) == ["0 in 0"] for replica in range(4))


def test_a_restarted_replica_executes_again_silently_from_its_saved_state() -> None:
    network = Network(QuorumSystem.of(4), checkpoint_interval=2)
    for number in range(5):
        network.ask(number)
        network.deliver()
    before = network.state(2).machine.digest()
    done = network.restart(2)
    assert [each.last_executed for each in done if isinstance(each, Restarted)] == [5]
    assert network.state(2).machine.digest() == before
    assert not [event for event in done if isinstance(event, Decision)]
    network.ask(5)
    network.deliver()
    assert network.executed(2)[-1] == network.executed(0)[-1]


def test_verdicts_survive_a_restart_and_are_not_asked_for_again(alone: Network) -> None:
    value = alone.value("a")
    alone.judge = lambda *_: Verdict.REJECT
    alone.ask()
    alone.tell(3, alone.propose(value, by=0))
    alone.restart(3)
    for voter in (0, 1, 2):
        alone.tell(3, alone.prevote(value, by=voter))
    alone.tell(3, alone.propose(value, by=0))
    assert len(alone.asked) == 1
    assert not alone.said(Precommit, of=3)


def test_who_missed_heights_follows_decisions_without_asking_its_validator() -> None:
    network = Network(QuorumSystem.of(4))
    network.down.add(3)
    for number in range(200):
        network.ask(number)
        network.deliver()
        network.pending.clear()
    network.restart(3)
    network.deliver()
    assert network.executed(3) == network.executed(0)
    assert not [1 for replica, _ in network.asked if replica == 3]


def test_an_unproved_decision_is_dropped(alone: Network) -> None:
    value = alone.value("a")
    votes = [alone.precommit(value, by=voter) for voter in (0, 1, 2)]
    alone.ask()
    forged = [
        Decision(1, 0, value, tuple(votes[:2])),
        Decision(1, 0, value, (*votes[:2], votes[0])),
        Decision(1, 0, alone.value("b"), tuple(votes)),
        Decision(1, 1, value, tuple(votes)),
        Decision(1, 0, value, (*votes[:2], Precommit(1, 0, value.digest, 3))),
    ]
    for decision in forged:
        alone.tell(3, CatchUp((decision,), (), (), (), (), 0))
    assert alone.replicas[3].drops["unproved decision"] == len(forged)
    assert not alone.executed(3)
    alone.tell(3, CatchUp((Decision(1, 0, value, tuple(votes)),), (), (), (), (), 0))
    assert alone.executed(3) == ["a"]


def test_a_voter_who_tells_two_replicas_different_things_hides_a_polka_from_neither() -> None:
    network = Network(QuorumSystem.of(4), byzantine=(1,))
    value = network.value("0 in 0")
    network.ask()
    network.deliver(lambda *entry: isinstance(entry[2], Propose), waves=1)
    network.pending.clear()
    network.tell(2, network.prevote(value, by=1))
    network.tell(3, network.prevote(None, by=1))
    for voter in (0, 3):
        network.tell(2, network.prevote(value, by=voter))
    assert value.digest in network.state(2).rounds[0].polkas
    network.pending.clear()
    network.fire("status", 3)
    network.deliver(lambda sender, *_: sender in (2, 3), waves=2)
    assert value.digest in network.state(3).rounds[0].polkas
    evidence = [event for node, event in network.events if node == 3 and isinstance(event, Equivocation)]
    assert {event.culprit for event in evidence} == {1}


def test_an_unproved_polka_is_dropped(alone: Network) -> None:
    value = alone.value("a")
    votes = tuple(alone.prevote(value, by=voter) for voter in (0, 1))
    alone.ask()
    alone.tell(3, CatchUp((), (), (), (), (Polka(1, 0, value.digest, votes),), 0))
    alone.tell(3, CatchUp((), (), (), (), (Polka(1, 0, value.digest, (*votes, votes[0])),), 0))
    assert alone.replicas[3].drops["unproved polka"] == 2
    assert not alone.state(3).rounds[0].polkas


def test_what_is_lost_is_sent_again_to_who_waits(four: Network) -> None:
    four.ask()
    four.deliver(lambda *_: False, waves=1)
    for _ in range(3):
        four.fire("status")
        four.deliver()
    assert all(four.executed(replica) == ["0 in 0"] for replica in range(4))
    assert not any(four.timers)


def test_waits_between_questions_double_up_to_eight_times(alone: Network) -> None:
    alone.ask()
    waits = []
    for _ in range(6):
        waits.append(alone.timers[3]["status"])
        alone.fire("status", 3)
    assert waits == [5.0, 10.0, 20.0, 40.0, 40.0, 40.0]


def test_a_question_is_answered_with_what_is_missing_and_no_more(alone: Network) -> None:
    value = alone.value("a")
    alone.ask()
    alone.tell(3, alone.propose(value, by=0))
    own, others = [each.message for each in alone.give(3, Deliver(1, Status(1, 0, (), 1))) if isinstance(each, Send)]
    assert isinstance(own, Prevote)
    assert isinstance(others, CatchUp)
    assert ([each.replica for each in others.proposals], others.prevotes, own.replica) == ([0], (), 3)
    state = alone.state(3)
    from bft.protocols.tendermint.catch_up import status

    same = Status(1, 0, status(state).held, 1)
    assert not alone.give(3, Deliver(1, same))
