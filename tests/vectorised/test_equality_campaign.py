"""The engines on random scenarios drawn from all supported fields: `benchmarks/equality.py`, short here, long at night.

Nothing here is statistical: a single difference is a mistake in one of the engines.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

import bft
from benchmarks import equality
from bft.experiments.laws import law_of
from bft.settings import Settings
from bft.vectorised import supported
from bft.vectorised.known_fields import FIELDS, JUDGED_BY_TYPE, TAKEN_WHOLE
from bft.vectorised.protocols import ballot, pbft

SLOW = {"law": "exponential", "mean_s": 1.5}
NEAR = {
    "retransmission": False,
    "pbft": {"timeout_cap_s": 5.4},
    "network": {"delay": SLOW},
    "validators": {
        "kind": "statistical",
        "accuracy": 0.6,
        "check": {"kind": "judge", "accept_given_right": 0.6, "accept_given_wrong": 0.45},
    },
}


def test_random_scenarios_of_all_supported_fields_are_equal(tmp_path: Path) -> None:
    totals = equality.campaign(tmp_path, 0, 270)
    assert not totals.differences, totals.differences[0]
    assert totals.compared > 560
    assert totals.handed_back < totals.compared
    assert {"agreed_correct", "agreed_wrong", "partial", "stalled"} <= set(totals.outcomes)
    assert {1, 2, 3, 4} <= set(totals.views)


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(1_000_000, 1_100_000, 10_000))
def test_a_hundred_thousand_random_scenarios_are_equal(first: int, tmp_path: Path) -> None:
    totals = equality.campaign(tmp_path, first, 10_000)
    assert not totals.differences, totals.differences[0]


def test_the_campaign_draws_every_field_that_the_engine_knows(tmp_path: Path) -> None:
    table, drawn = equality.write_table(tmp_path / "answers.csv"), dict[type[Settings], set[str]]()

    def look(settings: Settings) -> None:
        for name in settings.model_fields_set:
            drawn.setdefault(type(settings), set()).add(name)
            value = getattr(settings, name)
            for inner in value if isinstance(value, tuple) else (value,):
                if isinstance(inner, Settings):
                    look(inner)

    for number in range(700):
        scenario = equality.random_scenario(Random(f"equality {number}"), table)[0]
        look(scenario)
        look(scenario.own)
    refused = {"protocol", "machine", "service", "membership"}  # or of one value
    refused |= {"kind", "law", "file", "latency", "debate", "timeouts", "duplication", "partitions"}
    own = {type(bft.Scenario(protocol=each.__name__.rpartition(".")[2]).own): each.SETTINGS for each in (pbft, ballot)}
    for settings, names in {**FIELDS, **{kind: " ".join(names) for kind, names in own.items()}}.items():
        if settings.__name__ not in {"Partition", *(each.__name__ for each in JUDGED_BY_TYPE)}:
            assert set(names.split()) - drawn.get(settings, set()) <= refused, settings
    assert {each for each in TAKEN_WHOLE if each in drawn} == set(TAKEN_WHOLE)


@pytest.mark.parametrize("f", [0, 1])
@pytest.mark.parametrize("behaviour", ["lie", "crash"])
def test_who_gives_up_waiting_for_a_new_view_is_noticed(f: int, behaviour: str) -> None:
    scenario = bft.Scenario(n=4, f=f, quorum=3, faults={"delta": 0.3, "behaviour": behaviour}, **NEAR)
    totals = equality.Totals()
    equality.compare(scenario, 1, range(300), timing=True, totals=totals)
    assert not totals.differences, totals.differences[0]
    assert totals.compared > 80


def test_a_checkpoint_that_overtakes_commits_is_noticed() -> None:
    scenario = bft.Scenario(
        n=7, pbft={"checkpoint_interval": 1, "window": 2}, network={"delay": {"law": "exponential"}}
    )
    totals = equality.Totals()
    equality.compare(scenario, 1, range(60), timing=True, totals=totals)
    assert not totals.differences, totals.differences[0]
    assert 20 < totals.compared < 60
    assert supported(scenario, timing=False) == (
        "pbft.checkpoint_interval = 1: the vectorised engine runs outcomes alone with 2 or more: "
        "checkpoints may overtake commits"
    )


@pytest.mark.parametrize(("retransmit_s", "handed_back"), [(5.0, False), (1.0, True), (0.2, True)])
def test_a_split_that_a_proof_may_prevent_is_handed_back(retransmit_s: float, handed_back: bool) -> None:
    delay = {"law": "uniform", "low_s": 0.1, "high_s": 0.6}
    faults = {"delta": 0.5, "behaviour": "equivocate"}
    scenario = bft.Scenario(n=4, faults=faults, network={"delay": delay}, retransmit_s=retransmit_s)
    totals = equality.Totals()
    equality.compare(scenario, 2, range(60), timing=False, totals=totals)
    assert not totals.differences, totals.differences[0]
    assert (totals.handed_back > 0) == handed_back
    assert (totals.outcomes["split"] == 0) == handed_back
    assert (law_of(scenario) is None) == handed_back
