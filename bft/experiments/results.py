"""What a sweep found: counts, estimates with intervals, the exact law beside them, cell by cell.

Running is left to `bft.experiments.sweep`, files to `bft.experiments.store`, figures to `bft.plotting`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bft.checking.outcome import Outcome
from bft.experiments.axes import Label
from bft.experiments.blocks import Failure, Tally
from bft.experiments.cells import Cell
from bft.experiments.intervals import LEVEL, Estimate, estimate
from bft.experiments.tables import csv_text, html_table, text_table
from bft.scenario import Scenario

if TYPE_CHECKING:
    from bft.theory.outcome_law import OutcomeLaw

SHARES: Mapping[str, tuple[Outcome, ...]] = {
    "agree": (Outcome.AGREED_CORRECT, Outcome.AGREED_WRONG, Outcome.AGREED),
    "correct": (Outcome.AGREED_CORRECT,),
    "wrong": (Outcome.AGREED_WRONG,),
    "partial": (Outcome.PARTIAL,),
    "stalled": (Outcome.STALLED,),
    "split": (Outcome.SPLIT,),
}
"""What is estimated: agreed in any way (without ground truth neither correct nor wrong), and each outcome by itself."""


@dataclass(frozen=True, kw_only=True)
class CellResult:
    """One cell and how its replications ended.

    Attributes
    ----------
    cell : Cell
        Parameters, scenario, seed.
    tally : Tally
        Counts of outcomes, breaches, failures.
    law : OutcomeLaw or None
        The exact law of the cell's scenario, where one exists.
    """

    cell: Cell
    tally: Tally
    law: OutcomeLaw | None

    @property
    def parameters(self) -> Mapping[str, Label]:
        """What the axes are set to."""
        return self.cell.parameters

    @property
    def runs(self) -> int:
        """Replications behind the estimates."""
        return self.tally.runs

    def share(self, names: Sequence[str], level: float = LEVEL) -> Estimate:
        """Estimate the probability that one of several (disjoint) outcomes happens, by their names in `SHARES`."""
        count = sum(self.tally.counts.get(outcome, 0) for name in names for outcome in SHARES[name])
        return estimate(count, self.runs, level)

    def exact(self, names: Sequence[str]) -> float | None:
        """Return the same probability by the exact law, or None."""
        return exact_share(self.law, names)

    def row(self, level: float = LEVEL) -> dict[str, Any]:
        """Return the cell as a row: parameters, numbers of replications, estimates, exact values."""
        row: dict[str, Any] = dict(self.parameters)
        row["replications"] = self.runs
        row["failed"] = len(self.tally.failures)
        row["breaches"] = self.tally.breaches
        for name in SHARES:
            here = self.share([name], level)
            row[f"p_{name}"] = here.value if self.runs else None
            row[f"p_{name}_low"], row[f"p_{name}_high"] = here.low, here.high
            exact = self.exact([name])
            if exact is not None:
                row[f"exact_{name}"] = exact
        return row


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """The result of a sweep.

    Attributes
    ----------
    scenario : Scenario
        What all cells have in common.
    over : mapping of str to tuple
        The axes: path of the field and its values, as they stand in tables.
    replications, seed, level, common_random_numbers
        As asked for.
    results : tuple of CellResult
        The cells that ran, in order.
    planned : int
        How many cells there were to be; more than `results` has if the sweep was interrupted.
    """

    scenario: Scenario
    over: Mapping[str, tuple[Label, ...]]
    replications: int
    seed: int
    level: float
    common_random_numbers: bool
    results: tuple[CellResult, ...]
    planned: int

    @property
    def complete(self) -> bool:
        """Whether all replications of all cells were run."""
        return self.planned == len(self.results) and all(self._whole(each) for each in self.results)

    @property
    def finished(self) -> int:
        """How many cells have all their replications."""
        return sum(self._whole(each) for each in self.results)

    @property
    def failures(self) -> tuple[tuple[Cell, Failure], ...]:
        """Replications that ended with an error, each with its cell."""
        return tuple((each.cell, failure) for each in self.results for failure in each.tally.failures)

    @property
    def breaches(self) -> int:
        """Replications in which an invariant broke that the protocol guarantees."""
        return sum(each.tally.breaches for each in self.results)

    @cached_property
    def rows(self) -> tuple[dict[str, Any], ...]:
        """One row for each cell: the swept parameters by name first, then counts, estimates and exact values."""
        return tuple(each.row(self.level) for each in self.results)

    def curve(self, place: int, path: str, values: ArrayLike) -> OutcomeLaw | None:
        """Return the exact law of a cell along other values of one of its parameters, for lines in figures.

        Parameters
        ----------
        place : int
            Number of the cell among `results`.
        path : str
            Parameter; only "faults.delta" has curves.
        values : array_like
            Its values.
        """
        from bft.experiments.laws import law_of  # the statistics library behind it takes long to load

        return law_of(self.results[place].cell.scenario, values) if path == "faults.delta" else None

    def to_json(self) -> list[dict[str, Any]]:
        """Return the rows as JSON values."""
        return [dict(row) for row in self.rows]

    def to_csv(self, path: str | Path | None = None) -> str:
        """Return the rows as CSV text, and write them to a file if one is named."""
        text = csv_text(self.rows)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8", newline="")
        return text

    def to_text(self) -> str:
        """Return an aligned table for reading."""
        return text_table(self.rows, list(self.over))

    def _repr_html_(self) -> str:
        return html_table(self.rows, list(self.over))

    def _whole(self, result: CellResult) -> bool:
        return result.tally.runs + len(result.tally.failures) == self.replications


def exact_share(law: OutcomeLaw | None, names: Sequence[str]) -> Any:
    """Return the probability of one of several (disjoint) outcomes by a law; None where the law does not say.

    A float, or an array where the law was asked for several δ.
    """
    parts = [None if law is None else getattr(law, name) for name in names]
    if any(part is None for part in parts):
        return None
    total: NDArray[np.float64] = np.clip(np.sum(parts, axis=0), 0.0, 1.0)
    return float(total) if total.ndim == 0 else total
