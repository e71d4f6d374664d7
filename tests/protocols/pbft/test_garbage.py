"""Whatever a liar puts into a message, nothing is raised, and the honest go on to decide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.core.effects import Execute
from bft.core.inputs import Deliver
from bft.core.request import NULL_PROPOSAL, Proposal, Request
from bft.protocols.pbft.messages import (
    CatchUp,
    Checkpoint,
    Commit,
    Decision,
    Held,
    NewView,
    Prepare,
    PreparedCertificate,
    PrePrepare,
    Status,
    ViewChange,
)

SMALL = {"checkpoint_interval": 2, "window": 4}

# Every field is what belongs there, or something that does not; numbers also out of every range.
junk = st.sampled_from([None, True, 0.5, float("nan"), "x", b"x", (), [], [1], {}, {"a": 1}, ("x",), NULL_PROPOSAL])
numbers = st.sampled_from([0, 1, 2, 3, 4, 5, 8, 1, 1, 1, -1, -7, 99, 10**12])


def field(good):
    return st.one_of(good, good, good, good, junk)


number = field(numbers)
word = field(st.sampled_from(["a", "b", NULL_PROPOSAL.digest]))
requests = field(
    st.none()
    | st.builds(Request, client=field(st.sampled_from(["alice", "mallory"])), timestamp=number, operation=word)
)
proposals = field(st.builds(Proposal, request=requests, answer=word, wording=word))


def several(good):
    return field(st.lists(field(good), max_size=4).map(tuple))


preprepares = st.builds(PrePrepare, number, number, word, proposals, number)
prepares = st.builds(Prepare, number, number, word, number)
commits = st.builds(Commit, number, number, word, number)
checkpoints = st.builds(Checkpoint, number, word, number)
certificates = st.builds(PreparedCertificate, field(preprepares), several(prepares))
view_changes = st.builds(ViewChange, number, number, several(checkpoints), several(certificates), number)
new_views = st.builds(NewView, number, several(view_changes), several(preprepares), number)
held = st.builds(Held, number, field(st.booleans()), number, number)
statuses = st.builds(Status, number, field(st.booleans()), number, number, several(held), number)
decisions = st.builds(Decision, number, number, proposals, several(commits))
catch_ups = st.builds(CatchUp, several(checkpoints), junk, several(decisions), number)
messages = st.one_of(
    preprepares, prepares, commits, checkpoints, view_changes, new_views, statuses, catch_ups, requests, junk
)


def fresh(net):
    return net


def in_the_middle(net):
    net.ask(net.request())
    net.deliver(PrePrepare)
    return net


def after_a_checkpoint(net):
    for each in range(3):
        net.decide(each)
    return net


def during_a_view_change(net):
    net.ask(net.request())
    net.drop()
    net.fire(3)
    return net


def in_the_next_view(net):
    net.ask(net.request())
    net.drop()
    for replica in (1, 2, 3):
        net.fire(replica)
    net.deliver(ViewChange)
    net.deliver(NewView)
    return net


PLACES = [fresh, in_the_middle, after_a_checkpoint, during_a_view_change, in_the_next_view]


@pytest.mark.parametrize("place", PLACES)
def test_garbage_is_never_raised_and_moves_nobody_far(network, place):
    @given(st.lists(st.tuples(messages, st.integers(1, 3)), min_size=1, max_size=6))
    def try_them(sent):
        net = place(network(byzantine=(0,), **SMALL))
        for message, to in sent:
            net.replicas[to].step(0.0, Deliver(0, message))
        for replica in (1, 2, 3):
            assert net.replicas[replica].view in (0, 1, 2)
            assert repr(net.replicas[replica].fingerprint())

    try_them()


@pytest.mark.parametrize("place", PLACES)
def test_after_garbage_the_honest_decide(network, place):
    """At most f liars, the network comes back: what is asked is executed, and equal everywhere."""

    @given(st.lists(st.tuples(messages, st.integers(1, 3)), min_size=1, max_size=6))
    def try_them(sent):
        net = place(network(byzantine=(0,), **SMALL))
        for message, to in sent:
            net.send(0, to, message)
        net.drop(to=0)
        net.down.add(0)
        net.timers[0].clear()
        net.ask(net.request(50, client="bob"), to=[1, 2, 3])
        net.settle()
        for _ in range(8):
            for timer in ("status", "view"):
                for replica in (1, 2, 3):
                    if timer in net.timers[replica]:
                        net.fire(replica, timer)
                        net.drop(to=0)
                        net.settle()
        logs = [{each.seq: each.digest for each in net.of(replica, Execute)} for replica in (1, 2, 3)]
        for log in logs:
            assert any(each.proposal.request and each.proposal.request.client == "bob" for each in net.of(1, Execute))
            assert all(log[seq] == other[seq] for other in logs for seq in log.keys() & other.keys())
        assert len({net.replicas[replica].last_executed for replica in (1, 2, 3)}) == 1

    try_them()
