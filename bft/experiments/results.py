"""What a sweep found: counts, estimates with intervals, the exact law beside them, cell by cell.

Running is left to `bft.experiments.sweeps`, files to `bft.experiments.store`, figures to `bft.plotting`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bft.errors import SweepError
from bft.experiments.axes import Label
from bft.experiments.blocks import Failure, Tally
from bft.experiments.cells import Cell
from bft.experiments.export import write_table
from bft.experiments.intervals import LEVEL, Estimate, estimate, look_level
from bft.experiments.shares import SHARES
from bft.experiments.store import manifest
from bft.experiments.tables import columns, csv_text, html_table, text_table
from bft.randomness import seed_text
from bft.scenario import Scenario

if TYPE_CHECKING:
    from bft.experiments.sequential import Budget, Precision
    from bft.theory.outcome_law import OutcomeLaw

DELTA = "faults.delta"


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
    done : bool
        Whether it has all the replications, or the precision, that was asked for.
    looks : int
        How often its intervals might have been looked at on the way: each holds at a level so high that all hold at
        the one asked for.
    """

    cell: Cell
    tally: Tally
    law: OutcomeLaw | None
    done: bool
    looks: int = 1

    @property
    def parameters(self) -> Mapping[str, Label]:
        """What the axes are set to."""
        return self.cell.parameters

    @property
    def runs(self) -> int:
        """Replications behind the estimates."""
        return self.tally.runs

    @property
    def witnessed(self) -> int:
        """How many of them the vectorised engine ran, and the event engine again with the same end."""
        return self.tally.witnessed

    def share(self, names: Sequence[str], level: float = LEVEL) -> Estimate:
        """Estimate the probability that one of several (disjoint) outcomes happens, by their names in `SHARES`."""
        count = sum(self.tally.counts.get(outcome, 0) for name in names for outcome in SHARES[name])
        return estimate(count, self.runs, look_level(level, self.looks))

    def exact(self, names: Sequence[str]) -> float | None:
        """Return the same probability by the exact law, or None."""
        return exact_share(self.law, names)

    def row(self, level: float = LEVEL) -> dict[str, Any]:
        """Return the cell as a row: parameters, numbers of replications, estimates, exact values."""
        row: dict[str, Any] = dict(self.parameters)
        row["replications"] = self.runs
        row["failed"] = len(self.tally.failures)
        row["breaches"] = self.tally.breaches
        row["seed"] = seed_text(self.cell.seed)
        if self.tally.witnessed:
            row["witnessed"] = self.tally.witnessed
        if self.looks > 1:
            row["narrow_enough"] = self.done
        for name in SHARES:
            here = self.share([name], level)
            row[f"p_{name}"] = here.value if self.runs else None
            row[f"p_{name}_low"], row[f"p_{name}_high"] = here.low, here.high
            exact = self.exact([name])
            if exact is not None:
                row[f"exact_{name}"] = exact
        return row


@dataclass(frozen=True, kw_only=True, repr=False)
class Sweep:
    """The result of a sweep.

    Attributes
    ----------
    scenario : Scenario
        What all cells have in common.
    over : mapping of str to tuple
        The axes: path of the field and its values, as they stand in tables.
    replications : int or None
        Of each cell; None where a precision was asked for.
    seed, level, common_random_numbers, engine, precision, budget, witness
        As asked for.
    results : tuple of CellResult
        The cells that ran, in order.
    planned : int
        How many cells there were to be; more than `results` has if the sweep was interrupted.
    """

    scenario: Scenario
    over: Mapping[str, tuple[Label, ...]]
    replications: int | None
    seed: int
    level: float
    common_random_numbers: bool
    results: tuple[CellResult, ...]
    planned: int
    engine: str = "auto"
    precision: Precision | None = None
    budget: Budget | None = None
    witness: float | None = None

    @property
    def witnessed(self) -> int:
        """Replications of the vectorised engine that were run again event by event, and ended alike."""
        return sum(each.tally.witnessed for each in self.results)

    @property
    def complete(self) -> bool:
        """Whether all cells have what was asked for."""
        return self.finished == self.planned

    @property
    def finished(self) -> int:
        """How many cells have all their replications, or intervals that are narrow enough."""
        return sum(each.done for each in self.results)

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
        """One row for each cell, in order: what `estimates.csv`, `to_json` and `to_dataframe` hold.

        ================================  ============================================================================
        column                            meaning
        ================================  ============================================================================
        the path of each swept field      its value: a number, text or truth value; a table or list as JSON text. Times
                                          end in their unit, as in `pbft.view_timeout_s`
        replications                      runs behind the estimates
        failed, breaches                  replications that ended with an error, or broke an invariant that the protocol
                                          guarantees
        seed                              of the cell, as text that no spreadsheet rounds;
                                          `bft.simulate(sweep.results[i].cell.scenario, seed=row["seed"])` repeats the
                                          first of its replications
        witnessed                         replications of the vectorised engine that were run again event by event and
                                          ended alike; only where some were
        narrow_enough                     whether the precision that was asked for is reached; only where one was
        p_X, p_X_low, p_X_high            estimated probability of X and its interval, for X in agree, correct, wrong,
                                          partial, stalled, split
        exact_X                           the same by the exact law, where one exists
        ================================  ============================================================================
        """
        return tuple(each.row(self.level) for each in self.results)

    def curve(self, place: int, path: str, values: Sequence[float]) -> dict[str, NDArray[np.float64]] | None:
        """Return the exact law of a cell along other values of one of its parameters, for lines in figures.

        Parameters
        ----------
        place : int
            Number of the cell among `results`.
        path : str
            Parameter.
        values : sequence of float, shape (v,)
            Its values.

        Returns
        -------
        dict of str to ndarray of shape (v,), or None
            Probability of each outcome, as far as the law says; None where there is no law.
        """
        from bft.experiments.laws import law_of  # the statistics library behind it takes long to load

        scenario = self.results[place].cell.scenario
        if path == DELTA:
            laws = [law_of(scenario, values)]
        else:
            laws = [law_of(scenario.replace(path, float(value))) for value in values]
        known = [law for law in laws if law is not None]
        if len(known) < len(laws):
            return None
        said = [name for name in SHARES if all(getattr(law, name) is not None for law in known)]
        return {name: np.hstack([getattr(law, name) for law in known]) for name in said}

    def to_json(self) -> list[dict[str, Any]]:
        """Return the rows as JSON values."""
        return [dict(row) for row in self.rows]

    def to_csv(self, path: str | Path | None = None) -> str:
        """Return the rows as CSV text, and write them to a file if one is named."""
        text = csv_text(self.rows)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8", newline="")
        return text

    def to_parquet(self, path: str | Path) -> None:
        """Write the rows to a Parquet file; needs the extra `tables`."""
        write_table(Path(path), columns(self.rows), [list(row.values()) for row in self._filled()])

    def to_dataframe(self) -> Any:
        """Return the rows as a pandas DataFrame, a row for each cell; what a row does not have is missing.

        `attrs` of the frame holds the scenario, the seed and the versions that made it, as `manifest.json` does.

        Raises
        ------
        SweepError
            If pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            allowed = "needs pandas, which is not installed: pip install pandas (`rows` and `to_csv` need nothing)"
            raise SweepError(f"to_dataframe: {allowed}") from None
        frame = pandas.DataFrame(self._filled(), columns=columns(self.rows))
        frame.attrs = manifest([self])
        return frame

    def _filled(self) -> list[dict[str, Any]]:
        return [{name: row.get(name) for name in columns(self.rows)} for row in self.rows]

    def to_text(self) -> str:
        """Return an aligned table for reading."""
        return text_table(self.rows, list(self.over))

    def __repr__(self) -> str:
        axes = " × ".join(f"{path} ({len(values)})" for path, values in self.over.items()) or "one cell"
        done = "" if self.complete else f", {self.finished} of {self.planned} cells finished"
        number = "until narrow enough" if self.replications is None else f"{self.replications} replications each"
        return f"<Sweep over {axes}: {number}, seed {self.seed}{done}>"

    def _repr_html_(self) -> str:
        return html_table(self.rows, list(self.over))


def exact_share(law: OutcomeLaw | None, names: Sequence[str]) -> float | None:
    """Return the probability of one of several (disjoint) outcomes by a law; None where the law does not say."""
    parts: list[Any] = [None if law is None else getattr(law, name) for name in names]
    if any(part is None for part in parts):
        return None
    return min(1.0, max(0.0, float(sum(parts))))  # the last digit of a sum of probabilities may exceed 1
