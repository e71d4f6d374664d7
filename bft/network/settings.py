"""The network of a scenario: delay law, loss and duplication; and, where given, everything real networks have besides.

By default everybody has a link to everybody, links are alike, and messages take no room and no work. Each further field
switches one thing on; what none of them touches stays as it was, in the same random draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from bft.errors import ScenarioError, bad_value
from bft.network.capacity import Bandwidth, MessageSizes, Processing, Slowdown, Switch
from bft.network.conditions import Link, PartialSynchrony, Partition
from bft.network.delays import Delay, LognormalDelay
from bft.network.graph_reading import SECONDS, Reading, from_networkx
from bft.network.graphs import Connectivity, Graph, connectivities, minimum_cut
from bft.network.places import (
    PATH_STRETCH,
    Coordinates,
    RoundTrips,
    check_coordinates,
    check_round_trips,
    halved_s,
    travel_s,
)
from bft.network.regions import TABLES, Regions
from bft.network.routing import Gossip, Routed, Routing
from bft.network.topology import (
    CompleteTopology,
    GraphmlTopology,
    Topology,
    graph_of,
    is_networkx,
    links_of,
    read_topology,
)
from bft.settings import PositiveSeconds, Probability, Settings

__all__ = ["Network", "Partition"]

BEYOND = (
    "topology",
    "routing",
    "regions",
    "rtt_ms",
    "coordinates",
    "links",
    "reordering",
    "synchrony",
    "sizes",
    "bandwidth",
    "processing",
    "slowdowns",
)
"""Fields that only the event engine's fabric (`bft.simulation.fabric`) knows."""

REFINING = ("held_back_s", "jitter", "path_stretch")
"""Fields that say more about one of those, and mean nothing without it."""

GRAPH_WORDS = ("directed", "delay_attribute", "delay_unit")
"""How `topology` is read, where it is a graph object or a GraphML file; part of the topology afterwards."""


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
    rtt_ms : matrix of float, optional
        Round trips from the row's node to the column's, in milliseconds: half of them, and jitter, take the place of
        `delay`. The diagonal is not read.
    coordinates : sequence of (float, float) or "graph", optional
        Latitude and longitude of each node in degrees, or those that the nodes of the topology have: the time along the
        great circle in glass fibre, and jitter, take the place of `delay`. See `bft.network.places`.
    path_stretch : float
        By how much the way of a message is longer than the great circle.
    jitter : Delay, optional
        Law of what is added to delays from `rtt_ms`, `coordinates` or the topology; by default nothing is.
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
    rtt_ms: RoundTrips | None = None
    coordinates: Coordinates | None = None
    path_stretch: Annotated[float, Field(ge=1, allow_inf_nan=False)] = PATH_STRETCH
    jitter: Delay | None = None
    links: tuple[Link, ...] = ()
    reordering: Probability = 0.0
    held_back_s: PositiveSeconds = 0.2
    synchrony: PartialSynchrony | None = None
    sizes: Annotated[MessageSizes | None, Switch] = None
    bandwidth: Annotated[Bandwidth | None, Switch] = None
    processing: Annotated[Processing | None, Switch] = None
    slowdowns: tuple[Slowdown, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _read_graph(cls, given: Any) -> Any:
        """Read a graph object, or name how a GraphML file is read, as `GRAPH_WORDS` say."""
        if not isinstance(given, Mapping):
            return given
        words = {name: given[name] for name in GRAPH_WORDS if given.get(name) is not None}
        rest = {name: value for name, value in given.items() if name not in GRAPH_WORDS}
        topology = rest.get("topology")
        if is_networkx(topology):
            reading = _reading(words)
            try:
                graph = from_networkx(topology, reading)
            except ValueError as reason:
                raise ScenarioError(f"network.topology: {reason}") from None
            rest["topology"] = links_of(graph)
            if rest.get("coordinates") == "graph":
                check_coordinates(graph.coordinates, graph.n, graph.labels)
                rest["coordinates"] = graph.coordinates
        elif words:
            table = read_topology(topology)
            if isinstance(table, GraphmlTopology):
                table = table.model_dump(exclude_unset=True) | {"kind": "graphml"}
            if not isinstance(table, Mapping) or table.get("kind") != "graphml":
                name, value = next(iter(words.items()))
                allowed = "needs a graph object of networkx, or a GraphML file, as network.topology"
                raise ScenarioError(bad_value(f"network.{name}", value, allowed))
            rest["topology"] = {**table, **words}
        return rest

    @model_validator(mode="after")
    def _one_place_each(self) -> Network:
        """Refuse two sources of delays, and what says more about one that is not there."""
        sources = [name for name in ("regions", "rtt_ms", "coordinates") if getattr(self, name) is not None]
        if len(sources) > 1:
            allowed = f"must be left out with network.{sources[0]}, which says how long messages take"
            raise ScenarioError(bad_value(f"network.{sources[1]}", "given", allowed))
        if self.path_stretch != PATH_STRETCH and self.coordinates is None:
            raise ScenarioError(bad_value("network.path_stretch", self.path_stretch, "needs network.coordinates"))
        if self.jitter is not None and self.regions is not None:
            allowed = "must be left out with network.regions: its own is network.regions.jitter"
            raise ScenarioError(bad_value("network.jitter", self.jitter.law, allowed))
        return self

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is switched off: a sweep's seeds follow from what a scenario says, and stay as they were."""
        tables: dict[str, Any] = write(self)
        for name in (*BEYOND, *REFINING):
            if getattr(self, name) == type(self).model_fields[name].default:
                tables.pop(name, None)
        return tables

    @property
    def beyond_delays(self) -> tuple[str, ...]:
        """Names of the fields in use that go beyond one delay law, loss, duplication and partitions that lose."""
        complete = isinstance(self.topology, CompleteTopology)
        used = tuple(name for name in BEYOND if getattr(self, name) and not (complete and name == "topology"))
        return (*used, "partitions") if any(each.delays for each in self.partitions) else used

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of the files that the network is read from, besides those that are shipped."""
        graph = (self.topology.file,) if isinstance(self.topology, GraphmlTopology) else ()
        table = () if self.regions is None or self.regions.table in TABLES else (self.regions.table,)
        return (*graph, *table)

    def graph(self, n: int) -> Graph:
        """Return who has a link to whom.

        Raises
        ------
        ScenarioError
            If there is no such graph of n nodes, or it is not connected.
        """
        return graph_of(self.topology or CompleteTopology(), n)

    def one_way_s(self, n: int) -> list[list[float]] | None:
        """Return the fixed part of the delay from each node to each, in seconds; None where all have one law."""
        if self.regions is not None:
            return self.regions.one_way_s(n)
        if self.rtt_ms is not None:
            return halved_s(self.rtt_ms)
        if self.coordinates is None:
            return None
        return travel_s(self._coordinates(n), self.path_stretch)

    def _coordinates(self, n: int) -> Sequence[tuple[float, float]]:
        """Return latitude and longitude of each node."""
        if self.coordinates is None or self.coordinates == "graph":
            graph = self.graph(n)
            check_coordinates(graph.coordinates or (None,) * n, n, graph.labels)
            return [each for each in graph.coordinates if each is not None]
        check_coordinates(self.coordinates, n)
        return self.coordinates

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
        if self.rtt_ms is not None:
            check_round_trips(self.rtt_ms, n)
        if self.coordinates is not None:
            self._coordinates(n)
        if self.jitter is not None and self.rtt_ms is None and self.coordinates is None and not self.graph(n).delay_s:
            allowed = "needs network.rtt_ms, network.coordinates, or a topology whose links have delays"
            raise ScenarioError(bad_value("network.jitter", self.jitter.law, allowed))
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


def _reading(words: Mapping[str, Any]) -> Reading:
    """Return how a graph object is read; refuse what is no way to."""
    allowed = {"directed": "must be true or false", "delay_attribute": "must be the name of an attribute of the links"}
    kinds = {"directed": bool, "delay_attribute": str}
    for name, kind in kinds.items():
        if name in words and not isinstance(words[name], kind):
            raise ScenarioError(bad_value(f"network.{name}", words[name], allowed[name]))
    if words.get("delay_unit", "s") not in SECONDS:
        allowed_units = f"must be one of {', '.join(SECONDS)}"
        raise ScenarioError(bad_value("network.delay_unit", words["delay_unit"], allowed_units))
    return Reading(**words)


def check_nodes(field: str, nodes: Sequence[int] | None, n: int) -> None:
    """Refuse node numbers outside 0 … n − 1."""
    for node in nodes or ():
        if not 0 <= node < n:
            raise ScenarioError(bad_value(field, node, f"must be a node between 0 and {n - 1}"))
