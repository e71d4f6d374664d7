"""The script on protocols answers as its docstring says, with fewer runs than it uses by itself.

False alarms: chained HotStuff never commits with one of four nodes down, and the others always do; a deadlock of
Tendermint has probability .256, so that none in 30 runs has probability 1.4e-4.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from bft.experiments.comparison import compare

FILE = Path(__file__).parents[2] / "simulations" / "protocols.py"


def script() -> Any:
    spec = importlib.util.spec_from_file_location("simulations_protocols", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # its dataclasses look for it there
    spec.loader.exec_module(module)
    return module


def test_a_chain_needs_leaders_in_a_row_and_the_others_a_quorum_alone() -> None:
    asked = script().questions(4)["perfect validators, f crashed"]
    found = {row.label: row.shares["agree"].value for row in compare(asked, replications=4, seed=1)}
    assert found.pop("HotStuff, chained") == 0.0
    assert set(found.values()) == {1.0}
    assert len(found) == 6


def test_a_crash_between_the_votes_locks_tendermint_as_its_paper_has_it() -> None:
    asked = script().questions(4)["judges accept four in five, a backup crashes after its vote"]
    found = {row.label: row.shares["stalled"].value for row in compare(asked, replications=30, seed=1)}
    assert found["Tendermint, as in the paper"] > 0.0
    others = [label for label in found if label != "Tendermint, as in the paper"]
    assert all(found[label] < found["Tendermint, as in the paper"] for label in others)
    assert len(others) == 5


def test_no_circumstance_splits_anybody(tmp_path: Path) -> None:
    found = script().main(replications=1, n=4, out=tmp_path)
    assert len(found) == 11
    assert all(row.shares["split"].value == 0.0 for rows in found.values() for row in rows)
    assert len(list(tmp_path.glob("*.svg"))) == 11
