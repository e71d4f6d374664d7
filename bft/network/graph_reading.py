"""A networkx graph, or a GraphML file, as a `Graph`: node numbers, delays of links, coordinates of nodes.

Node numbers are 0 … n − 1. Where a graph calls its nodes otherwise they are numbered in ascending order if all labels
are whole numbers, else in the order in which the file (or the networkx object) names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from bft.network.graph import Graph, fastest

if TYPE_CHECKING:
    import networkx as nx

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
"""Units of a delay, in seconds."""

LATITUDE = ("latitude", "lat")
LONGITUDE = ("longitude", "lon", "lng", "long")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a graph is read.

    Attributes
    ----------
    directed : bool, optional
        Whether links carry messages from their first node to their second only; by default what the graph says.
    delay_attribute : str
        Attribute of a link that holds its delay.
    delay_unit : {"s", "ms", "us"}, optional
        Its unit; by default the one in which the attribute's name ends.
    """

    directed: bool | None = None
    delay_attribute: str = "delay_s"
    delay_unit: str | None = None

    @property
    def scale_s(self) -> float:
        """How many seconds a delay of 1 is.

        Raises
        ------
        ValueError
            If the unit is not known.
        """
        unit = self.delay_unit or self.delay_attribute.rpartition("_")[2]
        if unit not in SECONDS:
            raise ValueError(
                f"delay_attribute = {self.delay_attribute!r}: must end in _s, _ms or _us, or delay_unit must say which"
            )
        return SECONDS[unit]


AS_IT_SAYS = Reading()


def from_networkx(given: nx.Graph[Any], reading: Reading = AS_IT_SAYS) -> Graph:
    """Number the nodes of a networkx graph, and read the delays of its links.

    Raises `ValueError` if a delay is no number, or negative, or some links have one and others none; if no link has the
    attribute that was asked for; or if links without a direction are to be read as directed.
    """
    labels = list(given.nodes)
    if all(_whole(label) for label in labels):
        labels.sort(key=int)
    number = {label: place for place, label in enumerate(labels)}
    directed = bool(given.is_directed()) if reading.directed is None else reading.directed
    if directed and not given.is_directed():
        raise ValueError("directed = true: must be false, for the links of this graph have no direction")
    links = [
        ((number[one], number[other]), _delay_s(data, reading, one, other))
        for one, other, data in given.edges(data=True)
    ]
    edges = fastest(links, directed=directed)
    delay_s = {pair: delay for pair, delay in edges.items() if delay is not None}
    if delay_s and any(delay is None for (one, other), delay in links if one != other):
        raise ValueError(f"{reading.delay_attribute} must be given for all links of the graph or for none")
    if links and not delay_s and reading != Reading(directed=reading.directed):
        known = sorted({str(name) for _, _, data in given.edges(data=True) for name in data})
        has = f"; links have {', '.join(known)}" if known else "; links have no attributes"
        raise ValueError(f"delay_attribute = {reading.delay_attribute!r}: must be an attribute of the links{has}")
    return Graph(
        n=len(labels),
        edges=tuple(edges),
        directed=directed,
        delay_s=delay_s,
        labels=tuple(str(label) for label in labels),
        coordinates=tuple(_coordinates(given.nodes[label]) for label in labels),
    )


def _whole(label: object) -> bool:
    return (isinstance(label, int) and not isinstance(label, bool)) or (isinstance(label, str) and label.isdecimal())


def _delay_s(data: Mapping[str, Any], reading: Reading, one: object, other: object) -> float | None:
    name = reading.delay_attribute
    if name not in data:
        return None
    try:
        delay = float(data[name])
    except (TypeError, ValueError):
        delay = -1.0
    if not 0.0 <= delay < inf:
        raise ValueError(f"{name} = {data[name]!r} of the link {one} – {other} must be a number, 0 or more")
    return delay * reading.scale_s


def _coordinates(data: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return latitude and longitude of a node in degrees, or None where it has none that can be read."""
    known = {str(name).lower(): value for name, value in data.items()}
    found = []
    for names in (LATITUDE, LONGITUDE):
        try:
            found.append(float(next(known[name] for name in names if name in known)))
        except (StopIteration, TypeError, ValueError):
            return None
    return found[0], found[1]
