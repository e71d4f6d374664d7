"""What counts as proof (C4, C5, K1, V1): each single defect is refused, and a naive second judge agrees."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.core.quorum import QuorumSystem
from bft.core.request import Proposal, Request
from bft.core.signatures import SymbolicKeyring
from bft.protocols.pbft import Rules
from bft.protocols.pbft.certificates import Verifier
from bft.protocols.pbft.messages import Checkpoint, Prepare, PreparedCertificate, PrePrepare


def verifier(net, **rules):
    return Verifier(net.system, replace(Rules(), **rules), net.keyring, 4, 2)


def test_a_prepared_certificate_of_q_replicas_is_valid(network):
    net = network()
    assert verifier(net).prepared(net.certificate(net.preprepare(), 1, 2))
    assert verifier(net).prepared(net.certificate(net.preprepare(), 1, 2, 3))
    assert verifier(net).prepared(net.certificate(net.preprepare(5, 3), 2, 3))


def never_proposed(net):
    """Return a pre-prepare that the primary never signed."""
    proposal = Proposal(request=net.request(), answer="never proposed")
    return PrePrepare(0, 1, proposal.digest, proposal, 0)


DEFECTS = {
    "too few": lambda _net, c: replace(c, prepares=c.prepares[:1]),
    "none": lambda _net, c: replace(c, prepares=()),
    "one voter twice": lambda _net, c: replace(c, prepares=(c.prepares[0],) * 2),
    "one voter twice beside enough": lambda _net, c: replace(c, prepares=(*c.prepares, c.prepares[0])),
    "the primary's prepare": lambda net, c: replace(c, prepares=(c.prepares[0], net.prepare(c.preprepare, 0))),
    "prepare of another view": lambda net, c: replace(
        c, prepares=(c.prepares[0], net.keyring.sign(replace(c.prepares[1], view=4)))
    ),
    "prepare of another number": lambda net, c: replace(
        c, prepares=(c.prepares[0], net.keyring.sign(replace(c.prepares[1], seq=2)))
    ),
    "prepare of another digest": lambda net, c: replace(
        c, prepares=(c.prepares[0], net.keyring.sign(replace(c.prepares[1], digest="x")))
    ),
    "forged prepare": lambda _net, c: replace(c, prepares=(c.prepares[0], replace(c.prepares[1], replica=3))),
    "a stranger's prepare": lambda _net, c: replace(c, prepares=(c.prepares[0], replace(c.prepares[1], replica=4))),
    "a negative voter": lambda _net, c: replace(c, prepares=(c.prepares[0], replace(c.prepares[1], replica=-1))),
    "unhashable voter": lambda _net, c: replace(c, prepares=(c.prepares[0], replace(c.prepares[1], replica=[2]))),
    "forged pre-prepare": lambda net, _c: net.certificate(never_proposed(net), 1, 2),
    "pre-prepare of a backup": lambda net, c: PreparedCertificate(
        net.keyring.sign(replace(c.preprepare, replica=1)), c.prepares
    ),
    "digest of another proposal": lambda net, c: PreparedCertificate(
        net.keyring.sign(replace(c.preprepare, proposal=replace(c.preprepare.proposal, answer="b"))), c.prepares
    ),
    "request nobody signed": lambda net, _c: net.certificate(
        net.preprepare(request=Request(client="bob", timestamp=1, operation="x")), 1, 2
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_c4_a_prepared_certificate_with_one_defect_is_refused(network, defect):
    net = network()
    good = net.certificate(net.preprepare(), 1, 2)
    bad = DEFECTS[defect](net, good)
    assert verifier(net).prepared(good)
    assert not verifier(net).prepared(bad)


def test_forged_certificates_pass_without_signature_checks(network):
    """Planted bug."""
    net = network()
    good = net.certificate(net.preprepare(), 1, 2)
    for defect in ("forged prepare", "forged pre-prepare"):
        assert verifier(net, check_signatures=False).prepared(DEFECTS[defect](net, good))


def test_a_weaker_certificate_passes_with_a_weaker_rule(network):
    """Planted bug: certificates of f + 1."""
    net = network()
    assert verifier(net, certificate_quorum=lambda system: system.weak).prepared(net.certificate(net.preprepare(), 1))


def test_with_stakes_certificates_need_weight(network):
    net = network(4, stakes=[5, 3, 1, 1])
    assert verifier(net).prepared(net.certificate(net.preprepare(), 1))
    assert not verifier(net).prepared(net.certificate(net.preprepare(), 2))
    assert verifier(net).prepared(net.certificate(net.preprepare(), 2, 3))
    assert not verifier(net).prepared(net.certificate(net.preprepare(1), 2, 3))


BAD_VIEW_CHANGES = {
    "certificate of the same view": lambda net: net.view_change(1, 3, net.certificate(net.preprepare(1), 2, 3)),
    "certificate of a later view": lambda net: net.view_change(1, 3, net.certificate(net.preprepare(4), 1, 2)),
    "certificate at the low watermark": lambda net: net.view_change(
        1, 3, net.certificate(net.preprepare(seq=2), 1, 2), low=2, proof=proof(net, 2)
    ),
    "certificate above the window": lambda net: net.view_change(1, 3, net.certificate(net.preprepare(seq=5), 1, 2)),
    "certificate of a negative view": lambda net: net.view_change(1, 3, net.certificate(net.preprepare(-4), 1, 2)),
    "two of one number": lambda net: net.view_change(
        5, 3, net.certificate(net.preprepare(0), 1, 2), net.certificate(net.preprepare(1, answer="b"), 2, 3)
    ),
    "invalid certificate": lambda net: net.view_change(1, 3, net.certificate(net.preprepare(), 1)),
    "checkpoint without proof": lambda net: net.view_change(1, 3, low=2),
    "negative checkpoint": lambda net: net.view_change(1, 3, low=-2, proof=proof(net, -2)),
    "proof of another checkpoint": lambda net: net.view_change(1, 3, low=4, proof=proof(net, 2)),
    "proof of the beginning": lambda net: net.view_change(1, 3, low=0, proof=proof(net, 0)),
    "checkpoint off the interval": lambda net: net.view_change(1, 3, low=3, proof=proof(net, 3)),
    "proof by too few": lambda net: net.view_change(1, 3, low=2, proof=proof(net, 2)[:2]),
    "proof by one": lambda net: net.view_change(1, 3, low=2, proof=proof(net, 2)[:1] * 3),
    "not signed": lambda net: replace(net.view_change(1, 3), replica=2),
}


def proof(net, seq):
    return tuple(net.checkpoint(seq, "state", replica) for replica in (0, 1, 2))


@pytest.mark.parametrize("defect", BAD_VIEW_CHANGES)
def test_v1_a_view_change_with_one_defect_is_refused(network, defect):
    net = network()
    assert not verifier(net).view_change(BAD_VIEW_CHANGES[defect](net))
    assert verifier(net, check_view_changes=False).view_change(BAD_VIEW_CHANGES[defect](net))


def test_v1_valid_view_changes_pass(network):
    net = network()
    for good in (
        net.view_change(1, 3),
        net.view_change(1, 3, net.certificate(net.preprepare(), 1, 2)),
        net.view_change(1, 3, net.certificate(net.preprepare(seq=6), 1, 2), low=2, proof=proof(net, 2)),
        net.view_change(2, 3, net.certificate(net.preprepare(), 1, 2), net.certificate(net.preprepare(1, 2), 2, 3)),
    ):
        assert verifier(net).view_change(good)


@given(
    n=st.integers(1, 7),
    votes=st.lists(st.tuples(st.integers(-1, 7), st.booleans(), st.booleans(), st.booleans()), max_size=8),
    view=st.integers(0, 9),
)
def test_prepared_agrees_with_a_naive_judge_in_any_order(n, votes, view):
    """The naive one counts, per digest, who really signed."""
    system = QuorumSystem.of(n)
    keyring = SymbolicKeyring()
    proposal = Proposal(request=keyring.sign(Request(client="alice", timestamp=1, operation="x")), answer="a")
    first = keyring.sign(PrePrepare(view, 1, proposal.digest, proposal, view % n))
    prepares, honest = [], []
    for voter, same_digest, same_view, signed in votes:
        vote = Prepare(view + (not same_view), 1, proposal.digest if same_digest else "b", voter)
        honest.append(signed and same_digest and same_view and 0 <= voter < n and voter != view % n)
        prepares.append(keyring.sign(vote) if signed else vote)
    signed_twice = {vote for vote, (_, _, _, signed) in zip(prepares, votes, strict=True) if signed}
    honest = [
        ok
        or (
            vote in signed_twice
            and vote.digest == proposal.digest
            and vote.view == view
            and 0 <= vote.replica < n
            and vote.replica != view % n
        )
        for ok, vote in zip(honest, prepares, strict=True)
    ]
    distinct = max(Counter(vote.replica for vote in prepares).values(), default=1) == 1
    expected = all(honest) and distinct and 1 + len(prepares) >= system.quorum
    judge = Verifier(system, Rules(), keyring, 4, 2)
    assert judge.prepared(PreparedCertificate(first, tuple(prepares))) == expected
    assert judge.prepared(PreparedCertificate(first, tuple(reversed(prepares)))) == expected


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from("ab"), st.sampled_from([2, 4])), max_size=9), st.data())
def test_checkpoint_proofs_agree_with_a_naive_judge_in_any_order(votes, data):
    keyring = SymbolicKeyring()
    system = QuorumSystem.of(7)
    proof = [keyring.sign(Checkpoint(seq, digest, voter)) for voter, digest, seq in votes]
    expected = (
        len(proof) >= 5
        and len({vote.replica for vote in proof}) == len(proof)
        and {(vote.seq, vote.state_digest) for vote in proof} in ({(2, "a")}, {(2, "b")})
    )
    judge = Verifier(system, Rules(), keyring, 4, 2)
    assert judge.checkpoint(2, tuple(proof)) == expected
    assert judge.checkpoint(2, tuple(data.draw(st.permutations(proof)))) == expected
