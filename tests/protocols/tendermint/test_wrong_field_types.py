"""Every field of every message of Tendermint, given every wrong type: dropped, nothing raised, and all go on."""

from __future__ import annotations

from typing import Any

from bft.checking.protocols import subject_of
from bft.checking.setting import Setting
from bft.checking.watching import watched
from bft.core.inputs import Deliver
from bft.core.request import Request
from bft.protocols.tendermint.messages import CatchUp, Decision, Held, Polka, Precommit, Prevote, Propose, Status
from tests.protocols.test_wrong_types import bent


def test_a_liars_wrong_types_are_dropped_and_the_honest_go_on() -> None:
    world, monitor = watched(subject_of("tendermint"), Setting(n=4, byzantine=(1,)))
    world.ask(0, 0b1111)
    value = world.sent["Propose"][0].proposal
    prevotes = tuple(Prevote(1, 0, value.digest, node) for node in range(3))
    precommits = tuple(Precommit(1, 0, value.digest, node) for node in range(3))
    full: list[Any] = [
        Propose(1, 1, value, 0, 1),
        prevotes[1],
        precommits[1],
        Status(1, 0, (Held(0, (value.digest,), 3, 1, True),), 1),
        CatchUp(
            (Decision(1, 0, value, precommits),),
            (Propose(1, 0, value, -1, 0),),
            prevotes,
            precommits,
            (Polka(1, 0, value.digest, prevotes),),
            1,
        ),
    ]
    garbage = [message for each in full for _, message in bent(each)]
    assert len(garbage) > 500
    for message in garbage:
        world.give(2, Deliver(1, message))
    dropped = world.replicas[2].drops  # type: ignore[union-attr]
    assert dropped["malformed message"] > 400
    world.pending = [entry for entry in world.pending if not isinstance(entry[1].message, Request)]
    while world.pending:
        wave, world.pending = world.pending, []
        world.give_all(wave)
    assert [world.reach[node] for node in (0, 2, 3)] == [1, 1, 1]
    assert not monitor.breaches
