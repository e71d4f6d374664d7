"""Timers, checkpoints and windows stand in the tables of the protocols: the old spelling is refused by the new name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import bft
from bft.cli import main
from bft.errors import ScenarioError
from bft.protocols.pbft.events import CheckpointStable

NEW_NAMES = [
    (
        {"view_timeout_s": 60},
        "view_timeout_s = 60: must stand in the table of pbft's own settings: pbft.view_timeout_s",
    ),
    ({"timeout_growth": 1.5}, "timeout_growth = 1.5: must stand in the table of pbft's own settings: pbft.timeout_gr"),
    ({"timeout_cap_s": 60}, "timeout_cap_s = 60: must stand in the table of pbft's own settings: pbft.timeout_cap_s"),
    (
        {"checkpoint_interval": 4},
        "checkpoint_interval = 4: must stand in the table of pbft's own settings: pbft.checkp",
    ),
    ({"window": 32}, "window = 32: must stand in the table of pbft's own settings: pbft.window"),
    (
        {"protocol": "ballot", "view_timeout_s": 60},
        "view_timeout_s = 60: must stand in the table of ballot's own settings: ballot.deadline_s",
    ),
    (
        {"protocol": "ballot", "window": 8},
        "window = 8: is a setting of another protocol, pbft.window; the scenario's is",
    ),
    (
        {"protocol": "hotstuff", "view_timeout_s": 6},
        "view_timeout_s = 6: must stand in the table of hotstuff's own settings: hotstuff.view_timeout_s",
    ),
    (
        {"protocol": "tendermint", "view_timeout_s": 6},
        "view_timeout_s = 6: is a setting of another protocol, pbft.view_timeout_s; the scenario's is tendermint",
    ),
    ({"deadline_s": 3}, "deadline_s = 3: is a setting of another protocol, ballot.deadline_s; the scenario's is pbft"),
    ({"ballot": {"deadline_s": 3}}, "ballot = 'given': needs protocol = 'ballot'; the scenario's is 'pbft'"),
    (
        {"protocol": "ballot", "pbft": {"window": 8}},
        "pbft = 'given': needs protocol = 'pbft'; the scenario's is 'ballot'",
    ),
    ({"pbft": {"windw": 8}}, "pbft.windw = 8: unknown key; did you mean pbft.window?"),
    ({"pbft": {"window": 4}}, "pbft.window = 4: must be above pbft.checkpoint_interval = 16"),
    ({"pbft": {"timeout_growth": 0.5}}, "pbft.timeout_growth = 0.5: must be at least 1"),
    ({"protocol": "ballot", "ballot": {"deadline_s": 0}}, "ballot.deadline_s = 0: must be more than 0"),
]


@pytest.mark.parametrize(("given", "message"), NEW_NAMES)
def test_python_toml_and_the_command_line_are_told_the_new_name(
    given: dict[str, Any], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ScenarioError) as refused:
        bft.Scenario(**given)
    assert str(refused.value).startswith(message)
    with pytest.raises(ScenarioError) as refused:
        bft.Scenario().replace_all(given)
    assert str(refused.value).startswith(message)
    file = tmp_path / "old.toml"
    file.write_text("".join(f"{name} = {_toml(value)}\n" for name, value in given.items()), encoding="utf-8")
    assert main(["run", str(file)]) == 2
    assert message in capsys.readouterr().err
    assert main(["run", "--set", *(f"{name}={_toml(value)}" for name, value in given.items())]) == 2
    assert message in capsys.readouterr().err


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {json.dumps(inner)}" for name, inner in value.items()) + "}"
    return json.dumps(value)


def test_an_axis_with_the_old_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "--over", "view_timeout_s=5,10", "--replications", "2"]) == 2
    assert "pbft.view_timeout_s" in capsys.readouterr().err


def test_a_stored_scenario_with_the_old_names_is_refused() -> None:
    stored = {**bft.Scenario().to_dict(), "window": 64}
    del stored["pbft"]
    with pytest.raises(
        ScenarioError, match=r"window = 64: must stand in the table of pbft's own settings: pbft\.window"
    ):
        bft.Scenario.from_dict(stored)


@pytest.mark.parametrize(
    ("protocol", "own"),
    [
        ("pbft", {"view_timeout_s": 3.0, "timeout_growth": 1.5, "checkpoint_interval": 2, "window": 5}),
        ("ballot", {"deadline_s": 3.0}),
    ],
)
def test_what_a_table_says_reaches_the_replicas_and_comes_back_from_files(
    protocol: str, own: dict[str, Any], tmp_path: Path
) -> None:
    scenario = bft.Scenario(protocol=protocol, **{protocol: own})
    config = scenario.configuration()
    assert {name: getattr(config, name) for name in own} == own
    file = tmp_path / "new.toml"
    file.write_text(scenario.to_toml(), encoding="utf-8")
    assert bft.Scenario.from_toml(file) == scenario
    assert scenario.replace("n", 7).own == scenario.own
    assert scenario.replace("protocol", "hotstuff").to_dict().keys().isdisjoint({"pbft", "ballot"})


def test_members_that_come_and_go_run_by_the_table_of_pbft() -> None:
    scenario = bft.Scenario(
        n=5,
        membership={"members": 4, "changes": [{"at_s": 3.0, "add": 4}]},
        requests={"count": 8, "rate_per_s": 1.0},
        pbft={"checkpoint_interval": 2, "window": 4},
    )
    run = bft.simulate(scenario, 3)
    assert {event.seq % 2 for _, _, event in run.trace.of(CheckpointStable)} == {0}
    assert run.memberships[-1] == {0, 1, 2, 3, 4}


def test_a_client_that_waits_gives_every_protocol_time_for_each_of_its_requests() -> None:
    requests = {"count": 50, "rate_per_s": 50.0, "clients": 1}
    for protocol, own in (("pbft", "view_timeout_s"), ("hotstuff", "view_timeout_s"), ("tendermint", "propose_s")):
        scenario = bft.Scenario(protocol=protocol, requests=requests, **{protocol: {own: 40.0}})
        assert scenario.end_s >= 2 * 49 * 40.0
