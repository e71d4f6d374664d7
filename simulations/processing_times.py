"""How long does a decision take where links are fast and processors are the bottleneck?

One request after another, links that take no time, and an exponential time of mean 1 for each message that a node
takes in. Beside it the law for IBFT of Chan's simulator (GitHub chan-j-d/bft-protocol-simulator): mean times of 11.541,
36.765, 69.409 and 133.968 between decisions at n = 4, 16, 32 and 64.

Expected: PBFT takes 7.0, 31.3, 63.4 at n = 4, 16, 32, that is .61, .85 and .91 of the law. What differs: here a node
counts its own votes without processing them and the primary sends no prepare, so that 2n − 2 messages are taken in for
each decision and node, and not 2n + 1; the primary stays the same; the next request comes with the (f + 1)-th
execution. For each message it is 1.17, 1.04, 1.02 here and 1.28, 1.11, 1.07 by the law, which is itself an
approximation: IBFT simulated event by event takes 8.5, 2.6 and .8 % less (`tests/theory/test_processing_times.py`).

Run time: about 15 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import bft
from bft.core.effects import Execute
from bft.experiments.tables import align
from bft.operations.intervals import Estimate, mean_estimate
from bft.plotting.networks import Measured, curves
from bft.theory.processing_times import ibft_decision_time

NODES = (4, 16, 32)
MESSAGES = 240_000  # that the nodes take in together, for each n
WARM_UP = 0.1  # share of the decisions that is left out
BATCHES = 20
SEED = 1
OUT = Path("out/processing_times")


def main(messages: int = MESSAGES, out: Path = OUT, nodes: tuple[int, ...] = NODES) -> dict[int, Estimate]:
    """Run, print the table, write the figure; return the mean time between decisions, by n."""
    found = {n: between_decisions(run_of(n, max(BATCHES, messages // (2 * n * (n - 1))))) for n in nodes}
    head = ["n", "PBFT here", "95 %", "law of IBFT", "ratio", "for each message", "by the law"]
    rows = [
        [
            str(n),
            f"{each.value:.2f}",
            f"± {each.high - each.value:.2f}",
            f"{ibft_decision_time(n):.2f}",
            f"{each.value / ibft_decision_time(n):.3f}",
            f"{each.value / (2 * n - 2):.3f}",
            f"{ibft_decision_time(n) / (2 * n + 1):.3f}",
        ]
        for n, each in found.items()
    ]
    print(align([head, *rows]))
    out.mkdir(parents=True, exist_ok=True)
    ax = curves(
        {
            "PBFT here; circles: law of IBFT": [
                Measured(n, each.value, each.low, each.high, ibft_decision_time(n)) for n, each in found.items()
            ]
        },
        x_label="replicas n",
        y_label="time between decisions, in messages",
        title="Exponential processing times",
        logarithmic=True,
    )
    bft.plotting.save(ax, out, "processing_times")
    return found


def run_of(n: int, decisions: int, seed: int = SEED) -> bft.Run:
    """Let one client ask again and again, as soon as it is answered."""
    scenario = bft.Scenario(
        n=n,
        network={
            "delay": {"law": "constant", "delay_s": 0.0},
            "processing": {"message_s": 1.0, "verify_s": 0.0, "sign_s": 0.0, "law": "exponential"},
        },
        requests={"count": decisions, "rate_per_s": 1e6, "clients": 1},
        views=1,
        retransmission=False,
        pbft={"checkpoint_interval": 2 * decisions, "window": 4 * decisions, "view_timeout_s": 1e8},
        horizon_s=1e9,
    )
    return bft.simulate(scenario, seed)


def between_decisions(run: bft.Run) -> Estimate:
    """Return the mean time between the executions of node 0, from batches of decisions."""
    at_s = [time_s for time_s, node, _ in run.trace.of(Execute) if node == 0]
    first = round(WARM_UP * len(at_s))
    length = max(1, (len(at_s) - 1 - first) // BATCHES)
    ends = at_s[first::length]
    return mean_estimate([(later - sooner) / length for sooner, later in pairwise(ends)])


if __name__ == "__main__":
    main()
