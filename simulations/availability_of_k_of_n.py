"""Which panels keep a quorum up for 99.9 % of the time, and how long must one watch to say so?

Nodes with a repair time of one hour and availabilities from 0.9 to 0.99; quorums 3 of 4, 5 of 7, 7 of 10 against a
single node. Each run gives a verdict by its interval: holds, broken, or undecided.

Expected: at .99 a single node misses the target tenfold and every quorum meets it; at .97 only 5 of 7 and 7 of 10 do;
at .95 and .9 none does, 7 of 10 at .95 by a hair. Verdicts near the target stay undecided: to tell .99897 from .999
takes three hundred years. Where outages hardly occur a run of a year says nothing either.

Run time: about 10 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

from bft.durations import Lifetime
from bft.experiments.tables import align
from bft.operations.intervals import Estimate, normal_z, ratio_estimate
from bft.operations.outages import DrawnRepair
from bft.plotting.operations import Point
from bft.plotting.operations import availability_of_k_of_n as figure
from bft.plotting.style import save
from bft.simulation.lifecycles import Lifecycles
from bft.theory.reliability import k_of_n, mean_up_time_s

PANELS = ((1, 1), (3, 4), (5, 7), (7, 10))  # k of n: PBFT's quorums for f = 0, 1, 2, 3
NODE_AVAILABILITY = (0.9, 0.95, 0.97, 0.99)
MTTR_H = 1.0
TARGET = 0.999
HOURS = 10_000.0  # observed per replication, a little more than a year
REPLICATIONS = 10
CONFIDENCE = 0.95
LEAST_OUTAGES = 10  # below, a run says nothing
SEED = 5
OUT = Path("out/availability_of_k_of_n")


class Cell(NamedTuple):
    """One panel of nodes of one availability."""

    k: int
    n: int
    node: float
    measured: Estimate
    exact: float
    hours_needed: float

    @property
    def verdict(self) -> str:
        """What the run shows about the target."""
        if self.measured.n < LEAST_OUTAGES:
            return "undecided: too few outages"
        if self.measured.low >= TARGET:
            return "holds"
        return "broken" if self.measured.high < TARGET else "undecided"


def main(replications: int = REPLICATIONS, out: Path = OUT) -> list[Cell]:
    """Run, print the table, write the figure; return the cells."""
    cells = [cell(k, n, node, HOURS * replications) for k, n in PANELS for node in NODE_AVAILABILITY]
    print(table(cells))
    out.mkdir(parents=True, exist_ok=True)
    series = {
        ("one node" if n == 1 else f"{k} of {n}"): [_point(each) for each in cells if (each.k, each.n) == (k, n)]
        for k, n in PANELS
    }
    save(figure(series, target=TARGET), out, "availability_of_k_of_n")
    return cells


def cell(k: int, n: int, node: float, hours: float) -> Cell:
    """Measure one panel; the first stretch, which began with every node up, is left out."""
    mtbf_h = MTTR_H * node / (1.0 - node)
    record = (
        Lifecycles(
            n=n, up=Lifetime(mean_s=mtbf_h), repair=DrawnRepair(down=Lifetime(mean_s=MTTR_H)), seed=SEED, k=k
        )  # the unit of time is the hour throughout
        .run(hours)
        .system
    )
    ups, downs = record.ups_s[1:], record.downs_s[1:]
    wholes = [up + down for up, down in zip(ups, downs, strict=False)]
    measured = ratio_estimate(ups[: len(wholes)], wholes, confidence=CONFIDENCE)
    exact = k_of_n(k=k, n=n, p_up=node)
    return Cell(k, n, node, measured, exact, _hours_needed(k, n, mtbf_h, exact))


def _hours_needed(k: int, n: int, mtbf_h: float, exact: float) -> float:
    """How long one must watch until the interval excludes the target, on average.

    Outages are short and far between, so they come like a Poisson process of about exponential outages: the
    unavailability measured over T has the variance 2 · U · (mean outage) / T. Some outages there must be, though.
    """
    up_h = mean_up_time_s(k=k, n=n, mtbf_s=mtbf_h, mttr_s=MTTR_H)
    outage_h = up_h * (1.0 - exact) / exact
    far_enough_h = (normal_z(CONFIDENCE) / (exact - TARGET)) ** 2 * 2.0 * (1.0 - exact) * outage_h
    return max(far_enough_h, LEAST_OUTAGES * (up_h + outage_h))


def table(cells: list[Cell]) -> str:
    """Return the cells as a table."""
    header = ["panel", "node", "exact", "measured", "outages", f"≥ {TARGET:.1%}", "hours to tell"]
    body = [
        [
            f"{each.k} of {each.n}",
            f"{each.node:g}",
            f"{each.exact:.7f}",
            f"{each.measured.value:.6f} ({max(0.0, each.measured.low):.6f}–{min(1.0, each.measured.high):.6f})",
            str(each.measured.n),
            each.verdict,
            f"{each.hours_needed:,.0f}",
        ]
        for each in cells
    ]
    return align([header, *body])


def _point(each: Cell) -> Point:
    down = Estimate(1.0 - each.measured.value, 1.0 - each.measured.high, 1.0 - each.measured.low, each.measured.n)
    if each.measured.n < LEAST_OUTAGES:
        down = Estimate(math.nan, math.nan, math.nan, 0)
    return Point(1.0 - each.node, down.value, max(down.low, 1e-9), min(1.0, down.high), 1.0 - each.exact)


if __name__ == "__main__":
    main()
