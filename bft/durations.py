"""How long something lasts: laws as data, drawn by inversion from one uniform.

Life of a node, an outage, a call's service: all are given in these words, in a scenario's tables by their `law`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from bft.arguments import check_positive

_SMALLEST = 2.0**-54  # a uniform may be 0, whose normal quantile is not finite
_quantile = NormalDist().inv_cdf


@dataclass(frozen=True, slots=True, kw_only=True)
class Exponential:
    """Memoryless, with a positive mean."""

    mean_s: float
    """Mean time, positive."""

    law: Literal["exponential"] = "exponential"

    def __post_init__(self) -> None:
        check_positive("exponential.mean_s", self.mean_s)

    def at(self, uniform: float) -> float:
        """Return the time that a uniform stands for."""
        return -self.mean_s * math.log1p(-uniform)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """Always the same positive time."""

    time_s: float
    """The time, positive."""

    law: Literal["constant"] = "constant"

    def __post_init__(self) -> None:
        check_positive("constant.time_s", self.time_s)

    @property
    def mean_s(self) -> float:
        """The time itself."""
        return self.time_s

    def at(self, uniform: float) -> float:
        """Return the time."""
        return self.time_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Lognormal:
    """The usual shape of an LLM's latency.

    Attributes
    ----------
    median_s : float
        Median time, positive.
    log_sd : float
        Standard deviation of its natural logarithm, positive.
    """

    median_s: float
    log_sd: float
    law: Literal["lognormal"] = "lognormal"

    def __post_init__(self) -> None:
        check_positive("lognormal.median_s", self.median_s)
        check_positive("lognormal.log_sd", self.log_sd)

    @property
    def mean_s(self) -> float:
        """Median · exp(log_sd² / 2)."""
        return self.median_s * math.exp(self.log_sd**2 / 2.0)

    def at(self, uniform: float) -> float:
        """Return the time that a uniform stands for."""
        return self.median_s * math.exp(self.log_sd * _quantile(max(uniform, _SMALLEST)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """Weibull: exponential for shape 1, wearing out above, infant mortality below.

    Attributes
    ----------
    mean_s : float
        Mean time, positive.
    shape : float
        Of the Weibull law, positive: 1 is exponential, more is wear, less is early failure.
    """

    mean_s: float
    shape: float = 1.0

    def __post_init__(self) -> None:
        for name, value in (("mean_s", self.mean_s), ("shape", self.shape)):
            check_positive(f"lifetime.{name}", value)

    def at(self, uniform: float) -> float:
        """Return the length that a uniform in [0, 1) stands for."""
        exponential = -math.log1p(-uniform)
        if self.shape == 1.0:
            return self.mean_s * exponential
        scale_s = self.mean_s / math.gamma(1.0 + 1.0 / self.shape)
        return float(scale_s * exponential ** (1.0 / self.shape))
