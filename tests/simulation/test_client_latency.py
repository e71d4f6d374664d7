"""How long clients waited: what is counted, and in which numbers it is told."""

from __future__ import annotations

import json

import numpy as np
import pytest

import bft
from bft.cli import main
from bft.simulation.client_latency import latency_words

STREAM = bft.Requests(count=40, rate_per_s=4)


@pytest.mark.parametrize("protocol", ["pbft", "ballot"])
def test_latencies_are_those_of_the_metrics(protocol: str) -> None:
    scenario = bft.Scenario(protocol=protocol, requests=STREAM if protocol == "pbft" else bft.Requests())
    run = bft.simulate(scenario, seed=1)
    assert run.latencies().tolist() == list(run.metrics.client_latency_s)
    assert len(run.latencies()) == run.requests.answered == scenario.requests.count


def test_constant_delays_give_the_latency_by_hand() -> None:
    """Pre-prepare, prepare, commit: three delays; replies take no time."""
    scenario = bft.Scenario(network={"delay": {"law": "constant", "delay_s": 0.1}}, requests=STREAM)
    run = bft.simulate(scenario, seed=1)
    assert run.latencies() == pytest.approx(np.full(40, 0.3))
    assert run.to_json()["latency"] == pytest.approx(
        {"answered": 40, "mean_s": 0.3, "p50_s": 0.3, "p90_s": 0.3, "p95_s": 0.3, "p99_s": 0.3, "max_s": 0.3}
    )


def test_arrivals_are_the_times_at_which_requests_came() -> None:
    run = bft.simulate(bft.Scenario(requests=STREAM), seed=1, journal=True)
    arrived_s = run.requests.arrived_s()
    assert len(arrived_s) == 40
    assert arrived_s[0] == 0.0
    assert (np.diff(arrived_s) > 0).all()
    answered_s = arrived_s + run.requests.latency_s()
    last_executed_s = run.metrics.last_decided_at_s
    assert last_executed_s is not None
    assert answered_s.max() <= last_executed_s


def test_a_request_without_answer_is_told_and_not_counted() -> None:
    scenario = bft.Scenario(
        requests=STREAM, horizon_s=5.0, faults={"nodes": [0, 1], "behaviour": {"kind": "crash", "at_s": 3.0}}
    )
    run = bft.simulate(scenario, seed=1)
    waited = run.requests.latency_s()
    never = int(np.isnan(waited).sum())
    assert 0 < never < run.requests.asked
    assert len(run.latencies()) == run.requests.asked - never
    assert f"({never} of {run.requests.asked} requests never answered" in latency_words(
        run.latencies(), run.requests.asked
    )
    nobody = bft.simulate(scenario.replace("faults.behaviour", "crash"), seed=1)
    assert nobody.to_json()["latency"] is None
    assert latency_words(nobody.latencies(), nobody.requests.asked) == "no request was answered"


def test_bft_run_tells_percentiles(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "--set", "requests.count=40", "requests.rate_per_s=4"]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["latency"]["p95_s"] == pytest.approx(float(np.percentile(told["client_latency_s"], 95)))
    assert f"p95 {told['latency']['p95_s']:.3f} s" in text
