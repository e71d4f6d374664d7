"""How many replicas must still reach a quorum, when links fail but replicas do not?

Seven replicas. c of them form a core: its members have links to everybody; the others have links to the core only. A
replica is quorum-connected if it and its neighbours are a quorum (q = 5). Omni-Paxos (Ng, Haridi & Carbone, EuroSys
2023) needs a single quorum-connected server to make progress, c = 1 here (their quorum-loss scenario), and recovers
within four election timeouts; its blog and paper show that other leader-based protocols may not.

Expected: PBFT over direct links decides iff c ≥ q − 1 = 4: every vote must reach a quorum directly, so a quorum of
replicas must be quorum-connected; one is not enough. Once replicas pass on each other's messages, routed or gossiped,
any connected graph will do, c = 1 too, without a single view change.

What differs: their replicas crash at most, and only the leader needs to hear a quorum; PBFT's replicas trust no
leader's word for the votes of others, and that is why relays need signatures.

Run time: about 5 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from pathlib import Path
from typing import Any

import bft
from bft.experiments import estimate
from bft.experiments.tables import align
from bft.plotting.networks import Measured, curves
from bft.record.outcome import Outcome

NODES = 7
WAYS: dict[str, Any] = {"direct": None, "routed": "routed", "gossip": "gossip"}
REPLICATIONS = 40
SEED = 1
OUT = Path("out/quorum_connectivity")


def main(replications: int = REPLICATIONS, out: Path = OUT) -> dict[tuple[str, int], tuple[Measured, int]]:
    """Run, print the table, write the figure; return agreement and the most views used, by way and size of the core."""
    found = {}
    for way in WAYS:
        for core in range(1, NODES + 1):
            runs = runs_of(way, core, replications)
            agreed = sum(run.outcome is Outcome.AGREED_CORRECT for run in runs)
            found[way, core] = (Measured(core, *estimate(agreed, replications)), max(run.metrics.views for run in runs))
    quorum = bft.Scenario(n=NODES).system.quorum
    rows = [
        [way, str(core), str(quorum_connected(core, quorum)), f"{each.value:.2f}", str(views)]
        for (way, core), (each, views) in found.items()
    ]
    print(align([["messages go", "core c", "quorum-connected", "P(agreement)", "views, most"], *rows]))
    out.mkdir(parents=True, exist_ok=True)
    series = {way: [found[way, core][0] for core in range(1, NODES + 1)] for way in WAYS}
    ax = curves(series, x_label="replicas with links to all c", y_label="P(agreement)", title="Seven replicas, q = 5")
    bft.plotting.save(ax, out, "quorum_connectivity")
    return found


def quorum_connected(core: int, quorum: int) -> int:
    """Return how many replicas reach a quorum over their own links, themselves included."""
    return NODES if core + 1 >= quorum or core == NODES else core


def runs_of(way: str, core: int, replications: int) -> list[bft.Run]:
    """Run a system with such a core; without relays a missing link is a dead one."""
    pairs = [(one, other) for one in range(NODES) for other in range(one + 1, NODES)]
    if way == "direct":
        outside = tuple(range(core, NODES))
        dead = [{"senders": [node], "recipients": outside, "loss": 1.0} for node in outside]
        network: dict[str, Any] = {"links": dead}
    else:
        links = [pair for pair in pairs if pair[0] < core]
        network = {"topology": {"kind": "edges", "links": links}, "routing": WAYS[way]}
    simulator = bft.Simulator(bft.Scenario(n=NODES, network=network, horizon_s=300.0), SEED)
    return [simulator.run(replication) for replication in range(replications)]


if __name__ == "__main__":
    main()
