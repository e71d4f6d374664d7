"""Saved states: long streams need no more memory or disk than short ones; who is far behind takes a state over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import bft
from bft.checking import operations as ops
from bft.checking.hotstuff.subject import VARIANTS
from bft.checking.play import play
from bft.checking.protocols import subject_of
from bft.checking.setting import Setting
from bft.checking.watching import watched
from bft.core.disk import Disk
from bft.core.effects import Forget, Persist
from bft.core.events import StateTransferred
from bft.core.inputs import Deliver
from bft.protocols.hotstuff import HotStuffReplica
from bft.protocols.hotstuff.messages import GENESIS_QC, LastReply, SavedState
from bft.protocols.hotstuff.snapshots import KEPT
from bft.simulation.simulate import Simulator

PROTOCOLS: list[tuple[str, dict[str, Any]]] = [
    ("hotstuff", {}),
    ("hotstuff-2", {}),
    ("hotstuff-chained", {"chain": 3}),
    ("hotstuff-chained", {"chain": 2}),
]
INTERVAL = 16
QUICK = {"checkpoint_interval": 4, "view_timeout_s": 1.5, "timeout_growth": 1.0}


def scenario(protocol: str, own: dict[str, Any], **fields: Any) -> bft.Scenario:
    table = {"checkpoint_interval": INTERVAL, **own}
    return bft.Scenario(protocol=protocol, n=fields.pop("n", 4), **{protocol: table}, **fields)


class Measured(HotStuffReplica):
    """A replica that notes the most that it has held, and what its disk has."""

    __slots__ = ("disk", "most", "steps")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.most: dict[str, int] = {}
        self.disk = Disk()
        self.steps = 0

    def step(self, now: float, event: Any) -> Any:
        effects = super().step(now, event)
        for effect in effects:
            if isinstance(effect, Persist):
                self.disk.persist(effect)
            elif isinstance(effect, Forget):
                self.disk.forget(effect)
        self.steps += 1
        if self.steps % 50 == 0:
            for name, size in {**self.held, "disk": len(self.disk)}.items():
                self.most[name] = max(self.most.get(name, 0), size)
        return effects


@pytest.mark.parametrize(("protocol", "own"), PROTOCOLS)
def test_thousands_of_requests_leave_no_more_behind_than_hundreds(protocol: str, own: dict[str, Any]) -> None:
    """Node 3 of 4 has crashed where the variant decides without it; it holds nobody's memory."""
    crashed = () if own.get("chain") == 3 else (3,)
    made: list[Measured] = []

    def make(node: int, config: Any, keyring: Any) -> Measured:
        made.append(Measured(node, config, keyring))
        return made[-1]

    stream = {"count": 1200, "rate_per_s": 1.0, "clients": 7}
    asked = scenario(protocol, {"view_timeout_s": 2.0, **own}, requests=stream, faults={"nodes": crashed})
    run = Simulator(asked, 3, make_replica=make, keep="summary").run()
    assert run.requests.executed > 1000 - 250 * len(crashed)
    for replica in made[: 4 - len(crashed)]:
        assert replica.last_executed > 1000 - 250 * len(crashed)
        most = replica.most
        assert most["chain"] <= (KEPT + 1) * INTERVAL
        assert most["states"] <= KEPT + 1
        assert most["open nodes"] <= 40
        assert most["disk"] <= (KEPT + 2) * INTERVAL + 60
        assert all(size <= 40 for name, size in most.items() if name not in ("chain", "disk"))


@pytest.mark.parametrize(("protocol", "own"), PROTOCOLS)
def test_a_replica_cut_off_until_its_nodes_are_forgotten_takes_a_state_over_and_goes_on(
    protocol: str, own: dict[str, Any]
) -> None:
    cut = {"partitions": [{"start_s": 5.0, "end_s": 60.0, "groups": [[0, 1, 2, 4, 5, 6], [3]]}]}
    stream = {"count": 100, "rate_per_s": 2.0, "clients": 5}
    asked = scenario(protocol, {**own, **QUICK}, n=7, requests=stream, network=cut)
    run = Simulator(asked, 2, check="full").run()
    assert not run.breaches
    adopted = [record for record in run.trace if isinstance(record.event, StateTransferred)]
    assert {record.node for record in adopted} == {3}
    assert run.requests.executed + run.requests.superseded == 100
    assert {outcome.value for outcome in run.outcomes} <= {"agreed_correct", "superseded"}


@pytest.mark.parametrize(("protocol", "own"), PROTOCOLS)
def test_a_replica_that_comes_back_goes_on_from_its_saved_state(protocol: str, own: dict[str, Any]) -> None:
    """Node 2 comes back while nobody can reach it: what it has executed then is what its disk says."""
    back = {"nodes": (2,), "behaviour": {"kind": "crash_recover", "at_s": 30.0, "back_s": 40.0}}
    cut = {"partitions": [{"start_s": 30.0, "end_s": 60.0, "groups": [[0, 1, 3, 4, 5, 6], [2]]}]}
    stream = {"count": 100, "rate_per_s": 2.0, "clients": 5}
    asked = scenario(protocol, {**own, **QUICK}, n=7, requests=stream, network=cut, faults=back)
    run = Simulator(asked, 4, check="full").run()
    assert not run.breaches
    restarted = [record.event for record in run.trace if type(record.event).__name__ == "Restarted"]
    executed = [record for record in run.trace if record.node == 2 and type(record.event).__name__ == "Execute"]
    assert [event.last_executed for event in restarted] == [sum(record.time_s <= 30.0 for record in executed)]
    assert restarted[0].last_executed > 20


def left_behind(variant: str) -> tuple[Any, Any, SavedState]:
    """Return a world of six whose last node has heard of nothing, and the state that the others send it."""
    world, monitor = watched(subject_of(variant), Setting(n=6, byzantine=(4,), checkpoint_interval=1), record=True)
    heard = (*[0b011111] * 5, 0)
    for number in range(4):
        play(world, [ops.Ask(number, 0b111111), *[ops.Exchange("", heard, False)] * 12])
        play(world, [*[ops.Fire(node, "view") for node in range(5)], *[ops.Exchange("", heard, False)] * 6])
    play(world, [ops.Fire(5, "status"), ops.Exchange("Status", (0b111111,) * 6, False)])
    sent = [event.message for node, event, _ in world.pending if node == 5 and isinstance(event.message, SavedState)]
    assert len(sent) == 10, "two saved states of each, the newer one first"
    world.pending.clear()
    return world, monitor, sent[0]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_state_is_taken_over_from_2q_minus_n_that_say_the_same_and_from_no_fewer(variant: str) -> None:
    """Two of six (f = 1, q = 4): the liar's word and another state beside an honest one are not enough."""
    world, monitor, true = left_behind(variant)
    replica = world.replicas[5]
    forged = [
        replace(true, replica=4, machine="0" * 64),
        replace(true, replica=4, replies=()),
        replace(true, replica=4, replies=(LastReply("client-0", 99, "forged"),)),
    ]
    for message in (replace(true, replica=0), *forged, replace(true, replica=0), *forged):
        world.give(5, Deliver(message.replica, world.keyring.sign(message)))
        assert replica.last_executed == 0
    assert replica.held["states"] == 2
    few, uncertified = replace(true.qc, votes=true.qc.votes[:3]), "state after a node that is not certified"
    spoilt = replace(true.node, justify=replace(true.node.justify, votes=()))
    assert spoilt.digest == true.node.digest  # taken over, it would be sent on to those who refuse it
    for message, reason in (
        (replace(true, replica=4, node=spoilt), uncertified),
        (replace(true, replica=4, qc=GENESIS_QC), uncertified),
        (replace(true, replica=4, qc=few), uncertified),
        (replace(true, replica=1), "identity differs from sender"),
        (replace(true, replica=4, replies=[]), "malformed message"),
        (replace(true, replica=4, replies=((1, 2, 3),)), "malformed message"),
        (replace(true, replica=4, machine=1.5), "malformed message"),
    ):
        before = replica.drops.get(reason, 0)
        world.give(5, Deliver(4, message))
        assert replica.drops[reason] == before + 1
        assert replica.last_executed == 0
    world.give(5, Deliver(1, world.keyring.sign(replace(true, replica=1))))
    assert replica.last_executed == true.node.seq > 0
    assert replica.held["states"] == 1
    world.give(5, Deliver(2, world.keyring.sign(replace(true, replica=2))))
    assert replica.drops["old state"] == 1
    assert not monitor.breaches


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_a_liar_says_of_states_far_ahead_fills_one_place(variant: str) -> None:
    world, _, true = left_behind(variant)
    for number in range(300):
        state = replace(true, replica=4, machine=f"{number}")
        world.give(5, Deliver(4, world.keyring.sign(state)))
    assert world.replicas[5].held["states"] == 1
