"""Times of single runs, for comparison before and after a change: `make bench`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import bft
from bft.experiments.laws import law_of
from bft.vectorised import VectorisedSimulator


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


@pytest.mark.parametrize("timing", [True, False])
@pytest.mark.parametrize("n", [4, 31])
def test_a_thousand_vectorised_replications(benchmark: BenchmarkFixture, n: int, timing: bool) -> None:
    simulator = VectorisedSimulator(bft.Scenario(n=n, faults=bft.Faults(delta=0.1)), 1, timing=timing)
    batch = benchmark(simulator.run, range(1024))
    assert len(batch) == 1024


@pytest.mark.parametrize("behaviour", ["crash", "silent_primary", "equivocate", "lie"])
def test_the_law_of_a_thousand_nodes_along_delta(benchmark: BenchmarkFixture, behaviour: str) -> None:
    scenario = bft.Scenario(n=1000, faults=bft.Faults(delta=0.1, behaviour=behaviour))
    assert benchmark(law_of, scenario, np.linspace(0.0, 0.5, 101)) is not None


@pytest.mark.parametrize("engine", ["simpy", "vectorised"])
def test_a_sweep(benchmark: BenchmarkFixture, engine: str) -> None:
    over = {"faults.delta": "0:0.5:11"}
    found = benchmark(bft.sweep, over=over, replications=100, workers=1, engine=engine, progress=False)
    assert found.complete


def test_a_sweep_that_is_in_its_store(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    options = {"over": {"faults.delta": "0:0.5:101"}, "workers": 1, "progress": False, "store": tmp_path / "s"}
    bft.sweep(**options)
    assert benchmark(bft.sweep, **options).complete
