"""Graphs: their shapes, their node numbers, what they survive, and what is refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import networkx as nx
import pytest

import bft
from bft.errors import ScenarioError
from bft.network.graphs import minimum_cut
from bft.scenario import Scenario


def graph(topology: object, n: int):
    return Scenario(n=n, network={"topology": topology}).network.graph(n)


def isomorphic(topology: object, reference: nx.Graph) -> bool:
    return nx.is_isomorphic(graph(topology, len(reference)).networkx(), reference)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 12])
def test_the_named_graphs_are_what_networkx_calls_so(n: int) -> None:
    assert isomorphic("complete", nx.complete_graph(n))
    assert isomorphic("ring", nx.cycle_graph(n) if n > 2 else nx.path_graph(n))
    assert isomorphic("star", nx.star_graph(n - 1))
    assert isomorphic({"kind": "grid", "columns": 1}, nx.path_graph(n))
    if n == 12:
        assert isomorphic({"kind": "grid", "columns": 4}, nx.grid_2d_graph(3, 4))
        assert isomorphic({"kind": "harary", "connectivity": 5}, nx.hkn_harary_graph(5, 12))


def test_a_grid_that_is_not_full_has_a_shorter_last_row() -> None:
    assert graph("grid", 7).neighbours == ((1, 3), (0, 2, 4), (1, 5), (0, 4, 6), (1, 3, 5), (2, 4), (3,))


@pytest.mark.parametrize("kind", ["random_regular", "small_world", "scale_free"])
def test_random_graphs_belong_to_their_seed(kind: str) -> None:
    graphs = [graph({"kind": kind, "seed": seed}, 20) for seed in range(5)]
    assert len({each.edges for each in graphs}) == 5
    topologies = [bft.Network(topology={"kind": kind, "seed": seed}).topology for seed in range(5)]
    assert [topology.graph(20) for topology in topologies if topology is not None] == graphs
    assert all(each.unreachable() is None for each in graphs)


def test_random_graphs_have_the_degrees_that_define_them() -> None:
    regular = graph({"kind": "random_regular", "degree": 5}, 20)
    assert {len(each) for each in regular.neighbours} == {5}
    assert len(graph({"kind": "small_world", "nearest": 6, "rewiring": 0.3}, 20).edges) == 60
    assert len(graph({"kind": "scale_free", "links": 3}, 20).edges) == 3 * 17


@pytest.mark.parametrize(
    ("topology", "n", "node", "edge"),
    [("complete", 6, 5, 5), ("ring", 6, 2, 2), ("star", 6, 1, 1), ("grid", 9, 2, 2)]
    + [({"kind": "harary", "connectivity": k}, 10, k, k) for k in (1, 2, 3, 4, 7)],
)
def test_connectivity_is_known_and_judged(topology: object, n: int, node: int, edge: int) -> None:
    network = Scenario(n=n, network={"topology": topology}).network
    found = network.connectivity(n, 2)
    assert (found.node, found.edge) == (node, edge)
    assert (found.needed_signed, found.needed_unsigned) == (3, 5), "Dolev 1982: f + 1 and 2f + 1"
    assert found.sufficient(signed=True) == (node >= 3)
    assert found.sufficient(signed=False) == (node >= 5)
    assert ("WARNING" in found.sentence(signed=False)) == (node < 5)
    cut = minimum_cut(network.graph(n))
    assert len(cut) == (0 if topology == "complete" else node)


GRAPHML = """<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="d" for="edge" attr.name="delay_s" attr.type="double"/>
<graph edgedefault="{edgedefault}">
{nodes}
{edges}
</graph></graphml>
"""


def graphml(folder: Path, nodes: str, edges: str, directed: bool = False, delay: str | None = None) -> str:
    data = "" if delay is None else f'<data key="d">{delay}</data>'
    path = folder / "graph.graphml"
    path.write_text(
        GRAPHML.format(
            edgedefault="directed" if directed else "undirected",
            nodes="".join(f'<node id="{name}"/>' for name in nodes.split()),
            edges="".join(
                f'<edge source="{edge.split("-")[0]}" target="{edge.split("-")[1]}">{data}</edge>'
                for edge in edges.split()
            ),
        )
    )
    return str(path)


def test_labels_are_numbered_in_the_order_of_the_file(tmp_path: Path) -> None:
    file = graphml(tmp_path, "paris rome oslo", "oslo-rome rome-paris")
    made = graph({"kind": "graphml", "file": file}, 3)
    assert made.labels == ("paris", "rome", "oslo")
    assert made.neighbours == ((1,), (0, 2), (1,))


def test_labels_that_are_numbers_are_numbered_in_ascending_order(tmp_path: Path) -> None:
    file = graphml(tmp_path, "10 9 100", "9-10 10-100")
    made = graph({"kind": "graphml", "file": file}, 3)
    assert made.labels == ("9", "10", "100")
    assert made.neighbours == ((1,), (0, 2), (1,))


def test_links_to_oneself_and_parallel_links_carry_nothing(tmp_path: Path) -> None:
    file = graphml(tmp_path, "0 1 2", "0-0 0-1 1-0 0-1 1-2 2-2")
    assert graph({"kind": "graphml", "file": file}, 3).edges == ((0, 1), (1, 2))


def test_a_delay_in_the_file_is_the_delay_of_its_link(tmp_path: Path) -> None:
    file = graphml(tmp_path, "a b c d", "a-b b-c c-d d-a", delay="0.125")
    scenario = Scenario(n=4, network={"topology": {"kind": "graphml", "file": file}})
    run = bft.simulate(scenario, 1)
    # Proposal and vote over one or two links: the first quorum stands once every phase took its slowest needed link.
    assert run.metrics.decided_at_s == 3 * 0.125 + 0.125


def test_a_directed_graph_has_one_way_links(tmp_path: Path) -> None:
    file = graphml(tmp_path, "0 1 2", "0-1 1-2 2-0", directed=True)
    made = graph({"kind": "graphml", "file": file}, 3)
    assert made.neighbours == ((1,), (2,), (0,))
    assert Scenario(n=3, network={"topology": {"kind": "graphml", "file": file}}).network.connectivity(3, 0).node == 1
    run = bft.simulate(Scenario(n=3, network={"topology": {"kind": "graphml", "file": file}}), 1)
    assert run.outcome.value == "agreed_correct"
    assert run.metrics.network is not None
    assert run.metrics.network.relayed > 0


@pytest.mark.parametrize(
    ("nodes", "edges", "directed", "delay", "n", "message"),
    [
        ("a b c", "a-b", False, None, 3, "must be connected, and node 0 (a) cannot reach node 2 (c)"),
        ("0 1 2", "0-1 0-2", True, None, 3, "must be connected, and node 1 (1) cannot reach node 0 (0)"),
        ("a b c", "a-b b-c", False, None, 4, "has 3 nodes, and n is 4"),
        ("a b", "a-b", False, "-1", 2, "delay_s = -1.0 of the link a – b must be a number, 0 or more"),
        ("a b", "a-b", False, "NaN", 2, "of the link a – b must be a number, 0 or more"),
        ("", "", False, None, 2, "has 0 nodes, and n is 2"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    tmp_path: Path, nodes: str, edges: str, directed: bool, delay: str | None, n: int, message: str
) -> None:
    file = graphml(tmp_path, nodes, edges, directed, delay)
    with pytest.raises(ScenarioError) as refused:
        graph({"kind": "graphml", "file": file}, n)
    assert message in str(refused.value)
    assert str(refused.value).startswith("network.topology")


def test_what_is_no_graphml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a graph")
    with pytest.raises(ScenarioError, match=r"network\.topology\.file = .*notes\.txt': is not GraphML"):
        graph({"kind": "graphml", "file": str(tmp_path / "notes.txt")}, 4)
    with pytest.raises(ScenarioError, match="cannot be read: no such file"):
        graph({"kind": "graphml", "file": str(tmp_path / "absent.graphml")}, 4)


def test_a_networkx_graph_can_be_given_as_it_is_and_written_down() -> None:
    petersen = nx.relabel_nodes(nx.petersen_graph(), {node: f"node {node}" for node in range(10)})
    nx.set_edge_attributes(petersen, 0.05, "delay_s")
    scenario = Scenario(n=10, network={"topology": petersen})
    again = Scenario.from_dict(tomllib.loads(scenario.to_toml()))
    assert again == scenario
    assert nx.is_isomorphic(again.network.graph(10).networkx(), petersen)
    assert bft.simulate(again, 1).trace_hash == bft.simulate(scenario, 1).trace_hash
    with pytest.raises(ScenarioError, match="has 10 nodes, and n is 9"):
        Scenario(n=9, network={"topology": petersen})
    del next(iter(petersen.edges(data=True)))[2]["delay_s"]
    with pytest.raises(ScenarioError, match="delay_s must be given for all links of the graph or for none"):
        Scenario(n=10, network={"topology": petersen})


@pytest.mark.parametrize(
    ("topology", "message"),
    [
        ("rng", "network.topology = 'rng': must have 'kind' among 'complete', 'ring'"),
        ({"kind": "random_regular", "degree": 4}, "network.topology.degree = 4: must be less than n = 4"),
        ({"kind": "random_regular", "degree": 0}, "network.topology.degree = 0: must be at least 1"),
        (
            {"kind": "random_regular", "degree": 1},
            "network.topology = 'random_regular': gave no connected graph",
        ),
        ({"kind": "small_world", "nearest": 4}, "network.topology.nearest = 4: must be less than n = 4"),
        ({"kind": "small_world", "rewiring": 1.5}, "network.topology.rewiring = 1.5: must be at most 1"),
        ({"kind": "scale_free", "links": 4}, "network.topology.links = 4: must be less than n = 4"),
        ({"kind": "harary", "connectivity": 4}, "network.topology.connectivity = 4: must be less than n = 4"),
        ({"kind": "star", "centre": 4}, "network.topology.centre = 4: must be a node between 0 and 3"),
        ({"kind": "edges", "links": [[0, 1], [2, 3]]}, "must be connected, and node 0 cannot reach node 2"),
        ({"kind": "edges", "links": [[0, 4]]}, "network.topology.links = 4: must be a node between 0 and 3"),
        ({"kind": "edges", "links": [[0, 1]], "delay_s": []}, "delay_s: must have one value for each of the 1 links"),
        ({"kind": "edges", "links": [[0, 1]], "delay_s": [-1]}, "network.topology.delay_s.0 = -1: must be at least 0"),
    ],
)
def test_a_topology_that_cannot_be_is_refused_by_name(topology: object, message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        Scenario(network={"topology": topology})
    assert message in str(refused.value)


def test_a_file_that_was_edited_is_read_again(tmp_path: Path) -> None:
    file = graphml(tmp_path, "a b c d", "a-b b-c c-d d-a")
    network = bft.Network(topology={"kind": "graphml", "file": file})
    assert len(network.graph(4).edges) == 4
    graphml(tmp_path, "a b c d", "a-b b-c c-d d-a a-c")
    assert len(network.graph(4).edges) == 5
    Path(file).unlink()
    with pytest.raises(ScenarioError, match="no such file"):
        network.graph(4)


def test_one_rule_holds_for_delays_of_files_and_of_objects(tmp_path: Path) -> None:
    """All links have a delay or none; of parallel ones the fastest counts."""
    some = tmp_path / "some.graphml"
    made = nx.cycle_graph(4)
    made.edges[0, 1]["delay_s"] = 0.05
    nx.write_graphml(made, some)
    for topology in (made, {"kind": "graphml", "file": str(some)}):
        with pytest.raises(ScenarioError, match="delay_s must be given for all links of the graph or for none"):
            Scenario(n=4, network={"topology": topology})
    parallel = nx.MultiGraph([(0, 1, {"delay_s": 5.0}), (1, 0, {"delay_s": 0.05}), (0, 1, {"delay_s": 1.0})])
    nx.write_graphml(parallel, some)
    links, delays = [[0, 1], [1, 0], [0, 1]], [5.0, 0.05, 1.0]
    written = {"kind": "edges", "links": links, "delay_s": delays}
    for topology in (parallel, {"kind": "graphml", "file": str(some)}, written):
        assert Scenario(n=2, network={"topology": topology}).network.graph(2).delay_s == {(0, 1): 0.05}
    one_way = {**written, "directed": True}
    assert graph({**one_way}, 2).delay_s == {(0, 1): 1.0, (1, 0): 0.05}, "directed links are two"


def test_a_file_that_says_directed_can_be_read_both_ways(tmp_path: Path) -> None:
    file = graphml(tmp_path, "a b c d", "a-b b-c c-d a-d", directed=True)
    topology = {"kind": "graphml", "file": file}
    with pytest.raises(ScenarioError, match=r"cannot reach node .*: directed = false reads them both ways"):
        Scenario(n=4, network={"topology": topology})
    both = {**topology, "directed": False}
    assert sorted(graph(both, 4).edges) == [(0, 1), (0, 3), (1, 2), (2, 3)]
    assert bft.simulate(Scenario(n=4, network={"topology": both}), 1).outcome.value == "agreed_correct"
    undirected = graphml(tmp_path, "a b", "a-b")
    with pytest.raises(ScenarioError, match=r"node 1 .* cannot reach node 0"):
        Scenario(n=2, network={"topology": {"kind": "graphml", "file": undirected, "directed": True}})


@pytest.mark.parametrize(
    ("inside", "sentence"),
    [
        ('<hyperedge><endpoint node="a"/><endpoint node="b"/></hyperedge>', "has hyperedges, which are not supported"),
        ('<edge source="a" target="b" directed="true"/>', "has directed and undirected links, which is not supported"),
    ],
)
def test_what_graphml_can_say_and_is_not_read_is_named(inside: str, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "g.graphml"
    nodes = '<node id="a"/><node id="b"/>'
    space = "http://graphml.graphdrawing.org/xmlns"
    file.write_text(f'<graphml xmlns="{space}"><graph edgedefault="undirected">{nodes}{inside}</graph></graphml>')
    with pytest.raises(ScenarioError, match=sentence) as refused:
        graph({"kind": "graphml", "file": str(file)}, 2)
    assert "is not GraphML" not in str(refused.value)
    if "edge source" in inside:
        assert graph({"kind": "graphml", "file": str(file), "directed": False}, 2).edges == ((0, 1),)


def test_a_value_of_another_type_than_its_key_says_is_refused_with_a_likely_reason(tmp_path: Path) -> None:
    keys = (
        '<key id="d1" for="node" attr.name="load" attr.type="{}"/>'
        '<key id="{}" for="edge" attr.name="delay_ms" attr.type="int"/>'
    )
    links = '<edge source="a" target="b"><data key="{}">50</data></edge>'
    nodes = '<node id="a"><data key="d1">0.5</data></node><node id="b"><data key="d1">0.5</data></node>'

    def write(load: str, key: str) -> dict[str, object]:
        file = tmp_path / f"{load}-{key}.graphml"
        inside = f'{keys.format(load, key)}<graph edgedefault="undirected">{nodes}{links.format(key)}</graph>'
        file.write_text(f'<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{inside}</graphml>')
        return {"kind": "graphml", "file": str(file), "delay_attribute": "delay_ms"}

    assert graph(write("double", "d2"), 2).delay_s == {(0, 1): 0.05}
    for load, key in (("double", "d1"), ("int", "d2")):
        for directed in ({}, {"directed": False}):
            with pytest.raises(ScenarioError, match=r"not of the type its key says.*another id than every key of node"):
                graph({**write(load, key), **directed}, 2)
