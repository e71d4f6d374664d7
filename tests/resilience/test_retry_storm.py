"""The retry storm: a short slowdown that retries turn into an endless one, and its two cures.

Eight workers, a mean service of 1.5 s, 2.5 calls/s: 47 % busy. Timeout 5 s, 3 attempts. For one minute everything
takes four times as long. Who times out goes away, but the workers do not know and serve the request all the same, for
nobody.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import pytest
import simpy

from bft.resilience.effects import Handler, call
from bft.resilience.exchange import Answer, Failure, FailureKind, Query, Result
from bft.resilience.retry import Budget, Retry, RetryBudget, retrying
from bft.resilience.simpy_driver import SimpyDriver

WORKERS, SERVICE_S, CALLS_PER_S = 8, 1.5, 2.5
SLOW_FROM_S, SLOW_UNTIL_S, END_S = 120.0, 180.0, 900.0


def success_by_minute(handler: Handler, *, queue_cap: float, seed: int) -> list[float]:
    """Share of the calls begun in each minute that were answered."""
    env, source = simpy.Environment(), random.Random(seed)
    workers = simpy.Resource(env, WORKERS)

    def serve() -> Generator[simpy.Event, Any, None]:
        with workers.request() as turn:
            yield turn
            slow = SLOW_FROM_S <= env.now < SLOW_UNTIL_S
            yield env.timeout(source.expovariate(1.0 / SERVICE_S) * (4.0 if slow else 1.0))

    def endpoint(_: Query) -> Generator[simpy.Event, Any, Result]:
        if len(workers.queue) >= queue_cap:
            return Failure(kind=FailureKind.STATUS, status=503)
        yield env.process(serve())
        return Answer(text="yes")

    driver = SimpyDriver(env=env, call=endpoint, uniform=source.random)
    minutes: list[list[bool]] = [[] for _ in range(int(END_S / 60.0))]

    def one(minute: int) -> Generator[simpy.Event, Any, None]:
        result = yield from driver.run(handler(Query(model="m", prompt="p")))
        minutes[minute].append(isinstance(result, Answer))

    def arrivals() -> Generator[simpy.Event, Any, None]:
        while True:
            yield env.timeout(source.expovariate(CALLS_PER_S))
            if env.now >= END_S:
                return
            env.process(one(int(env.now / 60.0)))

    env.process(arrivals())
    env.run()
    return [sum(answered) / len(answered) for answered in minutes]


RETRY = Retry(attempts=3, attempt_timeout_s=5.0, deadline_s=60.0, budget=None)
NO_CAP = float("inf")


def minutes_of_service(*, budget: Budget | None, queue_cap: float, seed: int) -> list[float]:
    tokens = None if budget is None else RetryBudget(budget)
    return success_by_minute(retrying(RETRY, call, budget=tokens), queue_cap=queue_cap, seed=seed)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_without_a_budget_the_storm_never_ends(seed: int) -> None:
    success = minutes_of_service(budget=None, queue_cap=NO_CAP, seed=seed)
    assert min(success[:2]) > 0.95, "before the slowdown all is well"
    assert max(success[3:]) == 0.0, "and after it nothing is ever answered again"


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("budget", "queue_cap"), [(Budget(ratio=0.1), NO_CAP), (None, 20)], ids=["budget", "queue cap"]
)
def test_a_budget_or_a_bounded_queue_brings_the_service_back_within_two_minutes(
    budget: Budget | None, queue_cap: float, seed: int
) -> None:
    success = minutes_of_service(budget=budget, queue_cap=queue_cap, seed=seed)
    assert success[2] < 0.3, "the slowdown itself is felt"
    assert min(success[5:]) > 0.95
