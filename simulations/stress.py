"""How many callers at a time does an LLM service stand, and what do its policies do under stress?

An endpoint of eight workers, a mean service of 1.5 s. In the closed loop so many users ask, wait, think for a second
and ask again. In the open loop calls come whether anybody waits or not. Once without policies, once with those of the
preset "test": four attempts with a budget, and a breaker; its attempts are given up after 10 s.

Expected: in the closed loop throughput follows the law of the finite-source queue and levels off at 8 / 1.5 = 5.33
calls a second from about 20 users on. Without policies nobody fails, they wait; with 10 s of patience per attempt 64
users break the service: workers serve those who have gone, the breaker opens, a few per cent are answered. The open
loop shows what the closed one hides: beyond 5.33 calls a second the queue grows for ever, and with it the wait. With
policies the failures grow instead, from 5 calls a second on: patience ends before the queue does. Up to 4 calls a
second the target of 99.9 % holds.

Intervals are over replications, for calls of one run wait for each other.

Run time: about 30 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

import math
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from bft.durations import Exponential
from bft.experiments.tables import align
from bft.llm_service.load import CallRecord, closed_loop, open_loop
from bft.llm_service.service import LlmService
from bft.operations.intervals import Estimate, mean_estimate
from bft.plotting.operations import Point, curves
from bft.plotting.style import save
from bft.resilience.breaker import Breaker
from bft.resilience.endpoints import Endpoint
from bft.resilience.pipeline import Level, Pipeline, Resilience
from bft.resilience.retry import Retry
from bft.resilience.steady_state import SteadyState, Trial

WORKERS = 8
SERVICE_S = 1.5  # mean, exponential
THINK_S = 1.0  # mean, exponential
USERS = (1, 4, 8, 12, 16, 24, 32, 64)
RATES_PER_S = (1.0, 2.0, 4.0, 5.0, 6.0, 8.0)
WARM_UP_S = 60.0  # not counted
SECONDS = 300.0  # counted, per replication
REPLICATIONS = 10
CONFIDENCE = 0.95
TARGET = 0.999
SEED = 1
OUT = Path("out/stress")

RETRY = Retry(attempts=4, attempt_timeout_s=10.0, deadline_s=60.0)
LAYERS = {
    "no policies": Level(name="primary", model="model", retry=None),
    "retries, breaker": Level(name="primary", model="model", retry=RETRY, breaker=Breaker()),
}


class Cell(NamedTuple):
    """One load on one layer."""

    loop: str
    layer: str
    load: float
    throughput: Estimate
    success: Estimate
    latency_s: Estimate
    standing: str
    exact: float | None


def main(replications: int = REPLICATIONS, out: Path = OUT) -> list[Cell]:
    """Run, print the table, write the figure; return the cells."""
    cells = [cell("closed", layer, float(users), replications) for layer in LAYERS for users in USERS]
    cells += [cell("open", layer, rate, replications) for layer in LAYERS for rate in RATES_PER_S]
    print(table(cells))
    out.mkdir(parents=True, exist_ok=True)
    closed = {
        layer: [Point(c.load, *c.throughput[:3], c.exact) for c in cells if (c.loop, c.layer) == ("closed", layer)]
        for layer in LAYERS
    }
    ax = curves(
        closed,
        xlabel="users at a time",
        ylabel="calls answered per second",
        title="Closed loop: throughput levels off (line: exact law)",
        ylim=None,
    )
    save(ax, out, "stress_closed")
    opened = {
        layer: [Point(c.load, *c.success[:3]) for c in cells if (c.loop, c.layer) == ("open", layer)]
        for layer in LAYERS
    }
    ax = curves(
        opened,
        xlabel="calls per second",
        ylabel="share of calls answered in time",
        title=f"Open loop: beyond {WORKERS / SERVICE_S:.2f} calls/s the queue grows",
    )
    save(ax, out, "stress_open")
    return cells


def cell(loop: str, layer: str, load: float, replications: int) -> Cell:
    """Measure one load on one layer."""
    runs = [counted(loop, layer, load, replication) for replication in range(replications)]
    trial = Trial(SteadyState(target=TARGET, confidence=CONFIDENCE))
    for call in (call for run in runs for call in run):
        trial.record(call.answered)
    waits = [[call.latency_s for call in run if call.answered] for run in runs]
    exact = throughput(int(load)) if loop == "closed" and layer == "no policies" else None
    return Cell(
        loop=loop,
        layer=layer,
        load=load,
        throughput=mean_estimate([len(each) / SECONDS for each in waits], confidence=CONFIDENCE),
        success=mean_estimate([len(w) / len(run) for w, run in zip(waits, runs, strict=True)], confidence=CONFIDENCE),
        latency_s=mean_estimate([fmean(each) for each in waits if each], confidence=CONFIDENCE),
        standing=trial.finding().standing.value,
        exact=exact,
    )


def counted(loop: str, layer: str, load: float, replication: int) -> list[CallRecord]:
    """Return the calls that ended in the counted time, and those begun in it that never did."""
    endpoint = Endpoint(name="model", workers=WORKERS, time=Exponential(mean_s=SERVICE_S))
    service = LlmService([endpoint], seed=SEED, replication=replication)
    pipeline, driver = Pipeline(Resilience(levels=(LAYERS[layer],))), service.driver()
    end_s = WARM_UP_S + SECONDS
    common = {"until_s": end_s, "seed": SEED, "replication": replication}

    def ask():  # type: ignore[no-untyped-def]
        return driver.run(pipeline.ask("Is 7 prime?"))

    if loop == "closed":
        seen = closed_loop(service.clock, ask, users=int(load), think=Exponential(mean_s=THINK_S), **common)  # type: ignore[arg-type]
    else:
        seen = open_loop(service.clock, ask, rate_per_s=load, **common)  # type: ignore[arg-type]
    service.clock.run(until=end_s)
    return [call for call in seen if call.end_s >= WARM_UP_S]


def throughput(users: int) -> float:
    """Calls per second of the finite-source queue M/M/c//N: users who think, and c workers."""
    think, serve = 1.0 / THINK_S, 1.0 / SERVICE_S
    weights = [1.0]
    for k in range(users):
        weights.append(weights[-1] * (users - k) * think / (min(k + 1, WORKERS) * serve))
    return math.fsum(weight * min(k, WORKERS) * serve for k, weight in enumerate(weights)) / math.fsum(weights)


def table(cells: list[Cell]) -> str:
    """Return the cells as a table, with intervals."""
    body = [
        [
            c.loop,
            c.layer,
            f"{c.load:g} {'users' if c.loop == 'closed' else '/s'}",
            f"{c.throughput.value:.3f} ± {c.throughput.high - c.throughput.value:.3f}",
            "" if c.exact is None else f"{c.exact:.3f}",
            f"{c.success.value:.4f} ± {c.success.high - c.success.value:.4f}",
            f"{c.latency_s.value:.2f} ± {c.latency_s.high - c.latency_s.value:.2f}",
            c.standing,
        ]
        for c in cells
    ]
    return align([["loop", "layer", "load", "answered/s", "exact", "success", "latency (s)", f"≥ {TARGET:.1%}"], *body])


if __name__ == "__main__":
    main()
