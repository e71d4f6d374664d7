"""Sweeps: rows that depend on nothing but the question, failures that are recorded, Ctrl-C that loses nothing."""

from __future__ import annotations

import csv
import json
import os
import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from io import StringIO
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest
from tqdm import tqdm

import bft
from bft.errors import BftError, ScenarioError, SweepError
from bft.experiments import CellResult, SweepInterrupted, Tally, plan, sweep
from bft.experiments import blocks as blocks_module
from bft.experiments import sweeps as sweep_module
from bft.experiments.blocks import Block, block_size, run_block
from bft.experiments.cells import cell_seed
from bft.experiments.coverage import Coverage
from bft.experiments.engines import Way
from bft.experiments.execution import Execution
from bft.experiments.executors import InProcess, worker_count
from bft.record.outcome import Outcome

OVER: dict[str, object] = {"n": [4, 5], "faults.delta": [0.0, 0.4]}


def test_rows_count_what_the_simulator_does() -> None:
    scenario = bft.Scenario(n=4, faults=bft.Faults(behaviour="equivocate"))
    result = sweep(scenario, {"faults.delta": [0.5]}, replications=60, seed=3, workers=1)
    here = scenario.replace("faults.delta", 0.5)
    simulator = bft.Simulator(here, cell_seed(here, 3))
    seen = Counter(simulator.run(replication).outcome for replication in range(60))
    (row,) = result.rows
    assert row["faults.delta"] == 0.5
    assert row["replications"] == 60
    assert row["p_correct"] == row["p_agree"] == seen[Outcome.AGREED_CORRECT] / 60
    assert row["p_stalled"] == seen[Outcome.STALLED] / 60
    assert row["p_split"] == seen[Outcome.SPLIT] / 60
    assert min(seen[Outcome.AGREED_CORRECT], seen[Outcome.STALLED], seen[Outcome.SPLIT]) > 0
    assert row["exact_split"] == pytest.approx(0.375)


def test_rows_do_not_depend_on_workers_nor_on_the_size_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    def rows(seed: int = 1, workers: int = 1) -> tuple[dict[str, Any], ...]:
        return sweep(over=OVER, replications=50, seed=seed, workers=workers, engine="simpy").rows

    alone = rows()
    assert rows(workers=2) == alone
    monkeypatch.setattr(blocks_module, "LARGEST_BLOCK", 7)
    assert rows() == alone
    assert rows(workers=2) == alone
    assert rows(seed=2) != alone


def test_a_cell_gives_the_same_numbers_in_whatever_sweep_it_stands() -> None:
    wide = sweep(over=OVER, replications=40, seed=1, workers=1)
    narrow = sweep(bft.Scenario(n=5), {"faults.delta": [0.4]}, replications=40, seed=1, workers=1)
    assert narrow.results[0].tally == wide.results[3].tally


def test_under_common_random_numbers_agreement_only_falls_along_delta() -> None:
    over = {"faults.delta": "0:1:21"}
    common = sweep(over=over, replications=30, seed=1, workers=1, common_random_numbers=True)
    agree = [row["p_agree"] for row in common.rows]
    assert agree == sorted(agree, reverse=True)
    own = [row["p_agree"] for row in sweep(over=over, replications=30, seed=1, workers=1).rows]
    assert own != sorted(own, reverse=True)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"over": {"faults.delta": [0.1, 1.4]}}, ScenarioError, r"faults\.delta = 1\.4: must be between 0 and 1"),
        ({"over": {"faults.delta": "0:2:3"}}, ScenarioError, r"faults\.delta = 2: must be between 0 and 1"),
        ({"over": {"nn": [4]}}, ScenarioError, "nn = 4: unknown key"),
        ({"replications": 0}, SweepError, "replications = 0: must be at least 1"),
        ({"seed": -1}, ScenarioError, "seed = -1: must be a whole number, 0 or more"),
        ({"workers": 0}, SweepError, "workers = 0: must be at least 1"),
        ({"level": 95}, SweepError, "level = 95: must be above 0 and below 1"),
    ],
)
def test_everything_is_checked_before_anything_runs(
    given: dict[str, Any], error: type[BftError], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("something ran")

    monkeypatch.setattr(Execution, "reach", never)
    with pytest.raises(error, match=message):
        sweep(**{"over": OVER, **given})


def test_a_failed_replication_is_recorded_and_the_sweep_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fragile(bft.Simulator):
        def run(self, replication: int = 0) -> bft.Run:
            if self.scenario.n == 5 and replication in (3, 8):
                raise ZeroDivisionError("division by zero")
            return super().run(replication)

    monkeypatch.setattr(blocks_module, "Simulator", Fragile)
    result = sweep(over={"n": [4, 5]}, replications=10, seed=1, workers=1, engine="simpy")
    assert [(row["replications"], row["failed"]) for row in result.rows] == [(10, 0), (8, 2)]
    assert [(cell.parameters["n"], failure.replication) for cell, failure in result.failures] == [(5, 3), (5, 8)]
    assert {failure.seed for _, failure in result.failures} == {result.results[1].cell.seed}
    assert {failure.error for _, failure in result.failures} == {"ZeroDivisionError: division by zero"}
    assert result.complete


def test_a_cell_in_which_everything_fails_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bft.Simulator:
        raise RuntimeError

    monkeypatch.setattr(blocks_module, "Simulator", broken)
    (row,) = sweep(bft.Scenario(n=3), replications=5, workers=1, engine="simpy").rows
    assert (row["replications"], row["failed"]) == (0, 5)
    assert (row["p_agree"], row["p_agree_low"], row["p_agree_high"]) == (None, 0.0, 1.0)


BEHAVIOUR = """
from dataclasses import dataclass
from typing import ClassVar

@dataclass(frozen=True)
class Bomb:
    byzantine: ClassVar[bool] = True

    def bend(self, node, now, event, effects):
        if node.id == 2:
            raise RuntimeError("node 2")
        return effects
"""


def test_a_users_own_behaviour_reaches_the_workers_and_its_errors_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bombs_of_a_user.py").write_text(BEHAVIOUR)
    monkeypatch.syspath_prepend(tmp_path)
    from bombs_of_a_user import Bomb  # type: ignore[import-not-found]

    scenario = bft.Scenario(faults={"delta": 0.5, "behaviour": Bomb()})
    result = sweep(scenario, {"views": [1, 2]}, replications=40, seed=1, workers=2)
    assert result.rows == sweep(scenario, {"views": [1, 2]}, replications=40, seed=1, workers=1).rows
    assert all(0 < row["failed"] < 40 for row in result.rows)
    assert {failure.error for _, failure in result.failures} == {"RuntimeError: node 2"}


def test_without_ground_truth_agreement_is_neither_correct_nor_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def tally(block: Block) -> Tally:
        assert block.replications == 4
        return Tally(counts={Outcome.AGREED: 3, Outcome.STALLED: 1})

    monkeypatch.setattr("bft.experiments.executors.run_block", tally)
    (row,) = sweep(replications=4, workers=1).rows
    assert (row["p_agree"], row["p_correct"], row["p_wrong"], row["p_stalled"]) == (0.75, 0.0, 0.0, 0.25)


def test_a_violated_guarantee_of_the_protocol_is_counted_and_an_expected_split_is_not() -> None:
    beyond = bft.Scenario(n=4, faults=bft.Faults(nodes=(0, 1), behaviour="equivocate"))
    tally = run_block(Block(cell=0, scenario=beyond, seed=1, start=0, stop=3))
    assert (tally.counts, tally.breaches) == ({Outcome.SPLIT: 3}, 0)
    # A quorum of two promises nothing, but one of three does: told that it had been three, the same runs are breaches.
    small = bft.Scenario(n=4, quorum=2, f=0, faults=bft.Faults(nodes=(0,), behaviour="equivocate"))
    runs = [bft.Simulator(small, 1).run(replication) for replication in range(3)]
    assert all(run.breaches for run in runs)
    assert not any(blocks_module.violates_guarantee(run) for run in runs)
    for run in runs:
        told = bft.Run(**{**vars(run), "scenario": small.replace_all({"quorum": 3, "f": 1})})
        assert blocks_module.violates_guarantee(told)


def test_ctrl_c_keeps_what_was_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(block: Block) -> Tally:
        if (block.cell, block.start) == (1, 14):
            signal.raise_signal(signal.SIGINT)
        return run_block(block)

    monkeypatch.setattr(blocks_module, "LARGEST_BLOCK", 7)
    monkeypatch.setattr("bft.experiments.executors.run_block", interrupted)
    with pytest.raises(SweepInterrupted) as stopped:
        sweep(over=OVER, replications=30, seed=1, workers=1, engine="simpy")
    part = stopped.value.sweep
    assert isinstance(stopped.value, KeyboardInterrupt)
    assert [row["replications"] for row in part.rows] == [30, 14]
    assert (part.finished, part.planned, part.complete) == (1, 4, False)
    assert "1 of 4 cells finished" in repr(part)
    monkeypatch.undo()
    whole = sweep(over=OVER, replications=30, seed=1, workers=1)
    assert part.rows[0] == whole.rows[0]
    assert whole.complete
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_pressed_again_while_results_are_put_together_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(block: Block) -> Tally:
        if block.cell == 2:
            signal.raise_signal(signal.SIGINT)
        return run_block(block)

    def impatient(*given: Any) -> tuple[CellResult, ...]:
        signal.raise_signal(signal.SIGINT)
        return put_together(*given)

    put_together = sweep_module._results
    monkeypatch.setattr("bft.experiments.executors.run_block", interrupted)
    monkeypatch.setattr(sweep_module, "_results", impatient)
    with pytest.raises(SweepInterrupted) as stopped:
        sweep(over=OVER, replications=5, workers=1)
    assert stopped.value.sweep.finished == 2


def test_workers_do_not_hear_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    class Bar(tqdm):  # type: ignore[type-arg]
        def update(self, n: float | None = 1) -> bool | None:
            for worker in active_children():
                assert worker.pid is not None
                os.kill(worker.pid, signal.SIGINT)
            return super().update(n)

    expected = sweep(over=OVER, replications=300, seed=1, workers=1).rows
    monkeypatch.setattr(sweep_module, "tqdm", Bar)
    assert sweep(over=OVER, replications=300, seed=1, workers=2, engine="simpy").rows == expected


def test_blocks_behind_a_gap_are_left_out_so_that_fast_runs_are_not_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_order(_: InProcess, blocks: Iterable[Block]) -> Iterator[tuple[Block, Tally]]:
        todo = list(blocks)
        for number in (0, 2, 3, 5):
            yield todo[number], run_block(todo[number])
        raise KeyboardInterrupt

    monkeypatch.setattr(blocks_module, "LARGEST_BLOCK", 5)
    monkeypatch.setattr(InProcess, "run", out_of_order)
    with pytest.raises(SweepInterrupted) as stopped:
        sweep(over={"n": [4, 5]}, replications=15, workers=1, engine="simpy")
    # Cell 0 has blocks 0 1 2, cell 1 has 3 4 5.
    assert [row["replications"] for row in stopped.value.sweep.rows] == [5, 5]


def test_a_small_sweep_needs_no_workers_and_a_large_one_takes_them() -> None:
    assert plan(over=OVER, replications=10, engine="simpy").processes == 1
    assert plan(over=OVER, replications=100_000).processes == 1
    assert plan(over=OVER, replications=10_000, engine="simpy").processes >= 1
    assert worker_count(3, 100, 1.0) == 3
    assert worker_count(3, 2, 1e9) == 2


@pytest.mark.parametrize("way", list(Way))
def test_blocks_cover_every_replication_once_and_are_smaller_for_larger_systems(way: Way) -> None:
    sizes = [block_size(bft.Scenario(n=n), way) for n in (4, 13, 100, 500)]
    assert sizes == sorted(sizes, reverse=True)
    for size in sizes:
        pieces = list(Coverage().missing(301, size))
        assert [number for piece in pieces for number in piece] == list(range(301))
        assert max(map(len, pieces)) <= size
    assert block_size(bft.Scenario(n=500), Way.SIMPY) == 1


def test_csv_json_and_html_hold_the_rows() -> None:
    result = sweep(over={"faults.behaviour": ["slow", "crash"]}, replications=5, seed=1, workers=1)
    slow, crash = csv.DictReader(StringIO(result.to_csv()))
    assert list(slow)[:4] == ["faults.behaviour", "replications", "failed", "breaches"]
    names = list(slow)
    for name in ("agree", "correct", "wrong", "partial", "stalled", "split"):
        place = names.index(f"p_{name}")
        assert names[place : place + 4] == [f"p_{name}", f"p_{name}_low", f"p_{name}_high", f"exact_{name}"]
    assert crash["faults.behaviour"] == "crash"
    assert float(crash["p_agree_low"]) == result.rows[1]["p_agree_low"]
    assert json.loads(json.dumps(result.to_json(), allow_nan=False)) == [dict(row) for row in result.rows]
    html = result._repr_html_()
    assert html.count("<tr>") == 3
    assert "<th>faults.behaviour</th>" in html
    assert "Sweep over faults.behaviour (2): 5 replications each, seed 1" in repr(result)


def test_csv_is_written_where_asked(tmp_path: Path) -> None:
    result = sweep(replications=2, workers=1)
    assert result.to_csv(tmp_path / "rows.csv") == (tmp_path / "rows.csv").read_text()


def test_a_column_without_any_law_is_not_there() -> None:
    scenario = bft.Scenario(faults=bft.Faults(nodes=(1,), behaviour="slow"))
    (row,) = sweep(scenario, replications=2, workers=1).rows
    assert not any(name.startswith("exact_") for name in row)


def test_bft_offers_sweep_at_the_top() -> None:
    result = bft.sweep(bft.Scenario(n=4), over={"faults.delta": "0:1:2"}, replications=3)
    assert isinstance(result, bft.Sweep)
    assert [row["p_agree"] for row in result.rows] == [1.0, 0.0]
