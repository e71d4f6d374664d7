"""What holds over every network: shortest ways, reach of gossip, determinism, and safety."""

from __future__ import annotations

import tomllib
from itertools import pairwise
from typing import Any

import networkx as nx
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import bft
from bft.clock import Clock
from bft.core.effects import Broadcast
from bft.network.plan import NetworkPlan
from bft.randomness import Randomness, ReplicationStreams
from bft.record.outcome import Outcome
from bft.simulation.fabric import Fabric
from tests.network.drawn_networks import connected_links, networks, partitions, topologies

SIZES = st.integers(2, 9)


def plan_of(topology: Any, n: int, **given: Any) -> NetworkPlan:
    return NetworkPlan(bft.Network(topology=topology, **given), n)


def typical_s(plan: NetworkPlan, path: tuple[int, ...]) -> float:
    return sum(plan.hop(one, other).typical_s for one, other in pairwise(path))


@given(data=st.data(), n=SIZES)
def test_ways_are_ways_and_no_detour_is_shorter(data: Any, n: int) -> None:
    seed = data.draw(st.integers(0, 99))
    links = [
        {"senders": [node], "delay": {"law": "constant", "delay_s": 0.01 * ((seed * (node + 1)) % 7 + 1)}}
        for node in range(n)
    ]
    plan = plan_of(data.draw(topologies(n)), n, routing="routed", links=links)
    length = {(a, b): typical_s(plan, plan.paths(a, b)[0]) if a != b else 0.0 for a in range(n) for b in range(n)}
    for (one, other), own in length.items():
        if one == other:
            continue
        path = plan.paths(one, other)[0]
        assert (path[0], path[-1], len(set(path))) == (one, other, len(path))
        assert all(later in plan.graph.neighbours[node] for node, later in pairwise(path))
        assert all(own <= length[one, middle] + length[middle, other] + 1e-12 for middle in range(n))


@given(data=st.data(), n=SIZES, paths=st.integers(2, 5))
def test_several_ways_share_no_relay_and_are_as_many_as_there_are(data: Any, n: int, paths: int) -> None:
    plan = plan_of(data.draw(connected_links(n)), n, routing={"kind": "routed", "paths": paths})
    graph = plan.graph.networkx()
    for one in range(n):
        for other in range(one + 1, n):
            found = plan.paths(one, other)
            relays = [node for path in found for node in path[1:-1]]
            assert len(set(relays)) == len(relays)
            assert all(later in plan.graph.neighbours[node] for path in found for node, later in pairwise(path))
            without = graph.copy()
            direct = without.has_edge(one, other)
            if direct:
                without.remove_edge(one, other)
            assert len(found) == min(paths, nx.node_connectivity(without, one, other) + direct)


@given(data=st.data(), n=SIZES, origin=st.integers(0, 8))
def test_gossip_reaches_exactly_the_component_that_is_up(data: Any, n: int, origin: int) -> None:
    assume(origin < n)
    down = data.draw(st.sets(st.integers(0, n - 1).filter(lambda node: node != origin)))
    mute = data.draw(st.sets(st.integers(0, n - 1).filter(lambda node: node != origin)))
    plan = plan_of(data.draw(topologies(n)), n, routing="gossip")
    clock: Any = Clock()
    got: list[int] = []
    fabric = Fabric(plan, ReplicationStreams(Randomness(data.draw(st.integers(0, 9))), 0), byzantine=mute)
    do = fabric.carry(
        clock,
        lambda node, _event: got.append(node),
        [None if node in down else "up" for node in range(n)],
        lambda _event, _recipients: None,
    )
    do[Broadcast](None, origin, Broadcast("hello"))
    clock.run()
    speaking = plan.graph.networkx().subgraph(set(range(n)) - down - mute)
    spread = nx.node_connected_component(speaking, origin)
    reached = {near for node in spread for near in plan.graph.neighbours[node]} | spread
    assert sorted(got) == sorted(reached - down - {origin}), "each once"


@given(n=st.integers(2, 6), data=st.data())
def test_a_partition_is_symmetric_or_one_sided(n: int, data: Any) -> None:
    partition = bft.Partition.model_validate(data.draw(partitions(n)))
    first = set(partition.groups[0])
    for one in range(n):
        for other in range(n):
            there = partition.cuts(one, other, partition.start_s)
            back = partition.cuts(other, one, partition.start_s)
            if partition.one_way:
                assert there == (one in first and other not in first)
            else:
                assert there == back
            assert not partition.cuts(one, other, partition.end_s)


LIARS = ["equivocate", "withhold", "silent_primary", "crash", "lie", "slow"]


@settings(max_examples=60)
@given(data=st.data(), n=st.sampled_from([4, 5, 7]))
def test_no_network_breaks_safety(data: Any, n: int) -> None:
    """At most f faulty nodes, signatures, all invariants watched; the same seed gives the same run."""
    network = data.draw(networks(n))
    faulty = data.draw(st.sets(st.integers(0, n - 1), max_size=(n - 1) // 3))
    scenario = bft.Scenario(
        n=n,
        network=network,
        faults=bft.Faults(nodes=tuple(sorted(faulty)), behaviour=data.draw(st.sampled_from(LIARS))),
        views=4,
        horizon_s=90.0,
    )
    seed = data.draw(st.integers(0, 999))
    run = bft.simulate(scenario, seed, check="full")
    assert not run.breaches
    assert run.outcome is not Outcome.SPLIT
    assert bft.simulate(scenario, seed, check="full").trace_hash == run.trace_hash


@pytest.mark.nightly
@settings(max_examples=1000)
@given(data=st.data(), n=st.sampled_from([4, 6, 7]))
def test_no_network_breaks_safety_thoroughly(data: Any, n: int) -> None:
    test_no_network_breaks_safety.hypothesis.inner_test(data=data, n=n)


@given(data=st.data(), n=st.sampled_from([4, 7]))
def test_a_file_gives_back_every_network(data: Any, n: int) -> None:
    scenario = bft.Scenario(n=n, network=data.draw(networks(n)))
    assert bft.Scenario.from_dict(tomllib.loads(scenario.to_toml())) == scenario


def test_what_is_off_is_not_written_so_that_seeds_of_sweeps_stay_as_they_were() -> None:
    said = bft.Scenario(network={"partitions": [{"groups": [[0]], "end_s": 1.0}]}).to_dict()["network"]
    assert sorted(said) == ["delay", "duplication", "loss", "partitions"]
    assert sorted(said["partitions"][0]) == ["end_s", "groups", "start_s"]


@settings(max_examples=25)
@given(data=st.data(), n=st.sampled_from([4, 7]))
def test_what_heals_and_is_connected_decides(data: Any, n: int) -> None:
    """Honest nodes, links without losses, every view as long as needed: after all has healed everybody decides."""
    topology = data.draw(topologies(n))
    cuts = data.draw(st.lists(partitions(n), max_size=2))
    network = {"topology": topology, "partitions": cuts, "delay": {"law": "constant", "delay_s": 0.05}}
    run = bft.simulate(bft.Scenario(n=n, network=network, views="unlimited", horizon_s=4000.0), 1)
    assert run.outcome is Outcome.AGREED_CORRECT
