"""Failure detectors on heartbeats: a fixed timeout, and φ accrual.

After each beat a detector knows the moment from which it will suspect the node if no further beat comes. So a
simulation need not ask it again and again: it compares that moment with the next beat, or with the crash.

A suspicion is an opinion. It may start a restart; it never removes a node from a quorum.

References
----------
.. [1] T. D. Chandra, S. Toueg, "Unreliable failure detectors for reliable distributed systems", JACM 43(2), 1996.
.. [2] N. Hayashibara, X. Défago, R. Yared, T. Katayama, "The φ accrual failure detector", SRDS 2004.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, Protocol

from bft.core.refusal import require, require_not_negative, require_positive, require_whole


class HeartbeatDetector(Protocol):
    """Hears the beats of one node; times never go back."""

    def beat(self, at_s: float) -> None:
        """Take in a beat."""

    @property
    def suspects_from_s(self) -> float:
        """From when on the node is suspected if no further beat comes; infinity while too little is known."""


class DetectorRules(Protocol):
    """A description of a detector: frozen, shared by all nodes."""

    @property
    def memory(self) -> int:
        """How many of the last beats say everything that the detector knows."""

    def detector(self) -> HeartbeatDetector:
        """Make a detector for one node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatTimeout:
    """Suspects after `timeout_s` without a beat.

    With beats every T seconds exactly, a crash is noticed after a time uniform on (timeout − T, timeout]. With
    independent intervals, the probability of a false alarm per beat is P(interval > timeout).
    """

    timeout_s: float
    """How long a node may be silent, positive."""

    kind: Literal["timeout"] = "timeout"

    def __post_init__(self) -> None:
        require_positive("heartbeat_timeout.timeout_s", self.timeout_s)

    @property
    def memory(self) -> int:
        """The last beat is all that counts."""
        return 1

    def detector(self) -> TimeoutDetector:
        """Make a detector for one node."""
        return TimeoutDetector(self)


class TimeoutDetector:
    """The state of a `HeartbeatTimeout` for one node."""

    __slots__ = ("_rules", "suspects_from_s")

    def __init__(self, rules: HeartbeatTimeout) -> None:
        self._rules = rules
        self.suspects_from_s = math.inf

    def beat(self, at_s: float) -> None:
        """Take in a beat."""
        self.suspects_from_s = at_s + self._rules.timeout_s


@dataclass(frozen=True, slots=True, kw_only=True)
class PhiAccrual:
    """Suspects when a beat as late as this has a probability below 10^−threshold [2]_.

    Intervals are taken for normal, with mean and standard deviation of the last `window` of them. For intervals that
    are, the probability of a false alarm per beat is P(t_{W−1} > z / √(1 + 1/W)), z the normal quantile of the
    threshold; it is above 10^−threshold because mean and deviation are estimated.

    Attributes
    ----------
    threshold : float
        φ, above 0 and at most 300.
    window : int
        Intervals that are remembered, 2 or more.
    minimum : int
        Intervals that must be known before anything is suspected, 2 to `window`.
    least_sd_s : float
        The standard deviation is never taken for less; 0 or more. It keeps perfectly regular beats from being
        suspected for a rounding error.
    """

    threshold: float = 8.0
    window: int = 100
    minimum: int = 10
    least_sd_s: float = 0.0
    kind: Literal["phi_accrual"] = "phi_accrual"

    def __post_init__(self) -> None:
        holds = 0.0 < self.threshold <= 300.0
        require(holds, "phi_accrual.threshold", self.threshold, "must be above 0 and at most 300")
        require_whole("phi_accrual.window", self.window, at_least=2)
        require_whole("phi_accrual.minimum", self.minimum, at_least=2)
        allowed = f"must be at most phi_accrual.window, {self.window}"
        require(self.minimum <= self.window, "phi_accrual.minimum", self.minimum, allowed)
        require_not_negative("phi_accrual.least_sd_s", self.least_sd_s)

    @property
    def z(self) -> float:
        """Standard deviations beyond the mean at which the threshold is reached."""
        return -NormalDist().inv_cdf(10.0**-self.threshold)

    @property
    def memory(self) -> int:
        """A full window of intervals has one beat more."""
        return self.window + 1

    def detector(self) -> PhiDetector:
        """Make a detector for one node."""
        return PhiDetector(self)


class PhiDetector:
    """The state of a `PhiAccrual` for one node.

    Attributes
    ----------
    suspects_from_s : float
        When φ reaches the threshold if no beat comes.
    """

    __slots__ = ("_intervals", "_last_s", "_rules", "_since_exact", "_squares", "_sum", "_z", "suspects_from_s")

    def __init__(self, rules: PhiAccrual) -> None:
        self._rules = rules
        self._z = rules.z
        self._intervals: deque[float] = deque()
        self._last_s: float | None = None
        self._sum = self._squares = 0.0
        self._since_exact = 0
        self.suspects_from_s = math.inf

    def beat(self, at_s: float) -> None:
        """Take in a beat."""
        if self._last_s is not None:
            self._remember(at_s - self._last_s)
        self._last_s = at_s
        if len(self._intervals) >= self._rules.minimum:
            mean_s, sd_s = self._moments()
            self.suspects_from_s = at_s + mean_s + self._z * sd_s

    def phi(self, now_s: float) -> float:
        """Return −log₁₀ of the probability that a beat comes later than now; 0 while too little is known."""
        if self._last_s is None or len(self._intervals) < self._rules.minimum:
            return 0.0
        mean_s, sd_s = self._moments()
        late_s = now_s - self._last_s - mean_s
        return _surprise(late_s / sd_s) if sd_s > 0.0 else (math.inf if late_s > 0.0 else 0.0)

    def _remember(self, interval_s: float) -> None:
        intervals = self._intervals
        intervals.append(interval_s)
        self._sum += interval_s
        self._squares += interval_s * interval_s
        if len(intervals) > self._rules.window:
            gone_s = intervals.popleft()
            self._sum -= gone_s
            self._squares -= gone_s * gone_s
        self._since_exact += 1

    def _moments(self) -> tuple[float, float]:
        """Mean and standard deviation (n − 1). Sums drift by rounding, so they are taken anew now and then."""
        intervals = self._intervals
        count = len(intervals)
        if self._since_exact >= self._rules.window:
            self._since_exact = 0
            self._sum = math.fsum(intervals)
            self._squares = math.fsum(each * each for each in intervals)
        mean_s = self._sum / count
        variance = max(0.0, self._squares - count * mean_s * mean_s) / (count - 1)
        return mean_s, max(math.sqrt(variance), self._rules.least_sd_s)


def _surprise(z: float) -> float:
    """−log₁₀ P(N(0, 1) > z), also where that probability is too small for a float."""
    if z < 35.0:
        return -math.log10(math.erfc(z / math.sqrt(2.0)) / 2.0)
    tail = z * z / 2.0 + math.log(z * math.sqrt(2.0 * math.pi)) - math.log1p(-1.0 / (z * z))
    return tail / math.log(10.0)
