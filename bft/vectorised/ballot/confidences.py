"""How sure the validators of many replications say they are: what `bft.validators.confidence` gives one by one.

What is said is a quantile of a beta law, which takes a microsecond to find, and votes weigh it in whole millionths. So
a table of cubics gives it nearly, and the law itself is asked where that might round to another millionth. Each cubic
goes through four values of its cell and is compared with the law between them; `SAFETY` times the largest difference
found must stay below `TOLERANCE`, and what lies within ten times `TOLERANCE` of a border between two millionths is
taken from the law. Near the ends of the law, where cubics do not fit, cells are cut into narrower ones, and where these
do not fit either the law is asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, logit

from bft.randomness import Floats
from bft.validators.confidence import ConfidenceLaw
from bft.vectorised.delay_bounds import LARGEST_UNIFORM
from bft.vectorised.streams import Flags, Ints

CELLS = 1 << 13
PARTS = 1 << 4  # of a cell where its cubic does not fit
THROUGH: Floats = np.array([0.0, 1.0, 2.0, 3.0]) / 3.0  # places in a cell, from 0 to 1
BETWEEN: Floats = np.array([1.0, 3.0, 5.0]) / 6.0
SAFETY = 16.0
TOLERANCE = 1e-10
WORTH_A_TABLE = 8 * CELLS  # draws of one law; with fewer, tables cost more than they save


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Coefficients of cubics, the constant first; nan where one does not fit."""

    wide: Floats
    """Of the cells of each law, those of wrong answers before those of right ones; shape (4, 2 · laws · CELLS)."""
    narrow: Floats
    """Of their parts where they do not fit, after the nan of all others; shape (4, (cells that do not + 1) · PARTS)."""
    first: Ints
    """Where the parts of each cell begin; shape (2 · laws · CELLS,)."""


class Confidences:
    """What the validators of one law say."""

    def __init__(self, law: ConfidenceLaw) -> None:
        self._law = law
        self._accuracy, self._spread = np.array(law.accuracy), np.array(law.spread)
        self._certain = (self._accuracy == 0.0) | (self._accuracy == 1.0)
        self._asked = 0
        self.table: Table | None = None
        alike: dict[tuple[float, float], int] = {}
        pairs = zip(law.accuracy, law.spread, strict=True)
        self._kind = np.array([alike.setdefault(pair, len(alike)) for pair in pairs])
        self._kinds = np.array(list(alike))

    def levels(self, right: Flags, uniforms: Floats, node: Ints | None = None) -> Floats:
        """Return what nodes say of right or wrong answers.

        Parameters
        ----------
        right : ndarray of bool, shape (replications, n)
            Whether each node's answer is.
        uniforms : ndarray, shape (replications, n)
            One for each.
        node : ndarray of int, optional
            Whose they are, of the same shape; by default the columns'.
        """
        every = np.arange(len(self._accuracy)) if node is None else node
        accuracy, spread, certain = self._accuracy[every], self._spread[every], self._certain[every]
        inner = np.where(certain, 0.5, accuracy)
        said = np.asarray(
            betaincinv(spread * inner + right, spread * (1.0 - inner) + ~right, uniforms), dtype=np.float64
        )
        between = (said > 0.0) & (said < 1.0)
        said[between] = expit(self._law.stretch * logit(said[between]) + self._law.bias)
        return np.where(certain, accuracy, said)

    def weights(self, right: Flags, uniforms: Floats, unit: int) -> NDArray[np.int64]:
        """Return the same in whole parts of 1/unit, shape (replications, n)."""
        self._asked += uniforms.size
        if self.table is None:
            if self._asked < WORTH_A_TABLE * 2 * len(self._kinds):
                return np.asarray(np.rint(unit * self.levels(right, uniforms)), dtype=np.int64)
            self.table = self._fitted()
        cell, place = _cells(uniforms, CELLS)
        cell += (2 * self._kind + right) * CELLS
        found, sure = _rounded(self.table.wide, cell, place, unit)
        row, node = np.nonzero(~sure)
        part, place = _cells(place[row, node], PARTS)
        found[row, node], sure = _rounded(self.table.narrow, self.table.first[cell[row, node]] + part, place, unit)
        row, node = row[~sure], node[~sure]
        found[row, node] = np.rint(unit * self.levels(right[row, node], uniforms[row, node], node))
        return np.asarray(found, dtype=np.int64)

    def _fitted(self) -> Table:
        """Return the cubics of all laws."""
        wide, narrow, first = [], [np.full((4, PARTS), np.nan)], []
        for kind in range(len(self._kinds)):
            for right in (False, True):
                wide.append(self._through(kind, right, np.arange(CELLS), CELLS))
                ends = np.flatnonzero(np.isnan(wide[-1][0]))
                begun = sum(each.shape[1] for each in narrow)
                first.append(np.zeros(CELLS, dtype=np.intp))
                first[-1][ends] = begun + PARTS * np.arange(len(ends))
                parts = (PARTS * ends[:, None] + np.arange(PARTS)).reshape(-1)
                narrow.append(self._through(kind, right, parts, PARTS * CELLS))
        return Table(
            wide=np.concatenate(wide, axis=1), narrow=np.concatenate(narrow, axis=1), first=np.concatenate(first)
        )

    def _through(self, kind: int, right: bool, cells: Ints, count: int) -> Floats:
        """Return the coefficients of the cubics of some of so many equal cells, shape (4, cells)."""
        powers = np.arange(4)
        cubics = np.linalg.solve(
            THROUGH[:, None] ** powers, self._in_cells(kind, right, (cells + THROUGH[:, None]) / count)
        )
        off = BETWEEN[:, None] ** powers @ cubics - self._in_cells(kind, right, (cells + BETWEEN[:, None]) / count)
        return np.where(SAFETY * np.abs(off).max(axis=0) < TOLERANCE, cubics, np.nan)

    def _in_cells(self, kind: int, right: bool, uniforms: Floats) -> Floats:
        """Return what the law says at uniforms that may be 1."""
        node = int(np.flatnonzero(self._kind == kind)[0])
        uniforms = np.minimum(uniforms, LARGEST_UNIFORM)
        return self.levels(np.full(uniforms.shape, right), uniforms, np.full(uniforms.shape, node))


def _cells(places: Floats, count: int) -> tuple[Ints, Floats]:
    """Return in which of so many equal parts of [0, 1) places lie, and where in it."""
    places = places * count
    cell = places.astype(np.intp)
    places -= cell
    return cell, places


def _rounded(cubics: Floats, cell: Ints, place: Floats, unit: int) -> tuple[Floats, Flags]:
    """Return what cubics give in whole parts of 1/unit, and where that is sure to be what the law gives."""
    one, two, three, four = cubics
    said = four.take(cell)
    for each in (three, two, one):
        said *= place
        said += each.take(cell)
    said *= unit
    found = np.rint(said)
    said -= found
    return found, np.abs(said, out=said) <= 0.5 - 10.0 * unit * TOLERANCE  # never of nan
