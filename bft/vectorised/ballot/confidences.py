"""How sure the validators of many replications say they are: what `bft.validators.confidence` gives one by one.

What is said is a quantile of a beta law, which takes a microsecond to find, and votes weigh it in whole millionths. So
a table of cubics gives it nearly, and the law itself is asked where that might round to another millionth, and near the
ends of the law, where cubics do not fit. Each cubic goes through four values of its cell and is compared with the law
between them; `SAFETY` times the largest difference found must stay below `TOLERANCE`, and what lies within ten times
`TOLERANCE` of a border between two millionths is taken from the law.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, logit

from bft.randomness import Floats
from bft.validators.confidence import ConfidenceLaw
from bft.vectorised.delay_bounds import LARGEST_UNIFORM
from bft.vectorised.streams import Flags, Ints

CELLS = 1 << 13
THROUGH: Floats = np.array([0.0, 1.0, 2.0, 3.0]) / 3.0  # places in a cell, from 0 to 1
BETWEEN: Floats = np.array([1.0, 3.0, 5.0]) / 6.0
SAFETY = 16.0
TOLERANCE = 1e-10
WORTH_A_TABLE = 8 * CELLS  # draws of one law; with fewer, tables cost more than they save


class Confidences:
    """What the validators of one law say."""

    def __init__(self, law: ConfidenceLaw) -> None:
        self._law = law
        self._accuracy, self._spread = np.array(law.accuracy), np.array(law.spread)
        self._certain = (self._accuracy == 0.0) | (self._accuracy == 1.0)
        self._asked = 0
        self._cubics: tuple[Floats, Flags] | None = None
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
        if self._cubics is None:
            if self._asked < WORTH_A_TABLE * 2 * len(self._kinds):
                return np.asarray(np.rint(unit * self.levels(right, uniforms)), dtype=np.int64)
            self._cubics = self._fitted()
        (one, two, three, four), fits = self._cubics
        place = uniforms * CELLS
        cell = place.astype(np.intp)
        place -= cell
        cell += (2 * self._kind + right) * CELLS
        said = four.take(cell)
        for each in (three, two, one):
            said *= place
            said += each.take(cell)
        said *= unit
        found = np.rint(said)
        doubtful = (np.abs(said - found) > 0.5 - 10.0 * unit * TOLERANCE) | ~fits.take(cell)
        row, node = np.nonzero(doubtful)
        found[row, node] = np.rint(unit * self.levels(right[row, node], uniforms[row, node], node))
        return np.asarray(found, dtype=np.int64)

    def _fitted(self) -> tuple[Floats, Flags]:
        """Return the coefficients of all cubics, shape (4, laws · CELLS), and which of them fit."""
        powers = np.arange(4)
        found, fits = [], []
        for kind in range(len(self._kinds)):
            for right in (False, True):
                cubics = np.linalg.solve(THROUGH[:, None] ** powers, self._in_cells(kind, right, THROUGH))
                off = np.abs(BETWEEN[:, None] ** powers @ cubics - self._in_cells(kind, right, BETWEEN)).max(axis=0)
                found.append(cubics)
                fits.append(SAFETY * off < TOLERANCE)
        return np.concatenate(found, axis=1), np.concatenate(fits)

    def _in_cells(self, kind: int, right: bool, places: Floats) -> Floats:
        """Return what the law says at places of every cell, shape (places, CELLS)."""
        uniforms = np.minimum((np.arange(CELLS) + places[:, None]) / CELLS, LARGEST_UNIFORM)
        node = int(np.flatnonzero(self._kind == kind)[0])
        return self.levels(np.full(uniforms.shape, right), uniforms, np.full(uniforms.shape, node))
