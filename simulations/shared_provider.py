"""Is a panel on one LLM provider safer than one on two, and what does diversity buy?

Seven nodes, a quorum of five. Each provider is up 95 % of the time; the nodes are spread over one, two, three or seven
of them. Without fallback a node is silent while its provider is away; with fallback it asks the others'.

Expected: P(agreement) is the probability that the nodes of providers that are up are a quorum. Two providers (4 + 3
nodes) are *worse* than one, .9025 against .95, for both are needed; three (3 + 2 + 2) are no better, .9476: one pair
may be away, the trio may not. Seven make outages independent, .9962. With fallback every provider more helps, for only
all of them together take the panel down: 1 − .05^k.

Run time: about 20 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from itertools import product
from math import prod
from pathlib import Path
from typing import NamedTuple

import bft
from bft.core.quorum import QuorumSystem
from bft.experiments.tables import align
from bft.operations.intervals import Estimate, share_estimate
from bft.plotting.operations import Point, curves
from bft.plotting.style import save

N = 7
PROVIDERS = (1, 2, 3, 7)
UP = 0.95  # share of time that a provider is up
DAY_S = 86_400.0
DOWN_S = 30 * DAY_S  # of an outage: far longer than a decision
ENDPOINT = {"workers": N, "time": {"law": "constant", "time_s": 1.0}}
REPLICATIONS = 1000  # runs of each cell
CONFIDENCE = 0.95
SEED = 1
OUT = Path("out/shared_provider")


class Cell(NamedTuple):
    """One number of providers, with or without fallback."""

    providers: int
    fallback: bool
    measured: Estimate
    exact: float


def main(replications: int = REPLICATIONS, out: Path = OUT) -> list[Cell]:
    """Run, print the table, write the figure; return the cells."""
    cells = [cell(count, fallback, replications) for fallback in (False, True) for count in PROVIDERS]
    print(table(cells))
    out.mkdir(parents=True, exist_ok=True)
    series = {
        ("with fallback" if fallback else "without fallback"): [
            Point(c.providers, *c.measured[:3], c.exact) for c in cells if c.fallback == fallback
        ]
        for fallback in (False, True)
    }
    ax = curves(
        series,
        xlabel="providers that seven nodes are spread over",
        ylabel="P(agreement)",
        title=f"Providers that are up {UP:.0%} of the time (lines: exact law)",
        ylim=(0.85, 1.005),
    )
    save(ax, out, "shared_provider")
    return cells


def scenario(count: int, fallback: bool) -> bft.Scenario:
    """Return nodes spread over so many providers, one endpoint each."""
    names = [f"provider-{number}" for number in range(count)]
    outages = {"up": {"mean_s": DOWN_S * UP / (1.0 - UP)}, "down": {"mean_s": DOWN_S}, "stationary": True}
    own = [names[node % count] for node in range(N)]
    service = {
        "endpoints": {name: {**ENDPOINT, "provider": name} for name in names},
        "providers": dict.fromkeys(names, outages),
        "use": [[name, *(each for each in names if each != name)] for name in own],
        "fallback": fallback,
    }
    return bft.Scenario(n=N, service=service, pbft={"view_timeout_s": 20.0, "timeout_growth": 1.0}, horizon_s=300.0)


def cell(count: int, fallback: bool, replications: int) -> Cell:
    """Measure one panel."""
    described = scenario(count, fallback)
    simulator = bft.Simulator(described, SEED)
    agreed = sum(simulator.run(replication).outcome.agreed for replication in range(replications))
    measured = share_estimate(agreed, replications, confidence=CONFIDENCE)
    return Cell(count, fallback, measured, exact(described.system, count, fallback))


def exact(system: QuorumSystem, count: int, fallback: bool) -> float:
    """P(the nodes that some provider serves are a quorum), over all states of the providers."""
    total = 0.0
    for up in product((True, False), repeat=count):
        served = [node for node in range(system.n) if up[node % count] or (fallback and any(up))]
        if system.weight(served) >= system.quorum:
            total += prod(UP if each else 1.0 - UP for each in up)
    return total


def table(cells: list[Cell]) -> str:
    """Return the cells as a table, with intervals."""
    body = [
        [
            str(c.providers),
            "yes" if c.fallback else "no",
            f"{c.measured.value:.4f} ({c.measured.low:.4f}–{c.measured.high:.4f})",
            f"{c.exact:.4f}",
        ]
        for c in cells
    ]
    return align([["providers", "fallback", "P(agreement)", "exact"], *body])


if __name__ == "__main__":
    main()
