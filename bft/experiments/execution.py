"""The running of a sweep: what is known already is not run again, what is finished is written down at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tqdm import tqdm

from bft.experiments.block_store import BlockStore
from bft.experiments.blocks import Block, block_size, without_records
from bft.experiments.cells import Cell
from bft.experiments.coverage import Coverage
from bft.experiments.engines import Way
from bft.experiments.executors import Executor


class Execution:
    """One sweep under way.

    Parameters
    ----------
    cells : sequence of Cell
        All cells.
    ways : sequence of Way
        How each is run.
    executor : Executor
        Who runs them.
    store : BlockStore or None
        Where finished blocks are.
    bar : tqdm
        Shows how far it is.
    records : bool
        Whether each replication is recorded.
    period : int
        Of how many vectorised replications one is run again event by event; 0 for none.

    Attributes
    ----------
    coverages : list of Coverage
        What is known of each cell.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        ways: Sequence[Way],
        executor: Executor,
        store: BlockStore | None,
        bar: tqdm[Any],
        *,
        records: bool,
        period: int = 0,
    ) -> None:
        self._cells = cells
        self._ways = ways
        self._executor = executor
        self._store = store
        self._bar = bar
        self._records = records
        self._period = period
        self.coverages = [Coverage() for _ in cells]
        if store is not None:
            for cell, coverage in zip(cells, self.coverages, strict=True):
                for start, stop, tally in store.blocks(cell.scenario, cell.seed, records=records):
                    coverage.add(start, stop, without_records(tally))

    def reach(self, targets: Mapping[int, int], go_on: Callable[[], bool] = lambda: True) -> None:
        """Run what is missing of the first replications of some cells, in the order of `targets`.

        Parameters
        ----------
        targets : mapping of int to int
            Number of each cell, and how many of its replications are wanted.
        go_on : callable
            Asked before each block is begun; nothing is begun any more when it says no.
        """
        for block, tally in self._executor.run(self._missing(targets, go_on)):
            if self._store is not None and not tally.quarantined:
                self._store.add(block.scenario, block.seed, block.start, block.stop, tally, recorded=self._records)
            kept = tally if self._store is None else without_records(tally)
            self.coverages[block.cell].add(block.start, block.stop, kept)
            self._bar.update(block.replications)

    def _missing(self, targets: Mapping[int, int], go_on: Callable[[], bool]) -> Iterator[Block]:
        for number, target in targets.items():
            cell, way = self._cells[number], self._ways[number]
            # A list, since pieces are added meanwhile.
            for piece in list(self.coverages[number].missing(target, block_size(cell.scenario, way))):
                if not go_on():
                    return
                yield Block(
                    cell=number,
                    scenario=cell.scenario,
                    seed=cell.seed,
                    start=piece.start,
                    stop=piece.stop,
                    way=way,
                    records=self._records,
                    period=self._period,
                )
