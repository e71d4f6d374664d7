"""How does the probability of agreement fall as nodes become less reliable, and does a larger system help?

Every node crashes before the start with probability δ. PBFT decides as long as at most f = ⌊(n − 1)/3⌋ nodes are
faulty, so agreement should follow P(K ≤ f) with K ~ Bin(n, δ).

Expected: the simulation lies on the exact law for every n. Below δ ≈ 0.3 a larger system agrees more often (0.948 at
n = 4 against 0.994 at n = 13 for δ = 0.1), above it less often: redundancy helps only where less than a third of the
nodes is expected to fail. The source document's R = 1 − δ misses both effects.

Run time: about 10 s on two cores.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from pathlib import Path

import bft
from bft.experiments import Sweep

NODES = (4, 7, 10, 13)
DELTA = "0:0.5:11"  # per-node fault probability
REPLICATIONS = 400  # runs of each cell
SEED = 1
OUT = Path("out/agreement_against_delta")


def main(replications: int = REPLICATIONS, out: Path = OUT, workers: int | None = None) -> Sweep:
    """Run, print the table, write the figure; return the sweep."""
    sweep = bft.sweep(
        bft.Scenario(faults={"behaviour": "crash"}),
        over={"n": NODES, "faults.delta": DELTA},
        replications=replications,
        seed=SEED,
        workers=workers,
    )
    print(sweep.to_text())
    out.mkdir(parents=True, exist_ok=True)
    bft.plotting.save(bft.plotting.agreement(sweep), out, "agreement")
    return sweep


if __name__ == "__main__":
    main()
