"""Which nodes have links: settings of the named graphs of networkx, a GraphML file, or a list of links.

Random graphs belong to the scenario (`seed`), not to the run: every replication has the same links, and a sweep may go
over the seeds. They are the first connected ones that their seed gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import combinations
from math import ceil, sqrt
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeGuard
from xml.etree import ElementTree

from pydantic import BeforeValidator, Field, model_validator

from bft.errors import ScenarioError, bad_value
from bft.network.graph import Graph, fastest, from_pairs
from bft.network.graph_reading import Reading, from_networkx
from bft.network.stamps import Stamp, stamp_of
from bft.settings import Seconds, Settings

if TYPE_CHECKING:
    import networkx as nx

UNSUPPORTED = {
    "hyperedge": "has hyperedges, which are not supported: a link joins two nodes",
    "nested": "has graphs inside nodes, which are not supported",
    "edge found in": "has directed and undirected links, which is not supported: write each undirected one as two, "
    "or say directed = false",
}
"""What GraphML can say and is not read here, by a word of the reader's message."""

OTHER_TYPE = (
    "has a value that is not of the type its key says; a key of links needs another id than every key of nodes "
    "(rustworkx gives both the same)"
)

TRIES = 100  # graphs drawn from one seed until one is connected
Seed = Annotated[int, Field(ge=0)]


class CompleteTopology(Settings):
    """Everybody has a link to everybody: what PBFT assumes."""

    kind: Literal["complete"] = "complete"

    def graph(self, n: int) -> Graph:
        """Return the graph of n nodes."""
        return from_pairs(n, combinations(range(n), 2))


class RingTopology(Settings):
    """Each node has a link to the next, the last to the first."""

    kind: Literal["ring"] = "ring"

    def graph(self, n: int) -> Graph:
        """Return the graph of n nodes."""
        return from_pairs(n, ((node, (node + 1) % n) for node in range(n)))


class StarTopology(Settings):
    """All links lead to one node."""

    kind: Literal["star"] = "star"

    centre: Annotated[int, Field(ge=0)] = 0
    """The node in the middle."""

    def graph(self, n: int) -> Graph:
        """Return the graph of n nodes."""
        if self.centre >= n:
            raise _refusal("centre", self.centre, f"must be a node between 0 and {n - 1}")
        return from_pairs(n, ((self.centre, node) for node in range(n)))


class GridTopology(Settings):
    """Rows and columns, each node with a link to those beside, above and below; the last row may be shorter."""

    kind: Literal["grid"] = "grid"

    columns: Annotated[int, Field(ge=1)] | None = None
    """Nodes in a row; by default about as many as there are rows."""

    def graph(self, n: int) -> Graph:
        """Return the graph of n nodes; by default about as many columns as rows."""
        columns = self.columns or ceil(sqrt(n))
        beside = ((node, node + 1) for node in range(n - 1) if (node + 1) % columns)
        below = ((node, node + columns) for node in range(n - columns))
        return from_pairs(n, [*beside, *below])


class RegularTopology(Settings):
    """A random graph in which every node has the same number of links."""

    kind: Literal["random_regular"] = "random_regular"

    degree: Annotated[int, Field(ge=1)] = 4
    """Links of each node."""

    seed: Seed = 0
    """Which graph; it belongs to the scenario, so that every replication has the same links."""

    def graph(self, n: int) -> Graph:
        """Return the graph of n nodes."""
        if not self.degree < n or n * self.degree % 2:
            raise _refusal("degree", self.degree, f"must be less than n = {n}, and n times degree even")
        import networkx as nx

        random = Random(self.seed)
        return _connected(self.kind, lambda: nx.random_regular_graph(self.degree, n, seed=random))


class SmallWorldTopology(Settings):
    """Watts & Strogatz (1998): a ring with links to the nearest, some of them rewired at random."""

    kind: Literal["small_world"] = "small_world"

    nearest: Annotated[int, Field(ge=2)] = 4
    """Links of each node before rewiring, half to each side."""

    rewiring: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Probability that a link is rewired."""

    seed: Seed = 0
    """Which graph; it belongs to the scenario, so that every replication has the same links."""

    def graph(self, n: int) -> Graph:
        """Return the graph of n nodes."""
        if not self.nearest < n:
            raise _refusal("nearest", self.nearest, f"must be less than n = {n}")
        import networkx as nx

        random = Random(self.seed)
        return _connected(self.kind, lambda: nx.watts_strogatz_graph(n, self.nearest, self.rewiring, seed=random))


class ScaleFreeTopology(Settings):
    """Barabási & Albert (1999): each new node takes links to nodes that have many already."""

    kind: Literal["scale_free"] = "scale_free"

    links: Annotated[int, Field(ge=1)] = 2
    """Links that each new node takes."""

    seed: Seed = 0
    """Which graph; it belongs to the scenario, so that every replication has the same links."""

    def graph(self, n: int) -> Graph:
        """Return the graph of n nodes."""
        if not self.links < n:
            raise _refusal("links", self.links, f"must be less than n = {n}")
        import networkx as nx

        return from_networkx(nx.barabasi_albert_graph(n, self.links, seed=Random(self.seed)))


class HararyTopology(Settings):
    """Harary (1962): the given node connectivity with the fewest links possible."""

    kind: Literal["harary"] = "harary"

    connectivity: Annotated[int, Field(ge=1)] = 3
    """Node connectivity."""

    def graph(self, n: int) -> Graph:
        """Return the graph of n nodes."""
        if not self.connectivity < n:
            raise _refusal("connectivity", self.connectivity, f"must be less than n = {n}")
        import networkx as nx

        return from_networkx(nx.hkn_harary_graph(self.connectivity, n))


class GraphmlTopology(Settings):
    """Any graph from a GraphML file.

    Attributes
    ----------
    file : str
        Its path.
    directed : bool, optional
        Whether links carry messages one way only; by default what the file says. Editors often write
        `edgedefault="directed"` whether or not links have arrows.
    delay_attribute : str
        Attribute of a link that is its delay, if links have one.
    delay_unit : {"s", "ms", "us"}, optional
        Unit of that attribute; by default the one in which its name ends.
    """

    _written_if_set: ClassVar[frozenset[str]] = frozenset({"delay_attribute", "delay_unit"})

    kind: Literal["graphml"] = "graphml"
    file: str
    directed: bool | None = None
    delay_attribute: str = "delay_s"
    delay_unit: Literal["s", "ms", "us"] | None = None

    def graph(self, n: int) -> Graph:
        """Return the graph of the file, which must have n nodes."""
        reading = Reading(directed=self.directed, delay_attribute=self.delay_attribute, delay_unit=self.delay_unit)
        graph = _read(self.file, reading)
        if graph.n != n:
            raise _refusal("file", self.file, f"the graph has {graph.n} nodes, and n is {n}")
        return graph


class EdgesTopology(Settings):
    """The links themselves, one pair of nodes for each; this is what a networkx object becomes."""

    kind: Literal["edges"] = "edges"

    links: tuple[tuple[int, int], ...]
    """Pairs of node numbers."""

    nodes: Annotated[int, Field(ge=1)] | None = None
    """How many nodes there are; must be n. By default n is not checked."""

    directed: bool = False
    """Whether links carry messages from their first node to their second only."""

    delay_s: tuple[Seconds, ...] | None = None
    """Delay of each link, in their order; by default that of the network."""

    @model_validator(mode="after")
    def _sound(self) -> EdgesTopology:
        if self.delay_s is not None and len(self.delay_s) != len(self.links):
            raise ValueError(f"delay_s: must have one value for each of the {len(self.links)} links")
        return self

    def graph(self, n: int) -> Graph:
        """Return the graph, which must have n nodes."""
        if self.nodes not in (None, n):
            raise _refusal("nodes", self.nodes, f"the graph has {self.nodes} nodes, and n is {n}")
        for node in (node for link in self.links for node in link):
            if not 0 <= node < n:
                raise _refusal("links", node, f"must be a node between 0 and {n - 1}")
        delays: Sequence[float | None] = [None] * len(self.links) if self.delay_s is None else self.delay_s
        kept = fastest(zip(self.links, delays, strict=True), directed=self.directed)
        return Graph(
            n=n,
            edges=tuple(kept),
            directed=self.directed,
            delay_s={pair: delay for pair, delay in kept.items() if delay is not None},
        )


def read_topology(value: object) -> object:
    """Let a name stand for the topology of that kind or the GraphML file, and a networkx graph for its links."""
    if isinstance(value, str):
        return {"kind": "graphml", "file": value} if value.endswith(".graphml") else {"kind": value}
    return links_of(from_networkx(value)) if is_networkx(value) else value


def is_networkx(value: object) -> TypeGuard[nx.Graph[Any]]:
    """Whether a value is a graph of networkx, which is not loaded for the question."""
    return type(value).__module__.partition(".")[0] == "networkx"


def links_of(graph: Graph) -> dict[str, Any]:
    """Return the settings of `EdgesTopology` for a graph."""
    return {
        "kind": "edges",
        "links": graph.edges,
        "nodes": graph.n,
        "directed": graph.directed,
        **({"delay_s": tuple(graph.delay_s[edge] for edge in graph.edges)} if graph.delay_s else {}),
    }


Topology = Annotated[
    Annotated[
        CompleteTopology
        | RingTopology
        | StarTopology
        | GridTopology
        | RegularTopology
        | SmallWorldTopology
        | ScaleFreeTopology
        | HararyTopology
        | GraphmlTopology
        | EdgesTopology,
        Field(discriminator="kind"),
    ],
    BeforeValidator(read_topology),
]


def graph_of(topology: Topology, n: int) -> Graph:
    """Return a topology's graph of n nodes.

    Raises `ScenarioError` if there is no such graph, or some node cannot reach another.
    """
    return _graph_of(topology, n, stamp_of(topology.file) if isinstance(topology, GraphmlTopology) else None)


@lru_cache(maxsize=64)
def _graph_of(topology: Topology, n: int, stamp: Stamp | None) -> Graph:  # noqa: ARG001 (a file written anew is read anew)
    graph = from_pairs(1, ()) if n == 1 and topology.kind not in ("graphml", "edges") else topology.graph(n)
    cut_off = graph.unreachable()
    if cut_off is not None:
        one, other = (f"{node} ({graph.labels[node]})" if graph.labels else str(node) for node in cut_off)
        allowed = f"must be connected, and node {one} cannot reach node {other}"
        if graph.directed and topology.kind == "graphml" and topology.directed is None:
            allowed += "; the file says that its links are directed: directed = false reads them both ways"
        raise ScenarioError(bad_value("network.topology", topology.kind, allowed))
    return graph


def _connected(kind: str, draw: Callable[[], nx.Graph[int]]) -> Graph:
    """Draw until a graph is connected."""
    for _ in range(TRIES):
        graph = from_networkx(draw())
        if graph.unreachable() is None:
            return graph
    raise ScenarioError(bad_value("network.topology", kind, f"gave no connected graph in {TRIES} tries"))


def _read(path: str, reading: Reading) -> Graph:
    import networkx as nx

    directed = reading.directed
    try:
        if not Path(path).is_file():
            raise _refusal("file", path, "cannot be read: no such file")
        graph = nx.read_graphml(path) if directed is None else nx.parse_graphml(_said(path, directed))
    except ScenarioError:
        raise
    except OSError as reason:
        raise _refusal("file", path, f"cannot be read: {reason.strerror}") from None
    except nx.NetworkXError as reason:
        what = next((meant for word, meant in UNSUPPORTED.items() if word in str(reason).lower()), None)
        raise _refusal("file", path, what or f"is not supported: {reason}") from None
    except ValueError as reason:
        raise _refusal("file", path, f"{OTHER_TYPE}: {reason}") from None
    except Exception as reason:  # the reader raises whatever its XML parser meets
        raise _refusal("file", path, f"is not GraphML: {reason}") from None
    try:
        return from_networkx(graph, reading)
    except ValueError as reason:
        raise _refusal("file", path, str(reason)) from None


def _said(path: str, directed: bool) -> str:
    """Return a GraphML file whose links are all directed, or none, whatever it says of them."""
    tree = ElementTree.parse(path).getroot()
    for each in tree.iter():
        kind = each.tag.rpartition("}")[2]
        if kind == "graph":
            each.set("edgedefault", "directed" if directed else "undirected")
        elif kind == "edge":
            each.attrib.pop("directed", None)
    return ElementTree.tostring(tree, encoding="unicode")


def _refusal(field: str, value: object, allowed: str) -> ScenarioError:
    return ScenarioError(bad_value(f"network.topology.{field}", value, allowed))
