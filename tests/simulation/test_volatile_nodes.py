"""Nodes that never come back store nothing, and a run is the same for it, step by step."""

from __future__ import annotations

from typing import Any

import pytest

import bft
from bft.core.effects import Execute, Persist
from bft.core.inputs import ClientRequest, Input
from bft.core.request import Request
from bft.core.signatures import SymbolicKeyring
from bft.network.delays import UniformDelay
from bft.protocols.pbft import PbftConfig, PbftReplica

LOSSY = bft.Network(delay=UniformDelay(low_s=0.125, high_s=0.375), loss=0.05)
MACHINE = {"up": {"mean_s": 50.0, "shape": 1.0}, "down": {"mean_s": 5.0}}
SCENARIOS: dict[str, dict[str, Any]] = {
    "equivocating": {"faults": bft.Faults(delta=0.3, behaviour="equivocate")},
    "crash and recover": {"faults": bft.Faults(nodes=(0, 4), behaviour="crash_recover")},
    "stream with checkpoints": {"requests": bft.Requests(count=40, rate_per_s=2.0), "network": LOSSY},
    "machines": {"requests": bft.Requests(count=40, rate_per_s=0.5), "machine": MACHINE},
}


class Watched(PbftReplica):
    """Counts the steps in which it stores something."""

    stored: dict[int, int]

    def step(self, now: float, event: Input) -> Any:
        effects = super().step(now, event)
        self.stored[self.id] = self.stored.get(self.id, 0) + any(isinstance(each, Persist) for each in effects)
        return effects


@pytest.mark.parametrize("kind", SCENARIOS)
def test_runs_are_those_of_replicas_that_store_everything(kind: str) -> None:
    scenario = bft.Scenario(n=7, **SCENARIOS[kind])
    plain, storing = bft.Simulator(scenario, seed=5), bft.Simulator(scenario, seed=5, make_replica=PbftReplica)
    for replication in range(3):
        one, other = plain.run(replication), storing.run(replication)
        assert one.trace.of(Execute)
        assert one.trace_hash == other.trace_hash
        assert one.metrics == other.metrics


def replicas_of(monkeypatch: pytest.MonkeyPatch, kind: str, **options: Any) -> dict[int, int]:
    """Return how often every node stored something in a run with the replicas of the simulator's own choice."""
    stored: dict[int, int] = {}
    monkeypatch.setattr(Watched, "stored", stored, raising=False)
    simulator = bft.Simulator(bft.Scenario(n=7, **SCENARIOS[kind]), seed=5, **options)
    simulator._membership._own = Watched
    simulator.run()
    return stored


def test_only_nodes_that_may_come_back_store_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = replicas_of(monkeypatch, "crash and recover")
    assert {node for node, times in stored.items() if times} == {0, 4}
    assert all(replicas_of(monkeypatch, "machines").values())


def test_monitors_of_everything_see_what_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(replicas_of(monkeypatch, "equivocating", check="full").values())


def test_a_clone_stores_where_its_original_does() -> None:
    keyring = SymbolicKeyring()
    request = keyring.sign(Request(client="c", timestamp=1, operation="o"))
    for durable in (True, False):
        config = PbftConfig(system=bft.Scenario(n=4).system, durable=durable)
        twin = PbftReplica(1, config, keyring).clone()
        effects = twin.step(0.0, ClientRequest(request))
        assert any(isinstance(each, Persist) for each in effects) is durable
