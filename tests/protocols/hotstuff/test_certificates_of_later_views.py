"""A timeout or new-view that carries a certificate of a later view: a quorum is there, and who hears it follows."""

from __future__ import annotations

from typing import Any

import pytest

import bft
from bft.core.inputs import ClientRequest, Deliver
from bft.core.request import Proposal, Request
from bft.core.signatures import SymbolicKeyring
from bft.protocols.hotstuff.messages import GENESIS_QC, Node, QuorumCertificate, Timeout, TimeoutVote, Vote
from bft.protocols.hotstuff.replica import HotStuffReplica

LIAR = 3


@pytest.mark.parametrize(
    "settings",
    [
        {"protocol": "hotstuff"},
        {"protocol": "hotstuff-2"},
        {"protocol": "hotstuff-chained"},
        {"protocol": "hotstuff-chained", "hotstuff-chained": {"chain": 2}},
    ],
    ids=["basic", "two phases", "chain of three", "chain of two"],
)
def test_a_timeout_beyond_which_its_own_certificate_is_spoils_no_timeout_certificate(settings: dict[str, Any]) -> None:
    """The liar names a certificate of view 1 where it gives view 0 up. Counted, it makes proof that nobody accepts."""
    config = bft.Scenario(n=4, **settings).configuration()
    keyring = SymbolicKeyring()
    request = keyring.sign(Request(client="client-0", timestamp=1, operation="?"))
    node = Node(1, 1, 1, GENESIS_QC, Proposal(request=request, answer="a"))
    votes = tuple(keyring.sign(Vote(0, 1, node.digest, voter)) for voter in (0, 1, LIAR))
    later = QuorumCertificate(0, 1, node.digest, votes)
    replica = HotStuffReplica(2, config, keyring)
    replica.step(0.0, ClientRequest(request))
    for sender, high in ((LIAR, later), (0, GENESIS_QC), (1, GENESIS_QC)):
        vote = keyring.sign(TimeoutVote(0, high.view, sender))
        replica.step(1.0, Deliver(sender, keyring.sign(Timeout(vote, high, None, None, sender))))
    state = replica._state
    assert state.view >= 1
    assert state.verifier.entry(state.view, state.entry, state.tc)


def test_a_timeout_whose_vote_is_not_signed_is_not_counted() -> None:
    """The vote stands in the timeout certificate by itself: its own signature is what others look at."""
    config = bft.Scenario(n=4, protocol="hotstuff").configuration()
    keyring = SymbolicKeyring()
    replica = HotStuffReplica(2, config, keyring)
    replica.step(0.0, Deliver(0, keyring.sign(Timeout(TimeoutVote(0, -1, 0), GENESIS_QC, None, None, 0))))
    assert replica.drops == {"timeout with a vote that is not signed": 1}
    assert replica.held["timeouts"] == 0
