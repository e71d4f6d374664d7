"""How many rounds of voting are worth having?

A rejected, silent or dishonest proposal costs a view, and t views are allowed. Seven nodes, each crashed with
probability 0.2, with perfect validators and with LLM validators that err together.

Expected, perfect validators: one view fails whenever its primary is crashed, so P(agreement) is 0.721 at t = 1. With
t = n − q + 1 = 3 views one of the primaries is up whenever a quorum is, and more views add nothing: 0.852.

Expected, LLM validators: the same three views, since a class of q equal answers has a member among any three nodes; the
limit, 0.378, is the probability that any answer has a quorum. Rounds buy agreement, not truth: wrong agreement
grows with them as well.

All cells have common random numbers, so that what more views add is not hidden by noise.

Run time: about 15 s on two cores.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from pathlib import Path

import bft
from bft.experiments import Sweep

NODES = 7
DELTA = 0.2  # per-node fault probability
VIEWS = (1, 2, 3, 4, 5, 6, 7)  # rounds of voting
VALIDATORS = ("perfect", "statistical")  # the latter with its default preset
REPLICATIONS = 400  # runs of each cell
SEED = 1
OUT = Path("out/rounds")


def main(replications: int = REPLICATIONS, out: Path = OUT, workers: int | None = None) -> Sweep:
    """Run, print the table, write the figure; return the sweep."""
    sweep = bft.sweep(
        bft.Scenario(n=NODES, faults=bft.Faults(delta=DELTA)),
        over={"validators.kind": VALIDATORS, "views": VIEWS},
        replications=replications,
        seed=SEED,
        workers=workers,
        common_random_numbers=True,
    )
    print(sweep.to_text())
    out.mkdir(parents=True, exist_ok=True)
    bft.plotting.save(bft.plotting.share_panels(sweep, ("agree", "wrong")), out, "rounds")
    return sweep


if __name__ == "__main__":
    main()
