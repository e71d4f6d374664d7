"""Does a short slowdown of the LLM service end when it is over, or do retries keep it going for ever?

Eight workers, a mean service of 1.5 s, 2.5 calls/s: 47 % busy. Timeout 5 s, 3 attempts. From minute 2 to minute 3
everything takes four times as long. Who times out goes away, but the workers do not know and serve the request all the
same, for nobody.

Expected: without a retry budget success stays at 0 for the rest of the run. With a budget of 10 % of the calls, or with
a queue of at most 20, the service is back within the next two minutes.

Run time: about 15 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from pathlib import Path

from bft.durations import Exponential
from bft.experiments.tables import align
from bft.llm_service.load import open_loop
from bft.llm_service.service import LlmService
from bft.operations.intervals import Estimate, mean_estimate
from bft.plotting.operations import Point
from bft.plotting.operations import retry_storm as figure
from bft.plotting.style import save
from bft.resilience.endpoints import Disturbance, Endpoint
from bft.resilience.pipeline import Level, Pipeline, Resilience
from bft.resilience.retry import Budget, Retry

WORKERS = 8
SERVICE_S = 1.5  # mean, exponential
CALLS_PER_S = 2.5
ATTEMPTS, TIMEOUT_S, DEADLINE_S = 3, 5.0, 60.0
SLOW_FROM_S, SLOW_UNTIL_S, SLOW_FACTOR = 120.0, 180.0, 4.0
MINUTES = 15
REPLICATIONS = 20  # runs of each cure, with the same seeds
CONFIDENCE = 0.95
SEED = 1
OUT = Path("out/retry_storm")

CURES: dict[str, tuple[Budget | None, int | None]] = {
    "no budget, no cap": (None, None),
    "10 % retry budget": (Budget(ratio=0.1), None),
    "queue cap of 20": (None, 20),
    "budget and cap": (Budget(ratio=0.1), 20),
}


def main(replications: int = REPLICATIONS, out: Path = OUT) -> dict[str, list[Estimate]]:
    """Run, print the table, write the figure; return success by minute, of each cure."""
    found = {}
    for name, (budget, queue) in CURES.items():
        runs = [success_by_minute(budget, queue, replication) for replication in range(replications)]
        found[name] = [mean_estimate(minute, confidence=CONFIDENCE) for minute in zip(*runs, strict=True)]
    print(table(found))
    out.mkdir(parents=True, exist_ok=True)
    points = {
        name: [Point(minute + 0.5, each.value, *_within(each)) for minute, each in enumerate(minutes)]
        for name, minutes in found.items()
    }
    save(figure(points, slow_min=(SLOW_FROM_S / 60.0, SLOW_UNTIL_S / 60.0)), out, "retry_storm")
    return found


def success_by_minute(budget: Budget | None, queue: int | None, replication: int) -> list[float]:
    """Share of the calls begun in each minute that were answered."""
    slow = Disturbance(start_s=SLOW_FROM_S, end_s=SLOW_UNTIL_S, kind="slow", factor=SLOW_FACTOR)
    endpoint = Endpoint(
        name="model", workers=WORKERS, time=Exponential(mean_s=SERVICE_S), queue=queue, disturbances=(slow,)
    )
    service = LlmService([endpoint], seed=SEED, replication=replication)
    retry = Retry(attempts=ATTEMPTS, attempt_timeout_s=TIMEOUT_S, deadline_s=DEADLINE_S, budget=budget)
    pipeline = Pipeline(Resilience(levels=(Level(name="primary", model="model", retry=retry),)))
    driver = service.driver()
    seen = open_loop(
        service.clock,
        lambda: driver.run(pipeline.ask("Is 7 prime?")),
        rate_per_s=CALLS_PER_S,
        until_s=60.0 * MINUTES,
        seed=SEED,
        replication=replication,
    )
    service.clock.run()
    minutes: list[list[bool]] = [[] for _ in range(MINUTES)]
    for call in seen:
        minutes[int(call.start_s / 60.0)].append(call.answered)
    return [sum(answered) / len(answered) for answered in minutes]


def table(found: dict[str, list[Estimate]]) -> str:
    """Return success by minute as a table, with intervals."""
    body = [
        [str(minute), *(f"{each.value:.3f} ± {each.high - each.value:.3f}" for each in row)]
        for minute, row in enumerate(zip(*found.values(), strict=True))
    ]
    return align([["minute", *found], *body])


def _within(each: Estimate) -> tuple[float, float]:
    """Ends of the interval of a share."""
    return max(0.0, each.low), min(1.0, each.high)


if __name__ == "__main__":
    main()
