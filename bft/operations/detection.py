"""What a detector was worth: detection times, false alarms and misses, from faults and alarms as they happened.

A fault is an interval of time. The first alarm during it detects it; an alarm while no fault is on is false; a fault
that ends without one was missed. Alarms that go on are one alarm: detectors report when they begin to suspect.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from bft.core.refusal import require
from bft.operations.intervals import Estimate, mean_estimate, rate_estimate, share_estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """The score of one detector.

    Attributes
    ----------
    times_s : tuple of float
        From the start of each detected fault to its first alarm.
    faults, misses, false_alarms : int
        How many.
    healthy_s : float
        Time without a fault.
    """

    times_s: tuple[float, ...]
    faults: int
    misses: int
    false_alarms: int
    healthy_s: float

    def mean_time_s(self, *, confidence: float = 0.95) -> Estimate:
        """Mean detection time; only of what was detected."""
        return mean_estimate(self.times_s, confidence=confidence)

    def missed(self, *, confidence: float = 0.95) -> Estimate:
        """Share of faults that were missed."""
        return share_estimate(self.misses, self.faults, confidence=confidence)

    def false_alarms_per_s(self, *, confidence: float = 0.95) -> Estimate:
        """Rate of false alarms while all is well."""
        return rate_estimate(self.false_alarms, self.healthy_s, confidence=confidence)


def score(faults: Sequence[tuple[float, float]], alarms_s: Sequence[float], *, end_s: float) -> Detection:
    """Compare faults with alarms.

    Parameters
    ----------
    faults : sequence of (start, end)
        In order, not overlapping; an end may be infinite.
    alarms_s : sequence of float
        When each alarm began, in order.
    end_s : float
        When observation ended.
    """
    ends = [0.0, *(end for _, end in faults)]
    ordered = all(end <= start <= stop for end, (start, stop) in zip(ends, faults, strict=False))
    require(ordered, "detection.faults", list(faults), "must be in order and must not overlap")
    times_s, within, down_s = [], 0, 0.0
    for start, end in faults:
        first, last = bisect_left(alarms_s, start), bisect_left(alarms_s, end)
        if last > first:
            times_s.append(alarms_s[first] - start)
        within += last - first
        down_s += min(end, end_s) - start
    return Detection(
        times_s=tuple(times_s),
        faults=len(faults),
        misses=len(faults) - len(times_s),
        false_alarms=len(alarms_s) - within,
        healthy_s=math.fsum((end_s, -down_s)),
    )
