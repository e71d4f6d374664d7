"""Which candidate to take, given what all of them did on the questions that may be looked at.

A choice looks at one set of questions only; whether it holds on others is for `trial` to find out. So choices differ in
care. The careful one takes the fewest wrong decisions that still leave enough right ones. Of thousands of candidates
the one with the fewest errors is flattered most by chance: therefore it looks at smoothed rates (`smoothing`), and
weighs right decisions against wrong ones a little, which prefers panels that decline more. The bold ones take the most
right decisions among candidates whose wrong ones are at most a share of the target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bft.arguments import check_number
from bft.designing.candidates import Scores
from bft.designing.smoothing import smoothed
from bft.errors import ScenarioError, bad_value
from bft.randomness import Floats

BOLD = (0.25, 0.4, 0.6, 0.8)
"""Shares of the target at which bold choices are made, in the order in which they are tried."""

CARE = 0.05  # right decisions that the careful choice gives up for one wrong one less are a twentieth of this
MARGIN = 0.75  # standard errors by which right decisions must exceed their target where a choice is made
LEAST_CORRECT = 0.5  # where no target is given: an answer more often than not
_ALIKE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is asked of a panel.

    Attributes
    ----------
    max_wrong : float or None
        Most wrong decisions, as a share of the questions.
    min_correct : float or None
        Fewest right ones; None: more than half, judged by the estimate alone.
    max_cost : float or None
        Most that a question may cost.
    max_latency_s : float or None
        Longest that the slowest member may take.
    """

    max_wrong: float | None = None
    min_correct: float | None = None
    max_cost: float | None = None
    max_latency_s: float | None = None

    def __post_init__(self) -> None:
        for name in ("max_wrong", "min_correct"):
            value = getattr(self, name)
            if value is not None:
                check_number(name.replace("_", "-"), value, ScenarioError, above=0.0, below=1.0)
        for name in ("max_cost", "max_latency_s"):
            value = getattr(self, name)
            if value is not None:
                check_number(name.replace("_", "-"), value, ScenarioError, above=0.0)
        if self.max_wrong is not None and self.max_wrong + self.least_correct > 1.0:
            needed = f"must be at most 1 - min-correct = {1.0 - self.least_correct:g}: both cannot be reached"
            raise ScenarioError(bad_value("max-wrong", self.max_wrong, needed))

    @property
    def least_correct(self) -> float:
        """Fewest right decisions, given or not."""
        return LEAST_CORRECT if self.min_correct is None else self.min_correct


def careful(scores: Scores, goal: Goal, allowed: NDArray[np.bool_], questions: float) -> int | None:
    """Return the careful choice; None where no candidate is allowed."""
    if not allowed.any():
        return None
    floor = goal.least_correct + MARGIN * np.sqrt(0.25 / questions)
    correct, wrong = smoothed(scores, questions)
    enough = allowed & (correct >= floor)
    if not enough.any():
        enough = allowed & (correct >= correct[allowed].max() - _ALIKE)
    return _least(wrong + CARE * correct, enough, scores)


def bold(scores: Scores, most_wrong: float, allowed: NDArray[np.bool_]) -> int | None:
    """Return the most right decisions with at most so many wrong ones; None where no candidate has so few."""
    enough = allowed & (scores.wrong <= most_wrong + _ALIKE)
    return _least(scores.wrong * _ALIKE**0.5 - scores.correct, enough, scores) if enough.any() else None


def _least(value: Floats, among: NDArray[np.bool_], scores: Scores) -> int:
    """Return the smallest value; among equals the smallest panel, then the first rule and members."""
    places = np.flatnonzero(among)
    least = value[places].min()
    alike = places[value[places] <= least + _ALIKE]
    return int(alike[np.argmin(scores.size[alike])])
