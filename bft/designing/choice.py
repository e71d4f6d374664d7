"""Which candidate to take, given what all of them did on the questions that may be looked at.

A choice looks at one set of questions only; whether it holds on others is for `trial` to find out. `fewest_wrong` takes
the fewest wrong decisions that still leave enough right ones: the more right ones are asked for, the bolder it is. Of
thousands of candidates the one with the fewest errors is flattered most by chance: therefore it looks at smoothed rates
(`smoothing`), and weighs right decisions against wrong ones a little, which prefers panels that decline more.
`most_right` takes the most right decisions among candidates with few enough wrong ones, as they were counted.
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

CARE = 0.05  # what a right decision weighs against a wrong one where the fewest wrong ones are looked for
MARGIN = 0.75  # standard errors by which right decisions must exceed what is asked for where a choice is made
LEAST_CORRECT = 0.5  # where no target is given: an answer more often than not
CONFIDENCE = 0.95  # with which each end of an interval holds, unless another is stated
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
    confidence : float
        With which each end of a held-out interval holds, above one half and below 1.
    """

    max_wrong: float | None = None
    min_correct: float | None = None
    max_cost: float | None = None
    max_latency_s: float | None = None
    confidence: float = CONFIDENCE

    def __post_init__(self) -> None:
        for name in ("max_wrong", "min_correct"):
            value = getattr(self, name)
            if value is not None:
                check_number(name.replace("_", "-"), value, ScenarioError, above=0.0, below=1.0)
        for name in ("max_cost", "max_latency_s"):
            value = getattr(self, name)
            if value is not None:
                check_number(name.replace("_", "-"), value, ScenarioError, above=0.0)
        check_number("confidence", self.confidence, ScenarioError, above=0.5, below=1.0)
        if self.max_wrong is not None and self.max_wrong + self.least_correct > 1.0:
            needed = f"must be at most 1 - min-correct = {1.0 - self.least_correct:g}: both cannot be reached"
            raise ScenarioError(bad_value("max-wrong", self.max_wrong, needed))

    @property
    def least_correct(self) -> float:
        """Fewest right decisions, given or not."""
        return LEAST_CORRECT if self.min_correct is None else self.min_correct


def fewest_wrong(scores: Scores, right: float, allowed: NDArray[np.bool_], questions: float) -> int | None:
    """Return the fewest wrong decisions with enough right ones; None where no candidate has enough.

    Parameters
    ----------
    scores : Scores
        What all candidates do.
    right : float
        Share that must be right; a margin is added.
    allowed : ndarray of bool
        Which candidates may be taken.
    questions : float
        How many were looked at; infinite where shares are exact.
    """
    floor = right + MARGIN * np.sqrt(right * (1.0 - right) / questions)
    correct, wrong = smoothed(scores, questions)
    enough = allowed & (correct >= floor)
    return _least(wrong + CARE * correct, enough, scores) if enough.any() else None


def most_right(scores: Scores, most_wrong: float, allowed: NDArray[np.bool_]) -> int | None:
    """Return the most right decisions with at most so many wrong ones; None where no candidate has so few."""
    enough = allowed & (scores.wrong <= most_wrong + _ALIKE)
    return _least(scores.wrong * _ALIKE**0.5 - scores.correct, enough, scores) if enough.any() else None


def _least(value: Floats, among: NDArray[np.bool_], scores: Scores) -> int:
    """Return the smallest value; among equals the smallest panel, then the first rule and members."""
    places = np.flatnonzero(among)
    least = value[places].min()
    alike = places[value[places] <= least + _ALIKE]
    return int(alike[np.argmin(scores.size[alike])])
