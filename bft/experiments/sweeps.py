"""Sweeps: a scenario over the values of some of its fields, many replications of each, estimates with intervals.

Everything is checked before anything runs. The same seed gives the same rows whoever runs them, with whichever engine,
at once or with interruptions. What is done with the result, tables, files and figures, is left to others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from tqdm import tqdm

from bft.arguments import check_instance, check_whole
from bft.errors import ScenarioError, SweepError, bad_value
from bft.experiments.axes import Axes, label, read_axes
from bft.experiments.block_store import BlockStore, check_store
from bft.experiments.blocks import Tally, block_size, effort
from bft.experiments.cells import Cell, make_cells
from bft.experiments.engines import Engine, Way, way_of
from bft.experiments.execution import Execution
from bft.experiments.executors import check_executor, executor_of, worker_count
from bft.experiments.interruption import Interruption
from bft.experiments.intervals import LEVEL, check_level
from bft.experiments.results import CellResult, Sweep
from bft.experiments.sequential import Budget, Looks, Precision
from bft.experiments.witness import period_of
from bft.limits import MOST_REPLICATIONS
from bft.randomness import read_seed
from bft.scenario import Scenario
from bft.simulation.replays import UNSETTLED

if TYPE_CHECKING:
    from bft.theory.outcome_law import OutcomeLaw

REPLICATIONS = 400

P = ParamSpec("P")
R = TypeVar("R")


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
    scenario, seed, level, common_random_numbers, progress, engine, store, records, scheduler, cluster, witness
        As for `sweep`.
    replications : int
        Of each cell, where no precision is asked for.
    precision, budget
        When to stop instead.
    axes : mapping of str to tuple
        Values of each axis.
    cells : tuple of Cell
        All cells.
    ways : tuple of Way
        How each cell is run.
    laws : tuple of (OutcomeLaw or None)
        The exact law of each cell.
    processes : int
        Who shares the work on this machine.
    """

    scenario: Scenario
    axes: Axes
    replications: int
    seed: int
    level: float
    common_random_numbers: bool
    progress: bool
    engine: Engine
    precision: Precision | None
    budget: Budget
    store: Path | None
    records: bool
    scheduler: str | None
    cluster: int | None
    witness: float | None
    cells: tuple[Cell, ...]
    ways: tuple[Way, ...]
    laws: tuple[OutcomeLaw | None, ...]
    processes: int

    def run(self) -> Sweep:
        """Run it.

        Raises
        ------
        SweepInterrupted
            On Ctrl-C, with what was finished.
        SweepStoppedError
            If workers cannot be had, or the store cannot be written to any more, with what was finished.
        """
        interruption = Interruption(elsewhere=self.processes > 1 or bool(self.scheduler or self.cluster))
        with (
            interruption.heard(),
            nullcontext() if self.store is None else BlockStore(self.store) as store,
            tqdm(total=self._total, unit="run", leave=False, disable=None if self.progress else True) as bar,
            closing(executor_of(self.processes, self.scheduler, self.cluster, interruption)) as executor,
        ):
            execution = Execution(
                self.cells, self.ways, executor, store, bar, records=self.records, period=period_of(self.witness)
            )
            looks = None
            if self.precision is not None:
                looks = Looks(execution, len(self.cells), self.precision, self.budget, self.level)
            try:
                if looks is None:
                    execution.reach(dict.fromkeys(range(len(self.cells)), self.replications))
                else:
                    looks.run()
            except KeyboardInterrupt:
                raise SweepInterrupted(self._result(execution, looks)) from None
            except SweepError as error:
                raise SweepStoppedError(str(error), self._result(execution, looks)) from None
            return self._result(execution, looks)

    @property
    def _total(self) -> int | None:
        return None if self.precision is not None else self.replications * len(self.cells)

    def _result(self, execution: Execution, looks: Looks | None) -> Sweep:
        return Sweep(
            scenario=self.scenario,
            over={path: tuple(label(value) for value in values) for path, values in self.axes.items()},
            replications=self.replications if looks is None else None,
            seed=self.seed,
            level=self.level,
            common_random_numbers=self.common_random_numbers,
            results=_results(self.cells, self.laws, execution, looks, self.replications),
            planned=len(self.cells),
            engine=self.engine,
            precision=self.precision,
            budget=None if looks is None else self.budget,
            witness=self.witness,
        )


def plan(
    scenario: Scenario | None = None,
    over: Mapping[str, object] | None = None,
    *,
    replications: int | None = None,
    seed: int | str = 0,
    workers: int | None = None,
    level: float = LEVEL,
    common_random_numbers: bool = False,
    progress: bool = True,
    engine: Engine = "auto",
    precision: float | Precision | None = None,
    relative_precision: float | None = None,
    budget: int | None = None,
    budget_s: float | None = None,
    store: str | Path | None = None,
    records: bool = False,
    scheduler: str | None = None,
    cluster: int | None = None,
    witness: float | None = None,
) -> Plan:
    """Check a sweep and return what `run` runs; parameters and errors as for `sweep`."""
    base = Scenario() if scenario is None else scenario
    check_instance("scenario", base, Scenario, "must be a bft.Scenario", ScenarioError)
    if replications is not None:
        check_whole("replications", replications, SweepError, least=1, most=MOST_REPLICATIONS)
    seed = read_seed(seed)
    check_level(level)
    check_executor(workers, scheduler, cluster)
    period_of(witness)
    costs = Budget(replications=budget, seconds=budget_s)
    wanted = _precision(precision, relative_precision, replications, budget)
    if wanted is None and costs != Budget():
        field, value = ("budget", budget) if budget is not None else ("budget_s", budget_s)
        raise SweepError(bad_value(field, value, "needs a precision: without one, say how many replications"))
    if records and store is None:
        raise SweepError(bad_value("records", records, "needs a store, where they are kept"))
    axes = read_axes({} if over is None else over)
    cells = make_cells(base, axes, seed, common_random_numbers=common_random_numbers)
    ways = tuple(way_of(cell.scenario, engine, records=records) for cell in cells)
    number = REPLICATIONS if replications is None else replications
    at_most = number if wanted is None else wanted.looks(level)[-1]
    check_store(store, [(cell.scenario, cell.seed) for cell in cells])
    return Plan(
        scenario=base,
        axes=axes,
        replications=number,
        seed=seed,
        level=level,
        common_random_numbers=common_random_numbers,
        progress=progress,
        engine=engine,
        precision=wanted,
        budget=costs,
        store=None if store is None else Path(store),
        records=records,
        scheduler=scheduler,
        cluster=cluster,
        witness=witness,
        cells=cells,
        ways=ways,
        laws=exact_laws(cells),
        processes=1 if scheduler or cluster else _processes(workers, cells, ways, at_most, witness or 0.0),
    )


def _with_parameters_of(other: Callable[P, Any]) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """Give a function the parameters of another, also for type checkers and for help."""
    parameters = signature(other)

    def dressed(function: Callable[..., R]) -> Callable[P, R]:
        @wraps(function)
        def called(*given: P.args, **options: P.kwargs) -> R:
            parameters.bind(*given, **options)
            return function(*given, **options)

        told: Any = called
        told.__signature__ = parameters.replace(return_annotation=function.__annotations__["return"])
        return called

    return dressed


@_with_parameters_of(plan)
def sweep(*given: Any, **options: Any) -> Sweep:
    """Run a scenario over the values of some of its fields.

    Parameters
    ----------
    scenario : Scenario, optional
        What all cells have in common; by default the default scenario.
    over : mapping of str to (str or sequence), optional
        Dotted path of a field to its values: a sequence, a list written with commas, or "start:stop:count" with both
        ends included. All combinations are run, the first axis outermost. Without any, the scenario is the only cell.
    replications : int, optional
        Runs of each cell, 1 or more; by default 400.
    seed : int or str
        Master seed, 0 or more, or its text in a table. Each cell's own seed follows from it and from the cell's
        scenario.
    workers : int, optional
        Processes; by default one per processor, and none beside this one for little work. The rows do not depend on it.
    level : float
        Confidence level of the (Clopper–Pearson) intervals.
    common_random_numbers : bool
        Whether all cells use the master seed itself. Replication r of every cell then has the same random numbers
        wherever cells draw the same things (along δ the faulty sets only grow), so that differences between cells are
        sharper, but cells are no longer independent.
    progress : bool
        Whether a bar is shown on stderr, if that is a terminal.
    engine : {"auto", "simpy", "vectorised"}
        Who runs the replications: event by event with every message (and the invariants watched), or many at once
        where the scenario allows it; "auto" takes the faster. The rows are the same.
    precision : float or Precision, optional
        Instead of `replications`: go on until the interval of P(agreement) is at most this far from its middle to its
        ends; or any `Precision`. Intervals stay right although the data decide when to stop.
    relative_precision : float, optional
        The same relative to the probability, on the scale of logarithms.
    budget : int, optional
        With a precision: at most so many replications in all.
    budget_s : float, optional
        With a precision: begin nothing after so many seconds.
    store : str or Path, optional
        File of finished blocks. What is in it is not run again, so that the same call goes on where an earlier one was
        broken off, with the same rows in the end.
    records : bool
        Whether the store also keeps every single replication.
    scheduler : str, optional
        Address of a `dask.distributed` scheduler whose workers run the blocks (extra `cluster`).
    witness : float, optional
        Share of the replications of each cell that the vectorised engine ran which are run again event by event. One
        that ends otherwise is a failure, with its seed, and is not counted.
    cluster : int, optional
        Workers of a `dask.distributed` cluster to be started on this machine.

    Returns
    -------
    Sweep
        One row for each cell.

    Raises
    ------
    ScenarioError, TableError, SweepError, UnsupportedError
        If anything asked for cannot be run; nothing has run then.
    SweepInterrupted
        On Ctrl-C, with what was finished.
    SweepStoppedError
        If it could not go on, with what was finished.
    """
    return plan(*given, **options).run()


def exact_laws(cells: Sequence[Cell]) -> tuple[OutcomeLaw | None, ...]:
    """Return the law of each cell's scenario, where one exists."""
    from bft.experiments.laws import law_of  # the statistics library behind it takes long to load; workers need it not

    return tuple(law_of(cell.scenario) for cell in cells)


def _precision(
    precision: float | Precision | None, relative: float | None, replications: int | None, budget: int | None
) -> Precision | None:
    """Return when to stop, or None where the number of replications is fixed."""
    if precision is None and relative is None:
        return None
    if replications is not None:
        raise SweepError(bad_value("replications", replications, "must not be given together with a precision"))
    if isinstance(precision, Precision):
        if relative is not None:
            raise SweepError(bad_value("relative_precision", relative, "must not be given together with a precision"))
        return precision
    return Precision.within(absolute=precision, relative=relative, budget=budget)


def _processes(workers: int | None, cells: Sequence[Cell], ways: Sequence[Way], replications: int, again: float) -> int:
    """Return how many processes share the work on this machine; a share of it is run again event by event."""
    pairs = list(zip(cells, ways, strict=True))
    more = sum(again * effort(cell.scenario, Way.SIMPY) for cell, way in pairs if way is not Way.SIMPY)
    blocks = sum(-(-replications // block_size(cell.scenario, way)) for cell, way in pairs)
    return worker_count(workers, blocks, replications * (more + sum(effort(cell.scenario, way) for cell, way in pairs)))


def _refuse_unsettled(tally: Tally) -> None:
    """Refuse shares over those replications only that a record could settle: they are no fair sample."""
    for failure in tally.failures:
        if UNSETTLED in failure.error:
            raise SweepError(failure.error.partition(": ")[2])


def _results(
    cells: Sequence[Cell],
    laws: Sequence[OutcomeLaw | None],
    execution: Execution,
    looks: Looks | None,
    replications: int,
) -> tuple[CellResult, ...]:
    """Return the cells of which anything is known."""
    found = []
    for number, (cell, law, coverage) in enumerate(zip(cells, laws, execution.coverages, strict=True)):
        known, tally = coverage.tally(replications if looks is None else looks.known[number])
        if known:
            _refuse_unsettled(tally)
            done = known == replications if looks is None else looks.narrow[number]
            times = 1 if looks is None else len(looks.places)
            found.append(CellResult(cell=cell, tally=tally, law=law, done=done, looks=times))
    return tuple(found)
