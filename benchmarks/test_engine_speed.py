"""Times of single runs, for comparison before and after a change: `make bench`."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import bft


@pytest.mark.parametrize("n", [4, 16, 64, 256])
def test_one_decision(benchmark: BenchmarkFixture, n: int) -> None:
    simulator = bft.Simulator(bft.Scenario(n=n), seed=1)
    run = benchmark(simulator.run)
    assert run.metrics.messages_delivered == 2 * n * (n - 1)


def test_a_view_change(benchmark: BenchmarkFixture) -> None:
    scenario = bft.Scenario(n=7, faults=bft.Faults(nodes=(0,), behaviour="crash"))
    run = benchmark(bft.Simulator(scenario, seed=1).run)
    assert run.metrics.views == 2


def test_a_stream_of_a_hundred_requests(benchmark: BenchmarkFixture) -> None:
    scenario = bft.Scenario(n=4, requests=bft.Requests(count=100, rate_per_s=2.0))
    run = benchmark(bft.Simulator(scenario, seed=1).run)
    assert len(run.outcomes) == 100


def test_a_stalled_run(benchmark: BenchmarkFixture) -> None:
    scenario = bft.Scenario(n=7, faults=bft.Faults(nodes=(4, 5, 6)))
    run = benchmark(bft.Simulator(scenario, seed=1).run)
    assert run.outcome.value == "stalled"
