"""Queues of the simulated service against the closed forms.

Statistical comparisons are seeded and use 99.9 % intervals: a right simulation fails one with probability 0.001; there
are thirty-four, and those of one queue depend on each other.
"""

from __future__ import annotations

import math

import pytest

from bft.clock import Clock
from bft.durations import Constant, Exponential, Lifetime, Lognormal
from bft.errors import ScenarioError
from bft.llm_service.load import closed_loop, open_loop
from bft.llm_service.queue_measures import QueueMeasures, measure
from bft.llm_service.service import LlmService
from bft.llm_service.station import Station
from bft.operations.intervals import Estimate, mean_estimate
from bft.resilience.endpoints import Breakdowns, Endpoint
from bft.resilience.exchange import Query
from bft.theory import queues

SURE = 0.999
QUERY = Query(model="m", prompt="p")
BREAKDOWNS = Breakdowns(up=Lifetime(mean_s=100.0), down=Lifetime(mean_s=10.0))
ONE = Exponential(mean_s=1.0)
MOMENTS = queues.lognormal_moments(log_mean=math.log(1.5), log_sd=0.5)


def run(endpoint: Endpoint, *, rate_per_s: float, jobs: int, seed: int) -> QueueMeasures:
    service = LlmService([endpoint], seed=seed, keep_jobs=True)
    until_s = jobs / rate_per_s
    open_loop(service.clock, lambda: service.call(QUERY), rate_per_s=rate_per_s, until_s=until_s, seed=seed)
    service.clock.run(until=until_s + 10_000.0)
    return measure(service.jobs["m"], confidence=SURE)


def assert_holds(measured: Estimate, exact: float, *, within: float = 0.45) -> None:
    assert measured.holds(exact), f"{measured} does not hold {exact}"
    assert measured.high - measured.low < within * exact, "an interval this wide shows nothing"


@pytest.mark.parametrize(
    ("endpoint", "rate_per_s", "jobs", "law", "wait_s"),
    [
        (Endpoint(name="m", time=ONE), 0.8, 50_000, queues.mm1(arrival_per_s=0.8, service_per_s=1.0), 4.0),
        (
            Endpoint(name="m", workers=3, time=ONE), 2.4, 45_000,
            queues.mmc(arrival_per_s=2.4, service_per_s=1.0, servers=3), 1.078652,
        ),
        (
            Endpoint(name="m", time=ONE, breakdowns=BREAKDOWNS), 0.5, 40_000,
            queues.mm1_breakdowns(arrival_per_s=0.5, service_per_s=1.0, failure_per_s=0.01, repair_per_s=0.1), 3.464646,
        ),
        (
            Endpoint(name="m", workers=3, time=ONE, breakdowns=BREAKDOWNS), 2.0, 80_000,
            queues.mmc_breakdowns(
                arrival_per_s=2.0, service_per_s=1.0, servers=3, failure_per_s=0.01, repair_per_s=0.1
            ), 1.442683,
        ),
        (
            Endpoint(name="m", time=Lognormal(median_s=1.5, log_sd=0.5)), 0.4, 25_000,
            queues.mg1(arrival_per_s=0.4, service_mean_s=MOMENTS[0], service_second_moment_s2=MOMENTS[1]), 2.31771,
        ),
        (
            Endpoint(name="m", time=Constant(time_s=0.1)), 9.0, 45_000,
            queues.md1(arrival_per_s=9.0, service_per_s=10.0), 0.45,
        ),
    ],
    ids=["M/M/1", "M/M/3", "M/M/1 breakdowns", "M/M/3 breakdowns", "M/G/1", "M/D/1"],
)  # fmt: skip
def test_queues(endpoint: Endpoint, rate_per_s: float, jobs: int, law: queues.QueueLaw, wait_s: float) -> None:
    assert law.wait_s == pytest.approx(wait_s, abs=5e-6)
    measured = run(endpoint, rate_per_s=rate_per_s, jobs=jobs, seed=2)
    assert_holds(measured.wait_s, law.wait_s, within=0.55)
    assert_holds(measured.response_s, law.response_s)
    assert_holds(measured.in_system, law.in_system)
    assert_holds(measured.queue_length, law.queue_length, within=0.6)


def test_the_probability_of_waiting() -> None:
    measured = run(Endpoint(name="m", workers=3, time=ONE), rate_per_s=2.4, jobs=30_000, seed=4)
    exact = queues.erlang_c(arrival_per_s=2.4, service_per_s=1.0, servers=3)
    assert exact == pytest.approx(0.647191, abs=5e-7)
    assert_holds(measured.delayed, exact)


def test_a_closed_loop_has_the_throughput_of_the_machine_repairmans_queue() -> None:
    # N users think Z, one server: π_n ∝ N!/(N−n)! (s/Z)ⁿ; throughput (1 − π₀)/s. Independent blocks of 200 s.
    users, think_s, service_s = 5, 4.0, 1.0
    weights = [math.factorial(users) / math.factorial(users - n) * (service_s / think_s) ** n for n in range(users + 1)]
    exact = (1.0 - weights[0] / sum(weights)) / service_s
    service = LlmService([Endpoint(name="m", time=Exponential(mean_s=service_s))], seed=3)
    think = Exponential(mean_s=think_s)
    seen = closed_loop(service.clock, lambda: service.call(QUERY), users=users, think=think, until_s=20_000.0, seed=3)
    service.clock.run(until=20_000.0)
    blocks = [0] * 100
    for call in seen:
        blocks[int(call.end_s / 200.0)] += 1
    assert mean_estimate([count / 200.0 for count in blocks], confidence=SURE).holds(exact)


def test_a_preempted_job_resumes_at_the_head_of_the_queue() -> None:
    clock = Clock()
    station = Station(clock, workers=2)
    first, second, third = station.submit(10.0), station.submit(10.0), station.submit(1.0)
    assert first
    assert second
    assert third
    clock.run(until=4.0)
    station.fail(first.worker)
    clock.run(until=5.0)
    station.repair(next(worker for worker in (0, 1) if worker != second.worker))
    clock.run()
    assert (first.left_s, second.left_s, third.left_s) == (11.0, 10.0, 11.0)


def test_a_preempted_job_goes_on_at_once_where_a_worker_is_free() -> None:
    clock = Clock()
    station = Station(clock, workers=2)
    job = station.submit(10.0)
    assert job
    clock.run(until=4.0)
    station.fail(job.worker)
    clock.run()
    assert job.left_s == 10.0
    fresh = station.submit(1.0)
    assert fresh
    assert not fresh.regenerates, "a worker is down"


def test_a_withdrawn_job_leaves_its_place_to_the_next() -> None:
    clock = Clock()
    station = Station(clock, workers=1, queue=1)
    told: list[tuple[str, bool]] = []
    first = station.submit(10.0, lambda done: told.append(("first", done)))
    second = station.submit(10.0, lambda done: told.append(("second", done)))
    assert first
    assert second
    assert station.submit(1.0) is None, "the queue is full"
    clock.run(until=3.0)
    station.withdraw(first)
    clock.run()
    assert second.left_s == 13.0
    assert told == [("second", True)], "who withdraws a job knows how it ended"
    station.withdraw(second)
    assert station.in_system == 0


def test_measures_of_four_jobs_by_hand() -> None:
    clock, jobs = Clock(), []
    station = Station(clock, workers=1)
    for at_s, work_s in ((1.0, 2.0), (2.0, 2.0), (11.0, 1.0), (21.0, 1.0)):
        clock.run(until=at_s)
        jobs.append(station.submit(work_s))
    clock.run()
    found = measure([job for job in jobs if job is not None])
    assert (found.cycles, found.jobs) == (2, 3)
    assert found.in_system.value == pytest.approx((2.0 + 3.0 + 1.0) / 20.0)
    assert found.queue_length.value == pytest.approx(1.0 / 20.0)
    assert found.response_s.value == pytest.approx(6.0 / 3.0)
    assert found.wait_s.value == found.delayed.value == pytest.approx(1.0 / 3.0)


def test_a_run_that_is_too_short_is_refused() -> None:
    with pytest.raises(ScenarioError, match="at least two complete cycles"):
        measure([])
