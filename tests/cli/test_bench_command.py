"""`bft bench`: one table of measured figures, none of them missing."""

from __future__ import annotations

import json

import pytest

from bft.cli import bench, main
from bft.cli.bench import Figure


def test_every_part_is_measured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bench, "QUICK_SIZES", (4,))
    monkeypatch.setattr(bench, "LAW_SIZES", (4, 1000))
    for name in ("QUICK_DELIVERIES", "QUICK_ELEMENTS", "QUICK_WORKERS_MESSAGES"):
        monkeypatch.setattr(bench, name, 3000)
    assert main(["bench", "--quick", "--json"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    parts = {(each["part"], each["n"]) for each in found["figures"]}
    assert {name for name, _ in parts} == {
        "simpy, messages",
        "simpy",
        "simpy, memory",
        "vectorised, times",
        "vectorised, outcomes",
        "vectorised, memory",
        "4 exact laws at 101 δ",
        "sweep, 1 worker",
        "sweep, 2 workers",
        "sweep, 2 workers against 1",
        "the same on two idle processors",
    }
    assert all(each["value"] > 0 for each in found["figures"])
    assert ("4 exact laws at 101 δ", 1000) in parts
    assert len(said.err.splitlines()) == len(found["figures"])
    assert found["processors"] >= 1


def test_laws_of_a_thousand_nodes_take_less_than_a_second() -> None:
    assert bench.laws(1000).value < 1.0


def test_the_table_has_a_column_for_each_size() -> None:
    figures = [Figure(part="simpy", n=n, value=1234.5 * n, unit="x / s") for n in (4, 31)]
    lines = bench.readable([*figures, Figure(part="law", n=4, value=0.01234, unit="s")]).splitlines()
    assert [line.split() for line in lines] == [
        ["n", "=", "4", "n", "=", "31"],
        ["simpy", "x", "/", "s", "4,938", "38,270"],
        ["law", "s", "0.0123"],
    ]
