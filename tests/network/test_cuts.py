"""Connectivity against brute force: every digraph of up to four nodes, and drawn graphs of five and six."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import networkx as nx
import pytest

from bft import Scenario, simulate
from bft.network.graphs import Graph, connectivities, from_networkx, minimum_cut


def digraphs(n: int) -> Iterator[nx.DiGraph]:
    """Every digraph of n nodes, one of each that differ by the numbers of their nodes alone."""
    pairs = list(itertools.permutations(range(n), 2))
    seen: set[tuple[tuple[int, int], ...]] = set()
    for chosen in itertools.product((False, True), repeat=len(pairs)):
        edges = [pair for pair, there in zip(pairs, chosen, strict=True) if there]
        if not _strong(n, edges, set()):
            continue
        forms = (tuple(sorted((to[a], to[b]) for a, b in edges)) for to in itertools.permutations(range(n)))
        form = min(forms)
        if form not in seen:
            seen.add(form)
            yield _graph(n, edges, directed=True)


def drawn(n: int, count: int, *, directed: bool) -> Iterator[nx.Graph]:
    """Connected graphs, some with few links and some with many."""
    draws = random.Random(20240607 + n)
    pairs = list(itertools.permutations(range(n), 2) if directed else itertools.combinations(range(n), 2))
    while count:
        share = draws.uniform(0.3, 0.95)
        edges = [pair for pair in pairs if draws.random() < share]
        if _strong(n, edges if directed else [*edges, *((b, a) for a, b in edges)], set()):
            count -= 1
            yield _graph(n, edges, directed=directed)


def _graph(n: int, edges: list[tuple[int, int]], *, directed: bool) -> nx.Graph:
    made = nx.DiGraph() if directed else nx.Graph()
    made.add_nodes_from(range(n))
    made.add_edges_from(edges)
    return made


def _strong(n: int, edges: list[tuple[int, int]], without: set[int]) -> bool:
    left = [node for node in range(n) if node not in without]
    out = {node: [b for a, b in edges if a == node and b not in without] for node in left}
    for start in left:
        reached, front = {start}, [start]
        while front:
            front = [b for a in front for b in out[a] if b not in reached]
            reached.update(front)
        if len(reached) < len(left):
            return False
    return True


def fewest(made: nx.Graph) -> tuple[int, int]:
    """How many nodes, and how many links, must go before somebody cannot reach somebody: by trying all sets."""
    n, given = made.number_of_nodes(), list(made.edges)
    both = [pair for edge in given for pair in ((edge,) if made.is_directed() else (edge, edge[::-1]))]
    node = next(
        (k for k in range(n - 1) for gone in itertools.combinations(range(n), k) if not _strong(n, both, set(gone))),
        n - 1,
    )
    edge = next(
        k
        for k in range(len(given) + 1)
        for gone in itertools.combinations(given, k)
        if not _strong(
            n, [pair for pair in both if pair not in gone and (made.is_directed() or pair[::-1] not in gone)], set()
        )
    )
    return node, edge


def check(made: nx.Graph) -> None:
    graph = from_networkx(made)
    node, edge = fewest(made)
    assert connectivities(graph.n, graph.edges, graph.directed) == (node, edge), list(made.edges)
    cut = minimum_cut(graph)
    if graph.complete:
        assert cut == ()
        return
    assert len(cut) == node
    both = [*graph.edges, *(() if graph.directed else [(b, a) for a, b in graph.edges])]
    assert not _strong(graph.n, both, set(cut)), "the cut parts the rest"


@pytest.mark.parametrize("n", [2, 3, 4])
def test_connectivity_of_every_small_digraph_is_that_of_trying_all_sets(n: int) -> None:
    graphs = list(digraphs(n))
    assert len(graphs) == {2: 1, 3: 5, 4: 83}[n], "strongly connected digraphs, OEIS A035512"
    for made in graphs:
        check(made)


@pytest.mark.parametrize(("n", "directed", "count"), [(5, True, 40), (6, True, 12), (5, False, 20), (6, False, 20)])
def test_connectivity_of_drawn_graphs_is_that_of_trying_all_sets(n: int, directed: bool, count: int) -> None:
    for made in drawn(n, count, directed=directed):
        check(made)


LOPSIDED = [(0, 1), (0, 3), (1, 2), (1, 3), (2, 0), (2, 3), (3, 0), (3, 1)]


def test_a_digraph_that_one_crash_parts_is_told_so_with_the_cut() -> None:
    scenario = Scenario(n=4, network={"topology": _graph(4, LOPSIDED, directed=True)}, faults={"nodes": [1]})
    links = scenario.network.connectivity(4, 1)
    assert (links.node, links.edge, links.cut) == (1, 1, (1,))
    assert not links.sufficient(signed=True)
    assert "WARNING: not enough; the failure of node 1 parts the others" in links.sentence(signed=True)
    assert simulate(scenario, seed=1).outcome.value != "agreed_correct"


def test_an_authentic_network_needs_the_true_connectivity() -> None:
    """A complete digraph of eight without five links: what networkx's own function says of it would be enough."""
    made = nx.complete_graph(8, create_using=nx.DiGraph)
    made.remove_edges_from([(node, 7) for node in range(5)])  # 7 hears 5 and 6 alone
    routing = {"kind": "routed", "signed": False, "byzantine_relays": "alter", "paths": 3}
    network = Scenario(n=8, network={"topology": made, "routing": routing}).network
    assert (network.connectivity(8, 1).node, network.connectivity(8, 1).cut) == (2, (5, 6))
    assert not network.authentic(8, 1)


def test_a_graph_without_a_way_has_connectivity_0() -> None:
    assert connectivities(3, ((0, 1), (1, 2)), True)[0] == 0
    assert minimum_cut(Graph(n=3, edges=((0, 1), (1, 2)), directed=True)) == ()
