"""Forged, malformed, far-future, duplicated and replayed messages: dropped, counted by reason, memory bounded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bft.checking import operations as ops
from bft.checking.hotstuff.subject import VARIANTS
from bft.checking.liveness import stabilise
from bft.checking.play import play
from bft.checking.protocols import subject_of
from bft.checking.setting import Setting
from bft.checking.watching import watched
from bft.core.events import Equivocation
from bft.core.inputs import ClientRequest, Deliver
from bft.core.request import Proposal, Request
from bft.core.shape import plain
from bft.protocols.hotstuff.messages import (
    GENESIS,
    GENESIS_QC,
    MESSAGES,
    Branch,
    Fetch,
    LastReply,
    NewView,
    Node,
    Phase,
    Propose,
    QuorumCertificate,
    SavedState,
    Status,
    Timeout,
    TimeoutCertificate,
    TimeoutVote,
    Vote,
)
from tests.protocols.test_wrong_types import ALL, ODD, bent, own_name

HUGE = 10**15
LIAR = 3


def world_of(variant: str, byzantine: tuple[int, ...] = (LIAR,)) -> Any:
    return watched(subject_of(variant), Setting(n=4, byzantine=byzantine), record=True)


def full_messages() -> dict[type, Any]:
    """Return a message of every kind in which every field holds something."""
    proposal = Proposal(request=Request(client="client-0", timestamp=1, operation="?"), answer="a")
    qc = QuorumCertificate(0, 0, GENESIS.digest, (Vote(0, 0, GENESIS.digest, 1),))
    tc = TimeoutCertificate(0, (TimeoutVote(0, -1, 1),))
    node = Node(1, 1, 1, qc, proposal)
    made = [
        Propose(node, qc, tc, 1),
        Vote(0, 1, node.digest, 1),
        Phase(qc, 1),
        NewView(1, qc, qc, tc, 1),
        Timeout(TimeoutVote(1, 0, 1), qc, qc, tc, 1),
        Fetch(node.digest, 0, node.digest, 1),
        Branch((node,), qc, qc, qc, tc, 1),
        SavedState(node, qc, "0" * 64, (LastReply("client-0", 1, "a"),), 1),
        Status(1, 0, 0, node.digest, 0, True, 1, 1, 1, 1),
    ]
    return {type(message): message for message in made}


def missing(place: str, odd: Any) -> bool:
    """Whether a field may be left out, and is."""
    last = place.rsplit(".", 1)[-1]
    return odd is None and last in {"entry", "tc", "high", "commit", "proposal", "request", "answer"}


def test_no_kind_of_message_is_left_out() -> None:
    assert {*full_messages(), Request} == set(MESSAGES)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_field_of_every_message_given_every_wrong_type_is_dropped_and_counted(variant: str) -> None:
    world, monitor = world_of(variant)
    play(world, [ops.Ask(0, ALL), ops.Settle(3)])
    world.pending.clear()
    tried = 0
    for kind, message in full_messages().items():
        for place, odd in bent(message):
            if missing(place, None) and odd == _without(message, place):
                continue
            if place == ".machine" and plain(odd.machine):
                continue  # as well formed as any other state
            tried += 1
            replica = world.replicas[tried % 3]
            before = dict(replica.drops)
            world.give(tried % 3, Deliver(LIAR, own_name(odd, LIAR, place)))
            told = {**before, "malformed message": before.get("malformed message", 0) + 1}
            assert replica.drops == told, f"{kind.__name__}{place}"
    for odd in ODD:
        world.give(0, Deliver(LIAR, odd))
        world.give(0, ClientRequest(odd))
    assert tried > 500
    assert not world.pending
    if variant != "hotstuff-chained":  # which commits nothing without one of four
        assert stabilise(world, 8, 1 << LIAR) is None
    assert not monitor.breaches


def _without(message: Any, place: str) -> Any:
    """Return a message with the field at a place set to None; the message itself where it has none such."""
    first, _, rest = place.lstrip(".").partition(".")
    name, _, inside = first.partition("[")
    if not hasattr(message, name):
        return message
    inner = getattr(message, name)
    if not rest and not inside:
        return replace(message, **{name: None})
    if inside:
        return replace(message, **{name: (*inner[:-1], _without(inner[-1], rest))}) if rest else message
    return replace(message, **{name: _without(inner, rest)})


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_flood_of_votes_timeouts_and_requests_for_nodes_fills_no_memory(variant: str) -> None:
    world, _ = world_of(variant)
    play(world, [ops.Ask(0, ALL), ops.Settle(2)])
    world.pending.clear()
    replica = world.replicas[1]
    for number in range(1000):
        view = 4 * number + (0 if variant.startswith("hotstuff-chained") else 1)
        vote = TimeoutVote(number, -1, LIAR)
        for message in (
            Vote(0, view, f"{number}", LIAR),
            Vote(0, HUGE, f"{number}", LIAR),
            Timeout(vote, GENESIS_QC, None, None, LIAR),
            NewView(4 * number + 1, GENESIS_QC, None, None, LIAR),
            Fetch(f"{number}", 0, GENESIS.digest, LIAR),
            Status(number, 0, -1, GENESIS.digest, 0, False, 0, 0, 0, LIAR),
            Propose(Node(number, 1, 0, GENESIS_QC, None), None, None, LIAR),
            Branch((Node(number, 1, 0, GENESIS_QC, None),), None, None, None, None, LIAR),
        ):
            world.give(1, Deliver(LIAR, message))
        world.pending.clear()
    held = replica.held
    assert held["votes"] <= 4 * 8
    assert held["timeouts"] <= 4 * 8
    assert held["new-views"] <= 4 * 8
    assert held["open nodes"] <= 20
    assert held["missing"] <= 8
    assert held["held"] <= 8
    assert sum(replica.drops.values()) > 4000
    assert {"timeout without proof of its view", "fetch of an unknown node", "uncertified branch"} <= set(replica.drops)


@pytest.mark.parametrize("variant", VARIANTS)
def test_duplicated_and_replayed_messages_change_nothing(variant: str) -> None:
    world, monitor = world_of(variant, byzantine=())
    play(world, [ops.Ask(0, ALL), ops.Settle(12)])
    executed = [world.replicas[node].last_executed for node in range(4)]
    assert executed == [1, 1, 1, 1]
    for event in tuple(world.history):
        for node in range(4):
            if event.sender != node:
                world.give(node, event)
    assert [world.replicas[node].last_executed for node in range(4)] == executed
    assert not monitor.breaches


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_leader_that_proposes_twice_is_told_of_and_its_second_proposal_gets_no_vote(variant: str) -> None:
    world, monitor = world_of(variant, byzantine=(0,))
    play(world, [ops.Ask(0, ALL)])
    first = next(event.message for _, event, _ in world.pending if isinstance(event.message, Propose))
    rival = Proposal(request=first.node.proposal.request, answer="another")
    second = world.keyring.sign(replace(first, node=replace(first.node, proposal=rival)))
    world.pending.clear()
    for message in (first, second):
        world.give(2, Deliver(0, message))
    told = [record.event for record in world.trace if isinstance(record.event, Equivocation)]
    assert [event.culprit for event in told] == [0]
    assert world.replicas[2].drops["second proposal"] == 1
    votes = [event.message for _, event, _ in world.pending if isinstance(event.message, Vote)]
    assert [vote.node for vote in votes] == [first.node.digest]
    assert not monitor.breaches


@pytest.mark.parametrize(
    ("votes", "fault"),
    [
        ((0, 1), "too few"),
        ((0, 1, 1), "a voter twice"),
        ((0, 1, 2), "never signed"),
        ((0, 1, 7), "a stranger"),
    ],
)
def test_a_certificate_that_is_none_is_not_believed(votes: tuple[int, ...], fault: str) -> None:
    world, _ = world_of("hotstuff", byzantine=(0,))
    forged = QuorumCertificate(0, 0, GENESIS.digest, tuple(Vote(0, 0, GENESIS.digest, voter) for voter in votes))
    world.give(1, Deliver(0, Phase(forged, 0)))
    assert world.replicas[1].drops == {"invalid certificate": 1}, fault
