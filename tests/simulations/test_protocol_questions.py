"""The script on protocols answers as its docstring says, with fewer runs than it uses by itself.

False alarms: chained HotStuff never commits with one of four nodes down, and the others always do; a deadlock of
Tendermint has probability .256, so that none in 30 runs has probability 1.4e-4.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from scipy.stats import binomtest

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
    asked = script().questions(4)[
        "judges accept four in five of answers that are all wrong, a backup crashes after its vote"
    ]
    found = {row.label: row.shares["stalled"].value for row in compare(asked, replications=30, seed=1)}
    assert found["Tendermint, as in the paper"] > 0.0
    others = [label for label in found if label != "Tendermint, as in the paper"]
    assert all(found[label] < found["Tendermint, as in the paper"] for label in others)
    assert len(others) == 5


def test_a_decision_takes_the_messages_that_are_counted_and_the_delays_of_its_phases() -> None:
    """Delays are N(250, 50) ms: three in a row cannot take less than 0.5 s, nor seven less than 1.4 s."""
    protocols = script()
    for n, rows in protocols.costs(5, sizes=(4, 10)).items():
        found = {row.label: row for row in rows}
        assert tuple(found) == protocols.NAMES
        counted = {name: count(n) for name, count in protocols.MESSAGES.items()}
        assert {name: found[name].messages.value for name in counted} == counted
        assert found["hotstuff-chained"].messages.value <= 8 * (n - 1)
        took = {name: row.latency_s.value for name, row in found.items()}
        assert took["ballot"] < 0.4 < 0.5 < took["pbft"] < 1.0 < took["hotstuff-2"] < 1.4 < took["hotstuff"]
        assert abs(took["pbft"] - took["tendermint"]) < 0.1


def test_what_only_follow_polka_decides_is_as_likely_as_the_law_says() -> None:
    """Two exact binomial tests at 1e-3 with this seed; by chance one fails in 500 seeds."""
    for each in script().deadlocks(100, sizes=(4,), accepts=(0.8,)):
        count = round(each.share.value * 100)
        assert binomtest(count, 100, each.law).pvalue > 1e-3
        assert each.law == pytest.approx(0.256 if each.node else 0.384)
        assert each.undecided.value < 0.1


def test_no_circumstance_splits_anybody_and_all_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: dict[str, Figure] = {}  # but not written, which takes longer than all else
    monkeypatch.setattr("bft.plotting.save", lambda figure, _, name: drawn.update({name: figure}))
    found = script().main(replications=1, n=4, out=tmp_path)
    assert len(found) == 9
    assert all(row.shares["split"].value == 0.0 for rows in found.values() for row in rows)
    numbered = [f"{number:02}" for number in range(1, 10)]
    assert [*drawn] == ["along_delta_crash", "along_delta_equivocate", "which_protocol", *numbered]
    assert [ax.get_title(loc="left").split(",")[0] for ax in drawn["which_protocol"].axes] == [
        "Nodes that crash",
        "Tendermint as in its paper: a height never ends",
        "Latency",
        "Messages (circles: exact counts)",
    ]
    told = capsys.readouterr().out
    assert "exact stalled" in told
    assert "messages" in told
