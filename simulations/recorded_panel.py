"""What do faulty nodes do to a panel of real LLMs whose answers are on record?

Each replication draws one recorded question. Node i proposes what model i answered, and accepts a proposal iff it is
its own answer. Faulty nodes crash, or collude on the honest models' most popular wrong answer.

Expected: total agreement misleads. Under crashes correct and wrong agreement both fall. Under collusion correct
agreement falls just the same, while wrong agreement *rises*: the total hardly moves. Independent errors, each model
with its own accuracy, predict almost no wrong agreement without faults; real models make the same mistakes.

Run time: about 40 s on two cores for seven models.

    python simulations/recorded_panel.py answers.parquet model-a model-b model-c model-d
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

import bft
from bft.experiments import Sweep
from bft.experiments.predictions import independent_errors_prediction

BEHAVIOURS = ("crash", "collude")
DELTA = "0:0.5:6"  # per-node fault probability
REPLICATIONS = 400  # runs of each cell
SEED = 1
OUT = Path("out/recorded_panel")


def main(
    file: str, models: Sequence[str], replications: int = REPLICATIONS, out: Path = OUT, workers: int | None = None
) -> dict[str, Sweep]:
    """Run, print the tables, write the figures; return the sweep of each behaviour.

    Parameters
    ----------
    file : str
        Table of recorded answers: parquet, csv or jsonl.
    models : sequence of str
        The panel, one model for each node.
    """
    sweeps = {}
    for behaviour in BEHAVIOURS:
        sweep = bft.sweep(
            bft.Scenario(
                n=len(models),
                faults={"behaviour": behaviour},
                validators={"kind": "recorded", "file": file, "models": tuple(models)},
            ),
            over={"faults.delta": DELTA},
            replications=replications,
            seed=SEED,
            workers=workers,
        )
        print(f"faulty nodes {behaviour}\n{sweep.to_text()}\n")
        out.mkdir(parents=True, exist_ok=True)
        figure = bft.plotting.outcome_panels(sweep, independent_errors_prediction(sweep))
        bft.plotting.save(figure, out, behaviour)
        sweeps[behaviour] = sweep
    return sweeps


if __name__ == "__main__":
    parser = ArgumentParser(description="Recorded answers of a panel of LLMs against the fault rate.")
    parser.add_argument("file", help="table of answers: parquet, csv or jsonl")
    parser.add_argument("models", nargs="+", help="models of the panel, one for each node")
    given = parser.parse_args()
    main(given.file, given.models)
