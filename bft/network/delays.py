"""Delay laws, sampled by inverse distribution function: one uniform makes one delay, whatever the law.

So two scenarios that differ only in the law, or an engine that draws many replications at once, use the same uniforms.
"""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

import numpy as np
from pydantic import BeforeValidator, Field, model_validator
from scipy.special import ndtr, ndtri

from bft.randomness import Floats
from bft.settings import PositiveSeconds, Seconds, Settings


class DelayLaw(Protocol):
    """A distribution of delays in seconds, 0 or more."""

    def sample(self, uniforms: Floats) -> Floats:
        """Return a delay for each uniform in [0, 1), same shape."""


class ConstantDelay(Settings):
    """Every message takes the same time."""

    law: Literal["constant"] = "constant"

    delay_s: Seconds = 0.05
    """The delay of every message."""

    def sample(self, uniforms: Floats) -> Floats:
        """Return the constant, in the shape of `uniforms`."""
        return np.full(uniforms.shape, self.delay_s)


class UniformDelay(Settings):
    """Any time between two bounds, equally likely."""

    law: Literal["uniform"] = "uniform"

    low_s: Seconds = 0.02
    """The shortest delay."""

    high_s: Seconds = 0.08
    """The longest delay."""

    @model_validator(mode="after")
    def _ordered(self) -> UniformDelay:
        if self.high_s < self.low_s:
            raise ValueError(f"high_s = {self.high_s}: must be at least low_s = {self.low_s}")
        return self

    def sample(self, uniforms: Floats) -> Floats:
        """Return low + u · (high − low)."""
        return self.low_s + uniforms * (self.high_s - self.low_s)


class NormalDelay(Settings):
    """Normal with the given mean and standard deviation, conditioned on being at least 0 (truncated, not clipped)."""

    law: Literal["normal"] = "normal"

    mean_s: Seconds = 0.05
    """Mean of the normal law before it is cut off at 0."""

    sd_s: PositiveSeconds = 0.01
    """Its standard deviation."""

    def sample(self, uniforms: Floats) -> Floats:
        """Return the quantile of the truncated normal."""
        below = ndtr(-self.mean_s / self.sd_s)
        quantile = np.asarray(ndtri(below + uniforms * (1.0 - below)))
        return np.maximum(0.0, self.mean_s + self.sd_s * quantile)


class LognormalDelay(Settings):
    """The logarithm is normal: most messages near the median, some much later."""

    law: Literal["lognormal"] = "lognormal"

    median_s: PositiveSeconds = 0.05
    """Median delay."""

    log_sd: Annotated[float, Field(ge=0, le=10)] = 0.5
    """Standard deviation of the natural logarithm of the delay."""

    def sample(self, uniforms: Floats) -> Floats:
        """Return median · exp(log_sd · Φ⁻¹(u))."""
        return np.asarray(self.median_s * np.exp(self.log_sd * ndtri(np.maximum(uniforms, 1e-300))))


class ExponentialDelay(Settings):
    """Memoryless delay with the given mean."""

    law: Literal["exponential"] = "exponential"

    mean_s: PositiveSeconds = 0.05
    """Mean delay."""

    def sample(self, uniforms: Floats) -> Floats:
        """Return −mean · log(1 − u)."""
        return -self.mean_s * np.log1p(-uniforms)


class ParetoDelay(Settings):
    """Heavy tail: P(delay > x) = (scale / x) ** shape; with a shape of 1 or less there is no mean."""

    law: Literal["pareto"] = "pareto"

    scale_s: PositiveSeconds = 0.05
    """The shortest delay."""

    shape: Annotated[float, Field(ge=0.1, le=100)] = 1.1
    """How fast the tail falls: the smaller, the longer some messages take."""

    def sample(self, uniforms: Floats) -> Floats:
        """Return scale · (1 − u) ** (−1 / shape)."""
        return np.asarray(self.scale_s * np.exp(-np.log1p(-uniforms) / self.shape))


class AdversarialDelay(Settings):
    """As late as it may be; only for messages that have a bound (see `PartialSynchrony`)."""

    law: Literal["adversarial"] = "adversarial"

    def sample(self, uniforms: Floats) -> Floats:
        """Return infinity: the bound decides."""
        return np.full(uniforms.shape, np.inf)


class LostCrossing(Settings):
    """What crosses a partition is lost."""

    law: Literal["lost"] = "lost"


class HeldCrossing(Settings):
    """What crosses a partition is held back until that heals, and then takes the link's own delay."""

    law: Literal["held"] = "held"


def by_law(value: object) -> object:
    """Let a bare name stand for the law of that name with all its defaults: "pareto" for {law = "pareto"}."""
    return {"law": value} if isinstance(value, str) else value


_Laws = ConstantDelay | UniformDelay | NormalDelay | LognormalDelay | ExponentialDelay | ParetoDelay
Delay = Annotated[Annotated[_Laws, Field(discriminator="law")], BeforeValidator(by_law)]
BoundedDelay = Annotated[Annotated[_Laws | AdversarialDelay, Field(discriminator="law")], BeforeValidator(by_law)]
Crossing = Annotated[
    Annotated[LostCrossing | HeldCrossing | _Laws, Field(discriminator="law")], BeforeValidator(by_law)
]
