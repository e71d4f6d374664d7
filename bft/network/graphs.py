"""Graphs as plain tuples, measured by networkx, which is loaded only where a topology is given.

Node numbers are 0 … n − 1. A node's link to itself carries nothing and is left out; parallel links count once, with the
delay of the fastest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from bft.network.cuts import smallest_cut

if TYPE_CHECKING:
    import networkx as nx

Edge = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Who has a link to whom.

    Attributes
    ----------
    n : int
        Number of nodes.
    edges : tuple of (int, int)
        Links, each pair once; in an undirected graph a link carries messages both ways.
    directed : bool
        Whether a link carries messages from its first node to its second only.
    delay_s : mapping of (int, int) to float
        Delays that the graph itself gives some links, in seconds.
    labels : tuple of str
        What the nodes were called, by number.
    coordinates : tuple of (float, float) or None
        Latitude and longitude of each node in degrees, where the graph says so.
    """

    n: int
    edges: tuple[Edge, ...]
    directed: bool = False
    delay_s: Mapping[Edge, float] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    coordinates: tuple[tuple[float, float] | None, ...] = ()

    @cached_property
    def neighbours(self) -> tuple[tuple[int, ...], ...]:
        """Whom each node can send to, in ascending order."""
        out: list[set[int]] = [set() for _ in range(self.n)]
        for one, other in self.edges:
            out[one].add(other)
            if not self.directed:
                out[other].add(one)
        return tuple(tuple(sorted(each)) for each in out)

    @property
    def complete(self) -> bool:
        """Whether every node can send to every other."""
        return all(len(each) == self.n - 1 for each in self.neighbours)

    def edge_delay_s(self, one: int, other: int) -> float | None:
        """Return the delay that the graph gives a link, or None."""
        given = self.delay_s.get((one, other))
        return self.delay_s.get((other, one)) if given is None and not self.directed else given

    def unreachable(self) -> tuple[int, int] | None:
        """Return two nodes of which the first cannot reach the second over any number of links, or None."""
        for start in (0,) if not self.directed else range(self.n):
            reached, front = {start}, [start]
            while front:
                front = [new for node in front for new in self.neighbours[node] if new not in reached]
                reached.update(front)
            missing = [node for node in range(self.n) if node not in reached]
            if missing:
                return start, missing[0]
        return None

    def networkx(self) -> nx.Graph[int]:
        """Return the graph as a networkx object."""
        import networkx as nx

        made: nx.Graph[int] = nx.DiGraph() if self.directed else nx.Graph()
        made.add_nodes_from(range(self.n))
        made.add_edges_from(self.edges)
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Connectivity:
    """How many nodes, or links, must fail before some honest node cannot reach another.

    Attributes
    ----------
    node, edge : int
        Node and edge connectivity; of the complete graph n − 1.
    cut : tuple of int
        A smallest set of nodes whose failure parts the others; empty for a complete graph.
    tolerated : int
        f: faulty nodes that the protocol tolerates.

    References
    ----------
    Dolev, *The Byzantine generals strike again*, Journal of Algorithms 3 (1982): relays that may alter what they pass
    on are harmless iff the node connectivity is at least 2f + 1. Where messages are signed they can only be withheld,
    and f + 1 is enough.
    """

    node: int
    edge: int
    tolerated: int
    cut: tuple[int, ...] = ()

    @property
    def needed_signed(self) -> int:
        """Node connectivity that f faulty relays need with signatures: f + 1."""
        return self.tolerated + 1

    @property
    def needed_unsigned(self) -> int:
        """The same without signatures: 2f + 1."""
        return 2 * self.tolerated + 1

    def sufficient(self, *, signed: bool) -> bool:
        """Whether f faulty relays, wherever they sit, cannot part honest nodes or deceive them."""
        return self.node >= (self.needed_signed if signed else self.needed_unsigned)

    def sentence(self, *, signed: bool) -> str:
        """Return what this means, for reading."""
        kind = "with signatures" if signed else "without signatures"
        needed = self.needed_signed if signed else self.needed_unsigned
        verdict = "enough" if self.sufficient(signed=signed) else "WARNING: not enough"
        if self.cut:
            nodes = f"node{'s' if len(self.cut) > 1 else ''} {', '.join(map(str, self.cut))}"
            verdict += f"; the failure of {nodes} parts the others"
        return (
            f"node connectivity {self.node}, edge connectivity {self.edge}; f = {self.tolerated} faulty relays {kind} "
            f"need {needed}: {verdict}"
        )


@lru_cache(maxsize=64)
def connectivities(n: int, edges: tuple[Edge, ...], directed: bool) -> tuple[int, int]:
    """Return node and edge connectivity."""
    import networkx as nx

    graph = Graph(n=n, edges=edges, directed=directed)
    if graph.complete:
        return n - 1, n - 1
    return len(minimum_cut(graph)), int(nx.edge_connectivity(graph.networkx()))


def minimum_cut(graph: Graph) -> tuple[int, ...]:
    """Return a smallest set of nodes whose failure parts the rest, in ascending order; empty for a complete graph."""
    return _cut(graph.n, graph.edges, graph.directed)


@lru_cache(maxsize=64)
def _cut(n: int, edges: tuple[Edge, ...], directed: bool) -> tuple[int, ...]:
    return smallest_cut(Graph(n=n, edges=edges, directed=directed).networkx()) or ()


def fastest(links: Iterable[tuple[Edge, float | None]], *, directed: bool) -> dict[Edge, float | None]:
    """Return each link once, in the order of the first mention, with the least of the delays it is given."""
    kept: dict[Edge, float | None] = {}
    for (one, other), delay in links:
        if one == other:
            continue
        pair = (other, one) if not directed and (other, one) in kept else (one, other)
        before = kept.setdefault(pair, delay)
        if delay is not None and (before is None or delay < before):
            kept[pair] = delay
    return kept


def from_pairs(n: int, pairs: Iterable[tuple[Any, Any]]) -> Graph:
    """Return the undirected graph of some pairs of node numbers."""
    kept = dict.fromkeys((min(pair), max(pair)) for pair in pairs if pair[0] != pair[1])
    return Graph(n=n, edges=tuple(sorted(kept)))


def from_networkx(given: Any) -> Graph:
    """Return a graph of networkx as it says of itself; `bft.network.graph_reading` can read it otherwise, too."""
    graph: Graph = import_module("bft.network.graph_reading").from_networkx(given)  # which is made of graphs
    return graph
