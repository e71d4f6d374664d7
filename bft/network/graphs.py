"""How well a graph holds together, measured by networkx, which is loaded only where a topology is given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from bft.network.cuts import smallest_cut
from bft.network.graph import Edge, Graph
from bft.network.graph_reading import from_networkx

__all__ = ["Connectivity", "Edge", "Graph", "connectivities", "from_networkx", "minimum_cut"]


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
