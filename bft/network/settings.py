"""The network of a scenario: delay law, loss and duplication; and, where given, everything real networks have besides.

By default everybody has a link to everybody, links are alike, and messages take no room and no work. Each further field
switches one thing on; what none of them touches stays as it was, in the same random draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import SerializerFunctionWrapHandler, model_serializer

from bft.errors import ScenarioError, bad_value
from bft.network.capacity import Bandwidth, MessageSizes, Processing, Slowdown, Switch
from bft.network.conditions import Link, PartialSynchrony, Partition
from bft.network.delays import Delay, LognormalDelay
from bft.network.graphs import Connectivity, Graph, connectivities, minimum_cut
from bft.network.regions import Regions
from bft.network.routing import Gossip, Routed, Routing
from bft.network.topology import CompleteTopology, Topology, graph_of
from bft.settings import PositiveSeconds, Probability, Settings

__all__ = ["Network", "Partition"]

BEYOND = (
    "topology",
    "routing",
    "regions",
    "links",
    "reordering",
    "synchrony",
    "sizes",
    "bandwidth",
    "processing",
    "slowdowns",
)
"""Fields that only the event engine's fabric (`bft.simulation.fabric`) knows."""


class Network(Settings):
    """How messages travel.

    Attributes
    ----------
    delay : Delay
        Law of the delay of each message on each link.
    loss, duplication : float
        Probability that a message is lost, or delivered a second time, independently, on each link.
    partitions : tuple of Partition
        Times at which groups are cut off from each other.
    topology : Topology, optional
        Which nodes have links; by default all.
    routing : Routing, optional
        How messages find their way; by default over the link where all have links, else routed.
    regions : Regions, optional
        Where the nodes stand: half a round trip and jitter take the place of `delay`.
    links : tuple of Link
        What is different on some links.
    reordering : float
        Probability that a message is held back on a link, so that later ones overtake it.
    held_back_s : float
        By how much, in seconds.
    synchrony : PartialSynchrony, optional
        GST and Δ.
    sizes : MessageSizes, optional
        How long messages are; given by itself it only has the bytes counted.
    bandwidth : Bandwidth, optional
        Uplinks.
    processing : Processing, optional
        Time for signatures, and queues of what has arrived.
    slowdowns : tuple of Slowdown
        Nodes whose processors and uplinks are slow.
    """

    _prefix: ClassVar[str] = "network."

    delay: Delay = LognormalDelay()
    loss: Probability = 0.0
    duplication: Probability = 0.0
    partitions: tuple[Partition, ...] = ()
    topology: Topology | None = None
    routing: Routing | None = None
    regions: Regions | None = None
    links: tuple[Link, ...] = ()
    reordering: Probability = 0.0
    held_back_s: PositiveSeconds = 0.2
    synchrony: PartialSynchrony | None = None
    sizes: Annotated[MessageSizes | None, Switch] = None
    bandwidth: Annotated[Bandwidth | None, Switch] = None
    processing: Annotated[Processing | None, Switch] = None
    slowdowns: tuple[Slowdown, ...] = ()

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is switched off: a sweep's seeds follow from what a scenario says, and stay as they were."""
        tables: dict[str, Any] = write(self)
        for name in (*BEYOND, "held_back_s"):
            if getattr(self, name) == type(self).model_fields[name].default:
                tables.pop(name, None)
        return tables

    @property
    def beyond_delays(self) -> tuple[str, ...]:
        """Names of the fields in use that go beyond one delay law, loss, duplication and partitions that lose."""
        complete = isinstance(self.topology, CompleteTopology)
        used = tuple(name for name in BEYOND if getattr(self, name) and not (complete and name == "topology"))
        return (*used, "partitions") if any(each.delays for each in self.partitions) else used

    def graph(self, n: int) -> Graph:
        """Return who has a link to whom.

        Raises
        ------
        ScenarioError
            If there is no such graph of n nodes, or it is not connected.
        """
        return graph_of(self.topology or CompleteTopology(), n)

    def way(self, n: int) -> Routed | Gossip | None:
        """Return how messages find their way; None where each takes the link to its recipient."""
        if self.routing is not None or self.topology is None or self.graph(n).complete:
            return self.routing
        return Routed()

    def connectivity(self, n: int, tolerated: int) -> Connectivity:
        """Return how many failures the links survive; slow for some hundreds of nodes, and remembered."""
        graph = self.graph(n)
        node, edge = connectivities(n, graph.edges, graph.directed)
        return Connectivity(node=node, edge=edge, tolerated=tolerated, cut=minimum_cut(graph))

    def authentic(self, n: int, tolerated: int) -> bool:
        """Whether what honest nodes receive is what honest nodes sent, with f Byzantine relays anywhere."""
        way = self.way(n)
        if way is None or way.signed or way.byzantine_relays != "alter":
            return True
        several = isinstance(way, Routed) and way.paths >= 2 * tolerated + 1
        return several and self.connectivity(n, tolerated).sufficient(signed=False)

    def check(self, n: int) -> None:
        """Refuse what does not fit n nodes.

        Raises
        ------
        ScenarioError
            Naming the field.
        """
        for name, nodes in self._named():
            check_nodes(f"network.{name}", nodes, n)
        if self.topology is not None:
            self.graph(n)
        if self.regions is not None:
            self.regions.of(n)
        if self.slowdowns and self.bandwidth is None and self.processing is None:
            allowed = "need network.bandwidth or network.processing to be slow in"
            raise ScenarioError(bad_value("network.slowdowns", len(self.slowdowns), allowed))
        if self.bandwidth is not None and len(self.bandwidth.of(n)) != n:
            given = self.bandwidth.uplink_mbit_s
            allowed = f"must have one value for each of the n = {n} nodes"
            raise ScenarioError(bad_value("network.bandwidth.uplink_mbit_s", given, allowed))

    def _named(self) -> Iterator[tuple[str, Sequence[int] | None]]:
        """Yield all node numbers, with the fields that name them."""
        for partition in self.partitions:
            for group in partition.groups:
                yield "partitions.groups", group
        for link in self.links:
            yield "links.senders", link.senders
            yield "links.recipients", link.recipients
        for slowdown in self.slowdowns:
            yield "slowdowns.nodes", slowdown.nodes


def check_nodes(field: str, nodes: Sequence[int] | None, n: int) -> None:
    """Refuse node numbers outside 0 … n − 1."""
    for node in nodes or ():
        if not 0 <= node < n:
            raise ScenarioError(bad_value(field, node, f"must be a node between 0 and {n - 1}"))
