"""How much can PBFT carry before its primary's uplink, or everybody's processors, are full?

Requests of 1024 bytes, links of 1 ms, uplinks of 10 Mbit/s. Published for the same payload on 10 Gbit/s links, which is
1000 times as much: 293.0, 146.5, 73.3 and 36.0 thousand operations per second for n = 4, 8, 16 and 32 (PBFT over a
simulated network, data files of Delphi-BFT; Berger, Ben Toumia & Reiser, arXiv 2208.14745). The primary's uplink is
what is full: their figures times n differ by 2 % only.

Expected: offered more than it can carry, the simulation executes 381, 164, 77 and 37 requests per second, n/(n − 1)
times as many as they thousands, within 3 %: their primary sends the reply to the client over the same uplink as the
requests to its n − 1 backups, ours does not. Votes are free here, as batches of hundreds of requests make them; with
the bytes that votes really take and no batches a quarter fewer requests pass. Latency against load has its knee just
below that throughput. Verifying signatures at 0.1 ms each fills processors with 2n − 1 messages for each request.

What differs: no batches, no TCP, no client traffic; scaled down by 1000 so that it takes seconds.

Run time: about 40 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import bft
from bft.core.effects import Execute
from bft.experiments.tables import align
from bft.plotting.networks import Measured, curves

PUBLISHED_PER_S = {4: 292.985, 8: 146.533, 16: 73.333, 32: 36.049}  # thousands, at a thousand times the bandwidth
UPLINK_MBIT_S = 10.0
REQUEST_BYTES = 1024
VERIFY_S = 0.0001
LOADS = (0.2, 0.5, 0.8, 0.9, 1.0, 1.1)  # of the published throughput
KNEE_NODES = 8
OVERLOAD = 2.0  # of the published throughput
REQUESTS = 200
SEED = 1
OUT = Path("out/saturation")

FREE_VOTES = {"header_bytes": 0, "signature_bytes": 0, "digest_bytes": 0, "request_bytes": REQUEST_BYTES}
MODELS: dict[str, dict[str, Any]] = {
    "votes free, as with batches": {"sizes": FREE_VOTES, "bandwidth": {"uplink_mbit_s": UPLINK_MBIT_S}},
    "votes as they are": {"sizes": {"request_bytes": REQUEST_BYTES}, "bandwidth": {"uplink_mbit_s": UPLINK_MBIT_S}},
    "processors": {"processing": {"verify_s": VERIFY_S, "sign_s": 0.0}},
}


def main(
    requests: int = REQUESTS, out: Path = OUT, nodes: tuple[int, ...] = tuple(PUBLISHED_PER_S)
) -> dict[tuple[str, int], float]:
    """Run, print the tables, write the figures; return the throughput in requests per second, by model and n."""
    found = {
        (model, n): throughput_per_s(run_of(n, model, rate_per_s(model, n), requests))
        for model in MODELS
        for n in nodes
    }
    rows = [[str(n), f"{PUBLISHED_PER_S[n]:.1f}", *(f"{found[model, n]:.1f}" for model in MODELS)] for n in nodes]
    print(align([["n", "published, thousands/s", *(f"{model}, /s" for model in MODELS)], *rows]))
    knee = {
        load: run_of(KNEE_NODES, "votes free, as with batches", load * PUBLISHED_PER_S[KNEE_NODES], requests)
        for load in LOADS
    }
    points = [_latency(load, run) for load, run in knee.items()]
    print()
    print(
        align(
            [
                ["load", "latency, ms", "95 %"],
                *([f"{each.x:g}", f"{each.value:.1f}", f"± {each.high - each.value:.1f}"] for each in points),
            ]
        )
    )
    out.mkdir(parents=True, exist_ok=True)
    series = {
        model: [
            Measured(n, found[model, n], found[model, n], found[model, n], PUBLISHED_PER_S[n] if place == 0 else None)
            for n in nodes
        ]
        for place, model in enumerate(MODELS)
    }
    ax = curves(
        series,
        x_label="replicas n",
        y_label="requests per second",
        title="Saturation (circles: published, /1000)",
        logarithmic=True,
    )
    bft.plotting.save(ax, out, "saturation")
    ax = curves(
        {f"n = {KNEE_NODES}": points},
        x_label="load, of the published throughput",
        y_label="latency (ms)",
        title="The knee",
    )
    bft.plotting.save(ax, out, "knee")
    return found


def rate_per_s(model: str, n: int) -> float:
    """Return an offered load that the model cannot carry."""
    return OVERLOAD * (1.0 / (VERIFY_S * 2 * n) if model == "processors" else PUBLISHED_PER_S[n])


def run_of(n: int, model: str, offered_per_s: float, requests: int) -> bft.Run:
    """Offer a Poisson stream of requests; views last, since a full uplink is no faulty primary."""
    scenario = bft.Scenario(
        n=n,
        network={"delay": {"law": "constant", "delay_s": 0.001}, **MODELS[model]},
        requests=bft.Requests(count=requests, rate_per_s=offered_per_s),
        pbft={"view_timeout_s": 500.0},
        retransmission=False,
        horizon_s=1000.0,
    )
    return bft.simulate(scenario, SEED)


def throughput_per_s(run: bft.Run) -> float:
    """Return how many requests a second were executed, by a quorum of replicas, until the last one was."""
    done_s: dict[int, list[float]] = {}
    for time_s, _, event in run.trace.of(Execute):
        done_s.setdefault(event.seq, []).append(time_s)
    enough = run.scenario.system.quorum
    at_s = sorted(sorted(times)[enough - 1] for times in done_s.values() if len(times) >= enough)
    return len(at_s) / at_s[-1]


def _latency(load: float, run: bft.Run) -> Measured:
    waits_ms = 1000.0 * np.array(run.metrics.client_latency_s)
    error = 1.96 * waits_ms.std(ddof=1) / np.sqrt(len(waits_ms))
    return Measured(load, waits_ms.mean(), waits_ms.mean() - error, waits_ms.mean() + error)


if __name__ == "__main__":
    main()
