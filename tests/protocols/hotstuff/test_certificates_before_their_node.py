"""Certificates that overtake the proposal of their node wait for it, and so does the leader of the next view."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

import bft
from bft.core.effects import RequestProposal, Send
from bft.core.inputs import ClientRequest, Deliver, TimerFired
from bft.core.request import Proposal, Request
from bft.core.signatures import SymbolicKeyring
from bft.protocols.hotstuff.messages import GENESIS_QC, NewView, Node, Phase, Propose, QuorumCertificate, Vote
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


@pytest.mark.parametrize(("protocol", "phases"), [("hotstuff", 3), ("hotstuff-2", 2)])
def test_a_leader_that_lacks_the_certified_node_waits_for_it_and_proposes_on_no_older_one(
    protocol: str, phases: int
) -> None:
    """Nobody would vote for what stands beside a certified node; the leader's view would have to run out."""
    keyring = SymbolicKeyring()
    requests = [keyring.sign(Request(client=f"client-{each}", timestamp=1, operation="?")) for each in range(2)]
    node = Node(0, 1, 1, GENESIS_QC, Proposal(request=requests[0], answer="a"))
    made = [
        QuorumCertificate(
            phase, 0, node.digest, tuple(keyring.sign(Vote(phase, 0, node.digest, each)) for each in (0, 2, 3))
        )
        for phase in (0, phases - 1)
    ]
    replica = HotStuffReplica(1, bft.Scenario(protocol=protocol, n=4).configuration(), keyring)
    done = [effect for request in requests for effect in replica.step(0.0, ClientRequest(request))]
    for sender in (0, 2, 3):
        done += replica.step(0.1, Deliver(sender, keyring.sign(NewView(1, made[0], made[1], None, sender))))
    done += replica.step(1.2, TimerFired("wait"))
    assert replica.current_view == 1
    assert not [each for each in done if isinstance(each, RequestProposal)]
    done = [*replica.step(1.3, Deliver(0, keyring.sign(Propose(node, None, None, 0))))]
    assert replica.last_executed == 1
    assert [each.request for each in done if isinstance(each, RequestProposal)] == requests[1:]
