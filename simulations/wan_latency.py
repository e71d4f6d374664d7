"""How long does a decision take when the replicas stand on four continents?

PBFT's three steps over measured round trips: Oregon, Ireland, São Paulo and Sydney, Oregon leading. Published for the
same places: 237.1 ms for the consensus of BFT-SMaRt on real machines, 249.0 ms for the same code over a simulated
network; and what clients in each place wait (Berger, Ben Toumia & Reiser, *Simulating BFT Protocol Implementations at
Scale*, arXiv 2208.14745; figures from the data files of Delphi-BFT).

Expected: 246 ms at the leader, between the two published figures; clients within 4 % of the measured ones.

What differs: the table of round trips was measured in another year; theirs has processing time, request batches and
TCP, ours half a round trip and 1 ms of jitter on average. A client's wait is put together afterwards: request to the
leader, decision, and the reply of the third replica (BFT-SMaRt waits for a quorum of equal replies).

Run time: about 1 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from pathlib import Path

import bft
from bft.core.effects import Execute
from bft.experiments.tables import align
from bft.network.regions import region_table
from bft.operations.intervals import Estimate, mean_estimate
from bft.plotting.networks import Measured, curves

PLACES = {"Oregon": "us-west-2", "Ireland": "eu-west-1", "São Paulo": "sa-east-1", "Sydney": "ap-southeast-2"}
TABLE = "aws21"
PUBLISHED_MS = {  # on machines, simulated
    "consensus": (237.142, 248.960),
    "client in Oregon": (353.938, 358.690),
    "client in Ireland": (415.892, 428.015),
    "client in São Paulo": (414.534, 429.185),
    "client in Sydney": (437.612, 449.175),
}
LEADER = 0  # Oregon
REPLICATIONS = 400
CONFIDENCE = 0.95
SEED = 1
OUT = Path("out/wan_latency")


def main(replications: int = REPLICATIONS, out: Path = OUT) -> dict[str, Estimate]:
    """Run, print the table, write the figure; return the mean of each latency in milliseconds."""
    scenario = bft.Scenario(n=len(PLACES), network={"regions": {"nodes": tuple(PLACES.values()), "table": TABLE}})
    simulator = bft.Simulator(scenario, SEED)
    runs = [latencies_ms(simulator.run(replication)) for replication in range(replications)]
    found = {name: mean_estimate([run[name] for run in runs], confidence=CONFIDENCE) for name in PUBLISHED_MS}
    rows = [
        [name, f"{each.value:.1f} ± {each.high - each.value:.1f}", *(f"{told:.1f}" for told in PUBLISHED_MS[name])]
        for name, each in found.items()
    ]
    print(align([["latency, ms", "ours", "on machines", "Delphi-BFT, simulated"], *rows]))
    out.mkdir(parents=True, exist_ok=True)
    points = [
        Measured(place, each.value, each.low, each.high, PUBLISHED_MS[name][0])
        for place, (name, each) in enumerate(found.items())
    ]
    ax = curves(
        {"this simulator (circles: on machines)": points},
        x_label="",
        y_label="latency (ms)",
        title="PBFT on four continents: consensus, and what clients see",
        categories=[name.replace(" in ", " in\n") for name in found],
    )
    bft.plotting.save(ax, out, "wan_latency")
    return found


def latencies_ms(run: bft.Run) -> dict[str, float]:
    """Return when the leader decided, and how long a client in each place would have waited, in milliseconds."""
    done_s = {node: time_s for time_s, node, _ in run.trace.of(Execute)}
    table, regions = region_table(TABLE), list(PLACES.values())
    found = {"consensus": 1000.0 * done_s[LEADER]}
    for name, region in PLACES.items():
        replies_s = sorted(done_s[node] + table.one_way_s(regions[node], region) for node in done_s)
        asked_s = table.one_way_s(region, regions[LEADER])
        found[f"client in {name}"] = 1000.0 * (asked_s + replies_s[run.scenario.system.quorum - 1])
    return found


if __name__ == "__main__":
    main()
