"""Sweeps: a scenario over the values of some of its fields, many replications of each, estimates with intervals.

Everything is checked before anything runs. The same seed gives the same rows for every number of workers. What is done
with the result, tables, files and figures, is left to others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tqdm import tqdm

from bft.errors import ScenarioError, SweepError, bad_value
from bft.experiments.axes import Axes, label, read_axes
from bft.experiments.blocks import Block, Tally, cut, gather
from bft.experiments.cells import Cell, make_cells
from bft.experiments.intervals import LEVEL, check_level
from bft.experiments.results import CellResult, Sweep
from bft.experiments.workers import Interruption, WorkerDiedError, run_blocks, worker_count
from bft.scenario import Scenario

if TYPE_CHECKING:
    from bft.theory.outcome_law import OutcomeLaw

REPLICATIONS = 400


class SweepInterrupted(KeyboardInterrupt):
    """Ctrl-C during a sweep.

    Attributes
    ----------
    sweep : Sweep
        What was finished: whole cells, and the first replications of those that had begun.
    """

    def __init__(self, sweep: Sweep) -> None:
        super().__init__(f"{sweep.finished} of {sweep.planned} cells finished")
        self.sweep = sweep


class SweepStoppedError(SweepError):
    """A sweep could not go on.

    Attributes
    ----------
    sweep : Sweep
        What was finished.
    """

    def __init__(self, message: str, sweep: Sweep) -> None:
        super().__init__(message)
        self.sweep = sweep


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A sweep that has been checked from end to end and can be run.

    Attributes
    ----------
    scenario, replications, seed, level, common_random_numbers, progress
        As for `sweep`.
    axes : mapping of str to tuple
        Values of each axis.
    cells : tuple of Cell
        All cells.
    laws : tuple of (OutcomeLaw or None)
        The exact law of each cell.
    blocks : tuple of Block
        The work.
    processes : int
        Who shares it.
    """

    scenario: Scenario
    axes: Axes
    replications: int
    seed: int
    level: float
    common_random_numbers: bool
    progress: bool
    cells: tuple[Cell, ...]
    laws: tuple[OutcomeLaw | None, ...]
    blocks: tuple[Block, ...]
    processes: int

    def run(self) -> Sweep:
        """Run it.

        Raises
        ------
        SweepInterrupted
            On Ctrl-C, with what was finished.
        SweepStoppedError
            If a worker process dies, with what was finished.
        """
        tallies: list[Tally | None] = [None] * len(self.blocks)
        interruption = Interruption(self.processes)
        with interruption.heard():
            try:
                self._fill(tallies, interruption)
            except KeyboardInterrupt:
                raise SweepInterrupted(self._result(tallies)) from None
            except WorkerDiedError as error:
                raise SweepStoppedError(str(error), self._result(tallies)) from None
            return self._result(tallies)

    def _fill(self, tallies: list[Tally | None], interruption: Interruption) -> None:
        total = self.replications * len(self.cells)
        with tqdm(total=total, unit="run", leave=False, disable=None if self.progress else True) as bar:
            for number, tally in run_blocks(self.blocks, self.processes, interruption):
                tallies[number] = tally
                bar.update(self.blocks[number].replications)

    def _result(self, tallies: Sequence[Tally | None]) -> Sweep:
        return Sweep(
            scenario=self.scenario,
            over={path: tuple(label(value) for value in values) for path, values in self.axes.items()},
            replications=self.replications,
            seed=self.seed,
            level=self.level,
            common_random_numbers=self.common_random_numbers,
            results=_results(self.cells, self.laws, self.blocks, tallies),
            planned=len(self.cells),
        )


def plan(
    scenario: Scenario | None = None,
    over: Mapping[str, object] | None = None,
    *,
    replications: int = REPLICATIONS,
    seed: int = 0,
    workers: int | None = None,
    level: float = LEVEL,
    common_random_numbers: bool = False,
    progress: bool = True,
) -> Plan:
    """Check a sweep and return what `run` runs; parameters and errors as for `sweep`."""
    if replications < 1:
        raise SweepError(bad_value("replications", replications, "must be at least 1"))
    if seed < 0:
        raise ScenarioError(bad_value("seed", seed, "must be a whole number, 0 or more"))
    check_level(level)
    base = Scenario() if scenario is None else scenario
    axes = read_axes(over or {})
    cells = make_cells(base, axes, seed, common_random_numbers=common_random_numbers)
    blocks = tuple(
        block for number, cell in enumerate(cells) for block in cut(number, cell.scenario, cell.seed, replications)
    )
    return Plan(
        scenario=base,
        axes=axes,
        replications=replications,
        seed=seed,
        level=level,
        common_random_numbers=common_random_numbers,
        progress=progress,
        cells=cells,
        blocks=blocks,
        processes=worker_count(workers, blocks),
        laws=exact_laws(cells),
    )


def sweep(
    scenario: Scenario | None = None,
    over: Mapping[str, object] | None = None,
    *,
    replications: int = REPLICATIONS,
    seed: int = 0,
    workers: int | None = None,
    level: float = LEVEL,
    common_random_numbers: bool = False,
    progress: bool = True,
) -> Sweep:
    """Run a scenario over the values of some of its fields.

    Parameters
    ----------
    scenario : Scenario, optional
        What all cells have in common; by default the default scenario.
    over : mapping of str to (str or sequence), optional
        Dotted path of a field to its values: a sequence, a list written with commas, or "start:stop:count" with both
        ends included. All combinations are run, the first axis outermost. Without any, the scenario is the only cell.
    replications : int
        Runs of each cell, 1 or more.
    seed : int
        Master seed, 0 or more. Each cell's own seed follows from it and from the cell's scenario.
    workers : int, optional
        Processes; by default one per processor, and none beside this one for little work. The rows do not depend on it.
    level : float
        Confidence level of the (Clopper–Pearson) intervals.
    common_random_numbers : bool
        Whether all cells use the master seed itself. Replication r of every cell then meets the same luck wherever
        cells draw the same things (along δ the faulty sets only grow), so that differences between cells are sharper,
        but cells are no longer independent.
    progress : bool
        Whether a bar is shown on stderr, if that is a terminal.

    Returns
    -------
    Sweep
        One row for each cell.

    Raises
    ------
    ScenarioError, TableError, SweepError
        If anything asked for cannot be run; nothing has run then.
    SweepInterrupted
        On Ctrl-C, with what was finished.
    SweepStoppedError
        If a worker process dies, with what was finished.
    """
    return plan(
        scenario,
        over,
        replications=replications,
        seed=seed,
        workers=workers,
        level=level,
        common_random_numbers=common_random_numbers,
        progress=progress,
    ).run()


def exact_laws(cells: Sequence[Cell]) -> tuple[OutcomeLaw | None, ...]:
    """Return the law of each cell's scenario, where one exists."""
    from bft.experiments.laws import law_of  # the statistics library behind it takes long to load; workers need it not

    return tuple(law_of(cell.scenario) for cell in cells)


def _results(
    cells: Sequence[Cell],
    laws: Sequence[OutcomeLaw | None],
    blocks: Sequence[Block],
    tallies: Sequence[Tally | None],
) -> tuple[CellResult, ...]:
    """Return the cells with the replications up to the first block that is missing.

    Blocks that ended behind a gap are left out: which ones they are depends on how long runs took.
    """
    done: list[list[Tally]] = [[] for _ in cells]
    gap = [False] * len(cells)
    for block, tally in zip(blocks, tallies, strict=True):
        if tally is None:
            gap[block.cell] = True
        elif not gap[block.cell]:
            done[block.cell].append(tally)
    return tuple(
        CellResult(cell=cell, tally=gather(mine), law=law)
        for cell, law, mine in zip(cells, laws, done, strict=True)
        if mine
    )
