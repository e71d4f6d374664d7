"""The new view (§4.4): V, O, min-s and max-s, and how a backup checks them."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.core.request import NULL_DIGEST, NULL_PROPOSAL, Proposal, Request
from bft.protocols.pbft import Rules
from bft.protocols.pbft.events import PrePrepareAccepted, ViewEntered
from bft.protocols.pbft.messages import (
    Checkpoint,
    NewView,
    Prepare,
    PreparedCertificate,
    PrePrepare,
    ViewChange,
)
from bft.protocols.pbft.new_view import Carried, carry_over


def good(net, view=1):
    """Return a valid new-view for `view`: a was prepared at 1 in view 0, b at 3 in a later one, nothing at 2."""
    a, b = net.preprepare(answer="a"), net.preprepare(view - 1, 3, "b", request=net.request(1))
    backups = [replica for replica in range(4) if replica != (view - 1) % 4][:2]
    return (
        net.view_change(view, 0, net.certificate(a, 1, 2)),
        net.view_change(view, 1, net.certificate(a, 1, 3), net.certificate(b, *backups)),
        net.view_change(view, 2),
    )


def announce(net, changes, *, view=1, entries=None, replica=None):
    carried = carry_over(changes)
    primary = view % 4 if replica is None else replica
    made = carried.preprepares(view, primary) if entries is None else entries
    return net.keyring.sign(NewView(view, tuple(changes), tuple(net.keyring.sign(each) for each in made), primary))


def test_v7_a_backup_enters_a_view_whose_o_follows_from_v(network):
    net = network(byzantine=(0, 1, 2))
    message = announce(net, good(net))
    net.send(1, 3, message)
    assert net.of(3, ViewEntered) == [ViewEntered(1, 3, 1, (0, 1, 2))]
    assert [(each.seq, each.carried) for each in net.of(3, PrePrepareAccepted)] == [(1, True), (2, True), (3, True)]
    assert [vote.seq for vote in net.said(Prepare, sender=3)] == [1, 2, 3]


def test_a_new_view_may_be_passed_on_by_anyone(network):
    net = network(byzantine=(0, 1, 2))
    net.send(2, 3, announce(net, good(net)))
    assert net.of(3, ViewEntered)


def other_entry(changes, seq, **change):
    entries = carry_over(changes).preprepares(1, 1)
    return tuple(replace(each, **change) if each.seq == seq else each for each in entries)


def lied_low(net, changes):
    proof = tuple(net.checkpoint(2, "state", replica) for replica in (0, 1))
    return announce(net, (changes[0], changes[1], net.view_change(1, 2, low=2, proof=proof)))


def hidden_low(net, changes):
    proof = tuple(net.checkpoint(2, "state", replica) for replica in (0, 1, 2))
    true = (changes[0], changes[1], net.view_change(1, 2, low=2, proof=proof))
    return announce(net, true, entries=carry_over(changes).preprepares(1, 1))


def signed_entries(net, changes):
    return tuple(net.keyring.sign(each) for each in carry_over(changes).preprepares(1, 1))


DEFECTS = {
    "too few": lambda net, v: announce(net, v[:2]),
    "none": lambda net, _v: net.keyring.sign(NewView(1, (), (), 1)),
    "f + 1": lambda net, v: announce(net, (v[0], v[1])),
    "one sender twice": lambda net, v: announce(net, (v[0], v[1], v[1])),
    "one sender twice beside enough": lambda net, v: announce(net, (*v, v[2])),
    "one sender with two contents": lambda net, v: announce(net, (*v, net.view_change(1, 0))),
    "a view-change for another view": lambda net, v: announce(net, (v[0], v[1], net.view_change(2, 2))),
    "a forged view-change": lambda net, v: announce(net, (v[0], v[1], ViewChange(1, 0, (), (), 3))),
    "a stranger's view-change": lambda net, v: announce(net, (v[0], v[1], ViewChange(1, 0, (), (), 4))),
    "an invalid view-change beside enough": lambda net, v: announce(
        net, (*v, net.view_change(1, 3, net.certificate(net.preprepare(), 1)))
    ),
    "a forged certificate": lambda net, v: announce(
        net,
        (
            v[0],
            v[1],
            net.view_change(
                1, 2, PreparedCertificate(net.preprepare(answer="b"), (Prepare(0, 1, "x", 1), Prepare(0, 1, "x", 3)))
            ),
        ),
    ),
    "an empty certificate": lambda net, v: announce(
        net, (v[0], v[1], net.view_change(1, 2, PreparedCertificate(net.preprepare(answer="b"), ())))
    ),
    "O empty": lambda net, v: announce(net, v, entries=()),
    "O all null": lambda net, v: announce(
        net, v, entries=[PrePrepare(1, seq, NULL_DIGEST, NULL_PROPOSAL, 1) for seq in (1, 2, 3)]
    ),
    "another value in O": lambda net, v: announce(
        net,
        v,
        entries=other_entry(
            v,
            1,
            proposal=Proposal(request=net.request(), answer="b"),
            digest=Proposal(request=net.request(), answer="b").digest,
        ),
    ),
    "another digest in O": lambda net, v: announce(net, v, entries=other_entry(v, 1, digest="x")),
    "a value instead of null": lambda net, v: announce(
        net,
        v,
        entries=other_entry(
            v,
            2,
            proposal=Proposal(request=net.request(2), answer="c"),
            digest=Proposal(request=net.request(2), answer="c").digest,
        ),
    ),
    "O without its last": lambda net, v: announce(net, v, entries=carry_over(v).preprepares(1, 1)[:-1]),
    "O with one more": lambda net, v: announce(
        net, v, entries=(*carry_over(v).preprepares(1, 1), PrePrepare(1, 4, NULL_DIGEST, NULL_PROPOSAL, 1))
    ),
    "O in another order": lambda net, v: announce(net, v, entries=carry_over(v).preprepares(1, 1)[::-1]),
    "O of another view": lambda net, v: announce(net, v, entries=carry_over(v).preprepares(5, 1)),
    "O by another replica": lambda net, v: announce(net, v, entries=carry_over(v).preprepares(1, 2)),
    "O not signed": lambda net, v: net.keyring.sign(NewView(1, v, carry_over(v).preprepares(1, 1), 1)),
    "a lied min-s": lied_low,
    "a hidden min-s": hidden_low,
    "by another replica": lambda net, v: announce(net, v, replica=2),
    "not signed": lambda net, v: NewView(1, v, signed_entries(net, v), 1),
    "for view 0": lambda net, v: announce(net, v, view=0),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_v3_v7_a_new_view_with_one_defect_changes_nothing(network, defect):
    byzantine = (0, 2) if defect in ("O not signed", "not signed") else (0, 1, 2)
    net = network(byzantine=byzantine, checkpoint_interval=2)
    bad = DEFECTS[defect](net, good(net))
    net.refused(3, 1, bad, "old new-view" if defect == "for view 0" else "invalid new-view")


@pytest.mark.parametrize(
    ("rule", "value", "defect"),
    [
        ("check_carried", False, "O empty"),
        ("check_carried", False, "another value in O"),
        ("check_view_changes", False, "one sender twice beside enough"),
        ("check_view_changes", False, "a forged view-change"),
        ("check_certificates", False, "an empty certificate"),
        ("view_change_quorum", lambda system: system.weak, "f + 1"),
    ],
)
def test_each_check_of_a_new_view_is_what_refuses_it(network, rule, value, defect):
    """Planted bugs: without its rule the same message is accepted."""
    net = network(byzantine=(0, 1, 2), rules=replace(Rules(), **{rule: value}))
    net.send(1, 3, DEFECTS[defect](net, good(net)))
    assert net.of(3, ViewEntered)


@pytest.mark.parametrize(
    "message",
    [
        NewView("1", (), (), 1),
        NewView(1, None, (), 1),
        NewView(1, ("x",), (), 1),
        NewView(1, (), None, 1),
        NewView(1, (), ("x",), 1),
        NewView(1, (), (), [1]),
        NewView(1, (ViewChange(1, 0, (), ("x",), 1),), (), 1),
        NewView(1, (ViewChange(1, 0, (), (PreparedCertificate("x", ()),), 1),), (), 1),
        NewView(1, (ViewChange(1, 0, ("x",), (), 1),), (), 1),
    ],
    ids=repr,
)
def test_a_malformed_new_view_changes_nothing(network, message):
    network(byzantine=(1,)).refused(3, 1, message, "malformed message")


def test_a_new_view_with_unhashable_votes_changes_nothing(network):
    net = network(byzantine=(0, 1, 2))
    first = net.preprepare()
    votes = (Prepare(0, 1, first.digest, [1]), Prepare(0, 1, ["x"], 2))
    changes = (*good(net)[:2], net.view_change(1, 2, PreparedCertificate(first, votes)))
    net.refused(3, 1, announce(net, changes), "malformed message")


def test_a_new_view_for_a_view_left_behind_is_dropped(network):
    net = network(byzantine=(0, 1, 2))
    for replica in (0, 1, 2):
        net.send(replica, 3, net.view_change(2, replica))
    net.refused(3, 1, announce(net, good(net)), "old new-view")


def test_a_second_new_view_for_the_same_view_is_dropped(network):
    net = network(byzantine=(0, 1, 2))
    net.send(1, 3, announce(net, good(net)))
    net.refused(3, 1, announce(net, (*good(net)[1:], net.view_change(1, 0))), "old new-view")


def test_4_4_min_s_is_the_latest_proved_checkpoint_and_below_it_nothing_is_carried(network):
    net = network()
    proof = tuple(net.checkpoint(2, "state", replica) for replica in (0, 1, 2))
    changes = (*good(net)[:2], net.view_change(1, 2, low=2, proof=proof))
    carried = carry_over(changes)
    assert (carried.min_seq, carried.max_seq, carried.checkpoint_proof) == (2, 3, proof)
    assert [seq for seq, _ in carried.proposals] == [3]


def test_4_4_with_nothing_prepared_o_is_empty_and_max_s_is_min_s(network):
    net = network()
    carried = carry_over([net.view_change(1, replica) for replica in range(3)])
    assert carried == Carried(min_seq=0, max_seq=0, checkpoint_proof=(), proposals=())


def test_v5_the_certificate_of_the_highest_view_counts_in_every_order(network):
    net = network()
    certificates = [net.certificate(net.preprepare(view, answer=f"view {view}")) for view in (0, 3, 1)]
    changes = [net.view_change(4, replica, each) for replica, each in enumerate(certificates)]
    for order in permutations(changes):
        assert [proposal.answer for _, proposal in carry_over(order).proposals] == ["view 3"]


PROPOSALS = [Proposal(request=Request(client="c", timestamp=1, operation="x"), answer=answer) for answer in "ab"]


@st.composite
def view_changes(draw):
    """Up to five view-changes with honest content: one digest per (view, number) is prepared at most."""
    digests = {place: draw(st.sampled_from(PROPOSALS)) for place in [(v, s) for v in range(4) for s in range(1, 8)]}
    changes = []
    for replica in range(draw(st.integers(1, 5))):
        low = draw(st.sampled_from([0, 2, 4]))
        seqs = draw(st.lists(st.integers(low + 1, low + 3), unique=True, max_size=3))
        prepared = []
        for seq in seqs:
            view = draw(st.integers(0, 3))
            proposal = digests[view, seq]
            prepared.append(PreparedCertificate(PrePrepare(view, seq, proposal.digest, proposal, view % 4), ()))
        proof = tuple(Checkpoint(low, "state", voter) for voter in range(3)) if low else ()
        changes.append(ViewChange(4, low, proof, tuple(prepared), replica))
    return changes


def naive_carry_over(changes):
    """§4.4 word by word: for every number between min-s and max-s, look through everything."""
    min_s = max(change.low for change in changes)
    everything = [each.preprepare for change in changes for each in change.prepared]
    max_s = max([each.seq for each in everything] + [min_s])
    chosen = []
    for seq in range(min_s + 1, max_s + 1):
        here = [each for each in everything if each.seq == seq]
        highest = max((each.view for each in here), default=None)
        proposals = {each.proposal for each in here if each.view == highest}
        assert len(proposals) <= 1
        chosen.append((seq, proposals.pop() if proposals else NULL_PROPOSAL))
    return min_s, max_s, tuple(chosen)


@given(view_changes(), st.data())
def test_carry_over_agrees_with_a_naive_reading_and_knows_no_order(changes, data):
    carried = carry_over(changes)
    assert (carried.min_seq, carried.max_seq, carried.proposals) == naive_carry_over(changes)
    assert carry_over(data.draw(st.permutations(changes))) == carried


def lowest_view(changes):
    """Planted bug: the certificate of the lowest view."""
    flipped = [
        replace(
            change,
            prepared=tuple(
                replace(each, preprepare=replace(each.preprepare, view=-each.preprepare.view))
                for each in change.prepared
            ),
        )
        for change in changes
    ]
    return carry_over(flipped)


def test_the_comparison_sees_a_planted_bug(network):
    net = network()
    changes = [net.view_change(4, view, net.certificate(net.preprepare(view, answer=str(view)))) for view in (0, 3)]
    assert lowest_view(changes).proposals != naive_carry_over(changes)[2]
