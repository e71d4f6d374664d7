"""Nodes inside somebody else's SimPy model: the same runs as without it, decisions as events, crashes by processes."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
import simpy

import bft
from bft.errors import ScenarioError
from bft.network.settings import Network
from bft.simulation import embed

LOSSY = bft.Scenario(n=4, network=Network(loss=0.1), faults={"nodes": [0], "behaviour": "equivocate"})  # type: ignore[arg-type]


def asking(system: Any, at_s: list[float], decisions: list[Any]) -> Generator[simpy.Event, Any, None]:
    for time_s in at_s:
        yield system.env.timeout(time_s - system.env.now)
        system.submit().callbacks.append(lambda event: decisions.append((system.env.now, event.value)))


@pytest.mark.parametrize("scenario", [bft.Scenario(n=4), bft.Scenario(n=7, faults={"nodes": [0]}), LOSSY])
def test_an_embedded_system_does_what_a_run_of_its_own_does(scenario: bft.Scenario) -> None:
    whole = bft.simulate(scenario.replace("requests", {"count": 30, "rate_per_s": 0.2, "clients": 1}), seed=5)
    times_s = [float(each) for each in whole.requests.arrived_s()]
    env, decisions = simpy.Environment(), []
    system = embed(env, scenario, seed=5)
    env.process(asking(system, times_s, decisions))
    env.process(noise(env))
    env.run(until=whole.scenario.end_s)
    run = system.run()
    assert run.trace.of(bft.core.effects.Execute)  # type: ignore[attr-defined]
    assert [(node, event) for _, node, event in run.trace] == [(node, event) for _, node, event in whole.trace]
    assert [time_s for time_s, _, _ in run.trace] == pytest.approx([time_s for time_s, _, _ in whole.trace], abs=1e-9)
    assert run.outcomes == whole.outcomes
    assert run.metrics.messages_sent >= whole.metrics.messages_sent  # a run of its own ends at a standstill
    assert [each.latency_s for _, each in decisions] == pytest.approx(list(whole.metrics.client_latency_s))
    assert all(now == pytest.approx(each.decided_at_s, abs=1e-9) for now, each in decisions)


def noise(env: simpy.Environment) -> Generator[simpy.Event, Any, None]:
    """Other events of the model, also at odd times."""
    while True:
        yield env.timeout(0.37)


def test_the_present_of_the_model_is_time_0_of_the_nodes() -> None:
    env = simpy.Environment(initial_time=1000.25)
    system = embed(env, bft.Scenario(n=4), seed=3)
    decision = env.run(until=system.submit())
    assert decision.asked_at_s == 1000.25
    assert env.now == pytest.approx(decision.decided_at_s)
    own = bft.simulate(bft.Scenario(n=4), seed=3)
    assert decision.latency_s == pytest.approx(own.metrics.client_latency_s[0])
    assert list(system.run().requests.arrived_s()) == [0.0]


def test_a_client_waits_for_its_answer_and_clients_ask_side_by_side() -> None:
    env = simpy.Environment()
    system = embed(env, bft.Scenario(n=4), seed=1, clients=2)
    first, second, other = system.submit(), system.submit(), system.submit(client=1)
    env.run(until=env.all_of([first, second, other]))
    assert (first.value.number, second.value.number, other.value.number) == (0, 2, 1)
    assert second.value.decided_at_s > first.value.decided_at_s
    assert other.value.decided_at_s < second.value.decided_at_s
    assert system.run().requests.to_json()["answered"] == 3


def test_a_process_stops_nodes_and_brings_them_back() -> None:
    env = simpy.Environment()
    system = embed(env, bft.Scenario(n=4), seed=1)
    env.run(until=system.submit())
    system.crash(1)
    system.crash(2)
    stuck = system.submit()
    env.run(until=env.now + 300.0)
    assert not stuck.triggered
    system.crash(2)  # it is down already
    system.recover(1)
    system.recover(1)
    decision = env.run(until=stuck)
    assert decision.latency_s > 300.0
    assert system.breaches == ()
    assert system.run().outcome.value == "partial"  # node 2 is down still


def test_two_systems_live_in_one_model() -> None:
    env = simpy.Environment()
    one, two = (embed(env, bft.Scenario(n=n), seed=2) for n in (4, 7))
    both = env.run(until=env.all_of([one.submit(), two.submit()]))
    env.run(until=30.0)
    for system, n, decision in zip((one, two), (4, 7), both.values(), strict=True):
        alone = bft.simulate(bft.Scenario(n=n), seed=2)
        assert decision.latency_s == alone.metrics.client_latency_s[0]
        assert system.run().outcome == alone.outcome


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"scenario": bft.Scenario(requests=bft.Requests(count=2, rate_per_s=1.0))}, "scenario.requests = 'given'"),
        ({"scenario": bft.Scenario(n=7, membership={"members": 4})}, "scenario.membership = 'given'"),  # type: ignore[arg-type]
        ({"scenario": bft.Scenario(protocol="ballot")}, "a ballot orders nothing"),
        ({"scenario": {"n": 4}}, "must be a bft.Scenario"),
        ({"env": 7}, "must be a simpy.Environment"),
        ({"clients": 0}, "clients = 0: must be at least 1"),
    ],
)
def test_what_cannot_be_embedded_is_refused(given: dict[str, Any], sentence: str) -> None:
    arguments = {"env": simpy.Environment(), "scenario": bft.Scenario(n=4), **given}
    with pytest.raises(ScenarioError, match=sentence):
        embed(arguments.pop("env"), arguments.pop("scenario"), **arguments)


def test_nobody_but_the_systems_own_clients_and_nodes_can_be_named() -> None:
    system = embed(simpy.Environment(), bft.Scenario(n=4))
    with pytest.raises(ScenarioError, match="client = 1: must be at most 0"):
        system.submit(client=1)
    with pytest.raises(ScenarioError, match="node = 4: must be at most 3"):
        system.crash(4)


def test_before_anything_was_submitted_there_is_no_outcome() -> None:
    system = embed(simpy.Environment(), bft.Scenario())
    with pytest.raises(bft.BftError, match="nothing was submitted yet"):
        system.run()
