"""What does it cost to have fewer links: in time, in messages, in agreement?

Sixteen replicas on eight kinds of graphs, messages routed along shortest paths or gossiped; then the same with f = 5
crashed replicas, which relay nothing. All links have the same law of delay.

Expected: without faults everybody always agrees, and the time of a decision grows with the diameter of the graph: the
ring takes several times as long as the complete graph, a small world with twice the ring's links half as long as the
ring. Gossip sends each message over each link about once, routing once for each recipient and hop: on a ring gossip is
cheaper, on the complete graph far dearer. With crashes the graph is what decides: a star lives as long as its centre,
which is in 11 of 16 cases, a ring never survives, and gossip, which takes every way there is, survives where routes
that were fixed beforehand do not.

Run time: about 60 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import bft
from bft.experiments import Estimate, estimate
from bft.experiments.tables import align
from bft.plotting.networks import Measured, curves
from bft.record.outcome import Outcome

NODES = 16
TOPOLOGIES: dict[str, Any] = {
    "complete": "complete",
    "ring": "ring",
    "star": "star",
    "grid": "grid",
    "small world": {"kind": "small_world", "nearest": 4, "rewiring": 0.2, "seed": 1},
    "scale free": {"kind": "scale_free", "links": 2, "seed": 1},
    "random regular": {"kind": "random_regular", "degree": 4, "seed": 1},
    "harary 6": {"kind": "harary", "connectivity": 6},
}
WAYS: dict[str, Any] = {"routed": "routed", "gossip": "gossip"}
REPLICATIONS = 100
SEED = 1
OUT = Path("out/topologies")


class Found(NamedTuple):
    """What one graph costs."""

    links: int
    connectivity: int
    latency_ms: float
    transmissions: float
    kilobytes: float
    agree: Estimate
    stalled: Estimate


def main(replications: int = REPLICATIONS, out: Path = OUT) -> dict[tuple[str, str], Found]:
    """Run, print the table, write the figure; return what was found by topology and way."""
    found = {(name, way): measure(name, way, replications) for name in TOPOLOGIES for way in WAYS}
    head = ["graph", "messages", "links", "connectivity", "decides, ms", "transmissions", "kB"]
    rows = [
        [
            name,
            way,
            str(each.links),
            str(each.connectivity),
            f"{each.latency_ms:.0f}",
            f"{each.transmissions:.0f}",
            f"{each.kilobytes:.0f}",
            f"{each.agree.value:.2f} ({each.agree.low:.2f} to {each.agree.high:.2f})",
            f"{each.stalled.value:.2f}",
        ]
        for (name, way), each in found.items()
    ]
    print(align([[*head, "P(agreement), 5 crashed", "P(stalled)"], *rows]))
    out.mkdir(parents=True, exist_ok=True)
    series = {
        way: [
            Measured(place, found[name, way].agree.value, found[name, way].agree.low, found[name, way].agree.high)
            for place, name in enumerate(TOPOLOGIES)
        ]
        for way in WAYS
    }
    ax = curves(
        series,
        x_label="",
        y_label="P(agreement) with 5 of 16 crashed",
        title="Topologies compared",
        categories=[name.replace(" ", "\n") for name in TOPOLOGIES],
    )
    bft.plotting.save(ax, out, "topologies")
    return found


def measure(name: str, way: str, replications: int) -> Found:
    """Run a topology without faults for its cost, and with f crashed replicas, a different set in each run."""
    network = bft.Network(topology=TOPOLOGIES[name], routing=WAYS[way])
    healthy = bft.Simulator(bft.Scenario(n=NODES, network=network), SEED)
    calm = [healthy.run(replication) for replication in range(replications)]
    assert all(run.outcome is Outcome.AGREED_CORRECT for run in calm)
    share = bft.Scenario(n=NODES).system.tolerated / NODES
    crashes = bft.Faults(delta=share, draw="fraction", behaviour="crash")
    hurt = bft.Simulator(bft.Scenario(n=NODES, network=network, faults=crashes, views=6, horizon_s=600.0), SEED)
    outcomes = [hurt.run(replication).outcome for replication in range(replications)]
    costs = [run.metrics.network for run in calm if run.metrics.network is not None]
    return Found(
        links=len(network.graph(NODES).edges),
        connectivity=network.connectivity(NODES, 5).node,
        latency_ms=1000.0 * float(np.mean([run.metrics.decided_at_s for run in calm])),
        transmissions=float(np.mean([each.transmissions for each in costs])),
        kilobytes=float(np.mean([each.bytes_sent for each in costs])) / 1000.0,
        agree=estimate(outcomes.count(Outcome.AGREED_CORRECT), replications),
        stalled=estimate(outcomes.count(Outcome.STALLED), replications),
    )


if __name__ == "__main__":
    main()
