"""A user's protocol in the laboratory, by nothing but its description: its own monitor is honoured there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

import bft
from bft.checking.campaign import reached_shares, search
from bft.checking.counterexample import run
from bft.checking.plan import Plan
from bft.checking.protocols import PROTOCOLS, subject_of
from bft.core.effects import Broadcast, Execute
from bft.core.inputs import Deliver
from bft.core.quorum import QuorumSystem
from bft.core.signatures import Keyring
from bft.errors import ScenarioError
from bft.protocols import registry
from bft.record.safety import Breach
from tests.protocols.echo_protocol import ECHO, Echo, EchoConfig, EchoReplica, well_formed

PLACE = "tests.protocols.echo_protocol:ECHO"
HERE = __name__


class WeakReplica(EchoReplica):
    """Decides one echo too early."""

    def __init__(self, node: int, config: EchoConfig, keyring: Keyring) -> None:
        super().__init__(node, replace(config, system=replace(config.system, quorum=config.system.quorum - 1)), keyring)


@dataclass
class EchoMonitor:
    """Q1: an execution rests on echoes of a quorum that its node has heard, its own among them."""

    system: QuorumSystem
    honest: Collection[int]
    breaches: list[Breach] = field(default_factory=list)
    heard: dict[Any, set[int]] = field(default_factory=dict)

    def hear(self, time_s: float, node: int, event: object) -> None:
        if isinstance(event, Deliver) and isinstance(event.message, Echo) and well_formed(event.message):
            self.heard.setdefault((node, event.message), set()).add(event.sender)

    def observe_step(self, time_s: float, node: int, effects: Sequence[Any]) -> None:
        for effect in effects:
            if isinstance(effect, Broadcast) and isinstance(effect.message, Echo):
                self.heard.setdefault((node, effect.message), set()).add(node)
            if isinstance(effect, Execute) and node in self.honest:
                weight = self.system.weight(self.heard.get((node, Echo(effect.seq, effect.proposal)), set()))
                if weight < self.system.quorum:
                    self.breaches.append(Breach("Q1", time_s, node, f"executed on echoes of {weight}"))


def monitor(config: EchoConfig, _: Keyring, honest: Collection[int]) -> EchoMonitor:
    return EchoMonitor(config.system, set(honest))


WATCHED = replace(ECHO, name="watched-echo", monitor=monitor)
WEAK = replace(ECHO, name="weak-echo", replica=WeakReplica)
WEAK_WATCHED = replace(WEAK, name="weak-watched-echo", monitor=f"{HERE}:monitor")


def plan(protocol: Any, **given: Any) -> Plan:
    return Plan(**{"protocol": protocol, "schedules": 300, "sizes": (4, 7), **given})


@pytest.mark.parametrize("protocol", [PLACE, ECHO, WATCHED])
def test_a_correct_protocol_raises_no_alarm(protocol: Any) -> None:
    found = search(plan(protocol))
    assert found.found is None
    assert found.plan.protocol in (PLACE, f"{HERE}:WATCHED")
    assert reached_shares(found.rows)["executed"] > 0.3


def test_twins_beyond_the_bound_split_it() -> None:
    found = search(plan(PLACE, sizes=(4,), byzantine=2, oracle=("S1",))).found
    assert found is not None
    assert found.finding is not None
    assert found.finding.breach.invariant == "S1"


def test_a_planted_bug_is_found_by_the_protocols_own_monitor_and_replayed() -> None:
    found = search(plan(WEAK_WATCHED)).found
    assert found is not None
    assert found.protocol == f"{HERE}:WEAK_WATCHED"
    _, again = run(subject_of(found.protocol), found.setting, found.operations)
    assert "Q1" in {breach.invariant for breach in again.breaches}
    assert search(plan(WEAK, oracle=("Q1",))).found is None


def test_a_simulation_with_a_full_check_shows_all_to_the_protocols_own_monitor() -> None:
    assert not bft.simulate(bft.Scenario(protocol=WATCHED), 1, check="full").breaches
    weak = bft.simulate(bft.Scenario(protocol=WEAK_WATCHED), 1, check="full")
    assert {breach.invariant for breach in weak.breaches} == {"Q1"}
    assert weak.trace_hash == bft.simulate(bft.Scenario(protocol=WEAK_WATCHED), 1).trace_hash
    assert not bft.simulate(bft.Scenario(protocol=WEAK), 1, check="full").breaches


def test_every_protocol_that_ships_is_examined_under_its_name() -> None:
    assert set(registry.PROTOCOLS) <= set(PROTOCOLS)


def test_crashed_nodes_of_a_protocol_that_cannot_restart_stay_down() -> None:
    subject = subject_of(PLACE)
    assert not subject.restarts
    assert subject_of("pbft").restarts


UNFIT = replace(ECHO, name="unfit", monitor=lambda *_: 3)


@pytest.mark.parametrize(
    ("protocol", "message"),
    [
        ("no.module:X", "module no.module cannot be imported"),
        ("echo", "protocol = 'echo': must be one of pbft, membership, ballot"),
        (replace(ECHO, name="nowhere"), "protocol = 'nowhere': must stand in a module, under a name of its own"),
    ],
)
def test_what_cannot_be_examined_is_refused_by_name(protocol: Any, message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        plan(protocol)
    assert message in str(refused.value)


def test_a_monitor_that_cannot_watch_is_refused_by_name() -> None:
    with pytest.raises(ScenarioError, match="protocol unfit: monitor = 3: must have a method hear"):
        bft.simulate(bft.Scenario(protocol=UNFIT), check="full")
