"""A pool of few models from many, by greedy addition with exchange: all their panels are looked at afterwards.

Two panels are grown: one for the fewest wrong decisions with enough right ones, one for the most right decisions. At
every size the model is added that improves the panel most, then members are exchanged while that improves it. Faults
are not looked at here. The pool holds the members of both panels, filled up by accuracy.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bft.designing.choice import CARE, Goal
from bft.randomness import Floats
from bft.validators.answers import RIGHT, Codes

POOL = 10
"""Models in the pool."""

_PASSES = 2  # of exchanges at each size

Value = Callable[[Floats, Floats], Floats]


def pool_of(codes: Codes, goal: Goal, largest: int) -> tuple[int, ...]:
    """Return the models of the pool, in rising order.

    Parameters
    ----------
    codes : ndarray of int, shape (questions, models)
        Answers to the questions that may be looked at.
    goal : Goal
        The targets.
    largest : int
        The largest panel.
    """
    floor, most = goal.least_correct, 1.0 if goal.max_wrong is None else goal.max_wrong

    def few_wrong(correct: Floats, wrong: Floats) -> Floats:
        return np.where(correct >= floor, 1.0 - wrong - CARE * correct, correct - floor)

    def many_right(correct: Floats, wrong: Floats) -> Floats:
        return np.where(wrong <= most / 2.0, correct, most - wrong)

    accuracy = (codes == RIGHT).mean(axis=0)
    order = np.lexsort((np.arange(len(accuracy)), -accuracy)).tolist()
    chosen: dict[int, None] = {}
    for value in (few_wrong, many_right):
        chosen |= dict.fromkeys(_grown(codes, value, order[0], min(largest, POOL // 2)))
    return tuple(sorted([*chosen, *(place for place in order if place not in chosen)][:POOL]))


def _grown(codes: Codes, value: Value, first: int, largest: int) -> list[int]:
    """Return the members of the best panel of each size up to `largest`, those of the best one first."""
    members, best = [first], -np.inf
    panels: list[tuple[float, list[int]]] = []
    while len(members) < largest:
        gain = _additions(codes, members, value)
        members = [*members, int(gain.argmax())]
        best = float(gain.max())
        for _ in range(_PASSES):
            before = best
            for member in members:
                others = [each for each in members if each != member]
                gain = _additions(codes, others, value)
                if gain.max() > best + 1e-12:
                    members, best = [*others, int(gain.argmax())], float(gain.max())
            if best == before:
                break
        panels.append((best, members))
    panels.sort(key=lambda each: -each[0])
    return list(dict.fromkeys(member for _, panel in panels for member in panel)) or members


def _additions(codes: Codes, members: list[int], value: Value) -> Floats:
    """Return, for each model, what the panel is worth with it, by the best quorum; -inf for its members."""
    questions, models = codes.shape
    held = codes[:, members]
    counts = np.zeros((questions, int(codes.max(initial=0)) + 1), dtype=np.int8)
    rows = np.arange(questions)
    for column in held.T:
        given = column >= RIGHT
        counts[rows[given], column[given]] += 1
    largest = counts[:, 1:].max(axis=1, initial=0)
    joined = np.where(codes >= RIGHT, counts[rows[:, np.newaxis], np.maximum(codes, RIGHT)] + 1, 0)
    right = counts[:, [RIGHT]] + (codes == RIGHT)
    wrong = np.maximum(largest[:, np.newaxis], np.where(codes > RIGHT, joined, 0))
    best = np.full(models, -np.inf)
    for quorum in range(1, len(members) + 2):
        best = np.maximum(best, value(*_decided(right, wrong, quorum)))
    best[members] = -np.inf
    return best


def _decided(right: NDArray[np.int8], wrong: NDArray[np.int8], quorum: int) -> tuple[Floats, Floats]:
    return ((right >= quorum) & (right > wrong)).mean(axis=0), ((wrong >= quorum) & (wrong > right)).mean(axis=0)
