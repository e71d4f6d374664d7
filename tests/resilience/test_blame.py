"""Nobody blames an endpoint for what it did not do: waiting in our own queues, and calls that were not needed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
import simpy

from bft.resilience.asyncio_driver import AsyncioDriver
from bft.resilience.breaker import Breaker, State
from bft.resilience.cache import Caching
from bft.resilience.exchange import Answer, Course, Failure, FailureKind, Query
from bft.resilience.limits import Bulkhead, RateLimit
from bft.resilience.pipeline import Level, Pipeline, Resilience
from bft.resilience.retry import Retry
from bft.resilience.simpy_driver import SimpyDriver

RETRY = Retry(attempts=1, attempt_timeout_s=2.0, deadline_s=2.0, budget=None)
BREAKER = Breaker(failures=3, open_s=60.0, probe_timeout_s=10.0)


def load(level: Level, latency_s: float, arrivals_s: list[float]) -> tuple[Pipeline, list[Any], int]:
    """Put queries to a healthy endpoint; return the pipeline, the results and how many queries it got."""
    env, sent, results = simpy.Environment(), [], []

    def endpoint(_: Query) -> Any:
        sent.append(env.now)
        yield env.timeout(latency_s)
        return Answer(text="yes")

    pipeline = Pipeline(Resilience(levels=(level,)))
    driver = SimpyDriver(env=env, call=endpoint, uniform=random.Random(7).random)

    def one(at_s: float) -> Any:
        yield env.timeout(at_s)
        results.append((yield from driver.run(pipeline.ask(f"asked at {at_s}"))))

    for at_s in arrivals_s:
        env.process(one(at_s))
    env.run()
    return pipeline, results, len(sent)


@pytest.mark.parametrize(
    ("limits", "latency_s"),
    [
        ({"bulkhead": Bulkhead(slots=1, queue=20)}, 0.9),
        ({"bulkhead": Bulkhead(slots=1, queue=20)}, 1.5),
        ({"bulkhead": Bulkhead(slots=3, queue=20)}, 1.9),
        ({"rate_limit": RateLimit(rate_per_s=2.0, max_wait_s=1.9)}, 1.7),
        ({"rate_limit": RateLimit(rate_per_s=2.0, max_wait_s=1.9), "bulkhead": Bulkhead(slots=2, queue=20)}, 1.2),
    ],
)
def test_waiting_in_a_queue_of_our_own_never_opens_the_breaker_of_a_healthy_endpoint(
    limits: dict[str, Any], latency_s: float
) -> None:
    level = Level(name="a", model="a", retry=RETRY, breaker=BREAKER, **limits)
    pipeline, results, sent = load(level, latency_s, [0.0] * 12 + [9.0])
    failures = [each for each in results if isinstance(each, Failure)]
    assert len(failures) >= 5
    assert {each.kind for each in failures} <= {FailureKind.SHED, FailureKind.RATE_LIMITED}
    assert sum(each.attempts for each in results) == sent
    assert any(each.attempts == 0 for each in failures)
    assert isinstance(results[-1], Answer)
    assert pipeline.breakers["a"].state is State.CLOSED


def test_an_endpoint_that_hangs_behind_a_bulkhead_still_opens_its_breaker() -> None:
    level = Level(name="a", model="a", retry=RETRY, breaker=BREAKER, bulkhead=Bulkhead(slots=1, queue=20))
    pipeline, results, _ = load(level, 1e9, [0.0, 3.0, 6.0, 9.0])
    assert [each.kind for each in results] == [FailureKind.TIMEOUT] * 3 + [FailureKind.BREAKER_OPEN]
    assert pipeline.breakers["a"].state is State.OPEN


def test_a_shed_call_reaches_the_next_level_and_is_not_tried_again(world: Callable[..., Any]) -> None:
    levels = (
        Level(
            name="a", model="a", retry=Retry(attempts=3, attempt_timeout_s=1.0, budget=None), bulkhead=Bulkhead(slots=1)
        ),
        Level(name="b", model="b", retry=None),
    )
    there = world([(1e6, Answer(text="never")), (0.0, Answer(text="42"))])
    pipeline = Pipeline(Resilience(levels=levels))
    assert pipeline.compartments["a"].enter() is not None  # somebody else has the only slot
    result = there.run(pipeline.ask("?"))
    assert isinstance(result, Answer)
    assert result.provenance.reasons == ("a: shed",)
    assert [query.model for _, query in there.called] == ["b"]


@pytest.mark.parametrize("readable", [True, False])
def test_what_nobody_can_read_is_not_kept(world: Callable[..., Any], readable: bool) -> None:
    pipeline = Pipeline(Resilience(levels=(Level(name="a", model="a", retry=None),), caching=Caching()))
    there = world([(0.0, Answer(text="hm", readable=readable)), (0.0, Answer(text="42"))])
    first, second = there.run(pipeline.ask("?")), there.run(pipeline.ask("?"))
    assert (first.text, second.text) == ("hm", "hm" if readable else "42")
    assert len(there.called) == (1 if readable else 2)


@pytest.mark.parametrize("cut_off", [True, False])
def test_the_breaker_learns_from_a_call_that_was_cut_off_and_not_from_one_that_was_not_needed(
    virtually: Callable[..., Any], cut_off: bool
) -> None:
    pipeline = Pipeline(Resilience(levels=(Level(name="a", model="a", retry=RETRY, breaker=Breaker(failures=1)),)))

    async def ask() -> None:
        course = Course()

        async def call(query: Query) -> Answer:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                assert query.course is course
                if cut_off:
                    course.cut_off_s = driver.origin_s + asyncio.get_running_loop().time()
                raise
            return Answer(text="never")

        driver = AsyncioDriver(call=call, uniform=random.Random(7).random)
        asking = asyncio.ensure_future(driver.run(pipeline.ask("?", course=course)))
        await asyncio.sleep(1.0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    virtually(ask())
    assert pipeline.breakers["a"].state is (State.OPEN if cut_off else State.CLOSED)
