"""The pacemaker: views meet again by timeout certificates; without them liveness is lost, and safety is not."""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import replace
from pathlib import Path

import pytest

import bft
from bft.checking.hotstuff.mutants import nobody
from bft.protocols.hotstuff.events import ViewBegun
from bft.protocols.hotstuff.rules import BASIC, CHAIN_OF_2, CHAIN_OF_3, TWO_PHASE, Rules
from bft.simulation.simulate import Simulator

VARIANTS = [("hotstuff", BASIC), ("hotstuff-2", TWO_PHASE), ("hotstuff-chained", CHAIN_OF_3)]


@pytest.mark.parametrize(("protocol", "right"), VARIANTS)
def test_without_view_synchronisation_liveness_is_lost_and_safety_is_not(protocol: str, right: Rules) -> None:
    scenario = bft.Scenario(protocol=protocol, n=7, faults={"nodes": (0,)})
    alone = Simulator(scenario, 1, rules=replace(right, timeout_quorum=nobody), check="full").run()
    assert alone.outcome.value == "stalled"
    assert not alone.breaches
    together = Simulator(scenario, 1, check="full").run()
    assert together.outcome.value == "agreed_correct"
    assert not together.breaches


def test_timeouts_grow_with_each_view_given_up_and_fall_back_when_something_is_executed() -> None:
    """Nodes 0 and 1 of 7 are dead: views 0 and 1 fail, and after a rotation, with requests between, views 7 and 8."""
    scenario = bft.Scenario(
        protocol="hotstuff",
        n=7,
        faults={"nodes": (0, 1)},
        requests={"count": 8, "rate_per_s": 0.01, "clients": 8},
        hotstuff={"view_timeout_s": 3.0, "timeout_growth": 3.0, "timeout_cap_s": 100.0},
        horizon_s=5000.0,
    )
    run = Simulator(scenario, 3).run()
    assert run.requests.executed == 8
    given_up = [
        (record.event.view, record.time_s)
        for record in run.trace
        if record.node == 4 and isinstance(record.event, ViewBegun) and record.event.by_timeout
    ]
    assert [view for view, _ in given_up] == [1, 2, 8, 9]
    times = [time_s for _, time_s in given_up]
    assert times[0] == pytest.approx(3.0, abs=0.5)
    assert times[1] - times[0] == pytest.approx(9.0, abs=0.5)
    assert times[3] - times[2] == pytest.approx(9.0, abs=0.5)


@pytest.mark.parametrize("n", [4, 16, *(pytest.param(n, marks=pytest.mark.nightly) for n in (7, 31, 64))])
def test_a_chained_view_takes_as_long_as_in_an_independent_simulation(n: int, shared_data: Path) -> None:
    """From the proposal until the next leader has the certificate; the combined interval of 99.9 %."""
    known = json.loads((shared_data / "validation" / "protocols.json").read_text())["latency"][str(n)]["chained_view"]
    network = {"delay": {"law": "normal", "mean_s": 0.25, "sd_s": 0.05}}
    simulator = Simulator(bft.Scenario(protocol="hotstuff-chained", n=n, network=network), 23)
    times = []
    for each in range(120):
        begun = (record for record in simulator.run(each).trace if isinstance(record.event, ViewBegun))
        times.append(1000.0 * next(record.time_s for record in begun if record.event.view == 1))
    error_ms = statistics.stdev(times) / math.sqrt(len(times))
    assert abs(statistics.fmean(times) - known["mean_ms"]) < 3.29 * math.hypot(
        error_ms, known["half_width_95_ms"] / 1.96
    )


def test_the_chain_of_two_recovers_from_a_certificate_that_only_its_collector_holds() -> None:
    """Node 1 collects the votes of view 0 and crashes before it proposes: its certificate is lost, and nothing else."""
    crash = {"nodes": (1,), "behaviour": {"kind": "crash", "at_s": 0.12}}
    scenario = bft.Scenario(
        protocol="hotstuff-chained", n=7, faults=crash, network={"delay": {"law": "constant", "delay_s": 0.05}}
    )
    for chain in (2, 3):
        run = Simulator(scenario.replace("hotstuff-chained.chain", chain), 1, check="full").run()
        assert run.outcome.value == "agreed_correct"
        assert not run.breaches


def test_rules_of_another_protocol_are_no_rules_of_this_one() -> None:
    assert {CHAIN_OF_2.run_of_leaders, CHAIN_OF_3.run_of_leaders, BASIC.run_of_leaders} == {3, 4, 1}
    with pytest.raises(bft.BftError, match="rules"):
        Simulator(bft.Scenario(protocol="pbft", n=4), 1, rules=BASIC)
