"""Where nodes stand, and how long a message takes from one to the other: measured round trips, or coordinates.

With coordinates the one-way delay is d · s / v: d is the length of the great circle between both places, v the speed of
light in glass fibre, and s, the path stretch, says by how much the way of the cable is longer than the great circle.

References
----------
ITU-T G.652: a group index near 1.468 at 1550 nm, so that v = 299,792.458 / 1.468 km/s. The default stretch is the
median over the pairs of regions of the shipped table `aws21` that are more than 1,000 km apart: 1.79, and between 1.43
and 2.66 for four pairs of five.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import asin, cos, radians, sin, sqrt
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator

from bft.errors import ScenarioError, bad_value
from bft.settings import Seconds

EARTH_RADIUS_KM = 6371.0088  # IUGG mean radius
FIBRE_KM_PER_S = 299_792.458 / 1.468
PATH_STRETCH = 1.8

Place = tuple[float, float]


def _in_range(place: Place) -> Place:
    latitude, longitude = place
    if not -90 <= latitude <= 90 or not -180 <= longitude <= 180:
        raise ValueError("must be a latitude between -90 and 90 and a longitude between -180 and 180, in degrees")
    return place


def _plain_rows(value: object) -> object:
    """Return arrays and tables of other libraries as nested lists."""
    values = getattr(value, "to_numpy", None)
    array: Any = value if values is None else values()
    return array.tolist() if hasattr(array, "tolist") else value


RoundTrips = Annotated[tuple[tuple[Seconds, ...], ...], BeforeValidator(_plain_rows)]
"""Milliseconds from the row's node to the column's and back."""

Coordinates = Annotated[
    Literal["graph"] | tuple[Annotated[Place, AfterValidator(_in_range)], ...], BeforeValidator(_plain_rows)
]
"""Latitude and longitude of each node in degrees; "graph" takes them from the nodes of `network.topology`."""


def check_round_trips(rtt_ms: Sequence[Sequence[float]], n: int) -> None:
    """Refuse what is no n × n matrix.

    Raises
    ------
    ScenarioError
        Naming the field.
    """
    for row in (len(rtt_ms), *map(len, rtt_ms)):
        if row != n:
            shape = f"{len(rtt_ms)} rows of {' or '.join(map(str, sorted({len(each) for each in rtt_ms})))}"
            allowed = f"must have {n} rows of {n} values, a row and a column for each of the n = {n} nodes"
            raise ScenarioError(bad_value("network.rtt_ms", shape, allowed))


def check_coordinates(coordinates: Sequence[Place | None], n: int, labels: Sequence[str] = ()) -> None:
    """Refuse coordinates that are not there for each of n nodes.

    Raises
    ------
    ScenarioError
        Naming the field.
    """
    missing = [labels[node] if labels else str(node) for node, each in enumerate(coordinates) if each is None]
    if missing:
        allowed = f"needs a latitude and a longitude at every node of the graph, and node {missing[0]} lacks them"
        raise ScenarioError(bad_value("network.coordinates", "graph", allowed))
    if len(coordinates) != n:
        allowed = f"must have one pair of latitude and longitude for each of the n = {n} nodes"
        raise ScenarioError(bad_value("network.coordinates", len(coordinates), allowed))


def halved_s(rtt_ms: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return half of every round trip, in seconds."""
    return [[value / 2000.0 for value in row] for row in rtt_ms]


def travel_s(coordinates: Sequence[Place], stretch: float) -> list[list[float]]:
    """Return the one-way delay between each two places, in seconds.

    Examples
    --------
    >>> there = travel_s([(51.5, -0.13), (40.7, -74.0)], stretch=1.8)[0][1]  # London, New York
    >>> round(2000 * there)  # milliseconds there and back
    98
    """
    return [[great_circle_km(one, other) * stretch / FIBRE_KM_PER_S for other in coordinates] for one in coordinates]


def great_circle_km(one: Place, other: Place) -> float:
    """Return the length of the great circle between two places, by the haversine formula.

    Examples
    --------
    >>> round(great_circle_km((0.0, 0.0), (0.0, 180.0)))  # half the equator of a sphere
    20015
    """
    north, east = radians(other[0] - one[0]), radians(other[1] - one[1])
    chord = sin(north / 2) ** 2 + cos(radians(one[0])) * cos(radians(other[0])) * sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))
