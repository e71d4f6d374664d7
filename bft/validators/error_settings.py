"""How a scenario describes the errors of statistical validators: who is right together, and who errs alike."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from bft.errors import ScenarioError, bad_value
from bft.randomness import Floats
from bft.settings import Probability, Settings
from bft.validators.quantities import Positive, ProbabilityBelowOne, by_name
from bft.validators.statistical import (
    BetaBinomialErrors,
    CopulaErrors,
    Correctness,
    IndependentErrors,
    WrongChoice,
)


class IndependentErrorSettings(Settings):
    """Every validator errs by itself, and picks its wrong answer by itself."""

    kind: Literal["independent"] = "independent"

    def correctness(self, accuracy: Floats) -> Correctness:
        """Return who is right together."""
        return IndependentErrors(accuracy=accuracy)

    def wrong_choice(self, options: int) -> WrongChoice:
        """Return which wrong answer is given."""
        return WrongChoice(options=options)


class _Alike(Settings):
    tau: Probability = 0.0
    """Probability τ that a question is a trap: all wrong validators give the same wrong answer."""

    k_alpha: Positive | None = None
    """Kα: the smaller, the more a wrong validator copies an earlier wrong one; by default it never does."""

    def wrong_choice(self, options: int) -> WrongChoice:
        """Return which wrong answer is given."""
        return WrongChoice(options=options, tau=self.tau, k_alpha=math.inf if self.k_alpha is None else self.k_alpha)


class BetaBinomialErrorSettings(_Alike):
    """Each question has a difficulty of its own, drawn from a beta distribution."""

    kind: Literal["beta_binomial"] = "beta_binomial"

    correlation: ProbabilityBelowOne
    """Intra-class correlation of correctness."""

    def correctness(self, accuracy: Floats) -> Correctness:
        """Return who is right together."""
        return BetaBinomialErrors(accuracy=accuracy, correlation=self.correlation)


class CorrelatedErrorSettings(_Alike):
    """A Gaussian copula with one factor for who is right; a trap and an urn for who errs alike."""

    kind: Literal["correlated"] = "correlated"

    r: Probability
    """Latent (tetrachoric) correlation r of two validators' correctness."""

    flawed: ProbabilityBelowOne = 0.0
    """Share ν of questions that nobody gets right: they are ambiguous, or their recorded answer is wrong."""

    def correctness(self, accuracy: Floats) -> Correctness:
        """Return who is right together.

        Raises `ScenarioError` if a validator is to be right more often than questions are sound.
        """
        if (best := float(accuracy.max())) > 1.0 - self.flawed:
            allowed = f"must be at most 1 - accuracy = {1.0 - best:.4g}"
            raise ScenarioError(bad_value("validators.errors.flawed", self.flawed, allowed))
        return CopulaErrors(accuracy=accuracy, r=self.r, flawed=self.flawed)


Errors = Annotated[
    Annotated[
        IndependentErrorSettings | BetaBinomialErrorSettings | CorrelatedErrorSettings, Field(discriminator="kind")
    ],
    BeforeValidator(by_name),
]
