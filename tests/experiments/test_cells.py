"""Cells: all combinations, and a seed that follows from what the cell is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bft import Faults, Scenario
from bft.errors import ScenarioError, SweepError
from bft.experiments import cells as cells_module
from bft.experiments.axes import read_axes
from bft.experiments.cells import Cell, cell_seed, make_cells


def cells_of(scenario: Scenario, over: dict[str, object], seed: int = 7) -> tuple[Cell, ...]:
    return make_cells(scenario, read_axes(over), seed)


def test_the_first_axis_is_the_outermost() -> None:
    made = cells_of(Scenario(), {"n": [4, 7], "faults.delta": [0.1, 0.2]})
    assert [tuple(cell.parameters.values()) for cell in made] == [(4, 0.1), (4, 0.2), (7, 0.1), (7, 0.2)]
    assert [(cell.scenario.n, cell.scenario.faults.delta) for cell in made] == [(4, 0.1), (4, 0.2), (7, 0.1), (7, 0.2)]


def test_without_axes_the_scenario_is_the_only_cell() -> None:
    (cell,) = cells_of(Scenario(n=5), {})
    assert cell.scenario == Scenario(n=5)
    assert cell.parameters == {}


def test_a_cell_has_the_same_seed_wherever_it_stands() -> None:
    wide = cells_of(Scenario(), {"n": [4, 7], "faults.delta": [0.0, 0.1, 0.2]})
    narrow = cells_of(Scenario(n=7, faults=Faults(behaviour="crash")), {"faults.delta": "0.2,0.1"})
    assert wide[4].seed == narrow[1].seed
    assert wide[5].seed == narrow[0].seed


def test_different_cells_and_different_master_seeds_have_different_seeds() -> None:
    made = cells_of(Scenario(), {"n": [4, 7], "faults.behaviour": ["crash", "lie"], "views": [1, 2]})
    assert len({cell.seed for cell in made}) == len(made)
    assert cell_seed(Scenario(), 1) != cell_seed(Scenario(), 2)


def test_a_seed_is_a_63_bit_number_that_no_process_changes() -> None:
    code = "from bft import Scenario; from bft.experiments.cells import cell_seed; print(cell_seed(Scenario(n=7), 3))"
    seeds = {
        int(subprocess.check_output([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": hashing}))
        for hashing in ("1", "2")
    }
    assert seeds == {cell_seed(Scenario(n=7), 3)}
    assert 0 <= seeds.pop() < 2**63


@pytest.mark.parametrize(
    ("given", "seed"),
    [
        ({}, 2945501896173412448),
        ({"pbft": {"view_timeout_s": 3}}, 3749551023984465705),
        (
            {"pbft": {"timeout_growth": 1.5, "timeout_cap_s": 9.5, "window": 8, "checkpoint_interval": 2}},
            5604816047856144223,
        ),
        ({"protocol": "ballot"}, 5623157322322774778),
        ({"protocol": "ballot", "ballot": {"deadline_s": 60}, "rule": "plurality"}, 7792781360763846686),
        ({"protocol": "hotstuff"}, 8821753388639906350),
        ({"protocol": "tendermint", "tendermint": {"propose_s": 3}}, 5522754626805366138),
    ],
)
def test_settings_that_moved_to_the_tables_of_protocols_changed_no_seed(given: dict[str, object], seed: int) -> None:
    """Recorded when timers, checkpoints and the window stood among the fields of every scenario."""
    assert cell_seed(Scenario(**given), 3) == seed


def test_common_random_numbers_are_one_seed_for_all() -> None:
    made = make_cells(Scenario(), read_axes({"n": [4, 7]}), 7, common_random_numbers=True)
    assert [cell.seed for cell in made] == [7, 7]


def test_a_table_may_move_but_not_change(tmp_path: Path) -> None:
    rows = "question_id,gold,model,answer\n1,A,x,A\n1,A,y,B\n1,A,z,A\n1,A,w,A\n"

    def seed_of(name: str, text: str) -> int:
        file = tmp_path / name
        file.write_text(text)
        validators = {"kind": "recorded", "file": str(file), "models": ("x", "y", "z", "w")}
        return cell_seed(Scenario(validators=validators), 1)

    assert seed_of("one.csv", rows) == seed_of("two.csv", rows)
    assert seed_of("one.csv", rows) != seed_of("three.csv", rows.replace("y,B", "y,C"))


def test_every_cell_is_checked() -> None:
    with pytest.raises(ScenarioError, match=r"faults\.delta = 1\.4: must be between 0 and 1"):
        cells_of(Scenario(), {"faults.delta": [0.1, 1.4]})
    with pytest.raises(ScenarioError, match=r"faults\.detla = 0\.1: unknown key"):
        cells_of(Scenario(), {"faults.detla": [0.1]})
    with pytest.raises(ScenarioError, match="quorum"):
        cells_of(Scenario(), {"quorum": [3, 4, 5]})


def test_too_many_cells_are_refused_before_they_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells_module, "MOST_CELLS", 5)
    with pytest.raises(SweepError, match="over = 6: must make at most 5 cells"):
        cells_of(Scenario(), {"n": [4, 7], "faults.delta": [0.1, 0.2, 0.3]})
