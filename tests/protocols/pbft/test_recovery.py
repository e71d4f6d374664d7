"""Restart: whatever a replica had persisted when it crashed, it contradicts nothing that it said (M1)."""

from __future__ import annotations

from typing import Any

import pytest

from bft.core.effects import Broadcast, Execute, RequestProposal, RequestVerdict, Send
from bft.core.events import Restarted
from bft.core.inputs import Restart
from bft.core.verdict import Verdict
from bft.protocols.pbft.messages import Checkpoint, Commit, NewView, Prepare, PrePrepare, Status, ViewChange


def said(effects) -> list[Any]:
    return [each.message for each in effects if isinstance(each, Send | Broadcast)]


def place(message) -> tuple[Any, ...] | None:
    """Return what an honest replica says at most one thing about (M1)."""
    kind = type(message).__name__
    if isinstance(message, PrePrepare | Prepare | Commit):
        return (kind, message.view, message.seq)
    if isinstance(message, Checkpoint):
        return (kind, message.seq)
    if isinstance(message, ViewChange | NewView):
        return (kind, message.view)
    return None


def story(net, twin_at: int | None, victim: int) -> tuple[dict[Any, Any], list[str], int]:
    """Run five requests through a failing primary and two checkpoints; crash the victim after its step `twin_at`.

    Returns what the victim said by place, contradictions, and how many steps it took.
    """
    voice: dict[Any, Any] = {}
    wrong: list[str] = []
    steps = 0
    original = net.give

    def listen(replica, event):
        nonlocal steps
        effects = original(replica, event)
        if replica == victim:
            steps += 1
            for message in said(effects):
                where = place(message)
                if where is not None and voice.setdefault(where, message) != message:
                    wrong.append(f"{where}: {voice[where]} and {message}")
            if steps == twin_at:
                net.crash(victim)
                for message in said(net.restart(victim)):
                    where = place(message)
                    if where is not None and voice.setdefault(where, message) != message:
                        wrong.append(f"{where} after restart")
        return effects

    net.give = listen
    # Every life of a validator says something else, so that what is asked twice shows.
    lives = {"count": 0}

    def answer(*_):
        lives["count"] += 1
        return f"answer {lives['count']}"

    net.answer = answer
    for number in range(2):
        net.ask(net.request(number, client=f"client {number}"))
    net.settle()
    net.ask(net.request(2, client="client 2"))
    net.deliver(PrePrepare)
    net.deliver(Prepare, to=victim)
    net.drop()
    for replica in range(4):
        if "view" in net.timers[replica]:
            net.fire(replica)
    net.settle()
    for number in range(3, 5):
        net.ask(net.request(number, client=f"client {number}"))
    net.settle()
    for _ in range(4):
        for timer in ("status", "view"):
            for replica in range(4):
                if timer in net.timers[replica]:
                    net.fire(replica, timer)
                    net.settle()
    return voice, wrong, steps


@pytest.mark.parametrize("victim", [0, 1, 2])
def test_m1_a_restart_after_any_step_contradicts_nothing_and_loses_nothing(network, victim):
    _, wrong, steps = story(network(checkpoint_interval=2, window=4), None, victim)
    assert not wrong
    assert steps > 25
    for crash_at in range(1, steps + 1):
        net = network(checkpoint_interval=2, window=4)
        _, wrong, _ = story(net, crash_at, victim)
        assert not wrong, (crash_at, wrong)
        logs = [dict(_execution(net, replica)) for replica in range(4)]
        for seq in logs[0]:
            assert len({log[seq] for log in logs if seq in log}) == 1, crash_at
        assert min(net.replicas[replica].last_executed for replica in range(4)) >= 5, crash_at


def _execution(net, replica):
    return [(each.seq, each.digest) for each in net.of(replica, Execute)]


def test_a_replica_that_forgets_its_votes_contradicts_itself(network):
    """Planted bug: storage that loses what was said, seen by the same check."""
    contradictions = []
    for crash_at in range(1, 40):
        net = network(checkpoint_interval=2, window=4)
        plain = net.restart

        def amnesia(replica, net=net, plain=plain):
            net.stored[replica].clear()
            return plain(replica)

        net.restart = amnesia
        contradictions += story(net, crash_at, 0)[1]
    assert contradictions


def test_a_restarted_replica_prepares_what_it_had_accepted_once_its_validator_answers_again(network):
    net = network(byzantine=(0,))
    net.prompt = False
    first = net.preprepare()
    net.send(0, 1, first)
    net.asked.clear()
    effects = net.restart(1)
    assert [each.digest for each in effects if isinstance(each, RequestVerdict)] == [first.digest]
    net.give_verdicts(1)
    assert net.prepare(first, 1) in net.said(Prepare)


def test_a_restarted_replica_that_had_prepared_asks_no_validator_and_says_the_same(network):
    net = network(byzantine=(0,))
    first, other = net.preprepare(answer="a"), net.preprepare(answer="b")
    net.send(0, 1, first)
    net.drop()
    net.judge = lambda _replica, _proposal: Verdict.REJECT
    effects = net.restart(1)
    assert not any(isinstance(each, RequestVerdict) for each in effects)
    net.send(0, 1, other)
    assert net.said(Prepare) == []
    net.send(2, 1, net.prepare(first, 2))
    assert net.said(Commit) == [net.commit(first, 1)]


def test_commits_lost_with_the_crash_are_counted_again_when_resent(network):
    net = network()
    net.ask(net.request())
    net.deliver(PrePrepare)
    net.deliver(Prepare)
    net.deliver(Commit, to=1, sender=0)
    net.drop(Commit, to=1)
    net.restart(1)
    assert not net.executed(1)
    net.settle()
    assert net.executed(1) == [(1, "answer in view 0")]


def test_a_restarted_primary_goes_on_with_the_next_number(network):
    net = network()
    net.decide(0)
    net.ask(net.request(1))
    net.drop()
    net.restart(0)
    net.ask(net.request(2, client="bob"))
    assert {message.seq for message in net.said(PrePrepare)} == {3}
    net.settle()
    for replica in range(4):
        if "status" in net.timers[replica]:
            net.fire(replica, "status")
    net.settle()
    assert all([seq for seq, _ in net.executed(replica)] == [1, 2, 3] for replica in range(4))


def test_a_restarted_primary_of_a_later_view_numbers_above_what_it_carried_over(network):
    net = network()
    net.ask(net.request(0))
    net.deliver(PrePrepare)
    net.deliver(Prepare)
    net.drop()
    net.crash(0)
    for replica in (1, 2, 3):
        net.fire(replica)
    net.deliver(ViewChange)
    net.restart(1)
    net.ask(net.request(1, client="bob"), to=[1])
    assert [message.seq for message in net.said(PrePrepare, sender=1)] == [2]


def test_a_restarted_primary_asks_again_for_proposals_it_had_not_got(network):
    net = network()
    net.answer = lambda _replica, _view, _request: None
    net.ask(net.request())
    effects = net.restart(0)
    assert [each.request for each in effects if isinstance(each, RequestProposal)] == [net.request()]


def test_a_replica_that_crashed_during_a_view_change_stays_in_it(network):
    net = network()
    net.ask(net.request(), to=[2])
    net.fire(2)
    net.drop()
    effects = net.restart(2)
    assert Restarted(1, 0) in effects
    assert [type(each) for each in said(effects)] == [ViewChange, Status]
    assert net.replicas[2].view == 1


def test_a_restarted_replica_that_alone_is_a_quorum_times_the_new_primary(network):
    """Quorum 1 of 2: its own view-change is enough to wait for, also after the crash."""
    net = network(2, quorum=1)
    net.answer = lambda _replica, _view, _request: None
    net.ask(net.request(), to=[0])
    net.fire(0)
    assert "view" in net.timers[0]
    net.restart(0)
    assert "view" in net.timers[0]


def test_what_was_executed_is_not_executed_again(network):
    net = network(checkpoint_interval=2, window=4)
    for number in range(3):
        net.decide(number)
    before = net.executed(1)
    effects = net.restart(1)
    net.settle()
    assert Restarted(0, 3) in effects
    assert net.executed(1) == before
    net.decide(3)
    assert net.executed(1) == [*before, (4, "answer in view 0")]
    assert net.of(1, Execute)[-1].state_digest == net.of(0, Execute)[-1].state_digest


def test_a_fresh_replica_restarts_from_nothing(network):
    net = network()
    effects = net.give(2, Restart({}))
    assert Restarted(0, 0) in effects
    net.settle()
    net.decide()
    assert net.executed(2)


def test_a_restarted_replica_gets_the_new_view_that_it_slept_through(network):
    net = network()
    net.crash(3)
    net.crash(0)
    net.ask(net.request())
    for replica in (1, 2):
        net.fire(replica)
    net.settle()
    net.restart(3)
    net.settle()
    for timer in ("status", "status", "status"):
        for replica in (1, 2, 3):
            if timer in net.timers[replica]:
                net.fire(replica, timer)
        net.settle()
    assert all(net.executed(replica) for replica in (1, 2, 3))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_small_systems_restart(network, n):
    net = network(n, checkpoint_interval=2, window=4)
    for number in range(5):
        net.decide(number)
        net.restart(number % n)
        net.settle()
    assert all(net.replicas[replica].last_executed == 5 for replica in range(n))
