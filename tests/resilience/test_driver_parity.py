"""One policy, two clocks: the same faults give the same decisions, at the same times, on SimPy and on asyncio."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Generator
from typing import Any

import pytest
import simpy

from bft.resilience.asyncio_driver import AsyncioDriver
from bft.resilience.breaker import Breaker
from bft.resilience.cache import Caching
from bft.resilience.chaos import Chaos, Fault
from bft.resilience.effects import Note
from bft.resilience.exchange import Answer, Failure, FailureKind, Query, Result
from bft.resilience.hedge import Hedge
from bft.resilience.limits import Bulkhead, RateLimit
from bft.resilience.pipeline import Level, Pipeline, Resilience
from bft.resilience.retry import Budget, Retry
from bft.resilience.simpy_driver import SimpyDriver
from bft.resilience.steady_state import SteadyState

CALLS = 3000
CALLS_PER_S = 2.0

Record = tuple[list[tuple[int, float, Note]], list[tuple[int, float, Result]]]


def everything(counts: Any) -> Resilience:
    """All policies at once, and tight, so that each of them has to decide often."""
    retry = Retry(attempts=3, cap_s=4.0, attempt_timeout_s=5.0, deadline_s=15.0, budget=Budget(ratio=0.5))
    breaker = Breaker(open_s=10.0, probes=2, successes=2, probe_timeout_s=20.0, counts=counts)
    chaos = Chaos(
        rate=0.1,
        faults=(
            Fault(failure=Failure(kind=FailureKind.CONNECTION), weight=2.0),
            Fault(failure=Failure(kind=FailureKind.STATUS, status=429, retry_after_s=2.5), latency_s=0.3),
            Fault(latency_s=1.7),
            Fault(failure=Failure(kind=FailureKind.TIMEOUT), latency_s=float("inf"), weight=0.5),
        ),
        start_s=200.0,
        end_s=1000.0,
    )
    primary = Level(
        name="primary",
        model="good",
        retry=retry,
        breaker=breaker,
        hedge=Hedge(delay_s=2.0),
        bulkhead=Bulkhead(slots=6, queue=3),
        rate_limit=RateLimit(rate_per_s=3.0, burst=2, max_wait_s=0.5),
        chaos=chaos,
    )
    cheaper = Level(name="cheaper", model="cheap", transform="simplify", retry=retry, breaker=breaker)
    return Resilience(
        levels=(primary, cheaper),
        caching=Caching(ttl_s=50.0, stale_s=100.0),
        default_answer="unsure",
        steady_state=SteadyState(target=0.99, abort_below=0.5),
    )


class FaultScript:
    """What the endpoints do to each call: latency and outcome by the number of the call, outages by the time."""

    def __init__(self, seed: int) -> None:
        source = random.Random(seed)
        self.gaps = [source.expovariate(CALLS_PER_S) for _ in range(CALLS)]
        self.prompts = [f"question  {source.randrange(300)}" for _ in range(CALLS)]
        self.seeds = [source.randrange(1 << 60) for _ in range(CALLS)]

    def reaction(self, source: random.Random, query: Query, now_s: float) -> tuple[float, Result]:
        latency_s = source.lognormvariate(0.0, 0.6)
        fate = source.random()
        broken = (400.0 < now_s < 500.0 and query.model == "good") or 700.0 < now_s < 800.0
        if broken and fate < 0.9:
            return latency_s, Failure(kind=FailureKind.STATUS, status=503)
        if fate < 0.02:
            return 1000.0 + latency_s, Answer(text="far too late")
        if fate < 0.05:
            return latency_s, Failure(kind=FailureKind.STATUS, status=400 if fate < 0.025 else 429)
        return latency_s, Answer(text=f"{query.model} on {query.prompt}")


def on_simpy(rules: Resilience, script: FaultScript) -> Record:
    notes: list[tuple[int, float, Note]] = []
    results: list[tuple[int, float, Result]] = []
    env, pipeline = simpy.Environment(), Pipeline(rules)

    def one(number: int) -> Generator[simpy.Event, Any, None]:
        source = random.Random(script.seeds[number])

        def endpoint(query: Query) -> Generator[simpy.Event, Any, Result]:
            latency_s, result = script.reaction(source, query, env.now)
            yield env.timeout(latency_s)
            return result

        driver = SimpyDriver(
            env=env,
            call=endpoint,
            uniform=source.random,
            observe=lambda at_s, note: notes.append((number, at_s, note)),
        )
        result = yield from driver.run(pipeline.ask(script.prompts[number]))
        results.append((number, env.now, result))

    def arrivals() -> Generator[simpy.Event, Any, None]:
        for number, gap_s in enumerate(script.gaps):
            yield env.timeout(gap_s)
            env.process(one(number))

    env.process(arrivals())
    env.run()
    return notes, results


async def on_asyncio(rules: Resilience, script: FaultScript) -> Record:
    notes: list[tuple[int, float, Note]] = []
    results: list[tuple[int, float, Result]] = []
    loop, pipeline = asyncio.get_running_loop(), Pipeline(rules)

    async def one(number: int) -> None:
        source = random.Random(script.seeds[number])

        async def endpoint(query: Query) -> Result:
            latency_s, result = script.reaction(source, query, loop.time())
            await asyncio.sleep(latency_s)
            return result

        driver = AsyncioDriver(
            call=endpoint,
            uniform=source.random,
            observe=lambda at_s, note: notes.append((number, at_s, note)),
            origin_s=0.0,
        )
        result = await driver.run(pipeline.ask(script.prompts[number]))
        results.append((number, loop.time(), result))

    async with asyncio.TaskGroup() as calls:
        for number, gap_s in enumerate(script.gaps):
            await asyncio.sleep(gap_s)
            calls.create_task(one(number))
    return notes, results


def in_order(record: Record) -> Record:
    """By call, then by time: what different calls do in the same instant has no order."""
    notes, results = record
    return sorted(notes, key=lambda item: item[:2]), sorted(results, key=lambda item: item[0])


@pytest.mark.parametrize("counts", ["calls", "attempts"])
def test_both_drivers_take_the_same_decisions_at_the_same_times(counts: str, virtually: Callable[..., Any]) -> None:
    rules, script = everything(counts), FaultScript(seed=11)
    simulated = in_order(on_simpy(rules, script))
    live = in_order(virtually(on_asyncio(rules, script)))
    assert len(simulated[1]) == CALLS
    assert simulated == live

    seen = {(note.policy, note.action) for _, _, note in simulated[0]}
    assert seen >= {
        *(("cache", action) for action in ("hit", "miss", "stored", "stale", "nothing stale")),
        *(("fallback", action) for action in ("answered", "failed")),
        *(("breaker", action) for action in ("opened", "half-opened", "closed", "rejected", "ignored")),
        *(("retry", action) for action in ("retried", "gave up")),
        *(("limits", action) for action in ("waited", "refused", "queued", "shed")),
        *(("hedge", action) for action in ("launched", "won")),
        *(("pipeline", action) for action in ("answered", "fell back", "failed")),
        ("chaos", "fired"),
    }, "a policy that never had to decide was not compared"
