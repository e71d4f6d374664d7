"""What do unreliable links and crashed replicas cost PBFT together, in a single round?

Every message is lost with probability p, every replica is down with probability δ, there is one view and nobody sends
twice. This is the model of Nischwitz, Esche & Tschorsch, *Bernoulli Meets PBFT: Modeling BFT Protocols in the Presence
of Dynamic Failures* (arXiv 2007.13460, FedCSIS 2021), who derive the probability of success from the pattern of
messages and confirm it by simulation; success here: at least a quorum of replicas commits.

Expected: the simulation meets the exact probability in every cell. Links hurt more than crashes: 10 % of the messages
lost cost n = 4 more than 10 % of the replicas down. Larger systems shrug off lost messages until, near a critical rate,
they fail together: the curves of different n cross.

What differs: they draw crashes anew for each phase and publish curves, not tables; here a crashed replica is down from
the start. The exact values below are our own sum over their pattern.

Run time: about 15 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from pathlib import Path

from scipy import stats

import bft
from bft.core.effects import Execute
from bft.experiments import estimate
from bft.experiments.tables import align
from bft.plotting.networks import Measured, curves

NODES = (4, 7, 13)
LOSSES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3)
CRASHES = (0.0, 0.05, 0.1)
REPLICATIONS = 400
SEED = 1
OUT = Path("out/link_and_crash_failures")

Cell = tuple[int, float, float]


def main(
    replications: int = REPLICATIONS, out: Path = OUT, nodes: tuple[int, ...] = NODES
) -> dict[Cell, tuple[Measured, float]]:
    """Run, print the table, write the figure; return estimate and exact probability by n, loss and δ."""
    found: dict[Cell, tuple[Measured, float]] = {}
    for n in nodes:
        for delta in CRASHES:
            for loss in LOSSES:
                seed = SEED + len(found)  # cells use different random numbers
                found[n, loss, delta] = (simulated(n, loss, delta, replications, seed), exact(n, loss, delta))
    rows = [
        [str(n), f"{loss:g}", f"{delta:g}", f"{each.value:.3f}", f"{each.low:.3f} to {each.high:.3f}", f"{law:.5f}"]
        for (n, loss, delta), (each, law) in found.items()
    ]
    print(align([["n", "loss p", "down δ", "success", "95 %", "exact"], *rows]))
    out.mkdir(parents=True, exist_ok=True)
    series = {
        f"n = {n}, δ = {delta:g}": [
            found[n, loss, delta][0]._replace(published=found[n, loss, delta][1]) for loss in LOSSES
        ]
        for n in nodes
        for delta in (CRASHES[0], CRASHES[-1])
    }
    ax = curves(
        series,
        x_label="probability that a message is lost p",
        y_label="P(a quorum commits)",
        title="One view, no retransmission (circles: exact)",
    )
    bft.plotting.save(ax, out, "link_and_crash_failures")
    return found


def simulated(n: int, loss: float, delta: float, replications: int, seed: int) -> Measured:
    """Return the share of runs in which a quorum of replicas committed."""
    scenario = bft.Scenario(
        n=n, faults=bft.Faults(delta=delta), network=bft.Network(loss=loss), views=1, retransmission=False
    )
    simulator = bft.Simulator(scenario, seed)
    good = sum(
        len({node for _, node, _ in simulator.run(replication).trace.of(Execute)}) >= scenario.system.quorum
        for replication in range(replications)
    )
    return Measured(loss, *estimate(good, replications))


def exact(n: int, loss: float, delta: float) -> float:
    """Return P(a quorum commits), summed over the replicas that are up, get the proposal, and are prepared."""
    q, arrives = bft.Scenario(n=n).system.quorum, 1.0 - loss
    total = 0.0
    for up in range(q, n + 1):  # the primary among them
        weight = (1.0 - delta) * stats.binom.pmf(up - 1, n - 1, 1.0 - delta)
        for got in range(up):  # backups with the proposal
            backup = stats.binom.sf(q - 3, got - 1, arrives) if got else 0.0
            primary = stats.binom.sf(q - 2, got, arrives)
            for others in range(got + 1):  # of them prepared
                chance = weight * stats.binom.pmf(got, up - 1, arrives) * stats.binom.pmf(others, got, backup)
                total += chance * primary * _quorum_commits(others + 1, q, arrives)
                total += chance * (1.0 - primary) * _quorum_commits(others, q, arrives)
    return float(total)


def _quorum_commits(prepared: int, q: int, arrives: float) -> float:
    """P(at least q of the prepared replicas commit); replicas that are not prepared do not."""
    if prepared < q:
        return 0.0
    return float(stats.binom.sf(q - 1, prepared, stats.binom.sf(q - 2, prepared - 1, arrives)))


if __name__ == "__main__":
    main()
