"""Sweeps over protocols, a user's own among them: rows by their names, workers, stores, exports, comparisons."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import bft
from bft.cli import main
from bft.errors import ScenarioError, SweepError
from bft.experiments.block_store import BlockStore, cell_key
from bft.experiments.comparison import compare, comparison_table
from bft.experiments.laws import law_of
from bft.vectorised import supported
from tests.protocols import echo_protocol
from tests.protocols.echo_protocol import ECHO

PLACE = "tests.protocols.echo_protocol:ECHO"


def rows(**given: Any) -> list[dict[str, Any]]:
    how = {"replications": 60, "seed": 5, "workers": 1, "progress": False, **given}
    return [dict(row) for row in bft.sweep(bft.Scenario(), **how).rows]


def test_a_users_protocol_sweeps_over_delta_and_agrees_as_often_as_it_should() -> None:
    """Node 0 leads for ever, so that it agrees if node 0 and a quorum live: (1 − δ)(1 − P(2 of 3 fail))."""
    scenario = bft.Scenario(protocol=ECHO)
    swept = bft.sweep(scenario, over={"faults.delta": "0:0.4:3"}, replications=300, seed=2, workers=1, progress=False)
    for row in swept.rows:
        alive = 1.0 - row["faults.delta"]
        expected = alive * (alive**3 + 3 * alive**2 * (1 - alive))
        assert row["p_agree_low"] <= expected <= row["p_agree_high"]  # 3 intervals at 95 %, with this seed
        assert "exact_agree" not in row


def test_rows_name_a_protocol_by_its_name_however_it_was_written() -> None:
    written = rows(over={"protocol": f"pbft,ballot,{PLACE}", "faults.delta": [0.0, 0.2]})
    given = rows(over={"protocol": ["pbft", "ballot", ECHO], "faults.delta": [0.0, 0.2]})
    assert [row["protocol"] for row in written] == ["pbft", "pbft", "ballot", "ballot", "echo", "echo"]
    assert written == given
    assert written[0]["exact_agree"] == written[2]["exact_agree"] == 1.0
    assert written[4].get("exact_agree") is None


def test_workers_and_stores_give_the_same_rows_and_a_changed_protocol_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = {"protocol": ["pbft", ECHO], "faults.delta": [0.2]}
    alone = rows(over=over)
    store = tmp_path / "blocks.sqlite"
    assert rows(over=over, workers=2, store=store) == alone
    assert rows(over=over, store=store) == alone
    cell = bft.Scenario(protocol=ECHO)
    before = cell_key(cell, 1)
    source = Path(echo_protocol.__file__).read_text()
    monkeypatch.setattr("bft.experiments.block_store.getsource", lambda _: source.replace("quorum", "weak"))
    assert cell_key(cell, 1) != before
    assert BlockStore(store).path == store


def test_the_settings_of_a_protocol_are_swept_and_go_with_it() -> None:
    base = bft.Scenario(protocol=ECHO, echo={"leader": 2}, faults={"nodes": [2]})
    assert [row["p_agree"] for row in sweep(base, {"echo.leader": [0, 2]})] == [1.0, 0.0]
    assert [row["protocol"] for row in sweep(base, {"protocol": ["pbft", PLACE]})] == ["pbft", "echo"]
    with pytest.raises(ScenarioError, match="echo"):
        sweep(bft.Scenario(), {"protocol": ["pbft", ECHO], "echo.leader": [1]})


def sweep(base: bft.Scenario, over: dict[str, Any]) -> Any:
    return bft.sweep(base, over=over, replications=20, workers=1, progress=False).rows


def test_protocols_are_compared_side_by_side() -> None:
    found = compare({"pbft": bft.Scenario(), "echo": bft.Scenario(protocol=ECHO)}, replications=20)
    assert [each.shares["agree"].value for each in found] == [1.0, 1.0]
    table = comparison_table(found)
    assert "echo" in table
    assert table.endswith("\nin no run: wrong, stalled, split")
    assert table.split("\n")[0].split()[:6] == ["agree", "correct", "exact", "correct", "precision", "calls"]


def test_what_a_users_protocol_has_not_got_is_said_in_one_sentence() -> None:
    scenario = bft.Scenario(protocol=ECHO)
    assert law_of(scenario) is None
    assert supported(scenario) == "protocol = 'echo': the vectorised engine runs pbft and ballots"
    with pytest.raises(bft.BftError, match="protocol = 'echo': the vectorised engine runs pbft and ballots"):
        rows(over={"protocol": [ECHO]}, engine="vectorised")
    with pytest.raises(SweepError, match=r"over.protocol = 'echo': is the name of two of the protocols"):
        rows(over={"protocol": [PLACE, replace(ECHO, timers=("t",))]})


def test_the_command_line_takes_a_users_protocol(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["run", "--set", f"protocol={PLACE}", "echo.leader=1", "--check", "full", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["outcome"] == "agreed_correct"
    file = tmp_path / "mine.toml"
    file.write_text(f'protocol = "{PLACE}"\n[echo]\nleader = 3\n')
    page = tmp_path / "run.html"
    assert main(["run", str(file), "--export", f"html={page}"]) == 0
    assert "counts a quorum for" in page.read_text()
    capsys.readouterr()
    sweep = ["sweep", "--over", f"protocol=pbft,{PLACE}", "--over", "faults.delta=0,0.3", "--replications", "40"]
    assert main([*sweep, "--workers", "1", "--json", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert "no exact law is known of echo: the rows have estimates alone" in said.err
    told = json.loads(said.out)
    assert [row["protocol"] for row in told] == ["pbft", "pbft", "echo", "echo"]
    assert "echo" in (tmp_path / "out" / "estimates.csv").read_text()
    assert main(["check", "--protocol", PLACE, "--schedules", "20", "--workers", "1"]) == 0
    assert "echo brings no subject of its own: it is examined by its description" in capsys.readouterr().err
    for wrong, message in (
        ("protocol=no.module:X", "module no.module cannot be imported"),
        ("protocol=json:dumps", "protocol = 'json:dumps': must be a Protocol; it is of type function"),
        ("protocol=raft", "protocol = 'raft': must be 'pbft'"),
    ):
        assert main(["run", "--set", wrong]) == 2
        assert message in capsys.readouterr().err
