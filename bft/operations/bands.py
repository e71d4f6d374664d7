"""Traffic lights for metrics, and the health of a service, with the limits of the source documents (S4).

| metric             | good     | watch    | bad      |
|--------------------|----------|----------|----------|
| error rate         | < 5 %    | 5–10 %   | > 10 %   |
| retries per call   | < 3 %    | 3–5 %    | > 5 %    |
| mean latency       | < 2 s    | 2–5 s    | > 5 s    |
| success rate       | > 95 %   | 90–95 %  | < 90 %   |
| health             | ≥ 95 % healthy | ≥ 80 % warning | else critical |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from bft.core.refusal import require, require_not_negative


class Light(Enum):
    """A band, as it is shown."""

    GOOD = "good"
    WATCH = "watch"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Where a metric is good, and where it is bad; between the limits, and on them, it is to be watched.

    Attributes
    ----------
    good, bad : float
        Different, 0 or more; when `good` is the lower one, low values are good.
    """

    good: float
    bad: float

    def __post_init__(self) -> None:
        require_not_negative("band.good", self.good)
        require_not_negative("band.bad", self.bad)
        require(self.good != self.bad, "band.bad", self.bad, "must differ from band.good")

    def light(self, value: float | None) -> Light:
        """Return the band that a value lies in; unknown where nothing was measured."""
        if value is None:
            return Light.UNKNOWN
        sign = 1.0 if self.good < self.bad else -1.0
        if sign * value < sign * self.good:
            return Light.GOOD
        return Light.BAD if sign * value > sign * self.bad else Light.WATCH


BANDS: Mapping[str, Band] = {
    "error": Band(good=0.05, bad=0.10),
    "retry": Band(good=0.03, bad=0.05),
    "latency_s": Band(good=2.0, bad=5.0),
    "success": Band(good=0.95, bad=0.90),
}


class Health(Enum):
    """How a service is."""

    HEALTHY = "healthy"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


def health(success: float | None, *, healthy: float = 0.95, warning: float = 0.80) -> Health:
    """Return the health that a share of successes means; unknown where nothing was measured.

    Examples
    --------
    >>> health(0.95).value, health(0.8).value, health(0.799).value
    ('healthy', 'warning', 'critical')
    """
    if not 0.0 < warning < healthy <= 1.0:
        require(0.0 < healthy <= 1.0, "health.healthy", healthy, "must be above 0 and at most 1")
        require(0.0 < warning < healthy, "health.warning", warning, f"must be above 0 and below {healthy}")
    if success is None:
        return Health.UNKNOWN
    if success >= healthy:
        return Health.HEALTHY
    return Health.WARNING if success >= warning else Health.CRITICAL
