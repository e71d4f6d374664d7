"""How sure validators say they are.

An honest, calibrated validator that says c is right with probability c. Its confidences have the law Beta(s·a, s·(1−a))
with mean a, its accuracy where it gives an answer. So given a right answer they have the law Beta(s·a + 1, s·(1−a)),
and given a wrong one Beta(s·a, s·(1−a) + 1). On average it is surer of right answers by 1/(1 + s).

A miscalibrated one shifts and stretches the log-odds of what it should say. Lies are left to the adversary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from scipy.special import betaincinv, expit, logit

from bft.randomness import Randomness
from bft.settings import Settings
from bft.validators.draws import QuestionDraws
from bft.validators.quantities import Positive, Rates, each_node

PURPOSE = "validators.confidence"


class ConfidenceSettings(Settings):
    """How sure validators say they are; one value for all nodes or one for each."""

    spread: Rates = 4.0
    """s above 0: large, where a validator says much the same of all its answers; small, where it knows when it errs."""

    bias: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    """Added to the log-odds of the calibrated confidence: above 0 for a panel that is too sure of itself."""

    stretch: Positive = 1.0
    """Multiplies the log-odds of the calibrated confidence: above 1 for a panel that exaggerates."""

    def law(self, accuracy: tuple[float, ...]) -> ConfidenceLaw:
        """Return the law of what is stated by validators of these accuracies.

        Raises `ScenarioError` if a list has not one value for each node.
        """
        spread = each_node("validators.confidence.spread", self.spread, len(accuracy))
        return ConfidenceLaw(accuracy=accuracy, spread=spread, bias=self.bias, stretch=self.stretch)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceLaw:
    """The law of stated confidences; tuples hold one value for each node."""

    accuracy: tuple[float, ...]
    """Probability that an answer is right if one is given, in [0, 1]."""
    spread: tuple[float, ...]
    """s, above 0."""
    bias: float = 0.0
    stretch: float = 1.0
    """What is added to the log-odds, and by what they are multiplied before."""

    def stated(self, randomness: Randomness, replication: int) -> StatedConfidences:
        """Return what is stated in one replication."""
        return StatedConfidences(self, randomness, replication)

    def level(self, node: int, right: bool, uniform: float) -> float:
        """Return what a node says of a right or wrong answer, from a uniform draw."""
        accuracy, spread = self.accuracy[node], self.spread[node]
        if accuracy in (0.0, 1.0):
            return accuracy
        calibrated = float(betaincinv(spread * accuracy + right, spread * (1.0 - accuracy) + (not right), uniform))
        if calibrated in (0.0, 1.0) or math.isnan(calibrated):
            return calibrated
        return float(expit(self.stretch * logit(calibrated) + self.bias))


class StatedConfidences:
    """What the validators of one replication say."""

    __slots__ = ("_draws", "_law")

    def __init__(self, law: ConfidenceLaw, randomness: Randomness, replication: int) -> None:
        self._law = law
        self._draws = QuestionDraws(randomness, PURPOSE, (len(law.accuracy),), replication)

    def of(self, node: int, question: int, right: bool) -> float:
        """Return how sure a node says it is of its answer to a question."""
        return self._law.level(node, right, float(self._draws.row(question)[0][node]))
