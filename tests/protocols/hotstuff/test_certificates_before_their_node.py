"""Certificates that overtake the proposal of their node wait for it, one for each phase, and are voted on then."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

import bft
from bft.core.effects import Send
from bft.core.inputs import ClientRequest, Deliver
from bft.core.request import Proposal, Request
from bft.core.signatures import SymbolicKeyring
from bft.protocols.hotstuff.messages import GENESIS_QC, Node, Phase, Propose, QuorumCertificate, Vote
from bft.protocols.hotstuff.replica import HotStuffReplica


@pytest.mark.parametrize("order", list(permutations(("proposal", 0, 1))), ids=str)
def test_every_vote_is_cast_in_whichever_order_a_leaders_messages_come(order: tuple[Any, ...]) -> None:
    """Without the vote on the latest certificate the view stands still where all others it needs have been heard."""
    keyring = SymbolicKeyring()
    request = keyring.sign(Request(client="client-0", timestamp=1, operation="?"))
    node = Node(0, 1, 1, GENESIS_QC, Proposal(request=request, answer="a"))
    messages: dict[Any, Any] = {"proposal": keyring.sign(Propose(node, None, None, 0))}
    for phase in (0, 1):
        votes = tuple(keyring.sign(Vote(phase, 0, node.digest, voter)) for voter in (0, 1, 3))
        messages[phase] = keyring.sign(Phase(QuorumCertificate(phase, 0, node.digest, votes), 0))
    replica = HotStuffReplica(2, bft.Scenario(protocol="hotstuff", n=4).configuration(), keyring)
    done = [*replica.step(0.0, ClientRequest(request))]
    for each in order:
        done += replica.step(0.1, Deliver(0, messages[each]))
    sent = [each.message.phase for each in done if isinstance(each, Send) and isinstance(each.message, Vote)]
    assert {1, 2} <= set(sent)
    assert len(sent) == len(set(sent))
