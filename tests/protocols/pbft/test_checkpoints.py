"""Checkpoints, watermarks and garbage collection (§4.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bft.core.effects import Execute, Forget
from bft.core.events import StateTransferred
from bft.protocols.pbft import Rules
from bft.protocols.pbft.events import CheckpointStable, PrePrepareAccepted
from bft.protocols.pbft.messages import CatchUp, Checkpoint, PrePrepare

SMALL = {"checkpoint_interval": 2, "window": 4}


def test_4_3_a_checkpoint_is_taken_every_k_requests(network):
    net = network(**SMALL)
    taken = []
    for number in range(6):
        net.ask(net.request(number))
        while net.pending:
            taken += [message.seq for message in net.said(Checkpoint, sender=0)]
            net.deliver()
    assert sorted(set(taken)) == [2, 4, 6]


def test_4_3_q_equal_checkpoints_make_one_stable_and_move_the_window(network):
    net = network(**SMALL)
    net.decide(0)
    net.ask(net.request(1))
    while not net.said(Checkpoint):
        net.deliver()
    net.deliver(Checkpoint, to=1, sender=0)
    assert not net.of(1, CheckpointStable)
    net.settle()
    for replica in range(4):
        (stable,) = net.of(replica, CheckpointStable)
        assert stable.seq == 2
        assert len(stable.voters) == 3
    assert net.replicas[1].fingerprint()[3] == 2


def test_different_checkpoints_do_not_add_up(network):
    net = network(byzantine=(0, 1, 2), **SMALL)
    for replica, digest in ((0, "x"), (1, "x"), (2, "y")):
        net.send(replica, 3, net.checkpoint(2, digest, replica))
    assert not net.of(3, CheckpointStable)
    net.refused(3, 2, net.checkpoint(2, "x", 2), "second checkpoint")


def test_checkpoints_of_a_weak_quorum_are_not_stable(network):
    """F + 1 suffices only under the planted bug."""
    for rules, stable in ((Rules(), 0), (replace(Rules(), checkpoint_quorum=lambda system: system.weak), 1)):
        net = network(byzantine=(0, 1), rules=rules, **SMALL)
        for replica in (0, 1):
            net.send(replica, 3, net.checkpoint(2, "x", replica))
        assert len(net.of(3, CheckpointStable)) == stable


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"replica": 1}, "identity differs from sender"),
        ({"seq": 0}, "old checkpoint"),
        ({"seq": -2}, "old checkpoint"),
        ({"seq": 3}, "old checkpoint"),
        ({"seq": "2"}, "malformed message"),
        ({"seq": [2]}, "malformed message"),
        ({"seq": 2.0}, "malformed message"),
        ({"state_digest": ["x"]}, "malformed message"),
        ({"replica": [0]}, "malformed message"),
    ],
)
def test_a_refused_checkpoint_changes_nothing(network, change, reason):
    net = network(byzantine=(0,), **SMALL)
    net.refused(3, 0, replace(net.checkpoint(2, "x", 0), **change), reason)


def test_4_3_what_lies_at_or_below_a_stable_checkpoint_is_discarded(network):
    net = network(**SMALL)
    for number in range(3):
        net.decide(number)
    for replica in range(4):
        numbers = {key[1] for key in net.stored[replica] if isinstance(key[1:], tuple) and len(key) == 2}
        assert numbers == {2, 3}
        assert [key for key in net.stored[replica] if len(key) == 2 and key[1] == 2] == [("snapshot", 2)]


def test_4_3_the_primary_assigns_no_number_above_the_high_watermark(network):
    net = network(**SMALL)
    for number in range(7):
        net.ask(net.request(number, client=f"client {number}"))
    assert [message.seq for message in net.said(PrePrepare)] == [1, 2, 3, 4]
    net.settle()
    assert [seq for seq, _ in net.executed(3)] == [1, 2, 3, 4, 5, 6, 7]


def test_4_3_a_backup_accepts_up_to_the_high_watermark_and_keeps_what_is_just_above(network):
    net = network(byzantine=(0, 1, 2), **SMALL)
    for seq in (4, 5, 8, 9):
        net.send(0, 3, net.preprepare(seq=seq, request=net.request(seq, client=f"client {seq}")))
    assert [each.seq for each in net.of(3, PrePrepareAccepted)] == [4]
    assert net.replicas[3].drops == {"pre-prepare far ahead": 1}
    for replica in (0, 1, 2):
        net.send(replica, 3, net.checkpoint(2, "x", replica))
    assert [each.seq for each in net.of(3, PrePrepareAccepted)] == [4, 5]
    for replica in (0, 1, 2):
        net.send(replica, 3, net.checkpoint(4, "x", replica))
    assert [each.seq for each in net.of(3, PrePrepareAccepted)] == [4, 5, 8]


def test_a_wrong_high_watermark_lets_more_in(network):
    """Planted bug: off by one."""
    net = network(byzantine=(0,), rules=replace(Rules(), high_watermark=lambda low, window: low + window + 1), **SMALL)
    net.send(0, 3, net.preprepare(seq=5))
    assert net.of(3, PrePrepareAccepted)


def test_what_came_early_may_be_moved_past_by_the_window_while_it_is_taken_up(network):
    """Accepting one early pre-prepare executes, checkpoints and discards the next one: it must not be missed."""
    model = network(byzantine=(0, 1, 2), **SMALL)
    for seq in range(1, 7):
        vote_all(model, client_proposal(model, seq), 3, preprepare=True)
        for replica in (0, 1, 2):
            for own in [each for each in model.said(Checkpoint, sender=3) if each.seq == seq]:
                model.send(replica, 3, model.checkpoint(seq, own.state_digest, replica))
    digest = {each.seq: each.state_digest for each in model.said(Checkpoint, sender=3)}
    assert set(digest) == {2, 4, 6}

    net = network(byzantine=(0, 1, 2), **SMALL)
    for seq in (5, 6):
        net.send(0, 3, client_proposal(net, seq))  # above the window: kept
    for seq in (1, 2, 3, 4):
        vote_all(net, client_proposal(net, seq), 3, preprepare=True)
    vote_all(net, client_proposal(net, 5), 3, preprepare=False)
    net.send(1, 3, CatchUp((), None, (net.decision(client_proposal(net, 6), 0, 1, 2),), 1))
    for replica in (0, 1):
        net.send(replica, 3, net.checkpoint(6, digest[6], replica))
    for replica in (0, 1):
        net.send(replica, 3, net.checkpoint(4, digest[4], replica))
    assert [each.seq for each in net.of(3, CheckpointStable)] == [4, 6]
    assert net.replicas[3].last_executed == 6


def client_proposal(net, seq):
    return net.preprepare(seq=seq, request=net.request(seq, client=f"client {seq}"))


def vote_all(net, first, to, *, preprepare):
    if preprepare:
        net.send(0, to, first)
    for replica in (1, 2):
        net.send(replica, to, net.prepare(first, replica))
    for replica in (0, 1, 2):
        net.send(replica, to, net.commit(first, replica))


def test_lost_checkpoints_are_sent_again_or_the_window_would_never_move(network):
    """Without them L requests later every primary is stuck, in every view."""
    net = network(**SMALL)
    for number in range(4):
        net.ask(net.request(number))
        while net.pending:
            net.drop(Checkpoint)
            net.deliver()
    net.ask(net.request(4))
    net.settle()
    assert [seq for seq, _ in net.executed(0)] == [1, 2, 3, 4]
    for replica in range(4):
        net.fire(replica, "status")
    net.settle()
    assert all([seq for seq, _ in net.executed(replica)] == [1, 2, 3, 4, 5] for replica in range(4))


def test_a_replica_that_missed_the_numbers_below_moves_its_window_and_fetches_the_state(network):
    net = network(**SMALL)
    net.ask(net.request(0))
    net.ask(net.request(1))
    while net.pending:
        for kind in (PrePrepare,):
            net.drop(kind, to=3)
        net.drop(to=3) if not net.said(Checkpoint) else net.deliver()
        net.deliver()
    assert net.of(3, CheckpointStable)
    assert not net.of(3, Execute)
    net.fire(3, "status")
    net.settle()
    (adopted,) = net.of(3, StateTransferred)
    assert (adopted.seq, adopted.state_digest) == (2, net.of(0, Execute)[-1].state_digest)


def test_k2_the_low_watermark_only_grows(network):
    net = network(byzantine=(0, 1, 2), **SMALL)
    for seq in (6, 4, 2, 8):
        for replica in (0, 1, 2):
            net.send(replica, 3, net.checkpoint(seq, f"state {seq}", replica))
    assert [each.seq for each in net.of(3, CheckpointStable)] == [6, 8]


def test_a_window_that_moves_past_a_replica_keeps_what_it_needs_to_restart(network):
    """K2: nothing above what it could restart from is forgotten, so a crash does not throw it back."""
    net = network(byzantine=(0, 1, 2), **SMALL)
    for seq in (1, 2, 3):
        vote_all(net, net.preprepare(seq=seq, request=net.request(seq)), 3, preprepare=True)
    (own,) = net.said(Checkpoint, sender=3)
    for replica in (0, 1, 2):
        net.send(replica, 3, net.checkpoint(2, own.state_digest, replica))
    for replica in (0, 1, 2):
        effects = net.send(replica, 3, net.checkpoint(6, "state 6", replica))
    assert Forget(("decision",), 2) in effects
    assert Forget(("snapshot",), 1) in effects
    net.restart(3)
    assert net.replicas[3].last_executed == 3


def test_what_is_persisted_stays_bounded(network):
    net = network(**SMALL)
    sizes = []
    for number in range(40):
        net.decide(number)
        sizes.append(len(net.stored[2]))
    assert max(sizes[:8]) == max(sizes)
