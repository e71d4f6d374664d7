"""Exact counts of messages without faults, and latencies beside those of an independent simulation."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import bft
from bft.simulation.simulate import Simulator
from bft.theory.hotstuff import hotstuff_message_count, timeout_messages

SIZES = [4, 16, *(pytest.param(n, marks=pytest.mark.nightly) for n in (7, 31, 64))]
NORMAL = {"delay": {"law": "normal", "mean_s": 0.25, "sd_s": 0.05}}


def run(protocol: str, n: int, **fields: Any) -> Any:
    return Simulator(bft.Scenario(protocol=protocol, n=n, **fields), 0).run()


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 16, 32])
@pytest.mark.parametrize(("protocol", "phases"), [("hotstuff", 3), ("hotstuff-2", 2)])
def test_a_phased_decision_takes_8_or_6_times_n_minus_1_messages_with_its_new_views(
    protocol: str, phases: int, n: int
) -> None:
    result = run(protocol, n)
    sent, law = result.metrics.sent_by_kind, hotstuff_message_count(n, phases=phases)
    assert result.metrics.messages_sent == law.total == (2 * phases + 2) * (n - 1)
    if n > 1:
        assert sent == {
            "Propose": law.proposals,
            "Vote": law.votes,
            "Phase": law.certificates,
            "NewView": law.new_views,
        }
    assert law.total - law.new_views == (2 * phases + 1) * (n - 1)


@pytest.mark.parametrize("n", [1, 2, 4, 7, 16, 32])
@pytest.mark.parametrize(("chain", "views"), [(2, 3), (3, 4)])
def test_a_view_of_chained_hotstuff_takes_twice_n_minus_1_messages(n: int, chain: int, views: int) -> None:
    result = run("hotstuff-chained", n, **{"hotstuff-chained": {"chain": chain}})
    assert result.metrics.messages_sent == views * hotstuff_message_count(n, phases=1).total
    assert result.outcome.value == "agreed_correct"


@pytest.mark.parametrize("n", [4, 7])
def test_a_view_that_is_given_up_takes_n_times_n_minus_1_messages_more(n: int) -> None:
    """Node 0 follows everything and proposes nothing, so its view is given up by all."""
    silent = {"nodes": (0,), "behaviour": "silent_primary"}
    result = run("hotstuff", n, faults=silent, retransmission=False)
    assert result.outcome.value == "agreed_correct"
    assert result.metrics.sent_by_kind["Timeout"] == timeout_messages(n)
    assert result.metrics.messages_sent == timeout_messages(n) + hotstuff_message_count(n, phases=3).total


def compared(
    protocol: str, n: int, replications: int, *, settings: Mapping[str, Any] | None = None
) -> tuple[float, float]:
    """Return the mean time of a decision in ms, and its standard error."""
    own = {} if settings is None else {protocol: dict(settings)}
    simulator = Simulator(bft.Scenario(protocol=protocol, n=n, network=NORMAL, **own), 17)
    times = [1000.0 * simulator.run(each).metrics.decided_at_s for each in range(replications)]
    return statistics.fmean(times), statistics.stdev(times) / math.sqrt(replications)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize(
    ("protocol", "named"),
    [("hotstuff", "basic_hotstuff_decision"), ("hotstuff-2", "basic_hotstuff_2_phase_decision")],
)
def test_a_phased_decision_takes_as_long_as_in_an_independent_simulation(
    protocol: str, named: str, n: int, shared_data: Path
) -> None:
    """Within the combined interval of 99.9 %, so one false alarm in a thousand where both are right."""
    known = json.loads((shared_data / "validation" / "protocols.json").read_text())["latency"][str(n)][named]
    mean_ms, error_ms = compared(protocol, n, 150)
    allowed_ms = 3.29 * math.hypot(error_ms, known["half_width_95_ms"] / 1.96)
    assert abs(mean_ms - known["mean_ms"]) < allowed_ms


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("chain", [2, 3])
def test_a_chained_decision_takes_as_long_as_in_an_independent_simulation(
    chain: int, n: int, shared_data: Path
) -> None:
    """The same; the reference states a half width of 1.5 ms."""
    known = json.loads((shared_data / "validation" / "protocols.json").read_text())["chained_decision_ms"]
    mean_ms, error_ms = compared("hotstuff-chained", n, 150, settings={"chain": chain})
    allowed_ms = 3.29 * math.hypot(error_ms, known["half_width"] / 1.96)
    assert abs(mean_ms - known[f"{chain}-chain"][str(n)]) < allowed_ms
