"""The monitor of a service: windows over its calls, alerts with hysteresis, health and bands at any time.

Error rate above 5 %: warning; above 10 %: severe; nothing answers any more: emergency (S4). Retries per call above
5 % and a mean latency above 5 s are warnings. Alerts are events: one when a level is reached, one when it changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from bft.core.refusal import require, require_not_negative, require_whole
from bft.operations.bands import BANDS, Health, Light, health
from bft.operations.windows import MINIMUM, SIZE, Threshold, Window


class Level(IntEnum):
    """How bad it is."""

    CLEAR = 0
    WARNING = 1
    SEVERE = 2
    EMERGENCY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The level of a metric has changed.

    Attributes
    ----------
    metric : str
        error, retry, latency_s or answers.
    level, before : Level
        Now, and until now.
    value : float
        What was measured.
    """

    metric: str
    level: Level
    before: Level
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitoring:
    """What is watched, and when it alarms.

    Attributes
    ----------
    size, minimum : int
        Of each window, in calls.
    warning, severe : Threshold
        On the error rate.
    retry, latency_s : Threshold
        On retries per call and on the mean latency of answered calls.
    silent_calls : int
        After so many calls in a row without an answer nothing answers any more; 1 or more.
    """

    size: int = SIZE
    minimum: int = MINIMUM
    warning: Threshold = field(default_factory=lambda: Threshold(above=0.05, clear_at=0.03))
    severe: Threshold = field(default_factory=lambda: Threshold(above=0.10, clear_at=0.08))
    retry: Threshold = field(default_factory=lambda: Threshold(above=0.05, clear_at=0.03))
    latency_s: Threshold = field(default_factory=lambda: Threshold(above=5.0, clear_at=4.0))
    silent_calls: int = 20

    def __post_init__(self) -> None:
        Window(size=self.size, minimum=self.minimum)
        holds = self.warning.above < self.severe.above <= 1.0
        allowed = f"must be above monitoring.warning.above, {self.warning.above}, and at most 1"
        require(holds, "monitoring.severe.above", self.severe.above, allowed)
        require_whole("monitoring.silent_calls", self.silent_calls, at_least=1)


class Monitor:
    """Watches the calls of one service, or of one validator.

    Attributes
    ----------
    levels : dict
        Level of each metric that has ever alarmed.
    """

    def __init__(self, rules: Monitoring | None = None) -> None:
        self.rules = rules = rules or Monitoring()
        self._errors, self._retries, self._latency = (Window(size=rules.size, minimum=rules.minimum) for _ in range(3))
        self._unanswered = 0
        self._calm = True
        self.levels: dict[str, Level] = {}

    def record(self, success: bool, *, latency_s: float, retries: int = 0) -> tuple[Alert, ...]:
        """Count a call that ended; return the alerts that this raises or clears.

        Parameters
        ----------
        success : bool
            Whether it was answered.
        latency_s : float
            How long that took, 0 or more; of failed calls it is not used.
        retries : int
            Attempts beyond the first.
        """
        if not latency_s >= 0.0:
            require_not_negative("monitor.latency_s", latency_s)
        if retries.__class__ is not int or retries < 0:
            require_whole("monitor.retries", retries, at_least=0)
        error = self._errors.add(0.0 if success else 1.0)
        retry = self._retries.add(retries)
        latency = self._latency.add(latency_s) if success else self._latency.mean
        self._unanswered = 0 if success else self._unanswered + 1
        rules = self.rules
        if (  # as of most calls, of which none moves anything
            success
            and self._calm
            and (error is None or error <= rules.warning.above)
            and (retry is None or retry <= rules.retry.above)
            and (latency is None or latency <= rules.latency_s.above)
        ):
            return ()
        moved: list[Alert] = []
        self._move("answers", self._answers(), float(self._unanswered), moved)
        self._move("error", self._error_level(error), error, moved)
        self._move("retry", self._warned("retry", rules.retry, retry), retry, moved)
        self._move("latency_s", self._warned("latency_s", rules.latency_s, latency), latency, moved)
        self._calm = not any(self.levels.values())
        return tuple(moved)

    @property
    def level(self) -> Level:
        """The worst level of all metrics."""
        return max(self.levels.values(), default=Level.CLEAR)

    @property
    def metrics(self) -> dict[str, float | None]:
        """What the windows show now; None below the minimum of samples."""
        error = self._errors.mean
        return {
            "success": None if error is None else 1.0 - error,
            "error": error,
            "retry": self._retries.mean,
            "latency_s": self._latency.mean,
        }

    @property
    def lights(self) -> dict[str, Light]:
        """The band of each metric."""
        return {metric: BANDS[metric].light(value) for metric, value in self.metrics.items()}

    @property
    def health(self) -> Health:
        """Healthy, warning or critical, from the window; unknown below the minimum of samples."""
        error = self._errors.mean
        return health(None if error is None else 1.0 - error)

    def _answers(self) -> Level:
        return Level.EMERGENCY if self._unanswered >= self.rules.silent_calls else Level.CLEAR

    def _error_level(self, share: float | None) -> Level:
        before = self.levels.get("error", Level.CLEAR)
        if self.rules.severe.crossed(share, before >= Level.SEVERE):
            return Level.SEVERE
        return Level.WARNING if self.rules.warning.crossed(share, before >= Level.WARNING) else Level.CLEAR

    def _warned(self, metric: str, threshold: Threshold, value: float | None) -> Level:
        before = self.levels.get(metric, Level.CLEAR) is not Level.CLEAR
        return Level.WARNING if threshold.crossed(value, before) else Level.CLEAR

    def _move(self, metric: str, level: Level, value: float | None, moved: list[Alert]) -> None:
        before = self.levels.get(metric, Level.CLEAR)
        if level is not before:
            self.levels[metric] = level
            assert value is not None, "nothing known changes no level"
            moved.append(Alert(metric=metric, level=level, before=before, value=value))
