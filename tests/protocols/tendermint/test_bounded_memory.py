"""Forged, malformed, far-future, duplicated and replayed messages: dropped, counted by reason, memory bounded."""

from __future__ import annotations

from typing import Any

import pytest

from bft.core.events import Equivocation
from bft.core.inputs import Deliver
from bft.core.request import NULL_PROPOSAL, Proposal, Request
from bft.protocols.tendermint.messages import CatchUp, Precommit, Prevote, Propose, Status
from tests.protocols.tendermint.conftest import Network

HUGE = 10**15


def size(network: Network) -> int:
    """Return how many messages replica 3 keeps."""
    state = network.state(3)
    logs = [*state.rounds.values(), *state.next_rounds.values()]
    far = sum(len(held) for _, held in state.far.items())
    return far + sum(len(log.proposals) + len(log.prevotes.votes) + len(log.precommits.votes) for log in logs)


def test_votes_for_far_heights_and_rounds_fill_no_memory(alone: Network) -> None:
    alone.ask()
    for number in range(3000):
        for voter in (0, 1, 2):
            alone.tell(3, Prevote(2 + number, 0, None, voter))
            alone.tell(3, Prevote(1, 100 + 3 * number + voter, f"{number}", voter))
            alone.tell(3, Prevote(2, number, None, voter))
            alone.tell(3, Precommit(HUGE, HUGE, None, voter))
    assert size(alone) <= 3 * 2 * 17 + 3 * 8
    assert alone.replicas[3].drops["message of a far height"] >= 3000


def test_a_proposer_that_proposes_without_end_keeps_two_places(alone: Network) -> None:
    alone.ask()
    for number in range(500):
        alone.tell(3, alone.propose(alone.value(f"value {number}"), by=0))
    assert len(alone.state(3).rounds[0].proposals) == 2
    assert alone.replicas[3].drops["second proposal"] == 498
    evidence = [event for node, event in alone.events if isinstance(event, Equivocation)]
    assert {event.culprit for event in evidence} == {0}
    assert len(alone.asked) <= 2


def test_a_third_proposal_is_kept_once_others_vote_for_it(alone: Network) -> None:
    alone.ask()
    wanted = alone.value("wanted")
    for voter in (0, 1):
        alone.tell(3, alone.prevote(wanted, by=voter))
    for answer in ("x", "y", "wanted"):
        alone.tell(3, alone.propose(alone.value(answer), by=0))
    assert wanted.digest in alone.state(3).rounds[0].proposals


def test_a_second_vote_counts_no_more_and_is_evidence(alone: Network) -> None:
    alone.ask()
    for _ in range(5):
        alone.tell(3, alone.prevote(None, by=0))
    alone.tell(3, alone.prevote(alone.value("a"), by=0))
    tally = alone.state(3).rounds[0].prevotes
    assert (tally.total, tally.weights) == (1, {None: 1})
    assert alone.replicas[3].drops["second vote"] == 5
    assert [event.culprit for node, event in alone.events if isinstance(event, Equivocation)] == [0]


@pytest.mark.parametrize(
    ("message", "sender", "reason"),
    [
        (Prevote(1, 0, None, 0), 1, "identity differs from sender"),
        (Precommit(1, 0, None, 0), 2, "identity differs from sender"),
        (Prevote(1, 0, None, True), 1, "malformed message"),
        (Prevote(1.0, 0, None, 0), 0, "malformed message"),  # type: ignore[arg-type]
        (Prevote(-1, 0, None, 0), 0, "malformed message"),
        (Precommit(1, 0, "x" * 65, 0), 0, "malformed message"),
        (Precommit(1, [], None, 0), 0, "malformed message"),  # type: ignore[arg-type]
        (Prevote(0, 0, None, 0), 0, "message of a past height"),
        (Propose(1, 0, NULL_PROPOSAL, -1, 0), 0, "request not signed by its client"),
        (Propose(1, 0, Proposal(request=None), -2, 0), 0, "malformed message"),
        (Propose(1, 1, NULL_PROPOSAL, -1, 0), 0, "proposal not from the proposer"),
        (Status(1, 0, (), 0), 1, "identity differs from sender"),
        (CatchUp((), (), (), (), (), 0), 1, "identity differs from sender"),
        (CatchUp((1,), (), (), (), (), 0), 0, "malformed message"),  # type: ignore[arg-type]
        ("nonsense", 0, "unknown message"),
        ([], 0, "unknown message"),
    ],
)
def test_what_does_not_count_is_dropped_by_reason(alone: Network, message: Any, sender: int, reason: str) -> None:
    alone.ask()
    alone.give(3, Deliver(sender, message))
    assert alone.replicas[3].drops == {reason: 1}
    assert size(alone) == 0


def test_a_request_that_its_client_did_not_sign_is_not_proposed(alone: Network) -> None:
    alone.ask()
    forged = Proposal(request=Request(client="alice", timestamp=9, operation="never asked"), answer="x")
    alone.tell(3, Propose(1, 0, forged, -1, 0))
    assert alone.replicas[3].drops["request not signed by its client"] == 1


def test_messages_passed_on_need_their_senders_signature(alone: Network) -> None:
    network = Network(alone.system, byzantine=(0,))
    network.ask(to=(3,))
    forged = (Prevote(1, 0, None, 1), Prevote(1, 0, None, 2))
    network.give(3, Deliver(0, CatchUp((), (), forged, (), (), 0)))
    assert network.replicas[3].drops["passed on without its sender's signature"] == 2
