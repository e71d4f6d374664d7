"""How much agreement does a resilience layer save when the LLM service fails now and then?

Seven nodes, one view. A node is down with probability δ; each call to the LLM service fails with probability .15,
independently. Without a resilience layer a failed call is a silent validator, so a node helps with s = (1 − δ)(1 − .15)
only, and PBFT decides if the primary and four of the six others help: s · P(Bin(6, s) ≥ 4). With four attempts and a
second model a call practically never fails, and s = 1 − δ.

Expected: both curves lie on this law. At δ = 0 the bare panel agrees in four fifths of the runs only, the one with
the layer always; the layer saves what the service costs, and nothing of what the nodes cost.

Run time: about 30 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from scipy import stats

import bft
from bft.experiments.tables import align
from bft.operations.intervals import Estimate, share_estimate
from bft.plotting.operations import Point, curves
from bft.plotting.style import save

N = 7
DELTA = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
P_ERROR = 0.15  # of each call
ATTEMPTS = 4
REPLICATIONS = 1000  # runs of each cell
CONFIDENCE = 0.95
SEED = 1
OUT = Path("out/resilience_against_delta")

ENDPOINT = {"workers": 2 * N, "time": {"law": "lognormal", "median_s": 1.5, "log_sd": 0.5}, "p_error": P_ERROR}
LAYERS: dict[str, dict[str, object]] = {
    "without": {"endpoints": {"large": ENDPOINT, "small": ENDPOINT}},
    "retries and fallback": {
        "endpoints": {"large": ENDPOINT, "small": ENDPOINT},
        "fallback": True,
        "retry": {"attempts": ATTEMPTS, "budget": None},
    },
}
P_FAILED = {"without": P_ERROR, "retries and fallback": P_ERROR ** (2 * ATTEMPTS)}  # of a call and all that follows


class Cell(NamedTuple):
    """One layer at one δ."""

    layer: str
    delta: float
    measured: Estimate
    exact: float


def main(replications: int = REPLICATIONS, out: Path = OUT) -> list[Cell]:
    """Run, print the table, write the figure; return the cells."""
    cells = [cell(layer, delta, replications) for layer in LAYERS for delta in DELTA]
    print(table(cells))
    out.mkdir(parents=True, exist_ok=True)
    series = {layer: [Point(c.delta, *c.measured[:3], c.exact) for c in cells if c.layer == layer] for layer in LAYERS}
    ax = curves(
        series,
        xlabel="probability δ that a node is down",
        ylabel="P(agreement)",
        title=f"{P_ERROR:.0%} of the calls fail (lines: exact law)",
    )
    save(ax, out, "resilience_against_delta")
    return cells


def cell(layer: str, delta: float, replications: int) -> Cell:
    """Measure one layer at one δ."""
    scenario = bft.Scenario(
        n=N, views=1, faults={"delta": delta}, service=LAYERS[layer], pbft={"view_timeout_s": 600.0}, horizon_s=900.0
    )
    simulator = bft.Simulator(scenario, SEED)
    agreed = sum(simulator.run(replication).outcome.agreed for replication in range(replications))
    helps = (1.0 - delta) * (1.0 - P_FAILED[layer])
    exact = helps * float(stats.binom.sf(scenario.system.quorum - 2, N - 1, helps))
    return Cell(layer, delta, share_estimate(agreed, replications, confidence=CONFIDENCE), exact)


def table(cells: list[Cell]) -> str:
    """Return the cells as a table, with intervals."""
    body = [
        [
            c.layer,
            f"{c.delta:g}",
            f"{c.measured.value:.4f} ({c.measured.low:.4f}–{c.measured.high:.4f})",
            f"{c.exact:.4f}",
        ]
        for c in cells
    ]
    return align([["layer", "δ", "P(agreement)", "exact"], *body])


if __name__ == "__main__":
    main()
