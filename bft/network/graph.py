"""A graph as plain tuples: who has a link to whom.

Node numbers are 0 … n − 1. A node's link to itself carries nothing and is left out; parallel links count once, with the
delay of the fastest. What it is read from stands in `graph_reading`, how well it holds together in `graphs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

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
