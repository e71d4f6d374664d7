"""Where an epoch ends, nothing above is executed, answered or voted for, also after a crash; and all agree where."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

import bft
from bft.core.effects import Broadcast, Execute, Forget, Persist, Reply, RequestProposal, RequestVerdict, Send
from bft.core.events import Judgement
from bft.core.inputs import ClientRequest, Deliver, ProposalReady, Restart, VerdictReady
from bft.core.quorum import QuorumSystem
from bft.core.request import Proposal, Request
from bft.core.signatures import SymbolicKeyring
from bft.core.verdict import Verdict
from bft.membership.events import EpochEntered, Isolated
from bft.membership.instance import _changed
from bft.membership.keys import EpochKeyring
from bft.membership.messages import InEpoch
from bft.membership.replica import EpochReplica, Members
from bft.network.settings import Partition
from bft.protocols.pbft import PbftConfig
from bft.protocols.pbft.events import (
    CheckpointStable,
    Committed,
    Prepared,
    PrePrepareAccepted,
    ViewChangeStarted,
    ViewEntered,
)
from bft.protocols.pbft.evidence import Evidence, to_text
from bft.protocols.pbft.messages import Checkpoint, Commit, Prepare, PrePrepare

Held = Callable[[int, Any], bool]


class Network:
    """Nodes that hear each other at once, except what `held` keeps back: from a recipient and a message."""

    def __init__(self, nodes: int, members: int, held: Held = lambda node, message: False) -> None:  # noqa: ARG005
        self.keys = SymbolicKeyring()
        self.config = PbftConfig(system=QuorumSystem.of(members), checkpoint_interval=8, window=64)
        self.make = Members(members=tuple(range(members)), spares=tuple(range(members, nodes)))
        self.nodes = [self.make(node, self.config, self.keys) for node in range(nodes)]
        self.stored: list[dict[Any, Any]] = [{} for _ in range(nodes)]
        self.held = held
        self.waiting: list[tuple[int, int, Any]] = []
        self.executed: list[list[int]] = [[] for _ in range(nodes)]
        self.replies: list[list[tuple[str, int, str]]] = [[] for _ in range(nodes)]
        self.said: list[list[Any]] = [[] for _ in range(nodes)]

    def give(self, node: int, event: Any) -> None:
        for effect in self.nodes[node].step(0.0, event):
            self._do(node, effect)

    def _do(self, node: int, effect: object) -> None:
        disk = self.stored[node]
        match effect:
            case Persist(entries):
                disk.update({key: value for key, value in entries if value is not None})
                for key in [key for key, value in entries if value is None]:
                    disk.pop(key, None)
            case Forget(kinds, through):
                for key in [key for key in disk if key[0] in kinds and key[1] <= through]:
                    del disk[key]
            case Broadcast(message):
                self.said[node].append(message)
                self.waiting += [(other, node, message) for other in range(len(self.nodes)) if other != node]
            case Send(other, message):
                self.said[node].append(message)
                self.waiting.append((other, node, message))
            case RequestProposal(view, request):
                self.give(node, ProposalReady(view, request, f"node {node} in epoch {self.nodes[node].epoch}"))
            case RequestVerdict(view, seq, digest):
                self.give(node, VerdictReady(view, seq, digest, Verdict.ACCEPT))
            case Execute():
                self.executed[node].append(effect.seq)
            case Reply():
                self.replies[node].append((effect.client, effect.timestamp, effect.result))

    def ask(self, client: str, operation: str) -> Request:
        request = self.keys.sign(Request(client=client, timestamp=1, operation=operation))
        for node in range(len(self.nodes)):
            self.give(node, ClientRequest(request))
        return request

    def settle(self) -> None:
        """Deliver everything that is not held back."""
        while free := [entry for entry in self.waiting if not self.held(entry[0], entry[2])]:
            self.waiting = [entry for entry in self.waiting if self.held(entry[0], entry[2])]
            for recipient, sender, message in free:
                self.give(recipient, Deliver(sender, message))

    def restart(self, node: int) -> None:
        self.nodes[node] = self.make(node, self.config, self.keys)
        self.give(node, Restart(dict(self.stored[node])))


def inner(message: object) -> Any:
    return message.message if isinstance(message, InEpoch) else None


def left_behind_at_the_end() -> tuple[Network, list[Request]]:
    """Twenty requests, the third of which ends the epoch at 8: all are committed before any is executed.

    Node 2 has executed up to 8 and hears neither checkpoints nor what comes after the epoch.
    """
    first_commits = [True]

    def held(node: int, message: object) -> bool:
        body = inner(message)
        if first_commits and isinstance(body, Commit) and body.seq == 1:
            return True
        return node == 2 and (body is None or isinstance(body, Checkpoint))

    net = Network(5, 4, held)
    asked = [
        net.ask("operator", "member replace 3 4") if number == 2 else net.ask(f"client-{number}", f"question {number}")
        for number in range(20)
    ]
    net.settle()
    assert not any(net.executed)
    first_commits.clear()
    net.settle()
    assert [node.epoch for node in net.nodes] == [1, 1, 0, 1, 1]
    return net, asked


def test_an_execution_beyond_the_end_is_neither_kept_nor_answered_also_after_a_restart() -> None:
    net, asked = left_behind_at_the_end()
    assert net.executed[2] == list(range(1, 9))
    assert max(key[1] for key in net.stored[2] if key[0] == "0/decision") == 8
    for restarted in (False, True):
        if restarted:
            net.restart(2)
        net.replies[2].clear()
        for request in asked:
            net.give(2, ClientRequest(request))
        beyond = {(client, timestamp) for client, timestamp, _ in net.replies[2]} & {each.key for each in asked[8:]}
        assert not beyond, "what is above the end belongs to the next epoch"
    everybody = {(client, result) for client, _, result in net.replies[0]}
    assert ("client-15", "node 0 in epoch 1") in everybody
    assert ("client-15", "node 0 in epoch 0") not in everybody


def test_whoever_restarts_at_the_end_of_its_epoch_votes_for_nothing_above_it() -> None:
    net, _ = left_behind_at_the_end()
    for restarted in (False, True):
        if restarted:
            net.restart(2)
        net.said[2].clear()
        ring = EpochKeyring(net.keys, 0, (0, 1, 2, 3))
        for seq in (21, 22):
            request = net.keys.sign(Request(client=f"late-{seq}", timestamp=1, operation="x"))
            value = proposal(request)
            net.give(2, Deliver(0, InEpoch(0, ring.sign(PrePrepare(0, seq, value.digest, value, 0)))))
        votes = [inner(each) for each in net.said[2]]
        above = [
            vote for vote in votes if isinstance(vote, PrePrepare | Prepare | Commit | Checkpoint) and vote.seq > 8
        ]
        assert not above


def proposal(request: Request) -> Proposal:
    return Proposal(request=request, answer="a")


def test_whoever_was_left_behind_at_the_end_follows_and_answers_as_all_others() -> None:
    net, _ = left_behind_at_the_end()
    net.restart(2)
    net.held = lambda node, message: False  # noqa: ARG005
    net.settle()
    assert [node.epoch for node in net.nodes] == [1, 1, 1, 1, 1]
    assert {node.members for node in net.nodes} == {(0, 1, 2, 4)}
    said = {}
    for replies in net.replies:
        for client, timestamp, result in replies:
            assert said.setdefault((client, timestamp), result) == result


def scenario(**given: object) -> bft.Scenario:
    fields: dict[str, object] = {
        "n": 4,
        "views": "unlimited",
        "pbft": {"checkpoint_interval": 8, "window": 32},
        "requests": {"count": 120, "rate_per_s": 2.0, "clients": 40},
        "horizon_s": 400.0,
    }
    return bft.Scenario(**{**fields, **given})


@pytest.mark.parametrize(
    "changes",
    [
        [{"at_s": 12.0, "remove": 3}, {"at_s": 13.0, "add": 3}],
        [{"at_s": 12.0, "remove": 3, "add": 4}, {"at_s": 13.0, "remove": 4, "add": 3}],
        [{"at_s": 12.0, "add": 4}, {"at_s": 12.5, "remove": 4}, {"at_s": 13.0, "remove": 1}, {"at_s": 13.2, "add": 1}],
    ],
    ids=["removed and added", "replaced and replaced back", "two changes, one of which only changes places"],
)
def test_a_change_that_is_undone_before_the_checkpoint_leaves_nobody_behind(changes: list[dict[str, float]]) -> None:
    away = (Partition(start_s=8.0, end_s=40.0, groups=((2,),)),)
    run = bft.simulate(
        scenario(n=5, membership={"members": 4, "least": 1, "changes": changes}, network={"partitions": away}), 5
    )
    assert not run.breaches
    entered: dict[int, set[object]] = {}
    for _, _, event in run.trace.of(EpochEntered):
        entered.setdefault(event.epoch, set()).add((event.base, event.members))
    assert all(len(told) == 1 for told in entered.values())
    last = dict.fromkeys(range(4), 0)
    for _, node, event in run.trace.of(Execute):
        last[node] = max(last.get(node, 0), event.seq)
    assert {last[node] for node in range(4)} == {max(last.values())}, "nobody stays behind"


@pytest.mark.parametrize(("seed", "loss"), [(17, 0.02), (41, 0.05), (12, 0.2)])
def test_state_transfer_and_execution_in_one_step_end_the_epoch_where_the_others_end_it(seed: int, loss: float) -> None:
    run = bft.simulate(
        scenario(
            n=5,
            requests={"count": 24, "rate_per_s": 1.0, "clients": 4},
            pbft={"checkpoint_interval": 4, "window": 8, "view_timeout_s": 2.0},
            retransmit_s=1.0,
            horizon_s=900.0,
            membership={"members": 4, "changes": [{"at_s": 10.0, "remove": 3, "add": 4}]},
            network={"loss": loss},
        ),
        seed,
    )
    assert not run.breaches
    assert len({event for _, _, event in run.trace.of(EpochEntered)}) == 1
    assert {node for _, node, _ in run.trace.of(EpochEntered)} == set(range(5))


def accused(effects: Sequence[object]) -> list[Request]:
    return [
        effect.message.message
        for effect in effects
        if isinstance(effect, Broadcast) and isinstance(effect.message, InEpoch)
        if isinstance(effect.message.message, Request)
    ]


def test_every_culprit_found_at_one_execution_is_accused_and_convicted() -> None:
    keys = SymbolicKeyring((4, 5, 6))
    config = PbftConfig(system=QuorumSystem.of(10), checkpoint_interval=8, window=16)
    nodes = [Members(members=tuple(range(10)))(node, config, keys) for node in range(4)]
    effects: list[object] = []
    for liar in (4, 5, 6):
        for digest in ("a", "b"):
            effects += nodes[1].step(0.0, Deliver(liar, InEpoch(0, Prepare(0, 1, digest, liar))))
    assert [event.culprit for event in effects if isinstance(event, Isolated)] == [4, 5, 6]
    accusations = accused(effects)
    assert len({each.key for each in accusations}) == 3
    proposed: list[object] = []
    for accusation in accusations:
        proposed += nodes[0].step(0.0, Deliver(1, InEpoch(0, accusation)))
    ordered = [inner(each.message) for each in proposed if isinstance(each, Broadcast)]
    assert [each.proposal.request for each in ordered if isinstance(each, PrePrepare)] == accusations
    for accusation in accusations:
        nodes[2].machine.apply(proposal(accusation))
    assert nodes[2].machine.convicted == (4, 5, 6)


def in_the_second_epoch() -> tuple[EpochReplica, SymbolicKeyring]:
    """A member after node 4 has taken the seat of node 0, whose key the adversary holds."""
    net = Network(5, 4)
    net.keys.corrupted.add(0)
    net.ask("operator", "member replace 0 4")
    for number in range(7):
        net.ask(f"client-{number}", "question")
    net.settle()
    assert net.nodes[1].members == (4, 1, 2, 3)
    return net.nodes[1], net.keys


def test_evidence_of_an_old_epoch_convicts_who_sat_there_then() -> None:
    member, keys = in_the_second_epoch()
    ring = EpochKeyring(keys, 0, (0, 1, 2, 3))
    claim = Evidence(ring.sign(Prepare(0, 1, "a", 0)), ring.sign(Prepare(0, 1, "b", 0)))
    accusation = keys.sign(Request(client="member-2-on-0", timestamp=1, operation=f"accuse 0 {to_text(claim)}"))
    assert member.machine.apply(proposal(accusation)) == "ok 0 is convicted"
    assert member.machine.next_members == (4, 1, 2, 3)
    assert member.machine.convicted == (0,)


def test_evidence_under_another_epochs_name_convicts_nobody() -> None:
    member, keys = in_the_second_epoch()
    ring = EpochKeyring(keys, 0, (0, 1, 2, 3))
    claim = Evidence(ring.sign(Prepare(0, 1, "a", 0)), ring.sign(Prepare(0, 1, "b", 0)))
    for epoch in (1, 2, 9):
        accusation = keys.sign(Request(client="x", timestamp=epoch, operation=f"accuse {epoch} {to_text(claim)}"))
        assert member.machine.apply(proposal(accusation)) == "error: this convicts nobody"
    assert member.machine.convicted == ()


def test_requests_that_a_member_relayed_or_restarted_with_go_over_into_the_next_epoch() -> None:
    net, _ = left_behind_at_the_end()
    lonely = net.keys.sign(Request(client="lonely", timestamp=1, operation="told to node 2 alone"))
    net.give(2, ClientRequest(lonely))
    net.restart(2)
    net.held = lambda node, message: False  # noqa: ARG005
    net.settle()
    follower = net.nodes[2]
    assert follower.epoch == 1
    assert follower._inner is not None
    assert lonely in follower._inner.pending


EVENTS = (
    Prepared(3, 4, "d", (0, 2)),
    Committed(3, 4, "d", (1, 2)),
    CheckpointStable(4, "d", (0, 1)),
    PrePrepareAccepted(3, 4, "d", True),
    ViewEntered(3, 1, 0, (0, 1, 2)),
    ViewChangeStarted(3),
    Judgement(3, 4, Verdict.ACCEPT),
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_is_reported_with_its_other_fields_as_they_were(event: Any) -> None:
    for names in itertools.chain.from_iterable(itertools.combinations(("seq", "voters"), many) for many in range(3)):
        changes = {name: (10,) if name == "voters" else 9 for name in names if hasattr(event, name)}
        assert _changed(event, changes) == replace(event, **changes)
