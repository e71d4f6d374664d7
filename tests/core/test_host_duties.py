"""The duties of a host, by their numbers in `bft.core`: each host obeys each of them with the same probing replica."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

import bft
from bft.checking.fair_network import FairNetwork
from bft.checking.setting import Setting
from bft.checking.subject import Subject
from bft.checking.world import World
from bft.core.effects import (
    Broadcast,
    CancelTimer,
    Forget,
    Persist,
    RequestProposal,
    RequestVerdict,
    Send,
    SetTimer,
)
from bft.core.inputs import ClientRequest, Deliver, Input, ProposalReady, Restart, TimerFired, VerdictReady
from bft.core.request import Proposal, Request
from bft.core.verdict import Verdict
from bft.live.encoding import Encoding
from bft.live.host import Answered, AsyncioHost
from bft.live.keys import CLIENT, Ed25519Keyring, PanelKeys
from bft.live.post import Envelope, Post
from bft.live.rules import Rule
from bft.protocols.protocol import MessageKind, Protocol, Role

N = 4
CRASH_S, BACK_S = 3.0, 6.0
SLOWNESS = 0.04
"""The asyncio host runs on real seconds: what takes a second elsewhere takes so many there."""


@dataclass(frozen=True)
class Ping:
    number: int


@dataclass(frozen=True)
class Note:
    words: str


@dataclass
class Log:
    """What all replicas of a run heard, and in whose name events were shown."""

    inputs: list[tuple[int, float, Input]] = field(default_factory=list)
    events: list[tuple[int, str]] = field(default_factory=list)
    lives: dict[int, int] = field(default_factory=dict)
    stored: dict[Any, Any] = field(default_factory=dict)
    unit_s: float = 1.0
    busy: int | None = None

    def of(self, node: int, kind: type) -> list[Any]:
        return [event for each, _, event in self.inputs if each == node and isinstance(event, kind)]


class Probe:
    """Node 0 does everything at once when a request comes; the others listen."""

    def __init__(self, node: int, log: Log) -> None:
        self.id, self.log = node, log
        log.lives[node] = log.lives.get(node, 0) + 1

    def step(self, now: float, event: Input) -> Sequence[object]:
        assert self.log.busy is None, "duty 1: one input at a time"
        self.log.busy = self.id
        try:
            self.log.inputs.append((self.id, now, event))
            return self.answer(event)
        finally:
            self.log.busy = None

    def answer(self, event: Input) -> list[object]:
        unit = self.log.unit_s
        if not isinstance(event, ClientRequest) or self.id != 0 or self.log.lives[0] > 1:
            return []
        proposal = Proposal(request=event.request, answer="mine", wording="words")
        return [
            Note("first"),
            Persist(((("kept", 1), "a"), (("kept", 2), "b"), (("vote", 1), "c"))),
            Persist(((("kept", 2), "B"), (("vote", 2), "d"), (("gone",), None))),
            Forget(("vote",), 1),
            SetTimer("once", 0.5 * unit),
            SetTimer("moved", 0.5 * unit),
            SetTimer("moved", 1.5 * unit),
            SetTimer("stopped", 0.5 * unit),
            CancelTimer("stopped"),
            SetTimer("late", 4.0 * unit),
            Broadcast(Ping(1)),
            Send(2, Ping(2)),
            RequestProposal(7, event.request),
            RequestVerdict(8, 9, proposal.digest, proposal),
            Note("last"),
        ]


def simulated(*, crash: bool) -> Log:
    log = Log()
    protocol = Protocol(
        name="probe",
        replica=lambda node, *_: Probe(node, log),
        configure=lambda setup: setup,
        end_s=lambda _: 20.0,
        messages=(MessageKind(Ping, Role.REPAIR),),
        reads=frozenset({"restart"}),
    )
    behaviour = {"kind": "crash_recover", "at_s": CRASH_S, "back_s": BACK_S}
    scenario = bft.Scenario(n=N, protocol=protocol, faults={"nodes": [0] if crash else [], "behaviour": behaviour})
    log.inputs.clear()  # the scenario has tried a replica
    log.lives.clear()
    run = bft.simulate(scenario, 1)
    log.events = [(node, event.words) for _, node, event in run.trace if isinstance(event, Note)]
    return log


def in_the_laboratory(*, crash: bool) -> Log:
    log = Log()
    subject = Subject(name="probe", make_replica=lambda node, *_: Probe(node, log), timers=("once",))
    world = World(subject, Setting(n=N), record=True)
    network = FairNetwork(world, set())
    world.ask(0, (1 << N) - 1)
    while network.advance() is not None:
        if crash and [event.name for event in log.of(0, TimerFired)] == ["once", "moved"]:
            break
    if crash:
        world.crash(0)
        while network.advance() is not None:
            pass
        world.restart(0)
    log.events = [(node, event.words) for _, node, event in world.trace if isinstance(event, Note)]
    return log


class Answers:
    async def propose(self, node: int, view: int, request: Request) -> Answered:
        return Answered("mine")

    async def judge(self, node: int, view: int, proposal: Proposal) -> Verdict:
        return Verdict.ACCEPT


def live(*, crash: bool) -> Log:
    assert not crash
    log = Log(unit_s=SLOWNESS)
    seeds = {signer: bytes([place]) * 32 for place, signer in enumerate((*range(N), CLIENT))}
    keys = PanelKeys(seeds=tuple(seeds.values()))
    rule = Rule(
        messages=(Ping,),
        make_replica=lambda *_: None,  # type: ignore[arg-type, return-value]
        proof=lambda *_: None,
        vote=Ping,
        decides=lambda *_: False,
        replies=N,
        validators=lambda *_: None,
        roles=("propose", "check"),
        told=lambda *_: None,
    )

    async def run() -> None:
        encoding = Encoding((Ping, Envelope, Request))
        rings = {
            signer: Ed25519Keyring({signer: seed}, keys.public, encoding=encoding, context=b"probe")
            for signer, seed in seeds.items()
        }
        request = rings[CLIENT].sign(Request(client=CLIENT, timestamp=1, operation="?"))
        host = AsyncioHost(
            rule=rule,
            system=bft.Scenario(n=N).system,
            replicas=[Probe(node, log) for node in range(N)],
            posts=[Post(node, N, rings[node], encoding, b"session") for node in range(N)],
            validators=Answers(),
            observe=lambda node, event: log.events.append((node, event.words)) if isinstance(event, Note) else None,
        )
        await host.run(request, deadline_s=5 * SLOWNESS)
        log.stored = dict(host._stored[0])

    asyncio.run(run())
    return log


HOSTS: dict[str, Callable[..., Log]] = {"simulation": simulated, "laboratory": in_the_laboratory, "live": live}
CRASHING = ("simulation", "laboratory")


@pytest.fixture(scope="module")
def logs() -> dict[str, Log]:
    return {name: host(crash=False) for name, host in HOSTS.items()}


@pytest.mark.parametrize("host", HOSTS)
def test_duty_1_one_input_at_a_time_and_time_never_goes_back(host: str, logs: dict[str, Log]) -> None:
    times = [time_s for _, time_s, _ in logs[host].inputs]
    assert len(times) > 10
    assert times == sorted(times)  # and `Probe.step` asserts that nobody comes in between


@pytest.mark.parametrize("host", HOSTS)
def test_duty_2_and_8_effects_are_carried_out_in_order_and_events_are_shown(host: str, logs: dict[str, Log]) -> None:
    assert logs[host].events == [(0, "first"), (0, "last")]
    first = next(event for node, _, event in logs[host].inputs if node == 0)
    assert isinstance(first, ClientRequest)  # nothing that the step asks for comes before it has ended


@pytest.mark.parametrize("host", HOSTS)
def test_duty_3_what_is_persisted_is_kept_whole_and_what_is_forgotten_is_gone(host: str, logs: dict[str, Log]) -> None:
    kept = {("kept", 1): "a", ("kept", 2): "B", ("vote", 2): "d"}
    if host == "live":
        assert logs[host].stored == kept
    else:
        assert [dict(event.stored) for event in HOSTS[host](crash=True).of(0, Restart)] == [kept]


@pytest.mark.parametrize("host", HOSTS)
def test_duty_4_messages_reach_whom_they_are_for_as_they_were_sent(host: str, logs: dict[str, Log]) -> None:
    heard = {node: sorted(event.message.number for event in logs[host].of(node, Deliver)) for node in range(N)}
    assert heard == {0: [], 1: [1], 2: [1, 2], 3: [1]}
    assert {event.sender for node in range(N) for event in logs[host].of(node, Deliver)} == {0}


@pytest.mark.parametrize("host", HOSTS)
def test_duty_5_a_timer_rings_once_when_it_is_due_and_never_if_it_was_stopped(host: str, logs: dict[str, Log]) -> None:
    log = logs[host]
    rung = [(event.name, time_s) for node, time_s, event in log.inputs if isinstance(event, TimerFired)]
    assert [name for name, _ in rung] == ["once", "moved", "late"]
    assert not [node for node in range(1, N) if log.of(node, TimerFired)]
    if host != "laboratory":  # which counts steps, and lets timers ring in the order in which they are due
        (start,) = [time_s for node, time_s, event in log.inputs if node == 0 and isinstance(event, ClientRequest)]
        for (_, time_s), due in zip(rung, (0.5, 1.5, 4.0), strict=True):
            assert time_s - start >= due * log.unit_s * 0.999


@pytest.mark.parametrize("host", HOSTS)
def test_duty_6_a_question_is_answered_once_with_what_it_asked_about(host: str, logs: dict[str, Log]) -> None:
    log = logs[host]
    (ready,), (verdict,) = log.of(0, ProposalReady), log.of(0, VerdictReady)
    (asked,) = log.of(0, ClientRequest)
    digest = Proposal(request=asked.request, answer="mine", wording="words").digest
    assert (ready.view, ready.request) == (7, asked.request)
    assert (verdict.view, verdict.seq, verdict.digest) == (8, 9, digest)
    assert not [node for node in range(1, N) if log.of(node, ProposalReady) or log.of(node, VerdictReady)]


@pytest.mark.parametrize("host", CRASHING)
def test_duty_7_who_crashes_forgets_all_but_its_disk_and_comes_back_afresh(host: str) -> None:
    log = HOSTS[host](crash=True)
    assert log.lives == {0: 2, 1: 1, 2: 1, 3: 1}
    mine = [event for node, _, event in log.inputs if node == 0]
    assert [event.name for event in mine if isinstance(event, TimerFired)] == ["once", "moved"]  # "late" is gone
    place = next(place for place, event in enumerate(mine) if isinstance(event, Restart))
    assert not [event for event in mine[place + 1 :] if isinstance(event, TimerFired | ProposalReady | VerdictReady)]
