"""View changes (§4.4, §4.5.2): leaving a view, joining the others, timers, and what becomes of requests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bft.core.effects import Broadcast, Execute, RequestVerdict, SetTimer
from bft.core.events import ViewsExhausted
from bft.core.inputs import TimerFired
from bft.core.request import NULL_DIGEST, Request
from bft.core.verdict import Verdict
from bft.protocols.pbft import Rules
from bft.protocols.pbft.events import Prepared, PrePrepareAccepted, ViewChangeStarted, ViewEntered
from bft.protocols.pbft.messages import CatchUp, Commit, NewView, Prepare, PrePrepare, Status, ViewChange


def started(net):
    """Let everyone wait for a request that the primary never orders."""
    net.crash(0)
    net.ask(net.request())
    return net


def test_4_4_a_backup_whose_timer_runs_out_leaves_and_tells_everyone(network):
    net = started(network())
    effects = net.fire(1)
    assert net.said(ViewChange, sender=1) == [net.view_change(1, 1)]
    assert ViewChangeStarted(1) in effects
    assert net.replicas[1].view == 1


def test_4_4_during_a_view_change_votes_and_preprepares_wait(network):
    net = network(byzantine=(0, 2))
    first = net.preprepare()
    net.ask(net.request(), to=[3])
    net.fire(3)
    net.refused(3, 0, first, "old pre-prepare")
    net.refused(3, 2, net.prepare(first, 2), "vote of an old view")
    net.refused(3, 2, net.commit(first, 2), "vote of an old view")
    later = net.preprepare(1)
    for message in (later, net.prepare(later, 2), net.commit(later, 2)):
        net.send(message.replica, 3, message)
    assert not net.of(3, PrePrepareAccepted, Prepared)
    assert not net.said(Prepare, sender=3)


def test_votes_during_a_view_change_count_without_their_rule(network):
    """Planted bug."""
    rules = replace(Rules(), refuse_old_views=False, pause_in_view_change=False)
    net = network(byzantine=(0, 2), rules=rules)
    net.ask(net.request(), to=[3])
    net.fire(3)
    vote = net.prepare(net.preprepare(), 2)
    before = net.replicas[3].fingerprint()
    net.send(2, 3, vote)
    assert net.replicas[3].fingerprint() != before
    assert not net.replicas[3].drops


def test_4_4_checkpoints_count_during_a_view_change(network):
    net = network(byzantine=(0, 1, 2), checkpoint_interval=2, window=4)
    net.ask(net.request(), to=[3])
    net.fire(3)
    for replica in (0, 1, 2):
        net.send(replica, 3, net.checkpoint(2, "digest", replica))
    assert net.stored[3][("stable",)]


def test_4_4_the_primary_of_the_next_view_starts_it_with_q_view_changes(network):
    net = started(network())
    net.fire(1)
    net.send(2, 1, net.view_change(1, 2))
    assert not net.said(NewView)
    net.send(3, 1, net.view_change(1, 3))
    (message,) = net.said(NewView)
    assert {change.replica for change in message.view_changes} == {1, 2, 3}
    assert net.of(1, ViewEntered) == [ViewEntered(1, 0, 0, (1, 2, 3))]


def test_the_new_primary_orders_what_is_pending(network):
    net = started(network())
    net.move_to_view(1)
    for replica in (1, 2, 3):
        assert net.executed(replica) == [(1, "answer in view 1")]


def test_every_primary_in_turn_may_fail(network):
    net = network(7)
    for replica in (0, 1):
        net.crash(replica)
    net.ask(net.request())
    net.move_to_view(2)
    assert all(net.executed(replica) == [(1, "answer in view 2")] for replica in range(2, 7))


def test_a_view_change_carries_every_prepared_certificate_also_of_what_was_executed(network):
    net = network()
    net.decide(0)
    net.ask(net.request(1))
    net.drop()
    net.ask(net.request(2, client="bob"))
    net.settle()
    net.fire(1)
    (message,) = net.said(ViewChange, sender=1)
    assert [each.preprepare.seq for each in message.prepared] == [1, 3]


def test_4_4_what_was_prepared_is_carried_over_and_not_judged_again(network):
    """1 alone prepared and executed the answer of view 0; all end with it, and no validator is asked again."""
    net = network()
    net.ask(net.request())
    net.deliver(PrePrepare)
    net.deliver(Prepare)
    net.deliver(Commit, to=1)
    assert net.executed(1) == [(1, "answer in view 0")]
    net.drop()
    net.judge = lambda _replica, _proposal: Verdict.REJECT
    net.crash(0)
    for replica in (2, 3):
        net.fire(replica)
    net.settle()
    assert net.of(1, ViewEntered) == [ViewEntered(1, 1, 0, (1, 2, 3))]
    assert all(net.executed(replica) == [(1, "answer in view 0")] for replica in (1, 2, 3))


def test_carried_entries_that_are_judged_again_can_be_lost(network):
    """Planted bug: a validator may say no to what others executed."""
    net = network(rules=replace(Rules(), judge_carried=True))
    net.ask(net.request())
    net.deliver(PrePrepare)
    net.deliver(Prepare)
    net.deliver(Commit, to=1)
    net.drop()
    net.judge = lambda _replica, _proposal: Verdict.REJECT
    net.crash(0)
    for replica in (2, 3):
        net.fire(replica)
    net.settle()
    assert not net.executed(2)


def test_4_4_a_gap_is_filled_by_a_null_request_that_runs_the_protocol(network):
    net = network()
    for number in (0, 1):
        net.ask(net.request(number, client=f"client {number}"))
    lost = [entry for entry in net.take(PrePrepare) if entry[2].seq == 2]
    for sender, to, message in lost:
        net.send(sender, to, message)
    net.deliver(Prepare)
    net.crash(0)
    net.drop()
    for replica in (1, 2, 3):
        net.fire(replica)
    net.deliver(ViewChange)
    (message,) = net.said(NewView)
    assert [(entry.seq, entry.digest == NULL_DIGEST) for entry in message.preprepares] == [(1, True), (2, False)]
    net.settle()
    for replica in (1, 2, 3):
        assert net.executed(replica) == [(1, None), (2, "answer in view 0"), (3, "answer in view 1")]


def test_a_request_whose_number_was_lost_executes_under_another_and_once(network):
    net = network()
    net.ask(net.request(0, client="alice"))
    net.drop()
    net.ask(net.request(1, client="bob"))
    net.settle()
    net.crash(0)
    net.move_to_view(1)
    for replica in (1, 2, 3):
        assert [
            (each.seq, each.proposal.request and each.proposal.request.client) for each in net.of(replica, Execute)
        ] == [
            (1, None),
            (2, "bob"),
            (3, "alice"),
        ]


def test_5_highest_view_nobody_byzantine(network):
    """In view 0 only 3 prepares a; 0, 1, 2 execute b in view 1, whose O was empty; view 2 by {0, 2, 3} must give b."""
    net = network()
    net.ask(net.request())
    net.deliver(PrePrepare)
    net.deliver(Prepare, to=3)
    net.drop()
    for replica in (0, 1, 2):
        net.fire(replica)
    net.drop(to=3)
    for replica in range(3):
        net.drop(sender=3)
        while net.deliver(to=replica):
            net.drop(to=3)
            net.drop(sender=3)
    while net.deliver():
        net.drop(to=3)
        net.drop(sender=3)
    assert [net.executed(replica) for replica in range(4)] == [[(1, "answer in view 1")]] * 3 + [[]]
    net.crash(1)
    net.fire(3)  # to view 1
    net.drop()
    request = net.request(1, client="bob")
    net.ask(request, to=[0, 2])
    for replica in (0, 2):
        net.fire(replica)
    net.settle()
    (entered,) = [each for each in net.of(2, ViewEntered) if each.view == 2]
    assert set(entered.voters) == {0, 2, 3}
    assert net.executed(3)[0] == (1, "answer in view 1")


def test_5_lost_commit_with_a_byzantine_primary(network):
    """1 and 2 prepare a, 1 executes a; view 2 with V = {2, 3, an empty one from 0} must give a."""
    net = network(byzantine=(0,))
    net.crash(0)
    first = net.preprepare()
    for replica in (1, 2):
        net.send(0, replica, first)
    net.deliver(Prepare, to=1)
    net.deliver(Prepare, to=2)
    for sender, message in ((0, net.commit(first, 0)), (2, net.commit(first, 2))):
        net.send(sender, 1, message)
    assert net.executed(1) == [(1, "a")]
    net.drop()
    net.crash(1)
    net.ask(net.request(), to=[3])
    for replica in (2, 3):
        net.fire(replica)
    net.drop()
    net.send(0, 2, net.view_change(2, 0))
    net.send(0, 3, net.view_change(2, 0))
    for replica in (2, 3):
        assert net.replicas[replica].view == 1
    net.send(3, 2, net.view_change(2, 3))  # what 3 says once it gives up on view 1 too
    (message,) = net.said(NewView, sender=2)
    assert {change.replica for change in message.view_changes} == {0, 2, 3}
    assert [entry.digest for entry in message.preprepares] == [first.digest]


def test_4_5_2_the_wait_for_the_new_view_begins_with_q_view_changes(network):
    net = started(network())
    net.fire(2)
    assert "view" not in net.timers[2]
    net.send(3, 2, net.view_change(1, 3))
    assert "view" not in net.timers[2]
    net.send(1, 2, net.view_change(1, 1))
    assert net.timers[2]["view"] == 20.0


def test_4_5_2_the_timeout_doubles_with_every_failed_view_up_to_the_cap(network):
    net = started(network(view_timeout_s=1.0, timeout_cap_s=10.0))
    seen = []
    for view in range(1, 7):
        seen.append(net.timers[3]["view"])
        net.fire(3)
        for replica in (1, 2):
            net.send(replica, 3, net.view_change(view, replica))
    assert seen == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_the_timeout_does_not_double_without_its_rule(network):
    """Planted bug."""
    net = started(network(rules=replace(Rules(), timeout_s=lambda timeout_s, _growth, _failures, _cap_s: timeout_s)))
    net.fire(2)
    for replica in (1, 3):
        net.send(replica, 2, net.view_change(1, replica))
    assert net.timers[2]["view"] == 10.0


def test_progress_resets_the_timeout(network):
    net = started(network())
    net.move_to_view(1)
    assert net.executed(2)
    net.ask(net.request(1))
    assert net.timers[2]["view"] == 10.0


def test_a_committed_number_behind_a_gap_is_no_progress(network):
    """A Byzantine primary that leaves a gap could else keep every replica waiting for ever."""
    net = network(byzantine=(0,))
    net.ask(net.request(9, client="victim"), to=[1, 2, 3])
    for seq in (2, 3, 4):
        first = net.preprepare(seq=seq, request=net.request(seq, client="mallory's friend"))
        for replica in (1, 2, 3):
            net.send(0, replica, first)
        timers_set = []
        while net.pending:
            sender, to, message = net.pending.pop(0)
            timers_set += [each for each in net.send(sender, to, message) if each == SetTimer("view", 10.0)]
        assert not timers_set


def test_a_proved_decision_behind_a_gap_sent_again_and_again_stops_no_timer(network):
    net = network(byzantine=(0, 2, 3))
    net.ask(net.request(), to=[1])
    decision = net.decision(net.preprepare(seq=5), 0, 2, 3)
    for _ in range(3):
        effects = net.send(3, 1, CatchUp((), None, (decision,), 3))
        assert SetTimer("view", 10.0) not in effects


def test_4_5_2_a_replica_joins_f_plus_1_others_at_their_smallest_view(network):
    net = network(7, byzantine=(1, 2, 3))
    net.send(1, 6, net.view_change(5, 1))
    net.send(2, 6, net.view_change(3, 2))
    assert net.replicas[6].view == 0
    net.send(3, 6, net.view_change(9, 3))
    assert net.replicas[6].view == 3
    assert net.said(ViewChange, sender=6) == [net.view_change(3, 6)]


def test_one_liar_that_votes_for_many_views_makes_nobody_join(network):
    net = network(byzantine=(1,))
    for view in range(1, 50):
        net.send(1, 3, net.view_change(view, 1))
    assert net.replicas[3].view == 0


def test_joining_at_one_lets_a_liar_rush_the_others(network):
    """Planted bug."""
    net = network(byzantine=(1,), rules=replace(Rules(), join_quorum=lambda _system: 1))
    net.send(1, 3, net.view_change(1, 1))
    assert net.replicas[3].view == 1


def test_with_stakes_joining_needs_weight_not_heads(network):
    net = network(4, stakes=[5, 3, 1, 1], byzantine=(1, 2, 3))
    for replica in (2, 3):
        net.send(replica, 0, net.view_change(1, replica))
    assert net.replicas[0].view == 0
    net.send(1, 0, net.view_change(1, 1))
    assert net.replicas[0].view == 1


def test_a_view_change_is_resent_until_it_leads_somewhere(network):
    net = started(network())
    for replica in (1, 2, 3):
        net.fire(replica)
    net.drop()
    for replica in (1, 2, 3):
        net.fire(replica, "status")
    net.settle()
    assert all(net.replicas[replica].view == 1 and net.executed(replica) for replica in (1, 2, 3))


def test_a_lost_view_change_stays_lost_without_its_rule(network):
    """Planted bug."""
    net = started(network(rules=replace(Rules(), resend_view_changes=False)))
    for replica in (1, 2, 3):
        net.fire(replica)
    net.drop()
    for _ in range(5):
        for replica in (1, 2, 3):
            net.fire(replica, "status")
        net.settle()
    assert not any(net.executed(replica) for replica in (1, 2, 3))


def test_a_lost_new_view_is_sent_to_who_asks(network):
    net = started(network())
    for replica in (1, 2, 3):
        net.fire(replica)
    net.deliver(ViewChange)
    net.drop(NewView, to=3)
    net.settle()
    assert not net.executed(2)
    net.fire(3, "status")
    net.settle()
    assert net.executed(2) == [(1, "answer in view 1")]
    assert net.of(3, ViewEntered) == [ViewEntered(1, 0, 0, (1, 2, 3))]
    assert net.executed(3) == net.executed(2)


def test_a_request_that_reached_one_replica_alone_is_executed_in_the_end(network):
    """LV1: alone it cannot change the view, so it passes the request on."""
    net = network(retransmit_s=20.0)
    net.ask(net.request(), to=[2])
    net.fire(2)
    net.settle()
    assert not net.executed(2)
    net.fire(2, "status")
    net.settle()
    assert all(net.executed(replica) for replica in (0, 1, 3))
    net.fire(2, "status")
    net.settle()
    assert net.executed(2) == net.executed(0)


def test_fabric_1917_the_lone_linked_replica_moves_on_and_progress_resumes(network):
    """Only 0 is linked; all send view-changes; 0's timer moves it on; the partition heals."""
    net = network()
    net.ask(net.request())
    net.drop()
    for replica in range(4):
        net.fire(replica)
    for entry in net.take():
        if entry[1] == 0:
            net.send(*entry)
    net.drop()
    net.fire(0)
    net.drop()
    assert net.replicas[0].view == 2
    for _ in range(6):  # healed
        for timer in ("status", "view"):
            for replica in range(4):
                if timer in net.timers[replica] and not net.executed(replica):
                    net.fire(replica, timer)
                    net.settle()
    assert len({tuple(net.executed(replica)) for replica in range(4)}) == 1
    assert net.executed(0)


def test_a_new_primary_behind_the_stable_checkpoint_starts_above_it(network):
    """Its own log is empty; the view-changes prove min-s = 2, and V10 numbers what comes next."""
    net = network(checkpoint_interval=2, window=4)
    net.crash(1)
    for number in range(2):
        net.decide(number)
    net.restart(1)
    net.drop()
    net.crash(0)
    net.ask(net.request(2))
    for replica in (1, 2, 3):
        net.fire(replica)
    net.settle()
    net.fire(1, "status")
    net.settle()
    assert net.executed(2)[-1] == (3, "answer in view 1")
    assert [seq for seq, _ in net.executed(1)] == [3]
    assert net.replicas[1].last_executed == 3


def test_a_replica_whose_window_has_moved_on_skips_what_lies_below(network):
    """Its stable checkpoint is above min-s: entries at or below it are not accepted (M5)."""
    net = network(byzantine=(0, 1, 2), checkpoint_interval=2, window=6)
    requests = {seq: net.request(seq) for seq in (1, 2, 3)}
    firsts = [net.preprepare(seq=seq, request=requests[seq]) for seq in (1, 2, 3)]
    certificates = [net.certificate(first, 1, 2) for first in firsts]
    proof = tuple(net.checkpoint(2, "digest", replica) for replica in (0, 1, 2))
    for vote in proof:
        net.send(vote.replica, 3, vote)
    changes = (net.view_change(1, 0, *certificates), net.view_change(1, 1), net.view_change(1, 2))
    entries = tuple(net.keyring.sign(PrePrepare(1, first.seq, first.digest, first.proposal, 1)) for first in firsts)
    net.send(1, 3, net.keyring.sign(NewView(1, changes, entries, 1)))
    assert [each.seq for each in net.of(3, PrePrepareAccepted)] == [3]
    assert [each.seq for each in net.said(Prepare, sender=3)] == [3]


def test_views_are_limited(network):
    net = network(views=2)
    net.crash(0)
    net.crash(1)
    net.ask(net.request())
    for replica in (2, 3):
        net.fire(replica)
    net.settle()
    assert all(net.replicas[replica].view == 1 for replica in (2, 3))


def test_in_the_last_view_a_replica_stays_and_can_still_decide(network):
    net = network(views=1)
    net.ask(net.request())
    effects = net.fire(2)
    assert effects == [ViewsExhausted(0)]
    assert net.replicas[2].view == 0
    net.settle()
    assert net.executed(2) == [(1, "answer in view 0")]


@pytest.mark.parametrize("view", [2, 3, 1000])
def test_messages_beyond_the_last_view_change_nothing(network, view):
    net = network(views=2, byzantine=(0, 1, 2, 3))
    net.refused(3, 1, net.view_change(view, 1), "view-change beyond the last view")
    changes = tuple(net.view_change(view, replica) for replica in (0, 1, 2))
    message = net.keyring.sign(NewView(view, changes, (), view % 4))
    net.refused(3, 0, message, "new-view beyond the last view")


def test_after_a_view_change_nothing_is_said_in_a_lower_view(network):
    net = network(byzantine=(0, 1))
    net.prompt = False
    net.send(0, 2, net.preprepare())
    net.ask(net.request(), to=[2])
    net.fire(2)
    net.drop()
    net.give_verdicts(2)
    net.send(0, 2, net.preprepare(answer="b"))
    net.give(2, TimerFired("status"))
    assert all(getattr(message, "view", 1) >= 1 for _, _, message in net.pending)


def test_verdicts_asked_in_an_old_view_do_not_count_in_the_new_one(network):
    net = started(network())
    net.prompt = False
    net.restart(0)
    net.drop()
    net.ask(net.request(7, client="bob"), to=[0])
    net.deliver(PrePrepare)
    stale = [each for node, each in net.asked if node == 3]
    assert stale
    for replica in (1, 2, 3):
        net.fire(replica)
    net.settle()
    before = len(net.of(3, Prepared))
    net.give_verdicts(3, Verdict.ACCEPT)
    assert [each.view for node, each in net.asked if node == 3] == []
    assert len(net.of(3, Prepared)) == before


REFUSED_VIEW_CHANGES = {
    "in another's name": (2, lambda net: net.view_change(1, 3), "identity differs from sender"),
    "for the current view": (2, lambda net: net.view_change(0, 2), "old view-change"),
    "negative view": (2, lambda net: net.view_change(-1, 2), "old view-change"),
    "view is no number": (2, lambda net: net.view_change("1", 2), "malformed message"),
    "unhashable view": (2, lambda net: net.view_change([1], 2), "malformed message"),
    "no certificates": (2, lambda _net: ViewChange(1, 0, (), None, 2), "malformed message"),
    "prepared is a list": (2, lambda _net: ViewChange(1, 0, (), [], 2), "malformed message"),
    "prepared holds something else": (2, lambda net: net.view_change(1, 2, "x"), "malformed message"),
    "proof is a number": (2, lambda net: net.view_change(1, 2, proof=5), "malformed message"),
}


@pytest.mark.parametrize("case", REFUSED_VIEW_CHANGES)
def test_a_refused_view_change_changes_nothing(network, case):
    sender, make, reason = REFUSED_VIEW_CHANGES[case]
    net = network(byzantine=(2, 3))
    net.refused(1, sender, make(net), reason)


def test_a_second_view_change_of_one_sender_for_one_view_is_dropped(network):
    net = network(byzantine=(2,))
    net.send(2, 3, net.view_change(1, 2))
    net.refused(3, 2, net.view_change(1, 2), "second view-change")


def test_the_status_of_a_waiting_replica_says_where_it_stands(network):
    net = started(network())
    net.fire(2)
    net.drop()
    effects = net.fire(2, "status")
    broadcast = [each.message for each in effects if isinstance(each, Broadcast)]
    assert [type(each) for each in broadcast] == [ViewChange, Request, Status]
    assert broadcast[-1] == Status(1, False, 0, 0, (), 2)
    assert SetTimer("status", 10.0) in effects


def test_what_a_new_view_carries_needs_no_verdict(network):
    net = network(byzantine=(0, 1, 2))
    first = net.preprepare()
    changes = (net.view_change(1, 0, net.certificate(first, 1, 2)), net.view_change(1, 1), net.view_change(1, 2))
    entry = net.keyring.sign(PrePrepare(1, 1, first.digest, first.proposal, 1))
    effects = net.send(1, 3, net.keyring.sign(NewView(1, changes, (entry,), 1)))
    assert not any(isinstance(each, RequestVerdict) for each in effects)
    assert net.said(Prepare, sender=3) == [net.prepare(entry, 3)]
