"""Every field of every message, given every wrong type: dropped and counted; nothing is raised or alarms, all go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import IntEnum
from typing import Any

import pytest

from bft.checking import operations as ops
from bft.checking.liveness import stabilise
from bft.checking.play import play
from bft.checking.protocols import PROTOCOLS, subject_of
from bft.checking.setting import Setting
from bft.checking.watching import watched
from bft.core.inputs import ClientRequest, Deliver
from bft.core.quorum import QuorumSystem
from bft.core.request import NULL_PROPOSAL, Proposal, Request
from bft.core.signatures import SymbolicKeyring
from bft.membership.messages import AskEpochs, EpochStart, EpochStarts, InEpoch, Witness
from bft.membership.replica import Members
from bft.protocols.ballot.messages import Approve, Ask, Cast, Certificate
from bft.protocols.pbft import PbftConfig
from bft.protocols.pbft.messages import MESSAGES, Checkpoint, Held, Prepare, PrePrepare

ALL = 0b1111


class Two(IntEnum):
    """Equals a number, and is none."""

    TWO = 2


class Text(str):
    """Reads like text, and may do anything."""

    __slots__ = ()


class Pair(tuple):
    """Looks like a tuple, and may do anything."""

    __slots__ = ()


def nested(depth: int) -> object:
    """Return tuples within tuples."""
    value: object = ()
    for _ in range(depth):
        value = (value,)
    return value


ODD: list[Any] = [None, True, False, 1, 2.0, float("nan"), Two.TWO, "1", b"1", (), (1,), ("x",), [], [1], {}, {1: 2}]
ODD += [Text("a"), Pair((1,)), 1 << 70, -(1 << 70), 10**5000, bytearray(b"x"), NULL_PROPOSAL, Held(1, True, 1, 1), len]


def wrong_for(old: object, path: str) -> Iterator[object]:
    """Yield what has no place in a field that holds `old`."""
    may_miss = path.endswith(("answer", "request", "snapshot"))
    for odd in ODD:
        if odd is None and may_miss:
            continue
        if path.endswith("snapshot"):
            if odd.__class__ not in (bool, int, str, bytes, tuple, type(None)) or odd == 10**5000:
                yield odd
        elif path.endswith("confidence") and type(odd) is int and odd == 1:
            continue
        elif type(odd) is not type(old) or (type(odd) is int and abs(odd) >= 1 << 70):
            yield odd
    match old:
        case int() if not isinstance(old, bool):
            yield from (float(old), bool(old), str(old))
        case str() if path.endswith("digest"):
            yield from ("0" * 65, old.encode())
        case tuple() if path.endswith("snapshot"):
            yield from ((old, [1]), (old, 10**5000), (old, 0.5), nested(2000), (old, {}))
        case tuple():
            yield from (list(old), Pair(old), (*old, None), (*old, (1,)), (*old, [1]), (*old, 0.5))
        case float():
            yield from (-0.5, 1.5, float("inf"), True)


def bent(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield copies of a message, each with one thing in one place that has no place there."""
    if is_dataclass(value):
        for each in fields(value):
            if each.init and not (isinstance(value, InEpoch) and each.name == "message"):
                here = f"{path}.{each.name}"
                for place, odd in bent(getattr(value, each.name), here):
                    yield place, replace(value, **{each.name: odd})
    elif isinstance(value, tuple) and value and not path.endswith("snapshot"):
        for place, odd in bent(value[-1], f"{path}[]"):
            yield place, (*value[:-1], odd)
    if path:
        yield from ((path, odd) for odd in wrong_for(value, path))


def collected(world: Any, schedule: list[Any], found: dict[type, Any]) -> None:
    """Play a schedule, and keep of each kind of message the one that says most."""
    give, give_all = world.give, world.give_all

    def note(event: Any) -> None:
        if isinstance(event, Deliver) and len(repr(event.message)) > len(repr(found.get(type(event.message), ""))):
            found[type(event.message)] = event.message

    def keep(instance: int, event: Any) -> None:
        note(event)
        give(instance, event)

    def keep_all(entries: Any) -> None:
        told = list(entries)
        for _, event, _ in told:
            note(event)
        give_all(told)

    world.give, world.give_all = keep, keep_all
    play(world, schedule)


def real_messages(protocol: str) -> dict[type, Any]:
    """Return a full message of every kind of a protocol."""
    subject = subject_of(protocol)
    found: dict[type, Any] = {Request: watched(subject, Setting(n=4))[0].request(0)}
    nobody = (0, 0, 0, 0)
    for schedule in (
        [ops.Ask(0, 0b0111), ops.Ask(1, 0b0111), ops.Exchange("PrePrepare", (ALL,) * 4, False), ops.Settle(12)],
        [
            *(ops.Ask(number, ALL) for number in range(3)),
            ops.Exchange("PrePrepare", (ALL,) * 4, False),
            ops.Exchange("Prepare", (ALL,) * 4, False),
            ops.Exchange("", nobody, False),
            *(ops.Fire(node, "view") for node in range(4)),
            ops.Exchange("ViewChange", (ALL,) * 4, False),
            ops.Exchange("NewView", (ALL,) * 4, False),
            ops.Exchange("", nobody, False),
            *(ops.Fire(node, "status") for node in range(4)),
            ops.Settle(12),
        ],
        [
            *(ops.Ask(number, 0b0111) for number in range(5)),
            *(ops.Exchange("", (0b0111,) * 3 + (0,), False) for _ in range(9)),
            ops.Ask(5, ALL),
            *(ops.Fire(node, timer) for node in range(4) for timer in ("status", "view", "deadline")),
            ops.Settle(12),
        ],
        [
            ops.Ask(0, ALL),
            *(ops.Fire(node, timer) for node in range(4) for timer in ("status", "deadline", "view")),
            ops.Settle(2),
            *(ops.Fire(node, "status") for node in range(4)),
            ops.Settle(12),
        ],
    ):
        collected(watched(subject, Setting(n=4))[0], schedule, found)
    return found


MOMENTS: list[list[Any]] = [
    [],
    [ops.Ask(0, ALL)],
    [ops.Ask(0, ALL), ops.Ask(1, ALL), ops.Exchange("PrePrepare", (ALL,) * 4, False)],
    [ops.Ask(0, ALL), *(ops.Fire(node, "view") for node in (1, 3))],
    [*(ops.Ask(number, ALL) for number in range(3)), ops.Settle(12), ops.Ask(3, ALL)],
]
"""Before a run, in the middle, after losses, while a view is changed, and at the end."""


def all_bent(protocol: str) -> list[tuple[str, Any]]:
    """Return every bent message of a protocol, named by where it is bent."""
    found = real_messages(protocol)
    expected = MESSAGES if protocol == "pbft" else (Cast, Ask, Certificate, Request)
    expected += (Approve,) if protocol == "ballot-judge" else ()
    assert set(expected) <= set(found), "every kind of message is among them"
    return [
        (f"{kind.__name__}{place}", message)
        for kind in expected
        for place, message in bent(found[kind])
        if kind is not Request or protocol == "pbft"
    ]


def test_no_field_of_pbft_is_left_out():
    found = {place for place, _ in all_bent("pbft")}
    assert {
        "Prepare.replica",
        "PrePrepare.proposal.request.timestamp",
        "NewView.view_changes[].prepared[].prepares[].replica",
        "NewView.view_changes[].checkpoint_proof",
        "NewView.preprepares[].proposal",
        "CatchUp.decisions[].commits[].signature",
        "CatchUp.checkpoint_proof[].state_digest",
        "CatchUp.snapshot",
        "Status.held[].preprepare",
        "Request.client",
    } <= found


EXAMINED = [protocol for protocol in PROTOCOLS if protocol == "pbft" or protocol.startswith("ballot")]
"""Membership's messages are those of PBFT in an envelope; a test below bends the envelope and what is its own. Other
protocols have tests of their own beside their replicas."""


@pytest.mark.parametrize(("protocol", "liar"), [*((protocol, 1) for protocol in EXAMINED), ("pbft", 3)])
def test_a_liar_s_wrong_types_are_dropped_and_counted_and_the_honest_go_on(protocol, liar):
    garbage = all_bent(protocol)
    assert len(garbage) > 500
    for number, schedule in enumerate(MOMENTS):
        world, monitor = watched(subject_of(protocol), Setting(n=4, byzantine=(liar,), checkpoint_interval=2, window=4))
        play(world, schedule)
        honest = [node for node in range(4) if node != liar]
        # Each moment sees its share of the garbage, the liar's own names in it where a name is not what is bent.
        for place, message in garbage[number :: len(MOMENTS)]:
            named = own_name(message, liar, place)
            for node in honest:
                replica: Any = world.replicas[node]
                before, waiting = dict(replica.drops), len(world.pending)
                world.give(node, Deliver(liar, named))
                assert replica.drops == {**before, "malformed message": before.get("malformed message", 0) + 1}, place
                assert len(world.pending) == waiting, place
        silent = 1 << liar if number % 2 else 0
        assert stabilise(world, 8, silent) is None
        assert not monitor.breaches


def own_name(message: Any, liar: int, place: str) -> Any:
    """Return the message with the liar's own number in it, in the odd form if that is what is odd."""
    if not hasattr(message, "replica"):
        return message
    if place.count(".") == 1 and place.endswith(".replica"):
        same = {bool: bool(liar), float: float(liar), str: str(liar)}
        return replace(message, replica=same.get(type(message.replica), message.replica))
    return replace(message, replica=liar)


@pytest.mark.parametrize("name", [True, 1.0])
def test_a_vote_that_only_equals_its_sender_ends_neither_a_view_nor_a_replica(name):
    world, monitor = watched(subject_of("pbft"), Setting(n=4, byzantine=(1,)))
    world.ask(0, ALL)
    proposal = next(event.message for _, event, _ in world.pending if isinstance(event.message, PrePrepare))
    lie = world.keyring.sign(Prepare(0, 1, proposal.digest, name))
    world.give(2, Deliver(1, lie))  # before the pre-prepare, and after it
    world.give(2, Deliver(0, proposal))
    world.give(3, Deliver(0, proposal))
    for node in (0, 2, 3):
        world.give(node, Deliver(1, lie))
    world.pending = []
    for node in (0, 2, 3):
        world.fire(node, "view")
    assert stabilise(world, 4, 0b0010) is None
    assert not monitor.breaches


def test_a_client_s_wrong_types_are_dropped_too():
    world, monitor = watched(subject_of("pbft"), Setting(n=4))
    for place, request in bent(world.request(0)):
        for node in range(4):
            world.give(node, ClientRequest(request))
            assert world.replicas[node].drops["malformed message"], place
    for odd in ODD:
        world.give(0, ClientRequest(odd))
    assert not world.pending
    assert stabilise(world, 2, 0) is None
    assert not monitor.breaches


def test_messages_about_epochs_are_checked_too():
    keyring = SymbolicKeyring([3])
    config = PbftConfig(system=QuorumSystem.of(4))
    replica = Members(members=(0, 1, 2, 3))(0, config, keyring)
    votes = tuple(Checkpoint(16, "0" * 64, node) for node in (1, 2, 3))
    start = EpochStart(1, 16, votes, ((), ()))
    proposal = Proposal(request=Request(client="alice", timestamp=1, operation="?"), answer="a")
    real = [
        InEpoch(0, Prepare(0, 1, "0" * 64, 3)),
        Witness(PrePrepare(0, 1, proposal.digest, proposal, 0)),
        AskEpochs(0),
        EpochStarts((start,)),
    ]
    for message in real:
        for place, odd in bent(message):
            before = replica.drops.get("malformed message", 0)
            assert not replica.step(0.0, Deliver(3, odd)), place
            assert replica.drops["malformed message"] == before + 1, place
    for _, odd in bent(Prepare(0, 1, "0" * 64, 3)):
        assert not replica.step(0.0, Deliver(3, InEpoch(0, odd)))
    for odd in ODD:
        assert not replica.step(0.0, Deliver(3, InEpoch(0, odd)))
        assert not replica.step(0.0, ClientRequest(odd))
