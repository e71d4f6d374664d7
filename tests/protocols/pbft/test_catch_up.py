"""Retransmission and state transfer (TOCS 2002, §5.2): who waits asks, and believes nothing that is not proved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bft.core.digest import digest_of
from bft.core.effects import Execute, Send, SetTimer
from bft.core.events import Equivocation, StateTransferred
from bft.core.inputs import ClientRequest
from bft.core.request import NULL_PROPOSAL, Proposal, Request
from bft.protocols.pbft.messages import CatchUp, Checkpoint, Commit, Decision, Held, Prepare, PrePrepare, Status
from bft.protocols.pbft.rules import Rules

SMALL = {"checkpoint_interval": 2, "window": 4}


@pytest.mark.parametrize("kind", [PrePrepare, Prepare, Commit])
def test_a_lost_message_of_any_phase_is_sent_again(network, kind):
    net = network()
    net.ask(net.request())
    while net.pending:
        net.drop(kind)
        net.deliver()
    assert not any(net.executed(replica) for replica in range(4))
    for replica in range(4):
        net.fire(replica, "status")
    net.settle()
    assert all(net.executed(replica) == [(1, "answer in view 0")] for replica in range(4))


def test_without_retransmission_what_is_lost_stays_lost(network):
    net = network(retransmit_s=None)
    net.ask(net.request())
    net.drop(PrePrepare)
    assert all("status" not in timers for timers in net.timers)


def test_a_waiting_replica_asks_after_twice_as_long_each_time(network):
    net = network(retransmit_s=1.0)
    net.ask(net.request(), to=[1])
    waits = []
    for _ in range(4):
        waits.append(net.timers[1]["status"])
        net.fire(1, "status")
    assert waits == [1.0, 2.0, 4.0, 8.0]


def test_only_what_the_other_does_not_hold_is_sent_again(network):
    net = network(byzantine=(3,))
    net.ask(net.request())
    net.deliver(PrePrepare)
    net.drop()
    held = Held(1, True, 0b0100, 0)
    for replica, again in ((0, []), (1, [Prepare]), (2, [])):
        effects = net.send(3, replica, Status(0, True, 0, 0, (held,), 3))
        assert [type(each.message) for each in effects if isinstance(each, Send)] == again


def test_a_replica_that_was_away_gets_decisions_with_their_proofs(network):
    net = network()
    net.crash(3)
    for number in range(3):
        net.decide(number)
    net.restart(3)
    net.settle()
    assert net.executed(3) == net.executed(0)


def test_a_replica_left_behind_the_window_gets_the_state_with_its_proof(network):
    net = network(**SMALL)
    net.crash(3)
    for number in range(7):
        net.decide(number)
    net.restart(3)
    net.settle()
    assert net.of(3, StateTransferred)[0].seq == 6
    assert net.replicas[3].last_executed == 7
    assert net.of(3, Execute)[-1].state_digest == net.of(0, Execute)[-1].state_digest
    net.decide(7)
    assert net.replicas[3].last_executed == 8


def test_the_reply_cache_comes_with_the_state(network):
    net = network(**SMALL)
    net.crash(3)
    for number in range(4):
        net.decide(number)
    net.restart(3)
    net.settle()
    (reply,) = net.give(3, ClientRequest(net.request(3)))
    assert reply.result == "answer in view 0"


def proved_state(net, seq=2):
    """Return a snapshot with a proof by everyone but replica 3."""
    snapshot = ("chain", (("alice", 2, "a"),))
    return tuple(net.checkpoint(seq, digest_of(snapshot), replica) for replica in (0, 1, 2)), snapshot


def test_a_proved_state_is_adopted_and_ends_the_waiting(network):
    net = network(byzantine=(0, 1, 2), **SMALL)
    net.ask(net.request(0), to=[3])
    proof, snapshot = proved_state(net)
    net.send(0, 3, CatchUp(proof, snapshot, (), 0))
    assert net.replicas[3].last_executed == 2
    assert "view" not in net.timers[3]
    assert ("request", "alice", 1) not in net.stored[3]


FORGED_STATES = {
    "another state": lambda _net, proof, _snapshot: (proof, ("chain", (("alice", 9, "b"),))),
    "no proof": lambda _net, _proof, snapshot: ((), snapshot),
    "too few": lambda _net, proof, snapshot: (proof[:2], snapshot),
    "one sender thrice": lambda _net, proof, snapshot: (proof[:1] * 3, snapshot),
    "different digests": lambda net, proof, snapshot: ((*proof[:2], net.checkpoint(2, "x", 2)), snapshot),
    "different numbers": lambda net, proof, snapshot: (
        (*proof[:2], net.checkpoint(4, proof[0].state_digest, 2)),
        snapshot,
    ),
    "forged signature": lambda _net, proof, snapshot: ((*proof[:2], replace(proof[2], replica=3)), snapshot),
    "a stranger's vote": lambda _net, proof, snapshot: ((*proof[:2], replace(proof[2], replica=9)), snapshot),
    "a client's vote": lambda _net, proof, snapshot: ((*proof[:2], replace(proof[2], replica="mallory")), snapshot),
    "unhashable voter": lambda _net, proof, snapshot: ((*proof[:2], replace(proof[2], replica=[2])), snapshot),
    "number between checkpoints": lambda net, proof, snapshot: (
        tuple(net.checkpoint(3, vote.state_digest, vote.replica) for vote in proof),
        snapshot,
    ),
    "unhashable state": lambda _net, proof, _snapshot: (proof, [["chain"], []]),
}


@pytest.mark.parametrize("case", FORGED_STATES)
def test_a_state_that_is_not_proved_changes_nothing(network, case):
    net = network(byzantine=(0, 1, 2), **SMALL)
    proof, snapshot = FORGED_STATES[case](net, *proved_state(net))
    malformed = any(type(vote.replica) is not int for vote in proof) or isinstance(snapshot, list)
    reason = "malformed message" if malformed else "unproved snapshot" if proof else "old snapshot"
    net.refused(3, 0, CatchUp(proof, snapshot, (), 0), reason)


def test_an_old_state_changes_nothing(network):
    net = network(byzantine=(0, 1, 2), **SMALL)
    proof, snapshot = proved_state(net)
    net.send(0, 3, CatchUp(proof, snapshot, (), 0))
    net.refused(3, 0, CatchUp(proof, snapshot, (), 0), "old snapshot")


def test_decisions_below_an_adopted_state_are_not_waited_for(network):
    """A proved decision behind a gap, then a state above it: nothing is left to wait for."""
    net = network(byzantine=(0, 1, 2), **SMALL)
    for replica in (0, 1, 2):
        net.send(replica, 3, proved_state(net)[0][replica])
    decision = net.decision(net.preprepare(seq=2), 0, 1, 2)
    net.send(0, 3, CatchUp((), None, (decision,), 0))
    assert "view" in net.timers[3]
    proof, snapshot = proved_state(net)
    net.send(0, 3, CatchUp(proof, snapshot, (), 0))
    assert net.replicas[3].last_executed == 2
    assert "view" not in net.timers[3]
    assert "status" not in net.timers[3]


def test_a_proved_decision_is_executed(network):
    net = network(byzantine=(0, 1, 2))
    first = net.preprepare()
    net.send(0, 3, CatchUp((), None, (net.decision(first, 0, 1, 2),), 0))
    assert net.executed(3) == [(1, "a")]


FORGED_DECISIONS = {
    "too few": lambda _net, each: replace(each, commits=each.commits[:2]),
    "one sender thrice": lambda _net, each: replace(each, commits=each.commits[:1] * 3),
    "another value": lambda _net, each: replace(each, proposal=replace(each.proposal, answer="b")),
    "another number": lambda _net, each: replace(each, seq=2),
    "another view": lambda _net, each: replace(each, view=1),
    "forged signature": lambda _net, each: replace(
        each, commits=(*each.commits[:2], replace(each.commits[2], replica=3))
    ),
    "a stranger's vote": lambda _net, each: replace(
        each, commits=(*each.commits[:2], replace(each.commits[2], replica=7))
    ),
    "a client's vote": lambda _net, each: replace(
        each, commits=(*each.commits[:2], replace(each.commits[2], replica="mallory"))
    ),
    "unhashable vote": lambda _net, each: replace(
        each, commits=(*each.commits[:2], replace(each.commits[2], digest=["x"]))
    ),
    "request nobody signed": lambda net, _each: net.decision(
        net.preprepare(request=Request(client="bob", timestamp=1, operation="x")), 0, 1, 2
    ),
}


@pytest.mark.parametrize("case", FORGED_DECISIONS)
def test_a_decision_that_is_not_proved_changes_nothing(network, case):
    net = network(byzantine=(0, 1, 2))
    forged = FORGED_DECISIONS[case](net, net.decision(net.preprepare(), 0, 1, 2))
    malformed = any(type(vote.replica) is not int or type(vote.digest) is not str for vote in forged.commits)
    net.refused(3, 0, CatchUp((), None, (forged,), 0), "malformed message" if malformed else "unproved decision")


@pytest.mark.parametrize(
    "message",
    [
        CatchUp(None, None, (), 0),
        CatchUp((), None, None, 0),
        CatchUp((), None, ("decision",), 0),
        CatchUp(("vote",), "state", (), 0),
        CatchUp((), None, (Decision("0", 1, NULL_PROPOSAL, ()),), 0),
        CatchUp((), None, (Decision(0, None, NULL_PROPOSAL, ()),), 0),
        CatchUp((), None, (Decision(0, 1, "a", ()),), 0),
        CatchUp((), None, (Decision(0, 1, Proposal(request=None, answer=["a"]), ()),), 0),
        CatchUp((), None, (Decision(0, 1, NULL_PROPOSAL, (1,)),), 0),
        Status("0", True, 0, 0, (), 0),
        Status(0, True, None, 0, (), 0),
        Status(0, True, 0, [0], (), 0),
        Status(0, True, 0, 0, None, 0),
        Status(0, True, 0, 0, ("held",), 0),
        Status(0, True, 0, 0, (Held(1, True, "x", 0),), 0),
    ],
    ids=repr,
)
def test_a_malformed_message_changes_nothing(network, message):
    network(byzantine=(0,)).refused(3, 0, message, "malformed message")


@pytest.mark.parametrize("message", [CatchUp((), None, (), 1), Status(0, True, 0, 0, (), 1)], ids=repr)
def test_nobody_catches_up_in_anothers_name(network, message):
    network(byzantine=(0,)).refused(3, 0, message, "identity differs from sender")


def test_a_status_far_below_costs_no_more_than_one_from_the_beginning(network):
    """A liar's last_executed = −10⁹ must not be counted up to."""
    for window, decisions, checkpoints in (({}, [1, 2, 3], []), (SMALL, [3], [2])):
        net = network(byzantine=(3,), **window)
        for number in range(3):
            net.decide(number)
        effects = net.send(3, 0, Status(0, True, -(10**12), -(10**12), (), 3))
        (answer,) = [each.message for each in effects if isinstance(each.message, CatchUp)]
        assert [decision.seq for decision in answer.decisions] == decisions
        assert [each.message.seq for each in effects if isinstance(each.message, Checkpoint)] == checkpoints


def test_a_status_from_a_later_view_makes_this_replica_ask(network):
    net = network(byzantine=(3,))
    assert net.send(3, 0, Status(4, True, 0, 0, (), 3)) == [SetTimer("status", 5.0)]


@pytest.mark.parametrize("kind", [Prepare, Commit])
def test_a_vote_of_a_later_view_makes_this_replica_ask_at_once_and_not_with_its_next_effects(network, kind):
    net = network(byzantine=(2,))
    assert net.send(2, 0, kind(1, 1, digest_of("value"), 2)) == [SetTimer("status", 5.0)]


@pytest.mark.parametrize("kind", [Prepare, Commit])
def test_evidence_is_told_with_the_vote_that_is_evidence_where_a_planted_bug_counts_it(network, kind):
    net = network(byzantine=(2,), rules=Rules(count_duplicates=True))
    first, second = (kind(0, 1, digest_of(text), 2) for text in ("one", "other"))
    assert net.send(2, 0, first) == []
    assert net.send(2, 0, second) == [Equivocation(2, first, second)]


def test_a_waiting_replica_that_was_answered_stops_asking(network):
    net = network()
    net.crash(3)
    net.decide()
    net.restart(3)
    assert "status" in net.timers[3]
    net.settle()
    assert not net.timers[3]
