"""Heartbeats of a node, and the last of them before a crash, computed when it crashes instead of one by one.

The node failed at a random point of a stationary stream of beats, so the interval that it failed in is one weighted by
its length, and those before it are ordinary ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

from bft.errors import ScenarioError, bad_value

_SMALLEST = 2.0**-54  # a uniform may be 0, whose normal quantile is not finite
_quantile = NormalDist().inv_cdf


class Draws(Protocol):
    """Uniforms in [0, 1) that each node takes one after another."""

    def draw(self, node: int) -> float:
        """Return the node's next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeats:
    """Beats at independent normal intervals.

    Attributes
    ----------
    interval_s : float
        Mean; positive.
    jitter_s : float
        Standard deviation; 0 to a sixth of the mean, so that no interval is negative.
    """

    interval_s: float = 1.0
    jitter_s: float = 0.1

    def __post_init__(self) -> None:
        if not 0.0 < self.interval_s < math.inf:
            raise ScenarioError(bad_value("heartbeats.interval_s", self.interval_s, "must be positive and finite"))
        if not 0.0 <= self.jitter_s <= self.interval_s / 6.0:
            allowed = f"must be between 0 and a sixth of heartbeats.interval_s, {self.interval_s / 6.0:g}"
            raise ScenarioError(bad_value("heartbeats.jitter_s", self.jitter_s, allowed))

    def interval_at(self, uniform: float) -> float:
        """Return the interval that a uniform stands for."""
        return max(0.0, self.interval_s + self.jitter_s * _quantile(max(uniform, _SMALLEST)))

    def last_ages_s(self, draws: Draws, node: int, *, up_s: float, count: int) -> list[float]:
        """Return how long before a crash the last beats came, oldest first; fewer where the node lived too briefly."""
        while True:  # an interval x holds the crash with a density that grows with x; none is above twice the mean
            interval_s = self.interval_at(draws.draw(node))
            if draws.draw(node) * 2.0 * self.interval_s < interval_s:
                break
        ages_s = [draws.draw(node) * interval_s]
        while len(ages_s) < count:
            ages_s.append(ages_s[-1] + self.interval_at(draws.draw(node)))
        return [age_s for age_s in reversed(ages_s) if age_s <= up_s]
