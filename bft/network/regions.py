"""Nodes in cloud regions: half a measured round trip, and jitter, for every message.

Tables are TOML files that say where their figures come from and when they were measured; two are shipped.
"""

from __future__ import annotations

import difflib
import tomllib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from bft.errors import ScenarioError, bad_value
from bft.network.delays import Delay, ExponentialDelay
from bft.network.stamps import Stamp, stamp_of
from bft.settings import Seconds, Settings

TABLES = ("aws21", "ibm10")
DEFAULT_TABLE = "aws21"
JITTER_MEAN_S = 0.001  # of the order that cloud backbones show; approximate


class RegionTable(Settings):
    """Measured round trips between regions.

    Attributes
    ----------
    name, source, measured : str
        What the table is called, who measured, and when.
    approximate : bool
        Whether date or figures are uncertain.
    regions : tuple of str
        Names, in the order of rows and columns.
    round_trip_ms : tuple of tuple of float
        From the row's region to the column's and back, in milliseconds.
    """

    name: str
    source: str
    measured: str
    approximate: bool = False
    regions: Annotated[tuple[str, ...], Field(min_length=1)]
    round_trip_ms: tuple[tuple[Seconds, ...], ...]

    @model_validator(mode="after")
    def _square(self) -> RegionTable:
        size = len(self.regions)
        if len(set(self.regions)) != size:
            raise ValueError("regions must not name one twice")
        if len(self.round_trip_ms) != size or any(len(row) != size for row in self.round_trip_ms):
            raise ValueError(f"round_trip_ms must have {size} rows of {size} values, as there are {size} regions")
        return self

    def one_way_s(self, start: str, end: str) -> float:
        """Return half the round trip between two regions, in seconds."""
        row = self.round_trip_ms[self.regions.index(start)]
        return row[self.regions.index(end)] / 2000.0


class Regions(Settings):
    """Where the nodes stand.

    Attributes
    ----------
    nodes : tuple of str
        Region of node 0, 1, 2, …; with fewer names than nodes they are dealt out in turn.
    table : str
        "aws21", "ibm10", or the path of a TOML file of the same form.
    jitter : Delay
        Law of what is added to half a round trip.
    """

    nodes: Annotated[tuple[str, ...], Field(min_length=1)]
    table: str = DEFAULT_TABLE
    jitter: Delay = ExponentialDelay(mean_s=JITTER_MEAN_S)

    @model_validator(mode="after")
    def _known(self) -> Regions:
        known = region_table(self.table).regions
        for name in self.nodes:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
                hint = f"; did you mean {' or '.join(repr(each) for each in near)}?" if near else ""
                allowed = f"must be one of {', '.join(known)}{hint}"
                raise ScenarioError(bad_value("network.regions.nodes", name, allowed))
        return self

    def of(self, n: int) -> tuple[str, ...]:
        """Return the region of each of n nodes."""
        if len(self.nodes) > n:
            raise ScenarioError(
                bad_value("network.regions.nodes", len(self.nodes), f"must name at most one for each of n = {n} nodes")
            )
        return tuple(self.nodes[node % len(self.nodes)] for node in range(n))

    def one_way_s(self, n: int) -> list[list[float]]:
        """Return half the round trip between each two of n nodes, in seconds."""
        table, places = region_table(self.table), self.of(n)
        return [[table.one_way_s(start, end) for end in places] for start in places]


def region_table(name: str) -> RegionTable:
    """Return a table that is shipped, or read one from a file.

    Raises
    ------
    ScenarioError
        If there is none of that name, or the file holds something else.

    Examples
    --------
    >>> table = region_table("aws21")
    >>> len(table.regions), round(1000 * table.one_way_s("eu-west-1", "us-east-1"), 2)
    (21, 34.73)
    """
    return _region_table(name, None if name in TABLES else stamp_of(name))


@lru_cache(maxsize=16)
def _region_table(name: str, stamp: Stamp | None) -> RegionTable:  # noqa: ARG001 (a file written anew is read anew)
    field = "network.regions.table"
    try:
        if name in TABLES:
            text = (files("bft.network") / f"{name}.toml").read_text(encoding="utf-8")
        else:
            text = Path(name).read_text(encoding="utf-8")
        return RegionTable.model_validate(tomllib.loads(text))
    except OSError as reason:
        allowed = f"must be {' or '.join(TABLES)}, or a file that can be read: {reason.strerror}"
        raise ScenarioError(bad_value(field, name, allowed)) from None
    except RecursionError:
        raise ScenarioError(bad_value(field, name, "is nested too deeply")) from None
    except ValidationError as reason:
        first = reason.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the table"
        told = first["msg"].removeprefix("Value error, ")
        raise ScenarioError(bad_value(field, name, f"is no table of regions: {where}: {told}")) from None
    except ValueError as reason:  # no TOML, no UTF-8, a number of thousands of digits
        raise ScenarioError(bad_value(field, name, f"is not TOML: {reason}")) from None
