"""How long after a partition has healed does PBFT decide?

Sixteen replicas, delays N(250, 50) ms, split into two halves from the start; the halves meet again after 60 s. This is
the partition attack of Wang, Chao, Wu & Hsiao, *Tool: An Efficient and Flexible Simulator for Byzantine Fault-Tolerant
Protocols* (DSN 2022; csienslab/BFT-Simulator: 16 nodes, N(250, 50) ms, partition resolved at 60 s).

Expected: nothing is decided before 60 s, since neither half is a quorum, and never two values. Afterwards it depends on
how replicas wait. Their first view ends after T seconds; in the next they ask others what they lack after r seconds,
then after twice as many, and so on up to 8 r. The first such time after 60 s brings the decision, four message delays
later. Replicas that never ask stay where they are for good: what told them to change views was lost, and is not
sent again (Hyperledger Fabric had this bug, issue 1917).

Their attacker delays what crosses the partition, by N(60, 1) s in the published code, instead of losing it. With their
settings (`crossing` with that law, a first view of three times their λ = 3 s, nobody asks again) the decision comes at
69.4 s here and at 69.3 s in their simulator: the view-changes of 9 s arrive 60 s later. Where messages are held back
just until the partition heals (`crossing = "held"`) it comes after 61.0 s. What differs still: their nodes tell each
other their decisions, and end with the last one.

Run time: about 6 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from math import inf
from pathlib import Path

import bft
from bft.experiments.tables import align
from bft.network.delays import NormalDelay
from bft.operations.intervals import Estimate, mean_estimate
from bft.plotting.networks import Measured, curves

NODES = 16
HEALS_S = 60.0
VIEW_TIMEOUTS_S = (3.0, 12.0)
ASKS_S: tuple[float | None, ...] = (0.5, 1.0, 2.0, 5.0, None)  # first time that a replica asks; None: never
LONGEST_WAIT = 8  # times the first wait, as `bft.protocols.pbft` has it
REPLICATIONS = 20
LAMBDA_S = 3.0  # of their configuration: a node leaves its first view after 3 λ
CONFIDENCE = 0.95
SEED = 1
OUT = Path("out/partition_heals")


def main(replications: int = REPLICATIONS, out: Path = OUT) -> dict[tuple[float, float | None], Estimate | None]:
    """Run, print the table, write the figure; return the mean time from healing to the decision, in seconds."""
    found: dict[tuple[float, float | None], Estimate | None] = {}
    rows = [["first view timeout, s", "asks first after, s", "next time to ask, s", "decides after healing, s", "95 %"]]
    for timeout_s in VIEW_TIMEOUTS_S:
        for ask_s in ASKS_S:
            after_s = [decided_s(run) - HEALS_S for run in runs_of(timeout_s, ask_s, replications)]
            stuck = max(after_s) == inf
            each = found[timeout_s, ask_s] = None if stuck else mean_estimate(after_s, confidence=CONFIDENCE)
            told = ["never", ""] if each is None else [f"{each.value:.2f}", f"{each.low:.2f} to {each.high:.2f}"]
            rows.append([f"{timeout_s:g}", f"{ask_s or 'never'}", f"{next_ask_s(timeout_s, ask_s):g}", *told])
    print(align(rows))
    print()
    delayed = [
        [name, f"{each.value:.2f}", f"{each.low:.2f} to {each.high:.2f}"] for name, each in crossing(replications)
    ]
    print(align([["what crosses is", "all have decided at, s", "95 %"], *delayed]))
    out.mkdir(parents=True, exist_ok=True)
    series = {
        f"first view timeout {timeout_s:g} s": [
            Measured(ask_s, each.value, each.low, each.high, next_ask_s(timeout_s, ask_s) - HEALS_S)
            for ask_s in ASKS_S
            if ask_s is not None and (each := found[timeout_s, ask_s]) is not None
        ]
        for timeout_s in VIEW_TIMEOUTS_S
    }
    ax = curves(
        series,
        x_label="replicas ask first after (s); circles: the next time they ask",
        y_label="decision after healing (s)",
        title="A partition heals at 60 s",
    )
    bft.plotting.save(ax, out, "partition_heals")
    return found


def next_ask_s(timeout_s: float, first_s: float | None) -> float:
    """Return when replicas whose first view ended at `timeout_s` ask for the first time after healing."""
    if first_s is None:
        return inf
    asks_s, wait_s = timeout_s, first_s
    while asks_s < HEALS_S:
        asks_s += wait_s
        wait_s = min(2.0 * wait_s, LONGEST_WAIT * first_s)
    return asks_s


def runs_of(timeout_s: float, ask_s: float | None, replications: int) -> list[bft.Run]:
    """Run a halved system."""
    halves = bft.Partition(groups=(tuple(range(NODES // 2)),), end_s=HEALS_S)
    scenario = bft.Scenario(
        n=NODES,
        network=bft.Network(delay=NormalDelay(mean_s=0.25, sd_s=0.05), partitions=(halves,)),
        pbft={"view_timeout_s": timeout_s},
        views="unlimited",
        retransmission=ask_s is not None,
        retransmit_s=ask_s or 1.0,
        horizon_s=2000.0,
    )
    simulator = bft.Simulator(scenario, SEED)
    return [simulator.run(replication) for replication in range(replications)]


def crossing(replications: int) -> list[tuple[str, Estimate]]:
    """Return when all replicas have decided, where what crosses the partition arrives nevertheless."""
    found = []
    for name, law in (("delayed by N(60, 1) s", NormalDelay(mean_s=60.0, sd_s=1.0)), ("held back", "held")):
        halves = bft.Partition(groups=(tuple(range(NODES // 2)),), end_s=HEALS_S, crossing=law)
        scenario = bft.Scenario(
            n=NODES,
            network=bft.Network(delay=NormalDelay(mean_s=0.25, sd_s=0.05), partitions=(halves,)),
            pbft={"view_timeout_s": 3 * LAMBDA_S},
            views="unlimited",
            retransmission=False,
            horizon_s=2000.0,
        )
        simulator = bft.Simulator(scenario, SEED)
        ends_s = [simulator.run(replication).metrics.last_decided_at_s for replication in range(replications)]
        found.append((name, mean_estimate([inf if end_s is None else end_s for end_s in ends_s])))
    return found


def decided_s(run: bft.Run) -> float:
    """Return when n − f replicas had decided; infinity if they never had."""
    assert not run.breaches
    return inf if run.metrics.decided_at_s is None else run.metrics.decided_at_s


if __name__ == "__main__":
    main()
