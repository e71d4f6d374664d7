"""The description of an experiment: its defaults, its file, and what it refuses."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

import bft
from bft.errors import ScenarioError
from bft.scenario import Scenario


def test_the_default_is_four_nodes_without_faults() -> None:
    scenario = Scenario()
    assert (scenario.n, scenario.system.quorum, scenario.system.tolerated) == (4, 3, 1)
    assert scenario.view_limit == 4, "every node leads once"
    assert Scenario(requests=bft.Requests(count=2, rate_per_s=1)).view_limit is None
    assert Scenario(views="unlimited").view_limit is None


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(),
        Scenario(n=7, faults=bft.Faults(delta=0.1, behaviour="equivocate"), views=3),
        Scenario(n=3, faults=bft.Faults(delta=(0.1, 0.2, 0.3), behaviour=["crash", {"kind": "slow", "delay_s": 7}])),
        Scenario(n=3, stakes=(0.5, 0.3, 0.2), network={"delay": {"law": "normal"}, "loss": 0.1}),
        Scenario(n=3, faults={"nodes": [1], "behaviour": {"kind": "equivocate", "rush": True}}, horizon_s=60),
        Scenario(validators={"kind": "statistical", "accuracy": 0.8}, requests={"count": 3, "rate_per_s": 2}),
    ],
)
def test_a_scenario_file_gives_back_the_scenario(scenario: Scenario, tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(scenario.to_toml())
    again = Scenario.from_toml(path)
    assert again == scenario
    assert again.to_dict() == scenario.to_dict()
    assert bft.simulate(again, 3).trace_hash == bft.simulate(scenario, 3).trace_hash


def test_replacing_a_value_by_path_keeps_the_others() -> None:
    scenario = Scenario(n=7, faults=bft.Faults(delta=0.1, behaviour="lie"), network={"delay": {"law": "constant"}})
    other = scenario.replace("faults.delta", 0.3)
    assert other.faults.delta == 0.3
    assert other.faults.behaviour == scenario.faults.behaviour
    assert other.replace("network.delay.delay_s", 0.5).network.delay.delay_s == 0.5  # type: ignore[union-attr]
    assert scenario.faults.delta == 0.1, "a scenario never changes"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"n": 0}, "n = 0: must be at least 1"),
    ({"n": "four"}, "n = 'four': must be a whole number"),
    ({"n": 4.5}, "n = 4.5: must be a whole number"),
    ({"nodes": 4}, "nodes = 4: unknown key"),
    ({"quorum": 9}, "quorum = 9: must be between 1 and 4"),
    ({"f": 4}, "f = 4: must be between 0 and 3"),
    ({"stakes": [1, 2]}, "must have one stake for each of the n = 4 nodes"),
    ({"stakes": [1, 2, 3, 0]}, "stakes.3 = 0: must be more than 0"),
    ({"protocol": "raft"}, "protocol = 'raft': must be 'pbft'"),
    ({"views": 0}, "views = 0: must be at least 1"),
    ({"views": "many"}, "views = 'many'"),
    ({"pbft": {"view_timeout_s": 0}}, "pbft.view_timeout_s = 0: must be more than 0"),
    ({"pbft": {"window": 16}}, "pbft.window = 16: must be above pbft.checkpoint_interval = 16"),
    ({"horizon_s": -1}, "horizon_s = -1: must be at least 0"),
    ({"retransmission": "maybe"}, "retransmission = 'maybe': must be true or false"),
    ({"requests": {"count": 3}}, "requests.count = 3: needs requests.rate_per_s"),
    ({"requests": {"count": 0}}, "requests.count = 0: must be at least 1"),
    ({"faults": {"delta": 1.4}}, "faults.delta = 1.4: must be between 0 and 1"),
    ({"faults": {"delta": float("nan")}}, "faults.delta = nan: must be between 0 and 1"),
    ({"faults": {"delta": [0.1, 0.2]}}, "must have one value for each of the n = 4 nodes"),
    ({"faults": {"delta": [0.1, 0.2, 0.3, 1.2]}}, "faults.delta.3 = 1.2: must be between 0 and 1"),
    ({"faults": {"delta": 0.1, "nodes": [1]}}, "faults.delta = 0.1: must be left out when faults.nodes is given"),
    ({"faults": {"nodes": [1, 1]}}, "faults.nodes = (1, 1): must be distinct node numbers"),
    ({"faults": {"nodes": [4]}}, "faults.nodes = 4: must be a node between 0 and 3"),
    ({"faults": {"behaviour": "explode"}}, "faults.behaviour = 'explode': must be one of crash, "),
    ({"faults": {"behaviour": []}}, "faults.behaviour = []: must name at least one behaviour"),
    (
        {"faults": {"behaviour": {"kind": "crash", "when_s": 3}}},
        "faults.behaviour.when_s = 3: unknown; crash takes at_s",
    ),
    ({"faults": {"behaviour": {"kind": "crash", "at_s": -3}}}, "faults.behaviour.at_s = -3: must be 0 seconds or more"),
    ({"faults": {"behaviour": {"kind": "crash", "at_s": "x"}}}, "faults.behaviour.at_s = 'x': must be a number"),
    (
        {"faults": {"behaviour": {"kind": "crash_recover", "at_s": 9, "back_s": 3}}},
        "faults.behaviour.back_s = 3: must be later than 9 seconds",
    ),
    ({"faults": {"behaviour": {"kind": "equivocate", "rush": 1}}}, "faults.behaviour.rush = 1: must be true or false"),
    ({"faults": {"behaviour": ["crash", "lie"], "shares": [1]}}, "must have one share for each of 2 behaviours"),
    ({"faults": {"delta": [0.1] * 4, "draw": "fraction"}}, 'must be one number when faults.draw = "fraction"'),
    ({"validators": {"kind": "oracle"}}, "validators = {'kind': 'oracle'}: must have 'kind' among 'perfect'"),
    ({"validators": {"kind": "statistical", "accuracy": 1.4}}, "validators.accuracy = 1.4: must be between 0 and 1"),
    ({"validators": {"kind": "recorded", "models": ["a"]}}, "validators.file: is needed and was not given"),
]


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_what_cannot_be_run_is_refused_by_name_before_it_runs(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        Scenario(**given)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("faults.delta", 2, "faults.delta = 2: must be between 0 and 1"),
        ("faults.dleta", 0.2, "faults.dleta = 0.2: unknown key"),
        ("fault.delta", 0.2, "fault = {'delta': 0.2}: unknown key"),
        ("n.x", 1, "n.x = 1: n is not a table"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(path: str, value: object, message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        Scenario(n=4).replace(path, value)
    assert message in str(refused.value)


def test_unreadable_and_malformed_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        Scenario.from_toml(tmp_path / "missing.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("n = = 4")
    with pytest.raises(ScenarioError, match="is not TOML"):
        Scenario.from_toml(bad)
    bad.write_bytes(b"\xff\xfe")
    with pytest.raises(ScenarioError, match="is not TOML"):
        Scenario.from_toml(bad)


def test_the_file_is_plain_toml() -> None:
    tables = tomllib.loads(Scenario(faults=bft.Faults(behaviour="slow")).to_toml())
    assert tables["faults"]["behaviour"] == [{"kind": "slow", "delay_s": 30.0}]


@dataclass(frozen=True)
class Mute:
    """An adversary of the user's own."""

    byzantine: ClassVar[bool] = True

    def bend(self, node: Any, now: float, event: Any, effects: Any) -> list[object]:
        del now, event
        node.count("effects swallowed", len(effects))
        return []


def test_an_adversary_is_any_frozen_dataclass_with_bend() -> None:
    run = bft.simulate(Scenario(n=4, faults=bft.Faults(nodes=(0,), behaviour=Mute())), 1)
    assert run.outcome.agreed
    assert run.metrics.views == 2
    assert run.faults[0]["effects swallowed"] > 0
    assert "Mute" in run.faults[0]["behaviour"]


def test_an_object_without_bend_is_no_behaviour() -> None:
    with pytest.raises(ScenarioError, match=r"faults\.behaviour = 3: must be a name"):
        bft.Faults(behaviour=3)
