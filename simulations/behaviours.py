"""Which behaviour of faulty nodes hurts most?

Seven nodes, each faulty with probability 0.3, under every registered behaviour: with perfect validators, and with LLM
validators that err together (a panel fitted to recorded answers). All behaviours meet the same faulty sets and the same
answers (common random numbers).

Expected, perfect validators: crashing, withholding, equivocating and lying nodes leave the same agreement on what is
right, P(K ≤ 2) = 0.647; what differs is how the rest ends. Only equivocation and twins split, only lies agree on what
is wrong, the others stall. Silent primaries cost views, hardly ever agreement; slow nodes and nodes that come back cost
time.

Expected, LLM validators: there is less agreement to lose, and colluders turn it into wrong agreement, which no
protocol can see: the most harmful behaviour is the one that breaks no rule of the protocol.

Run time: about 15 s on two cores.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from pathlib import Path

import bft
from bft.adversary.settings import BEHAVIOURS
from bft.experiments import Sweep

NODES = 7
DELTA = 0.3  # per-node fault probability
VALIDATORS = ("perfect", "statistical")  # the latter with its default preset
REPLICATIONS = 400  # runs of each cell
SEED = 1
OUT = Path("out/behaviours")


def main(replications: int = REPLICATIONS, out: Path = OUT, workers: int | None = None) -> dict[str, Sweep]:
    """Run, print the tables, write the figure; return the sweep of each kind of validators."""
    sweeps = {}
    for kind in VALIDATORS:
        sweeps[kind] = bft.sweep(
            bft.Scenario(n=NODES, faults=bft.Faults(delta=DELTA), validators={"kind": kind}),
            over={"faults.behaviour": tuple(BEHAVIOURS)},
            replications=replications,
            seed=SEED,
            workers=workers,
            common_random_numbers=True,
        )
        print(f"{kind} validators\n{sweeps[kind].to_text()}\n")
    out.mkdir(parents=True, exist_ok=True)
    bft.plotting.save(bft.plotting.band_panels(list(sweeps.values())), out, "behaviours")
    return sweeps


if __name__ == "__main__":
    main()
