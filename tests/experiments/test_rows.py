"""The rows of a sweep: a column for every swept field, seeds that survive a spreadsheet, a DataFrame."""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

import pytest

import bft
from bft.cli import main
from bft.errors import ScenarioError, SweepError
from bft.randomness import read_seed, seed_text

OVER = {
    "faults.delta": [0.0, 0.3],
    "faults.behaviour": ["crash", {"kind": "slow", "delay_s": 2.0}],
    "pbft.view_timeout_s": [5.0],
}


@pytest.fixture(scope="module")
def sweep() -> bft.Sweep:
    return bft.sweep(bft.Scenario(), over=OVER, replications=12, seed=3, workers=1, progress=False)


def test_every_cell_is_a_row_with_a_column_for_every_swept_field(sweep: bft.Sweep) -> None:
    assert len(sweep.rows) == 4
    for row in sweep.rows:
        assert list(row)[:4] == [*OVER, "replications"]
    assert [row["faults.behaviour"] for row in sweep.rows] == ["crash", '{"delay_s": 2.0, "kind": "slow"}'] * 2


def test_a_seed_as_a_spreadsheet_reads_it_repeats_the_replication(sweep: bft.Sweep) -> None:
    """A number of more than 15 digits is rounded there; what holds an underscore is a text."""
    line = next(iter(csv.DictReader(sweep.to_csv().splitlines())))
    assert re.fullmatch(r"\d{1,3}(_\d{3})+", line["seed"])
    assert int(line["seed"]) == sweep.results[0].cell.seed
    cell = sweep.results[0].cell
    assert (
        bft.simulate(cell.scenario, seed=line["seed"]).trace_hash == bft.simulate(cell.scenario, cell.seed).trace_hash
    )


def test_the_command_line_takes_seeds_as_tables_have_them(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for seed in ("1_031", "1031"):
        assert main(["run", "--seed", seed]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    assert "seed        1031, replication 0" in told[0]


@pytest.mark.parametrize("seed", [0, 7, 2**63 - 1, 2**80])
def test_a_seed_goes_through_its_text(seed: int) -> None:
    assert read_seed(seed_text(seed)) == seed
    assert read_seed(str(seed)) == seed


@pytest.mark.parametrize("seed", ["", "x", "0x1f", "-1", "1.5", "1e3", "1__0", True, 1.0, None])
def test_what_is_no_seed_is_refused(seed: object) -> None:
    with pytest.raises(ScenarioError, match=r"seed = .*: must be a whole number"):
        bft.simulate(bft.Scenario(), seed=seed)  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match=r"seed = .*: must be a whole number"):
        bft.sweep(seed=seed)  # type: ignore[arg-type]


def test_a_data_frame_holds_the_rows(sweep: bft.Sweep) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas comes with requirements.lock, and this environment lacks it")
    frame = sweep.to_dataframe()
    assert frame.to_dict("records") == [{name: row.get(name) for name in frame.columns} for row in sweep.rows]
    assert frame.groupby("faults.delta")["p_agree"].max().loc[0.0] == 1.0
    assert frame.attrs["scenario"] == sweep.scenario.to_dict()
    assert isinstance(frame, pandas.DataFrame)


def test_without_pandas_the_refusal_says_what_is_missing(sweep: bft.Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(SweepError, match=r"to_dataframe: needs pandas, which is not installed"):
        sweep.to_dataframe()


def test_exported_blocks_write_seeds_alike(sweep: bft.Sweep, tmp_path: Path) -> None:
    store = tmp_path / "blocks.sqlite"
    again = bft.sweep(
        bft.Scenario(), over=OVER, replications=12, seed=3, workers=1, progress=False, store=store, engine="simpy"
    )
    table = tmp_path / "blocks.csv"
    assert main(["export", str(store), str(table)]) == 0
    with table.open(encoding="utf-8") as file:
        seeds = {line["seed"] for line in csv.DictReader(file)}
    assert seeds == {row["seed"] for row in again.rows} == {row["seed"] for row in sweep.rows}


def test_a_table_tells_right_from_agreed_where_the_law_does_though_nobody_was_seen_to_be_wrong() -> None:
    scenario = bft.Scenario(n=4, validators={"kind": "statistical", "accuracy": 0.95})
    header = bft.sweep(scenario, replications=2, seed=1, workers=1).to_text().splitlines()[0].split()
    assert [name for name in header if name != "exact"] == ["replications", "agree", "correct", "wrong", "stalled"]
    perfect = bft.sweep(bft.Scenario(n=4), replications=2, seed=1, workers=1).to_text().splitlines()[0]
    assert "correct" not in perfect
