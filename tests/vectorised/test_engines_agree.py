"""The vectorised engine and the event engine give the same result, replication by replication, to the last bit.

Nothing here is statistical: the engines share their draws, so a single difference is a mistake in one of them.
"""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from math import isnan
from random import Random

import numpy as np
import pytest

import bft
from bft.record.outcome import Outcome
from bft.vectorised import NEEDS_EVENTS, Batch, VectorisedSimulator, timing
from bft.vectorised.protocols import pbft as simulator

RandomScenario = Callable[[Random, bool], bft.Scenario]

REPLICATIONS = 30
STARTS = (0, 50, 250, 3000)


def differences(
    scenario: bft.Scenario, seed: int, replications: range, *, timing: bool = True
) -> tuple[list[str], int]:
    """Return what differs between the engines, and how many replications were compared."""
    batch = VectorisedSimulator(scenario, seed, timing=timing).run(replications)
    events = bft.Simulator(scenario, seed)
    found, compared = [], 0
    for place, replication in enumerate(replications):
        if batch.code[place] == NEEDS_EVENTS:
            continue
        compared += 1
        run = events.run(replication)
        pairs = {"outcome": (batch.outcome(place), run.outcome)}
        if timing:
            for name in ("decided_at_s", "first_decided_at_s", "last_decided_at_s"):
                time_s = float(getattr(batch, name)[place])
                pairs[name] = (None if isnan(time_s) else time_s, getattr(run.metrics, name))
        if batch.views[place]:
            pairs["views"] = (int(batch.views[place]), run.metrics.views)
        if batch.messages_sent[place] >= 0:
            pairs["messages_sent"] = (int(batch.messages_sent[place]), run.metrics.messages_sent)
        found += [
            f"seed {seed}, replication {replication}, {name}: vectorised {ours}, events {theirs}\n{scenario.to_toml()}"
            for name, (ours, theirs) in pairs.items()
            if ours != theirs
        ]
    return found, compared


def campaign(random_scenario: RandomScenario, first: int, scenarios: int, *, timing: bool) -> int:
    """Compare the engines on random scenarios; return how many replications were compared."""
    total = 0
    for number in range(first, first + scenarios):
        random = Random(number)
        scenario = random_scenario(random, timing)
        start = random.choice(STARTS)
        found, compared = differences(scenario, number, range(start, start + REPLICATIONS), timing=timing)
        assert not found, found[0]
        total += compared
    return total


@pytest.mark.parametrize("first", [0, 1000, 2000])
def test_random_scenarios_have_equal_outcomes_and_times(random_scenario: RandomScenario, first: int) -> None:
    assert campaign(random_scenario, first, 45, timing=True) > 0.9 * 45 * REPLICATIONS


def test_random_scenarios_have_equal_outcomes_without_timing(random_scenario: RandomScenario) -> None:
    assert campaign(random_scenario, 3000, 35, timing=False) > 0.9 * 35 * REPLICATIONS


@pytest.mark.nightly
@pytest.mark.parametrize("timing", [True, False])
def test_a_hundred_thousand_random_replications_are_equal(random_scenario: RandomScenario, timing: bool) -> None:
    assert campaign(random_scenario, 10_000, 1_850, timing=timing) > 50_000


@pytest.mark.parametrize("n", [13, 31, 64])
def test_larger_systems_are_equal_through_view_changes(n: int) -> None:
    scenario = bft.Scenario(n=n, faults=bft.Faults(delta=0.4 / n, nodes=None, behaviour="crash"))
    led = bft.Scenario(n=n, faults=bft.Faults(nodes=(0, 1, 2), behaviour="silent_primary"))
    assert differences(scenario, 3, range(250, 256))[0] == []
    assert differences(led, 3, range(7, 10))[0] == []


@pytest.mark.parametrize("delta", [0.3, 1.0])  # some leave the first view, or all do
@pytest.mark.parametrize("replications", [1, 5, 64])
def test_parts_and_what_is_gathered_from_them_make_no_difference(
    monkeypatch: pytest.MonkeyPatch, delta: float, replications: int
) -> None:
    faults = bft.Faults(nodes=(0, 1)) if delta == 1.0 else bft.Faults(delta=delta, behaviour="silent_primary")
    scenario = bft.Scenario(n=7, faults=faults)
    whole = VectorisedSimulator(scenario, 3).run(range(5, 305))
    monkeypatch.setattr(timing, "PART_ELEMENTS", 4 * 7 * 7 * replications)
    monkeypatch.setattr(simulator, "TIMED_PAIRS", 7 * 7 * 100)
    parts = VectorisedSimulator(scenario, 3).run(range(5, 305))
    for field in fields(Batch):
        np.testing.assert_array_equal(getattr(whole, field.name), getattr(parts, field.name))
    assert len(set(whole.views.tolist())) > 1 or delta == 1.0
    assert differences(scenario, 3, range(100, 140))[0] == []


def test_a_part_is_freed_before_the_next_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = bft.Scenario(n=31, faults=bft.Faults(nodes=(0,)))  # all leave the first view
    monkeypatch.setattr(timing, "PART_ELEMENTS", 4 * 31 * 31 * 16)
    engine = VectorisedSimulator(scenario, 3)
    engine.run(range(64))
    peaks = []
    for replications in (64, 512):
        tracemalloc.start()
        engine.run(range(replications))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] < 8 * 4 * 31 * 31 * 512  # bytes of all uniforms together


def test_a_status_that_arrives_in_the_next_view_is_noticed() -> None:
    # Nodes ask just before they leave view 0; what they ask for may then overtake what is under way.
    slow = {"law": "lognormal", "median_s": 0.1, "log_sd": 0.8}
    scenario = bft.Scenario(
        n=7, faults=bft.Faults(nodes=(0,)), network={"delay": slow}, pbft={"view_timeout_s": 5.5}, retransmit_s=5.0
    )
    found, compared = differences(scenario, 1, range(400))
    assert found == []
    assert 200 < compared < 400


def test_the_campaign_meets_every_outcome_and_late_views(random_scenario: RandomScenario) -> None:
    outcomes: Counter[Outcome | None] = Counter()
    views: Counter[int] = Counter()
    for number in range(45):
        scenario = random_scenario(Random(number), True)
        batch = VectorisedSimulator(scenario, number).run(range(REPLICATIONS))
        outcomes.update(batch.outcome(place) for place in range(len(batch)))
        views.update(batch.views.tolist())
    assert set(outcomes) == {
        Outcome.AGREED_CORRECT, Outcome.AGREED_WRONG, Outcome.PARTIAL, Outcome.STALLED, None
    }  # fmt: skip
    assert {1, 2, 3, 4} <= set(views)


def test_a_replication_whose_messages_cross_is_handed_back_and_nothing_is_said_of_it() -> None:
    slow = {"law": "lognormal", "median_s": 1.2, "log_sd": 1.0}
    batch = VectorisedSimulator(bft.Scenario(n=4, network={"delay": slow}), 1).run(range(400))
    asked = batch.needs_events.tolist()
    assert 0 < len(asked) < 400
    for replication in asked:
        assert batch.outcome(replication) is None
        assert isnan(batch.decided_at_s[replication])
        assert batch.views[replication] == 0
        assert batch.messages_sent[replication] == -1
