"""A sweep has the same rows whichever engine runs it, and says which one did."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

import bft
from bft.errors import SweepError, UnsupportedError
from bft.experiments import blocks as blocks_module
from bft.experiments import sweep
from bft.experiments.block_store import BlockStore
from bft.experiments.engines import Way, way_of
from bft.experiments.store import manifest, save

RandomScenario = Callable[[Random, bool], bft.Scenario]
SLOW = {"law": "lognormal", "median_s": 1.2, "log_sd": 1.0}  # messages cross timers: some replications are handed back


@pytest.mark.parametrize("timing", [False, True])
def test_random_scenarios_have_the_same_rows(random_scenario: RandomScenario, timing: bool) -> None:
    by_hand = 0
    for number in range(5000, 5030):
        scenario = random_scenario(Random(number), timing)
        options: dict[str, Any] = {"replications": 40, "seed": number, "workers": 1}
        auto = sweep(scenario, engine="auto", **options)
        assert auto.rows == sweep(scenario, engine="simpy", **options).rows, scenario.to_toml()
        assert auto.rows == sweep(scenario, engine="vectorised", **options).rows
        by_hand += 40 - auto.results[0].tally.vectorised
    assert 0 < by_hand < 0.1 * 30 * 40


def test_replications_that_are_handed_back_are_run_event_by_event() -> None:
    scenario = bft.Scenario(n=4, network={"delay": SLOW})
    assert way_of(scenario) is Way.TIMES
    one, other = (sweep(scenario, replications=200, workers=1, engine=each) for each in ("auto", "simpy"))
    assert one.rows == other.rows
    told = [manifest([each])["replications_by_engine"] for each in (one, other)]
    assert 0 < told[0]["simpy"] < 200
    assert told[0]["simpy"] + told[0]["vectorised"] == 200
    assert told[1] == {"vectorised": 0, "simpy": 200}


def test_the_manifest_says_which_engine_ran_what(tmp_path: Path) -> None:
    done = sweep(over={"faults.behaviour": ["crash", "slow"]}, replications=10, workers=1)
    moved = sweep(bft.Scenario(faults={"delta": 0.5}), {"network.duplication": [0.0, 0.1]}, replications=10, workers=1)
    save(tmp_path, done.rows, [done, moved])
    said = json.loads((tmp_path / "manifest.json").read_text())
    assert said["engine"] == "auto"
    assert said["replications_by_engine"] == {"vectorised": 20, "simpy": 0}  # nobody is faulty, so nobody is slow
    assert said["more"][0]["engines"] == [
        {"network.duplication": 0.0, "vectorised": 10, "simpy": 0},
        {"network.duplication": 0.1, "vectorised": 0, "simpy": 10},
    ]


def test_the_vectorised_engine_refuses_by_the_name_of_the_field_and_nothing_runs() -> None:
    with pytest.raises(UnsupportedError, match=r"network\.duplication = 0\.1: the vectorised engine runs without"):
        sweep(over={"network.duplication": [0.0, 0.1]}, engine="vectorised")
    with pytest.raises(SweepError, match="engine = 'fast': must be one of auto, simpy, vectorised"):
        sweep(engine="fast")  # type: ignore[arg-type]


def test_records_are_the_same_by_both_engines(random_scenario: RandomScenario, tmp_path: Path) -> None:
    for number in range(6000, 6012):
        scenario = random_scenario(Random(number), True)
        found = []
        for engine in ("simpy", "vectorised"):
            file = tmp_path / f"{engine}{number}.sqlite"
            rows = sweep(scenario, replications=30, seed=3, workers=1, engine=engine, store=file, records=True).rows  # type: ignore[call-overload]
            with BlockStore(file) as store:
                found.append((rows, store.table("records")))
        assert found[0] == found[1], scenario.to_toml()
        assert len(found[0][1][1]) == 30


def test_a_vectorised_engine_that_breaks_is_told_and_does_not_end_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(blocks_module, "VectorisedSimulator", broken)
    result = sweep(bft.Scenario(n=6), replications=7, workers=1)
    assert (result.rows[0]["replications"], result.rows[0]["failed"]) == (0, 7)
    assert {failure.error for _, failure in result.failures} == {"MemoryError: no room"}
