"""Why is PBFT's quorum as large as it is? Safety against liveness when q is tuned.

Seven nodes, each faulty with probability 0.2, quorums from 3 to 7. Safety needs K < 2q − n Byzantine nodes, liveness
K ≤ n − q faulty ones: a larger quorum buys the one with the other. Equivocators show what safety costs, crashes what
liveness costs.

Expected: P(split) under equivocation falls as q rises, and is 0 at q = n; P(stalled) under crashes rises with q, to
1 − (1 − δ)ⁿ = 0.79 at q = n. PBFT's q = 5 is where both bounds meet, 2q − n − 1 = n − q = 2: no other q agrees more
often under equivocation.

Run time: about 5 s on two cores.
"""

from __future__ import annotations

from pathlib import Path

import bft
from bft.experiments import Sweep

NODES = 7
QUORUMS = (3, 4, 5, 6, 7)  # nodes
DELTA = 0.2  # per-node fault probability
BEHAVIOURS = ("equivocate", "crash")
REPLICATIONS = 400  # runs of each cell
SEED = 1
OUT = Path("out/quorum_size")


def main(replications: int = REPLICATIONS, out: Path = OUT, workers: int | None = None) -> Sweep:
    """Run, print the table, write the figure; return the sweep."""
    sweep = bft.sweep(
        bft.Scenario(n=NODES, faults=bft.Faults(delta=DELTA)),
        over={"faults.behaviour": BEHAVIOURS, "quorum": QUORUMS},
        replications=replications,
        seed=SEED,
        workers=workers,
    )
    print(sweep.to_text())
    out.mkdir(parents=True, exist_ok=True)
    bft.plotting.save(bft.plotting.share_panels(sweep, ("agree", "split", "stalled")), out, "quorum_size")
    return sweep


if __name__ == "__main__":
    main()
