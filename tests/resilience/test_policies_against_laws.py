"""The policies, run on SimPy's clock, against the exact laws of `bft.theory`.

Every comparison is seeded and uses a 99.9 % interval, so a right policy fails it for one seed in a thousand; there
are seventeen of them, so a fresh set of seeds fails somewhere once in sixty times. Means of dependent observations use
regenerative cycles: cycles are independent, and the interval of a ratio of their means is that of the delta method.
"""

from __future__ import annotations

import math
import random
from collections.abc import Generator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import simpy
from scipy import integrate

from bft.errors import ScenarioError
from bft.resilience.breaker import Breaker, CircuitBreaker, breaking
from bft.resilience.cache import Caching, DictCache, caching
from bft.resilience.effects import Handler, call
from bft.resilience.exchange import Answer, Failure, FailureKind, Query, Result, Source
from bft.resilience.fallback import Step, descending
from bft.resilience.hedge import Hedge, hedging
from bft.resilience.limits import RateLimit, TokenBucket, pacing
from bft.resilience.retry import Retry, retrying
from bft.resilience.simpy_driver import SimpyDriver
from bft.resilience.steady_state import wilson
from bft.theory.queues import md1
from bft.theory.reliability import breaker_law, hedge_law, levels_law, retry_law, ttl_hit_ratio

Z = 3.2905  # two-sided 99.9 %
YES, LOST = Answer(text="yes"), Failure(kind=FailureKind.CONNECTION)
QUERY = Query(model="m", prompt="p")


class Clock:
    """SimPy's clock with an endpoint that answers at once, or fails at once with a probability for each model."""

    def __init__(self, seed: int, **p_failure: float) -> None:
        self.env = simpy.Environment()
        self.source = random.Random(seed)
        self.called_s: list[float] = []
        self._p_failure = p_failure
        self.driver = SimpyDriver(env=self.env, call=self._endpoint, uniform=self.source.random)

    def _endpoint(self, query: Query) -> Generator[simpy.Event, Any, Result]:
        yield from ()
        self.called_s.append(self.env.now)
        return LOST if self.source.random() < self._p_failure.get(query.model, 0.0) else YES

    def one_by_one(self, handler: Handler, calls: int, *, calls_per_s: float) -> list[tuple[float, float, Result]]:
        """Start, end and result of Poisson calls whose duration does not matter to the next one's arrival."""
        seen: list[tuple[float, float, Result]] = []

        def caller() -> Generator[simpy.Event, Any, None]:
            for _ in range(calls):
                yield self.env.timeout(self.source.expovariate(calls_per_s))
                start_s = self.env.now
                result = yield from self.driver.run(handler(QUERY))
                seen.append((start_s, self.env.now, result))

        self.env.process(caller())
        self.env.run()
        return seen


def assert_share(successes: int, calls: int, exact: float) -> None:
    low, high = wilson(successes, calls, z=Z)
    assert low <= exact <= high, f"{successes} of {calls}: [{low}, {high}] does not hold {exact}"


def assert_mean(values: Sequence[float], exact: float) -> None:
    spread = Z * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    mean = float(np.mean(values))
    assert abs(mean - exact) <= spread, f"{mean} ± {spread} does not hold {exact}"
    assert spread < 0.15 * exact, "an interval this wide shows nothing"


def assert_ratio(tops: Sequence[float], bottoms: Sequence[float], exact: float) -> None:
    """Ratio of the means of independent cycles."""
    top, bottom = np.asarray(tops, dtype=float), np.asarray(bottoms, dtype=float)
    ratio = float(top.mean() / bottom.mean())
    spread = Z * float(np.std(top - ratio * bottom, ddof=1)) / (math.sqrt(len(top)) * float(bottom.mean()))
    assert abs(ratio - exact) <= spread, f"{ratio} ± {spread} does not hold {exact}"
    assert spread < 0.15 * exact, "an interval this wide shows nothing"


def cycles(values: Sequence[float], starts: Sequence[bool]) -> tuple[list[float], list[float]]:
    """Sum and length of each cycle; the last one is not complete and is left out."""
    begin = [position for position, start in enumerate(starts) if start]
    spans = list(pairwise(begin))
    return [math.fsum(values[i:j]) for i, j in spans], [float(j - i) for i, j in spans]


class TakingTime(Clock):
    """The same, with an endpoint whose answers take exponential times."""

    def __init__(self, seed: int, *, rate_per_s: float) -> None:
        super().__init__(seed)
        self._rate_per_s = rate_per_s

    def _endpoint(self, query: Query) -> Generator[simpy.Event, Any, Result]:
        self.called_s.append(self.env.now)
        yield self.env.timeout(self.source.expovariate(self._rate_per_s))
        return YES


@pytest.mark.parametrize(("extra", "seed"), [(1, 11), (3, 12)])
def test_hedges(extra: int, seed: int) -> None:
    law = hedge_law(rate_per_s=0.5, delay_s=1.5, extra=extra)
    clock = TakingTime(seed, rate_per_s=0.5)
    seen = clock.one_by_one(hedging(Hedge(delay_s=1.5, extra=extra), call), 10_000, calls_per_s=1.0)
    taken_s = [end_s - start_s for start_s, end_s, _ in seen]
    assert_mean(taken_s, law.mean_s)
    assert_share(sum(each > 4.0 for each in taken_s), len(taken_s), law.later_than(4.0))
    starts_s = [start_s for start_s, _, _ in seen]  # calls one after another: those between two starts belong to one
    per_call = np.histogram(clock.called_s, [*starts_s, math.inf])[0]
    assert_mean([float(each) for each in per_call], law.calls)


def test_the_law_of_hedges_is_the_integral_of_its_tail() -> None:
    for extra in (1, 2, 5):
        law = hedge_law(rate_per_s=2.0, delay_s=0.3, extra=extra)
        assert integrate.quad(law.later_than, 0.0, 20.0, limit=200, points=[0.3 * j for j in range(1, extra + 1)])[
            0
        ] == pytest.approx(law.mean_s, rel=1e-9)
        assert law.calls == pytest.approx(1.0 + sum(law.later_than(0.3 * j) for j in range(1, extra + 1)))
    with pytest.raises(ScenarioError, match=r"^extra = 0: must be a whole number, 1 or more"):
        hedge_law(rate_per_s=1.0, delay_s=1.0, extra=0)
    with pytest.raises(ScenarioError, match=r"^delay_s = 0.0: must be positive and finite"):
        hedge_law(rate_per_s=1.0, delay_s=0.0)


def test_three_attempts() -> None:
    law = retry_law(p_failure=0.2, attempts=3)
    handler = retrying(Retry(attempts=3, budget=None), call)
    results = [result for _, _, result in Clock(1, m=0.2).one_by_one(handler, 20_000, calls_per_s=1.0)]
    assert_share(sum(isinstance(result, Answer) for result in results), len(results), law.success)
    assert_mean([result.attempts for result in results], law.attempts)


def test_five_attempts_with_full_jitter() -> None:
    law = retry_law(p_failure=0.3, attempts=5, first_delay_s=1.0)
    handler = retrying(Retry(attempts=5, first_delay_s=1.0, budget=None), call)
    seen = Clock(2, m=0.3).one_by_one(handler, 20_000, calls_per_s=1.0)
    assert_share(sum(isinstance(result, Answer) for _, _, result in seen), len(seen), law.success)
    assert_mean([result.attempts for _, _, result in seen], law.attempts)
    assert_mean([end_s - start_s for start_s, end_s, _ in seen], law.wait_s)


def test_two_levels() -> None:
    law = levels_law([(0.3, 3), (0.1, 3)])
    retry = retrying(Retry(attempts=3, budget=None), call)
    handler = descending([Step(name=model, model=model, handler=retry) for model in ("big", "small")])
    results = [result for _, _, result in Clock(3, big=0.3, small=0.1).one_by_one(handler, 20_000, calls_per_s=1.0)]
    assert_share(sum(isinstance(result, Answer) for result in results), len(results), law.success)
    assert_mean([result.attempts for result in results], law.attempts)


def test_the_breaker() -> None:
    law = breaker_law(p_failure=0.5, failures=5, open_s=60.0, calls_per_s=1.0)
    handler = breaking(CircuitBreaker(Breaker(failures=5, open_s=60.0)), call)
    results = [result for _, _, result in Clock(4, m=0.5).one_by_one(handler, 120_000, calls_per_s=1.0)]

    # A cycle begins with the call after a probe that closed the breaker, which is an answer straight after a refusal.
    refused = [isinstance(result, Failure) and result.kind is FailureKind.BREAKER_OPEN for result in results]
    closing = [False, *(refused[i - 1] and results[i] is YES for i in range(1, len(results)))]
    starts = [False, *closing[:-1]]
    assert_ratio(*cycles([float(was) for was in refused], starts), law.rejected)
    begin = [position for position, start in enumerate(starts) if start]
    until_open = [refused.index(True, position) - position for position in begin[:-1]]
    assert_mean(until_open, law.calls_before_opening)


def test_the_rate_limit_is_a_queue_with_constant_service() -> None:
    exact_s = md1(arrival_per_s=9.0, service_per_s=10.0).wait_s
    clock, arrived_s = Clock(5), []
    handler = pacing(TokenBucket(RateLimit(rate_per_s=10.0, max_wait_s=math.inf)), call)

    def arrivals() -> Generator[simpy.Event, Any, None]:
        for _ in range(120_000):
            yield clock.env.timeout(clock.source.expovariate(9.0))
            arrived_s.append(clock.env.now)
            clock.env.process(clock.driver.run(handler(QUERY)))

    clock.env.process(arrivals())
    clock.env.run()
    waits_s = [called_s - at_s for called_s, at_s in zip(clock.called_s, arrived_s, strict=True)]
    assert_ratio(*cycles(waits_s, [wait_s == 0.0 for wait_s in waits_s]), exact_s)


def test_the_cache_with_a_time_to_live() -> None:
    exact = ttl_hit_ratio(calls_per_s=1.0 / 600.0, ttl_s=3600.0)
    handler = caching(Caching(ttl_s=3600.0), DictCache(), descending([Step(name="primary", handler=call)]))
    results = [result for _, _, result in Clock(6).one_by_one(handler, 20_000, calls_per_s=1.0 / 600.0)]
    hits = [isinstance(result, Answer) and result.provenance.source is Source.CACHE for result in results]
    assert_ratio(*cycles([float(hit) for hit in hits], [not hit for hit in hits]), exact)
