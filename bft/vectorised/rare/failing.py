"""Which validators fail by themselves, given how many do: the law of their number, and sets drawn given it.

A validator fails where its own answer is not the right one, or where it is a judge that would reject the right one.
Validators share a difficulty, and those of one model a factor more. Given these they fail independently, so the law of
the number is an integral over Poisson-binomial laws. It is taken over cells of the shared uniforms: a cell is drawn
given the number, then the uniforms in it, then the set. Within a cell the probabilities are not quite those that the
set was drawn with; the ratio of the two laws is the weight of the draw, so nothing is approximated.

Where it does not matter what the faulty would answer, only nodes that are not faulty are counted: else the two sets
would have to keep apart by chance where only a union of them large enough meets the event.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from bft.randomness import Floats
from bft.validators.statistical import IndependentErrors, StatisticalAnswers
from bft.vectorised.counted_sets import CountedSets
from bft.vectorised.fault_sets import FaultSets
from bft.vectorised.rare.honest_sets import HonestSets
from bft.vectorised.rare.positions import members_of
from bft.vectorised.streams import Flags, Ints

REACH = 8.3  # of normal quantiles: a uniform of 53 bits has none beyond
CELLS = 900  # of the difficulty
CELLS_BESIDE_MODELS, CELLS_OF_A_MODEL = 150, 120
MOST_ELEMENTS = 8_000_000  # of a table
SIMPSON = (1.0 / 6.0, 4.0 / 6.0, 1.0 / 6.0)
LARGEST = 1.0 - 2.0**-53
_SMALLEST = 2.0**-54
MOST_ALIKE = 0.999  # nodes of one model that are all but the same would be drawn with weights out of all proportion


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """Validators that fail, drawn given their number."""

    fails: Flags
    """Who does; shape (runs, n)."""
    common: Floats
    """The uniforms of the difficulty; shape (runs,)."""
    of_model: Floats
    """Those of the models, in the columns of their first nodes; shape (runs, n)."""
    right: Floats
    """Each node's probability of a right answer given all that; shape (runs, n)."""
    ratio: Floats
    """How much likelier the draw is by its law, given the number, than it was here, without any favour; shape
    (runs,)."""
    positions: Floats
    """The logarithm of how much likelier it is by each mode (`positions`) than without any; shape (modes, runs)."""


class FailingSets:
    """The sets of failing validators of a statistical panel.

    Parameters
    ----------
    answers : StatisticalAnswers
        The panel.
    accepts_right : ndarray, shape (n,)
        Each validator's probability of accepting the right answer where that is its own.
    faults : FaultSets
        Who is faulty.
    honest : bool
        Whether only nodes that are not faulty are counted; not with nodes that share models.

    Attributes
    ----------
    weight : ndarray, shape (n + 1, n + 1)
        P(K = k, J = j); exact without anything shared, and as exact as Simpson's rule in each cell else.
    """

    def __init__(self, answers: StatisticalAnswers, accepts_right: Floats, faults: FaultSets, *, honest: bool) -> None:
        self.n = answers.n
        self._answers = answers
        self._accepts = accepts_right
        clones = answers.clones
        assert clones is None or not honest
        first = np.zeros(self.n, dtype=np.intp) if clones is None else clones.first
        self._groups = [np.flatnonzero(first == each) for each in np.unique(first)]
        self._common = self._cells()
        self._factor = np.array([0.0, 1.0]) if clones is None else np.unique([0.0, *_grid(CELLS_OF_A_MODEL), 1.0])
        width = np.diff(self._common)
        self._honest: HonestSets | None = None
        if honest:
            self._honest = HonestSets(self._chance(self._groups[0]), faults)
            self._drawn: Floats = np.einsum("s,skj->kj", width, self._honest.weight)
        else:
            self._group_sets = [CountedSets(self._chance(group)) for group in self._groups]
            self._counts = self._later_groups([self._of_group(number) for number in range(len(self._groups))])
            self._drawn = np.multiply.outer(faults.weight, width @ self._counts[0])
        self.weight: Floats = self._drawn if len(self._common) == 2 == len(self._factor) else self._whole(faults)

    def draw(self, faulty: Flags, failing: int, favour: Floats, mode: Ints, generator: np.random.Generator) -> Failing:
        """Draw so many failing validators beside sets of faulty nodes, all of the same number."""
        runs, width = len(faulty), np.diff(self._common)
        of_model = generator.random((runs, self.n))
        if self._honest is not None:
            cell = _pick(width * self._honest.weight[:, faulty[0].sum(), failing], generator.random(runs))
            fails, mean, ratio, positions = self._honest.draw(faulty, cell, failing, favour, mode, generator)
            common = _within(self._common, cell, generator.random(runs))
        else:
            cell = _pick(width * self._counts[0][:, failing], generator.random(runs))
            common = _within(self._common, cell, generator.random(runs))
            ratio, positions = np.ones(runs), np.zeros((len(favour), runs))
            if len(self._groups) == 1 and len(favour) > 1:
                mean = self._group_sets[0].chance[cell]
                fails, _, positions = members_of(mean, failing, favour, mode, generator)
            else:
                fails, mean = self._in_groups(cell, failing, of_model, generator)
        right = self._right(common, of_model)
        chance = 1.0 - right * self._accepts
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.where(fails, chance / mean, (1.0 - chance) / (1.0 - mean))
        if self._honest is not None:
            ratios[faulty] = 1.0
            fails |= faulty & (generator.random(faulty.shape) < chance)  # as their law says
        number = faulty[0].sum()
        ratio = ratios.prod(axis=1) * ratio * (self._drawn[number, failing] / self.weight[number, failing])
        return Failing(fails=fails, common=common, of_model=of_model, right=right, ratio=ratio, positions=positions)

    def _in_groups(
        self, cell: Ints, failing: int, of_model: Floats, generator: np.random.Generator
    ) -> tuple[Flags, Floats]:
        """Draw who fails, model after model, and the models' factors; return also the probabilities drawn with."""
        runs = len(cell)
        fails, mean = np.zeros((runs, self.n), dtype=np.bool_), np.empty((runs, self.n))
        left = np.full(runs, failing)
        width = np.diff(self._factor)
        for number, group in enumerate(self._groups):
            rest = left[:, None] - np.arange(len(group) + 1)
            later = np.where(rest >= 0, self._counts[number + 1][cell[:, None], np.maximum(rest, 0)], 0.0)
            members = _pick_rows(self._of_group(number)[cell] * later, generator.random(runs))
            left = left - members
            laws = self._group_sets[number]
            within = laws.weight.reshape(len(self._common) - 1, len(width), -1)[cell, :, members]
            factor = _pick_rows(width * within, generator.random(runs))
            if self._answers.clones is not None:
                of_model[:, group[0]] = _within(self._factor, factor, generator.random(runs))
            row = cell * len(width) + factor
            fails[:, group] = laws.draw(row, members, generator)
            mean[:, group] = laws.chance[row]
        return fails, mean

    def _cells(self) -> Floats:
        """Return the ends of the cells of the difficulty."""
        correctness, clones = self._answers.correctness, self._answers.clones
        if isinstance(correctness, IndependentErrors):
            return np.array([0.0, 1.0])
        most = CELLS if clones is None else CELLS_BESIDE_MODELS
        cells = max(50, min(most, MOST_ELEMENTS // ((self.n + 1) * (self.n + 2))))
        steps = correctness.steps()
        sound = max((step for step in steps), default=1.0)
        return np.unique([0.0, *(_grid(cells) * sound), *steps, 1.0])

    def _chance(self, group: Ints) -> Floats:
        """Return the mean probability to fail of the nodes of one model, a row for each pair of cells."""
        chance = np.zeros(((len(self._common) - 1) * (len(self._factor) - 1), len(group)))
        for share, common in zip(SIMPSON, _points(self._common), strict=True):
            for part, factor in zip(SIMPSON, _points(self._factor), strict=True):
                chance += share * part * self._fails(common, factor)[:, group]
        return np.clip(chance, 0.0, 1.0)

    def _right(self, common: Floats, of_model: Floats) -> Floats:
        """Return each node's probability of a right answer given what is shared, shape (runs, n)."""
        right = self._answers.correctness.chances(common)
        clones = self._answers.clones
        if clones is None:
            return right
        factor = ndtri(np.maximum(of_model[:, clones.first], _SMALLEST))
        return np.asarray(ndtr((ndtri(right) - np.sqrt(clones.share) * factor) / np.sqrt(1.0 - clones.share)))

    def _of_group(self, number: int) -> Floats:
        """Return the law of a model's failing nodes in each cell of the difficulty, shape (cells, members + 1)."""
        weight = self._group_sets[number].weight.reshape(len(self._common) - 1, len(self._factor) - 1, -1)
        return np.asarray(np.einsum("t,stm->sm", np.diff(self._factor), weight))

    def _whole(self, faults: FaultSets) -> Floats:
        """Return P(K = k, J = j) by Simpson's rule in each cell."""
        weight = np.zeros_like(self._drawn)
        width, widths = np.diff(self._common), np.diff(self._factor)
        for share, common in zip(SIMPSON, _points(self._common), strict=True):
            laws = [np.zeros((len(width), len(group) + 1)) for group in self._groups]
            for part, factor in zip(SIMPSON, _points(self._factor), strict=True):
                chance = self._fails(common, factor)
                if self._honest is not None:
                    weight += share * part * np.einsum("s,skj->kj", width, HonestSets(chance, faults).weight)
                    continue
                for law, group in zip(laws, self._groups, strict=True):
                    sets = CountedSets(chance[:, group]).weight.reshape(len(width), len(widths), -1)
                    law += part * np.einsum("t,stm->sm", widths, sets)
            if self._honest is None:
                weight += share * np.multiply.outer(faults.weight, width @ self._later_groups(laws)[0])
        return weight

    def _fails(self, common: Floats, factor: Floats) -> Floats:
        """Return each node's probability to fail, a row for each pair of what is shared by all and within models."""
        of_model = np.broadcast_to(np.tile(factor, len(common))[:, None], (len(common) * len(factor), self.n))
        return 1.0 - self._right(np.repeat(common, len(factor)), of_model) * self._accepts

    def _later_groups(self, laws: list[Floats]) -> list[Floats]:
        """Return the laws of the number that fail of the models from each on, every one of shape (cells, n + 1)."""
        counts = np.zeros((len(self._common) - 1, self.n + 1))
        counts[:, 0] = 1.0
        found = [counts]
        for number in reversed(range(len(self._groups))):
            before, counts = counts, np.zeros_like(counts)
            for members, chance in enumerate(laws[number].T):
                counts[:, members:] += before[:, : self.n + 1 - members] * chance[:, None]
            found.insert(0, counts)
        return found


def _grid(cells: int) -> Floats:
    """Return uniforms whose normal quantiles are equally far from each other."""
    return np.asarray(ndtr(np.linspace(-REACH, REACH, cells + 1)))


def _points(ends: Floats) -> tuple[Floats, Floats, Floats]:
    """Return where Simpson's rule looks into each cell."""
    low, high = ends[:-1], np.nextafter(ends[1:], 0.0)
    return low, 0.5 * (low + high), high


def _pick(weights: Floats, uniforms: Floats) -> Ints:
    """Return positions drawn with probabilities proportional to weights."""
    ends = np.cumsum(weights)
    last = np.flatnonzero(weights)[-1]
    return np.asarray(np.minimum(np.searchsorted(ends, uniforms * ends[-1], side="right"), last))


def _pick_rows(weights: Floats, uniforms: Floats) -> Ints:
    """Return a position for each row of weights."""
    ends = np.cumsum(weights, axis=1)
    return np.asarray((ends <= (uniforms * ends[:, -1])[:, None]).sum(axis=1))


def _within(ends: Floats, cell: Ints, uniforms: Floats) -> Floats:
    """Return points drawn in cells."""
    low, high = ends[cell], ends[cell + 1]
    return np.clip(low + (high - low) * uniforms, low, np.nextafter(high, 0.0))
