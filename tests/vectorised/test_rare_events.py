"""Rare events against the exact laws, down to 1e-12 and below."""

from __future__ import annotations

from itertools import pairwise
from math import inf

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import bft
from bft.errors import ScenarioError, UnsupportedError
from bft.experiments.laws import law_of
from bft.record.outcome import Outcome
from bft.theory import crash_law, heterogeneous, independent
from bft.vectorised import Batch, VectorisedSimulator
from bft.vectorised.fault_sets import FaultSets
from bft.vectorised.rare import RareEvent, rare_event
from bft.vectorised.streams import Streams

AGREED = (Outcome.AGREED, Outcome.AGREED_CORRECT, Outcome.AGREED_WRONG)
ERRING = {"kind": "statistical", "accuracy": 0.9, "options": 3}


@pytest.mark.parametrize(
    ("n", "delta", "behaviour", "outcome", "field"),
    [
        (4, 1e-6, "crash", Outcome.STALLED, "stalled"),
        (10, 1e-4, "withhold", Outcome.STALLED, "stalled"),
        (31, 0.02, "crash", Outcome.STALLED, "stalled"),
        (31, 0.02, "equivocate", Outcome.SPLIT, "split"),
        (9, 1e-3, "equivocate", Outcome.SPLIT, "split"),
        (9, 1e-3, "equivocate", Outcome.STALLED, "stalled"),
        (7, 0.01, "silent_primary", Outcome.STALLED, "stalled"),
        (10, 0.01, "lie", Outcome.AGREED_WRONG, "wrong"),
        (100, 0.1, "crash", Outcome.STALLED, "stalled"),
    ],
)
@pytest.mark.parametrize("views", [None, 3])
def test_settled_strata_give_the_exact_law(
    n: int, delta: float, behaviour: str, outcome: Outcome, field: str, views: int | None
) -> None:
    if behaviour == "equivocate" and n == 31:
        views = None  # three views might hold no honest primary, and then the law says nothing
    scenario = bft.Scenario(n=n, faults=bft.Faults(delta=delta, behaviour=behaviour), views=views)
    try:
        estimate = rare_event(scenario, outcome, seed=1)
    except UnsupportedError:
        assert behaviour == "equivocate"
        assert views == 3
        assert law_of(scenario) is None or law_of(scenario, [0.5]) is None
        return
    law = law_of(scenario)
    assert law is not None
    assert estimate.value == pytest.approx(getattr(law, field), rel=1e-12, abs=0.0)
    assert estimate.low == estimate.value == estimate.high
    assert estimate.effective_runs == inf


def test_the_probabilities_tested_are_rare_indeed() -> None:
    values = [
        rare_event(bft.Scenario(n=31, faults=bft.Faults(delta=delta)), Outcome.STALLED, seed=1).value
        for delta in (0.02, 0.01)
    ]
    assert values == pytest.approx([1.1983e-11, 7.0437e-15], rel=1e-4)


def test_nodes_with_a_rate_of_their_own() -> None:
    deltas = (0.001, 0.02, 0.0, 0.003, 0.01, 0.001, 0.2)
    scenario = bft.Scenario(n=7, faults=bft.Faults(delta=deltas), views=2)
    expected = crash_law(scenario.system, heterogeneous(deltas), views=2).stalled
    assert rare_event(scenario, Outcome.STALLED, seed=1).value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("faults", [{"nodes": (0, 2, 3)}, {"delta": 0.45, "draw": "fraction"}])
def test_a_fixed_number_of_faulty_nodes_is_one_stratum(faults: dict[str, object]) -> None:
    scenario = bft.Scenario(n=7, faults=faults)
    estimate = rare_event(scenario, Outcome.STALLED, seed=1)
    assert [stratum.faulty for stratum in estimate.strata] == [3]
    assert estimate.value == 1.0


def test_stakes_are_enumerated_where_few_and_drawn_where_many() -> None:
    scenario = bft.Scenario(n=25, stakes=[1, 2, 3, 4, 5] * 5, faults=bft.Faults(delta=0.05))
    # Level 1 − 1e-6: the test fails by chance once in a million seeds.
    estimate = rare_event(scenario, Outcome.STALLED, seed=1, runs=200_000, level=1.0 - 1e-6)
    expected = crash_law(scenario.system, independent(25, 0.05)).stalled
    assert estimate.low < expected < estimate.high
    assert estimate.high < 1.5 * estimate.low
    assert estimate.effective_runs > 100 * estimate.runs


def misses(scenario: bft.Scenario, outcomes: tuple[Outcome, ...], truth: float, level: float, seeds: int) -> int:
    found = [rare_event(scenario, outcomes, seed=seed, runs=1000, level=level) for seed in range(seeds)]
    return sum(not estimate.low <= truth <= estimate.high for estimate in found)


@pytest.mark.parametrize(("outcomes", "field"), [(AGREED, "agree"), ((Outcome.STALLED,), "stalled")])
def test_intervals_hold_at_least_as_often_as_they_say(outcomes: tuple[Outcome, ...], field: str) -> None:
    scenario = bft.Scenario(n=4, validators=ERRING, faults=bft.Faults(delta=0.1))
    law = law_of(scenario)
    assert law is not None
    # Of 50 intervals at level 0.8 at most 10 miss on average; more than 22 by chance in 3 of 100,000 choices of seeds.
    assert stats.binom.sf(22, 50, 0.2) < 6e-5
    assert misses(scenario, outcomes, getattr(law, field), 0.8, 50) <= 22


def test_strata_share_the_level_and_no_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[range] = []
    answer = VectorisedSimulator.outcomes

    def outcomes(
        engine: VectorisedSimulator, faulty: NDArray[np.bool_], replications: range, streams: Streams
    ) -> Batch:
        asked.append(replications)
        return answer(engine, faulty, replications, streams)

    monkeypatch.setattr(VectorisedSimulator, "outcomes", outcomes)
    scenario = bft.Scenario(n=4, validators=ERRING, faults=bft.Faults(delta=0.1))
    found = rare_event(scenario, Outcome.STALLED, seed=1, level=0.9)
    strata = [stratum for stratum in found.strata if stratum.runs]
    assert len(strata) >= 4
    for each in strata:
        alone = stats.binomtest(round(each.value * each.runs), each.runs).proportion_ci(1.0 - 0.1 / len(strata))
        assert (each.low, each.high) == pytest.approx((alone.low, alone.high), rel=1e-9)
    assert len(asked) >= 2 * len(strata)  # every stratum is looked at first
    assert all(one.stop == other.start for one, other in pairwise(asked))
    assert sum(map(len, asked)) > found.runs


def test_an_interval_is_no_wider_than_strata_cost() -> None:
    scenario = bft.Scenario(n=4, validators=ERRING, faults=bft.Faults(delta=0.1))
    estimate: RareEvent = rare_event(scenario, AGREED, seed=1, runs=20_000)
    assert estimate.high - estimate.low < 0.04  # plain counting: 0.008; five strata share the level
    assert 15_000 < estimate.effective_runs < inf
    # As good as plain replications whose interval is no wider than twice this one.
    plain = 2.0 * 1.96 * (estimate.value * (1.0 - estimate.value) / estimate.effective_runs) ** 0.5
    assert plain < 2.0 * (estimate.high - estimate.low)


@pytest.mark.parametrize("delta", [0.3, (0.05, 0.9, 0.3, 0.3, 0.6)])
def test_sets_are_drawn_as_their_law_says_given_their_number(delta: float | tuple[float, ...]) -> None:
    sets = FaultSets(bft.Faults(delta=delta), 5)
    every, probability = sets.every(2)
    drawn = sets.draw(2, 20_000, np.random.default_rng(4))
    assert (drawn.sum(axis=1) == 2).all()
    places = 1 << np.arange(5)
    counts = [int(((drawn @ places) == number).sum()) for number in every @ places]
    expected = 20_000 * probability / probability.sum()
    # False alarms: 1 seed in 10,000.
    assert stats.chisquare(counts, expected).pvalue > 1e-4
    assert probability.sum() == pytest.approx(sets.weight[2], rel=1e-12)


@pytest.mark.parametrize("delta", [0.3, (0.05, 0.9, 0.3, 0.3, 0.6)])
@pytest.mark.parametrize("faulty", range(6))
def test_the_ways_to_begin_share_the_probability_of_their_number(delta: float | tuple[float, ...], faulty: int) -> None:
    sets = FaultSets(bft.Faults(delta=delta), 5)
    patterns, probability = sets.patterns(faulty)
    assert (patterns.sum(axis=1) == faulty).all()
    assert len(np.unique(patterns, axis=0)) == len(patterns)
    assert probability.sum() == pytest.approx(sets.weight[faulty], rel=1e-12)


@pytest.mark.parametrize(("runs", "level"), [(999, 0.95), (1000, 1.0), (1000, 0.0)])
def test_budget_and_level_are_checked(runs: int, level: float) -> None:
    with pytest.raises(ScenarioError, match="must be"):
        rare_event(bft.Scenario(), Outcome.STALLED, seed=1, runs=runs, level=level)
