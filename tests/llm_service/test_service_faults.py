"""Limits, errors, outages and common causes of the simulated service, met by pipelines of policies.

Statistical comparisons are seeded and use 99.9 % intervals: a right simulation fails one with probability 0.001; there
are four.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import pytest
import simpy

from bft.durations import Constant, Exponential, Lifetime
from bft.errors import ScenarioError
from bft.llm_service.load import CallRecord, open_loop
from bft.llm_service.service import LlmService
from bft.operations.alerts import Level, Monitor
from bft.operations.intervals import mean_estimate, share_estimate
from bft.resilience.endpoints import Disturbance, Endpoint, Provider
from bft.resilience.exchange import Answer, Failure, Query, Result
from bft.resilience.limits import RateLimit
from bft.resilience.pipeline import Level as FallbackLevel
from bft.resilience.pipeline import Pipeline, Resilience
from bft.resilience.retry import Retry
from bft.theory.reliability import k_of_n, levels_law

SURE = 0.999
QUICK = Constant(time_s=1.0)


def calls_at(service: LlmService, times_s: Sequence[float], *, model: str = "m") -> list[tuple[float, Result]]:
    """Time and result of direct calls."""
    seen: list[tuple[float, Result]] = []

    def one(at_s: float) -> Generator[simpy.Event, Any, None]:
        yield service.clock.timeout(at_s)
        result = yield from service.call(Query(model=model, prompt="p"))
        seen.append((service.clock.now, result))

    for at_s in times_s:
        service.clock.process(one(at_s))
    service.clock.run()
    return seen


def reason(result: Result) -> str:
    return result.reason if isinstance(result, Failure) else "answered"


def test_a_full_queue_and_a_rate_limit_refuse_at_once() -> None:
    service = LlmService([Endpoint(name="m", time=QUICK, queue=1)], seed=1)
    seen = calls_at(service, [0.0, 0.1, 0.2])
    assert [(at_s, reason(result)) for at_s, result in seen] == [
        (0.2, "status 503"),
        (1.0, "answered"),
        (2.0, "answered"),
    ]
    limit = RateLimit(rate_per_s=0.1, max_wait_s=0.0)
    service = LlmService([Endpoint(name="m", time=QUICK, rate_limit=limit)], seed=1)
    (at_s, refused), _ = calls_at(service, [0.0, 0.5])
    assert at_s == 0.5
    assert isinstance(refused, Failure)
    assert (refused.status, refused.retry_after_s) == (429, 9.5)
    assert service.counts["m"] == {"answered": 1, "status 429": 1}


def test_a_patient_rate_limit_lets_calls_wait() -> None:
    limit = RateLimit(rate_per_s=0.1, max_wait_s=100.0)
    service = LlmService([Endpoint(name="m", time=QUICK, rate_limit=limit)], seed=1)
    assert [at_s for at_s, _ in calls_at(service, [0.0, 0.5])] == [1.0, 11.0]


@pytest.mark.parametrize(
    ("kind", "ends"),
    [
        ("refuse", [(10.0, "connection"), (12.0, "status 503"), (21.0, "answered")]),
        ("hang", [(10.5, "answered"), (20.0, "connection"), (21.0, "answered")]),
        ("slow", [(10.5, "answered"), (16.0, "answered"), (21.0, "answered")]),
    ],
)
def test_disturbances(kind: Any, ends: list[tuple[float, str]]) -> None:
    disturbance = Disturbance(start_s=10.0, end_s=20.0, kind=kind)
    service = LlmService([Endpoint(name="m", workers=9, time=QUICK, disturbances=(disturbance,))], seed=1)
    assert [(at_s, reason(result)) for at_s, result in calls_at(service, [9.5, 12.0, 20.0])] == ends


def test_who_gives_up_leaves_work_behind_unless_it_is_noticed() -> None:
    for noticed, end_s in ((False, 10.0), (True, 3.0)):
        endpoint = Endpoint(name="m", time=Constant(time_s=10.0), notices_cancel=noticed)
        service = LlmService([endpoint], seed=1)
        level = FallbackLevel(name="m", model="m", retry=Retry(attempts=1, attempt_timeout_s=3.0, deadline_s=3.0))
        pipeline = Pipeline(Resilience(levels=(level,)))
        result = service.clock.run(service.clock.process(service.driver().run(pipeline.ask("p"))))
        assert reason(result) == "timeout"
        assert service.counts["m"] == {"given up": 1}
        assert service.station("m").in_system == (0 if noticed else 1)
        service.clock.run(until=end_s + 1e-9)
        assert service.station("m").in_system == 0


def pipelines(n: int, models: Sequence[str]) -> list[Pipeline]:
    """One pipeline for each validator, over a model of its own or a shared one; one attempt."""
    return [
        Pipeline(Resilience(levels=(FallbackLevel(name="only", model=models[node % len(models)], retry=None),)))
        for node in range(n)
    ]


def answered_counts(service: LlmService, panel: Sequence[Pipeline], *, rounds: int, every_s: float) -> list[int]:
    """How many validators were answered in each round; rounds are far apart and take no time."""
    driver, answered = service.driver(), [0] * rounds

    def ask(number: int, pipeline: Pipeline) -> Generator[simpy.Event, Any, None]:
        result = yield from driver.run(pipeline.ask("p"))
        answered[number] += isinstance(result, Answer)

    def clockwork() -> Generator[simpy.Event, Any, None]:
        for number in range(rounds):
            yield service.clock.timeout(every_s)
            for pipeline in panel:
                service.clock.process(ask(number, pipeline))

    service.clock.process(clockwork())
    service.clock.run(until=every_s * (rounds + 1))
    return answered


def test_a_shared_provider_is_a_common_cause_and_diverse_ones_are_not() -> None:
    # Rounds are ten mean repairs apart, so that they are independent to e^−20.
    n, k, rounds, up = 4, 3, 4000, Lifetime(mean_s=90.0)
    down = Lifetime(mean_s=10.0)
    time = Constant(time_s=1e-6)
    shared = LlmService(
        [Endpoint(name="m", workers=n, time=time, provider="acme")],
        providers=[Provider(name="acme", up=up, down=down)],
        seed=5,
    )
    names = [f"m{node}" for node in range(n)]
    diverse = LlmService(
        [Endpoint(name=name, time=time, provider=name) for name in names],
        providers=[Provider(name=name, up=up, down=down) for name in names],
        seed=6,
    )
    together = answered_counts(shared, pipelines(n, ["m"]), rounds=rounds, every_s=200.0)
    apart = answered_counts(diverse, pipelines(n, names), rounds=rounds, every_s=200.0)
    assert set(together) == {0, n}, "all or none"
    quorum_together = sum(count >= k for count in together)
    quorum_apart = sum(count >= k for count in apart)
    assert share_estimate(quorum_together, rounds, confidence=SURE).holds(0.9)
    assert share_estimate(quorum_apart, rounds, confidence=SURE).holds(k_of_n(k=k, n=n, p_up=0.9))


def test_a_pipeline_over_endpoints_has_the_success_of_the_law() -> None:
    law = levels_law([(0.3, 3), (0.1, 3)])
    retry = Retry(attempts=3, first_delay_s=0.01, budget=None)
    levels = tuple(FallbackLevel(name=model, model=model, retry=retry) for model in ("big", "small"))
    pipeline = Pipeline(Resilience(levels=levels))
    endpoints = [
        Endpoint(name=model, workers=50, time=Exponential(mean_s=0.1), p_error=p)
        for model, p in (("big", 0.3), ("small", 0.1))
    ]
    service = LlmService(endpoints, seed=9)
    driver = service.driver()
    seen = open_loop(service.clock, lambda: driver.run(pipeline.ask("p")), rate_per_s=5.0, until_s=3000.0, seed=9)
    service.clock.run()
    assert share_estimate(sum(call.answered for call in seen), len(seen), confidence=SURE).holds(law.success)
    attempts = [float(call.result.attempts) for call in seen]
    assert mean_estimate(attempts, confidence=SURE).holds(law.attempts)


def storm(budget: Any, *, queue: int | None = None) -> list[CallRecord]:
    slow = Disturbance(start_s=120.0, end_s=180.0, kind="slow")
    service = LlmService(
        [Endpoint(name="m", workers=8, time=Exponential(mean_s=1.5), queue=queue, disturbances=(slow,))], seed=2
    )
    retry = Retry(attempts=3, attempt_timeout_s=5.0, deadline_s=60.0, budget=budget)
    pipeline = Pipeline(Resilience(levels=(FallbackLevel(name="m", model="m", retry=retry),)))
    driver = service.driver()
    seen = open_loop(service.clock, lambda: driver.run(pipeline.ask("p")), rate_per_s=2.5, until_s=600.0, seed=2)
    service.clock.run()
    return seen


def test_an_outage_raises_alerts_and_its_end_clears_them() -> None:
    outage = Disturbance(start_s=300.0, end_s=400.0, kind="refuse")
    service = LlmService([Endpoint(name="m", workers=4, time=QUICK, disturbances=(outage,))], seed=2)
    seen = open_loop(
        service.clock, lambda: service.call(Query(model="m", prompt="p")), rate_per_s=1.0, until_s=1000.0, seed=2
    )
    service.clock.run()
    monitor, alerts = Monitor(), []
    for call in seen:
        alerts += [(call.end_s, each) for each in monitor.record(call.answered, latency_s=call.latency_s)]
    assert 300.0 < alerts[0][0] < 320.0
    assert [each.level for _, each in alerts if each.metric == "error"] == [
        Level.WARNING, Level.SEVERE, Level.WARNING, Level.CLEAR,
    ]  # fmt: skip
    assert [each.level for _, each in alerts if each.metric == "answers"] == [Level.EMERGENCY, Level.CLEAR]


def test_without_a_budget_the_storm_never_ends() -> None:
    after = [call.answered for call in storm(None) if call.start_s >= 240.0]
    assert not any(after)
    capped = [call.answered for call in storm(None, queue=20) if call.start_s >= 300.0]
    assert sum(capped) / len(capped) > 0.95


def test_one_seed_gives_one_run() -> None:
    first, second = storm(None), storm(None)
    assert first == second


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Endpoint(name="", time=QUICK), "endpoint.name = ''"),
        (lambda: Endpoint(name="m", time=QUICK, p_error=1.5), "endpoint.p_error = 1.5"),
        (lambda: Exponential(mean_s=0.0), "exponential.mean_s = 0.0"),
        (lambda: Disturbance(start_s=2.0, end_s=1.0), "disturbance.end_s = 1.0"),
        (
            lambda: Endpoint(
                name="m",
                time=QUICK,
                disturbances=(Disturbance(start_s=0.0, end_s=2.0), Disturbance(start_s=1.0, end_s=3.0)),
            ),
            "endpoint.disturbances.start_s = 1.0",
        ),
        (lambda: LlmService([], seed=1), "service.endpoints = []"),
        (lambda: LlmService([Endpoint(name="m", time=QUICK)] * 2, seed=1), "service.endpoints = ['m', 'm']"),
        (lambda: LlmService([Endpoint(name="m", time=QUICK, workers=0)], seed=1), "endpoint.workers = 0"),
        (lambda: calls_at(LlmService([Endpoint(name="m", time=QUICK)], seed=1), [0.0], model="x"), "query.model = 'x'"),
        (lambda: LlmService([Endpoint(name="m", time=QUICK)], seed=-1), "seed = -1"),
    ],
)
def test_services_that_cannot_be_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ScenarioError) as refusal:
        make()
    assert message in str(refusal.value)
