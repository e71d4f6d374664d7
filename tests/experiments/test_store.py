"""What stands on disk is enough to get the rows again, and the same sweep writes the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import bft
from bft.errors import SweepError
from bft.experiments import sweep
from bft.experiments.store import output_folder, save


def test_the_manifest_repeats_the_sweep(tmp_path: Path) -> None:
    first = sweep(bft.Scenario(n=5, faults={"behaviour": "lie"}), {"faults.delta": "0:1:3"}, replications=9, seed=4)
    save(tmp_path, first.rows, [first], "bft sweep --over faults.delta=0:1:3")
    said = json.loads((tmp_path / "manifest.json").read_text())
    again = sweep(
        bft.Scenario.from_dict(said["scenario"]),
        said["over"],
        replications=said["replications"],
        seed=said["seed"],
        level=said["interval"]["level"],
    )
    assert again.rows == first.rows
    assert (tmp_path / "estimates.csv").read_text() == again.to_csv()
    assert said["command"] == "bft sweep --over faults.delta=0:1:3"
    assert said["versions"]["bft"] == bft.__version__
    assert {"python", "numpy", "scipy", "simpy"} <= set(said["versions"])
    assert (said["complete"], said["cells"], said["failures"]) == (True, 3, [])


def test_the_same_sweep_writes_the_same_bytes(tmp_path: Path) -> None:
    for name, workers in (("one", 1), ("two", 2)):
        folder = output_folder(tmp_path / name)
        done = sweep(over={"n": [4, 5]}, replications=3, workers=workers)
        save(folder, done.rows, [done])
    for file in ("estimates.csv", "manifest.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_further_sweeps_are_told_of_too(tmp_path: Path) -> None:
    done = [sweep(bft.Scenario(n=n), replications=2) for n in (4, 5)]
    save(tmp_path, [*done[0].rows, *done[1].rows], done)
    said = json.loads((tmp_path / "manifest.json").read_text())
    assert said["scenario"]["n"] == 4
    assert [each["scenario"]["n"] for each in said["more"]] == [5]


def test_a_folder_is_made_and_one_that_cannot_be_is_refused(tmp_path: Path) -> None:
    assert output_folder(tmp_path / "a" / "b").is_dir()
    assert list((tmp_path / "a" / "b").iterdir()) == []
    (tmp_path / "file").write_text("")
    for wrong in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nowhere")):
        with pytest.raises(SweepError, match=r"out = .*must be a folder that can be written to"):
            output_folder(wrong)
