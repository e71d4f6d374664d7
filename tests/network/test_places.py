"""Delays from measured round trips, from coordinates and from the attributes of a graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

import bft
from bft.errors import ScenarioError
from bft.network.places import FIBRE_KM_PER_S, great_circle_km
from bft.network.plan import NetworkPlan

RTT_MS = [[0.0, 80.0, 160.0, 200.0], [80.0, 0.0, 90.0, 210.0], [160.0, 90.0, 0.0, 120.0], [200.0, 210.0, 120.0, 0.0]]
PLACES = [(52.5, 13.4), (40.7, -74.0), (35.7, 139.7), (-33.9, 151.2)]
ONE_WAY = {(one, other): RTT_MS[one][other] / 2000 for one in range(4) for other in range(4)}


def by_hand_s() -> float:
    """Return when three of four replicas have executed, with the primary at node 0 and quorums of 3."""
    accepted = [0.0, *(ONE_WAY[0, node] for node in (1, 2, 3))]

    def votes(sent: list[float], node: int, senders: range) -> list[float]:
        return sorted(sent[each] + (0.0 if each == node else ONE_WAY[each, node]) for each in senders)

    prepared = [max(accepted[node], votes(accepted, node, range(1, 4))[1]) for node in range(4)]
    executed = [max(prepared[node], votes(prepared, node, range(4))[2]) for node in range(4)]
    return sorted(executed)[2]


@pytest.mark.parametrize("given", [RTT_MS, np.array(RTT_MS), tuple(map(tuple, RTT_MS))])
def test_a_matrix_of_round_trips_gives_the_decision_time_by_hand(given: Any) -> None:
    run = bft.simulate(bft.Scenario(network=bft.Network(rtt_ms=given)), seed=1)
    assert run.metrics.decided_at_s == pytest.approx(by_hand_s(), abs=1e-9)
    again = bft.Scenario.from_dict(run.scenario.to_dict())
    assert bft.simulate(again, seed=1).trace_hash == run.trace_hash


def test_a_matrix_need_not_be_symmetric() -> None:
    plan = NetworkPlan(bft.Network(rtt_ms=[[0, 10], [30, 0]]), 2)
    assert (plan.hop(0, 1).base_s, plan.hop(1, 0).base_s) == (0.005, 0.015)


def test_jitter_is_added_to_every_delay() -> None:
    jitter = {"law": "uniform", "low_s": 0.5, "high_s": 0.6}
    run = bft.simulate(bft.Scenario(network=bft.Network(rtt_ms=RTT_MS, jitter=jitter)), seed=1)
    decided_s = run.metrics.decided_at_s
    assert decided_s is not None
    assert by_hand_s() + 1.5 < decided_s < by_hand_s() + 1.8


def test_coordinates_give_the_time_along_the_great_circle() -> None:
    plan = NetworkPlan(bft.Network(coordinates=PLACES, path_stretch=1.0), 4)
    assert great_circle_km(PLACES[0], PLACES[1]) == pytest.approx(6385, abs=15)  # Berlin and New York, by atlas
    assert plan.hop(0, 1).base_s == pytest.approx(great_circle_km(PLACES[0], PLACES[1]) / FIBRE_KM_PER_S)
    longer = NetworkPlan(bft.Network(coordinates=PLACES), 4)
    assert longer.hop(2, 3).base_s == pytest.approx(1.8 * plan.hop(2, 3).base_s)


def graph(**attributes: float) -> Any:
    """Return a complete directed graph of four nodes."""
    made = nx.complete_graph(4, create_using=nx.DiGraph)
    for one, other in made.edges:
        made[one][other].update({name: value * (one + 1) for name, value in attributes.items()})
    return made


@pytest.mark.parametrize(
    ("attribute", "unit", "expected_s"),
    [
        ("latency_ms", None, 0.02),
        ("latency", "ms", 0.02),
        ("latency_us", None, 2e-5),
        ("w_s", None, 20.0),
        ("ms", "s", 20.0),
    ],
)
def test_an_attribute_of_the_links_is_their_delay(attribute: str, unit: str | None, expected_s: float) -> None:
    network = bft.Network(topology=graph(**{attribute: 10.0}), delay_attribute=attribute, delay_unit=unit)
    plan = NetworkPlan(network, 4)
    assert plan.hop(1, 0).base_s == pytest.approx(expected_s)
    assert plan.hop(0, 1).base_s == pytest.approx(expected_s / 2)


def test_directed_says_how_links_are_read() -> None:
    both_ways = bft.Network(topology=graph(delay_s=1.0), directed=False)
    assert not both_ways.graph(4).directed
    assert both_ways.graph(4).edge_delay_s(3, 0) == 1.0  # the faster of both directions
    one_way = bft.Network(topology=nx.DiGraph([(0, 1), (1, 2), (2, 0)]))
    assert one_way.graph(3).directed
    assert one_way.graph(3).neighbours == ((1,), (2,), (0,))


def test_a_graphml_file_is_read_in_the_same_words(tmp_path: Path) -> None:
    made = graph(latency=10.0)
    for node, (latitude, longitude) in enumerate(PLACES):
        made.nodes[node].update(Latitude=latitude, Longitude=longitude)
    file = tmp_path / "zoo.graphml"
    nx.write_graphml(made, file)
    for topology in (str(file), {"kind": "graphml", "file": str(file)}, made):
        delayed = bft.Network(topology=topology, delay_attribute="latency", delay_unit="ms")
        assert NetworkPlan(delayed, 4).hop(1, 0).base_s == pytest.approx(0.02)
        placed = bft.Network(topology=topology, coordinates="graph")
        assert (
            NetworkPlan(placed, 4).hop(0, 1).base_s == NetworkPlan(bft.Network(coordinates=PLACES), 4).hop(0, 1).base_s
        )
    assert bft.Scenario(network=delayed).replace("network.topology.directed", False).network.graph(4).directed is False


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"rtt_ms": [[0, 1], [1, 0]]}, r"network.rtt_ms = '2 rows of 2': must have 4 rows of 4 values"),
        ({"rtt_ms": [[0, 1], [1]]}, r"network.rtt_ms = '2 rows of 1 or 2': must have 4 rows"),
        ({"rtt_ms": [[0, -1], [1, 0]]}, r"network.rtt_ms.0.1 = -1: must be at least 0"),
        ({"rtt_ms": [[0, float("nan")], [1, 0]]}, r"network.rtt_ms.0.1 = nan: must be a finite number"),
        ({"rtt_ms": "slow"}, r"network.rtt_ms = 'slow': must be"),
        ({"coordinates": PLACES[:3]}, r"network.coordinates = 3: must have one pair of latitude and longitude"),
        ({"coordinates": [(13.4, 252.5)] * 4}, r"network.coordinates.*: must be a latitude between -90 and 90"),
        ({"coordinates": "graph"}, r"needs a latitude and a longitude at every node of the graph, and node 0"),
        ({"coordinates": PLACES, "rtt_ms": RTT_MS}, r"network.coordinates = 'given': must be left out"),
        ({"rtt_ms": RTT_MS, "regions": {"nodes": ["eu-west-1"]}}, r"network.rtt_ms = 'given': must be left out with"),
        ({"jitter": {"law": "constant", "delay_s": 1.0}}, r"network.jitter = 'constant': needs network.rtt_ms"),
        ({"path_stretch": 2.0}, r"network.path_stretch = 2.0: needs network.coordinates"),
        ({"coordinates": PLACES, "path_stretch": 0.9}, r"network.path_stretch = 0.9: must be at least 1"),
        ({"directed": True}, r"network.directed = True: needs a graph object of networkx, or a GraphML file"),
        ({"topology": "ring", "delay_attribute": "x_s"}, r"network.delay_attribute = 'x_s': needs a graph object"),
        ({"topology": nx.cycle_graph(4), "directed": True}, r"network.topology: directed = true: must be false"),
        ({"topology": nx.cycle_graph(4), "directed": "no"}, r"network.directed = 'no': must be true or false"),
        ({"topology": graph(a=1.0), "delay_attribute": "b_ms"}, r"'b_ms': must be an attribute of the links; links"),
        ({"topology": graph(a=1.0), "delay_attribute": "a"}, r"'a': must end in _s, _ms or _us, or"),
        ({"topology": graph(a=1.0), "delay_attribute": "a", "delay_unit": "h"}, r"delay_unit = 'h': must be one of"),
        ({"topology": graph(a_s=-1.0), "delay_attribute": "a_s"}, r"a_s = -1.0 of the link 0 – 1 must be a number"),
    ],
)
def test_what_says_nothing_of_delays_is_refused(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ScenarioError, match=complaint):
        bft.Scenario(network=bft.Network(**given))
