"""Anomalies in telemetry: an EWMA control chart on latency, error rate, CPU or memory.

The chart smooths what is measured, z ← λ x + (1 − λ) z, and alarms when z is more than L standard deviations *of z*
away from the mean of normal operation. Mean and standard deviation come from a baseline, given or learned from the
first samples, which must be free of faults.

A single sample that stands out is what λ = 1 finds (a plain z-score); small λ finds small shifts that last. The mean
number of samples to an alarm, false or right, has a known law for independent normal samples: `mean_run_length`.

References
----------
.. [1] S. W. Roberts, "Control chart tests based on geometric moving averages", Technometrics 1(3), 1959.
.. [2] J. M. Lucas, M. S. Saccucci, "Exponentially weighted moving average control schemes: properties and
   enhancements", Technometrics 32(1), 1990: run lengths by a Markov chain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bft.core.refusal import require, require_positive, require_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Ewma:
    """A control chart.

    Attributes
    ----------
    weight : float
        λ, above 0 and at most 1; 1 looks at each sample by itself.
    limit : float
        L: how many standard deviations of the smoothed value are too many; positive.
    baseline : int
        Samples from which mean and standard deviation are learned, 2 or more.
    rises_only : bool
        Whether only a value that is too high is an anomaly, as for latency and error rates.
    least_sd : float
        The standard deviation is never taken for less; positive: a metric that stood still during the baseline would
        otherwise alarm at its first rounding error.
    """

    weight: float = 0.1
    limit: float = 3.0
    baseline: int = 100
    rises_only: bool = False
    least_sd: float = 1e-9

    def __post_init__(self) -> None:
        require(0.0 < self.weight <= 1.0, "ewma.weight", self.weight, "must be above 0 and at most 1")
        require_positive("ewma.limit", self.limit)
        require_positive("ewma.least_sd", self.least_sd)
        require_whole("ewma.baseline", self.baseline, at_least=2)

    @property
    def spread(self) -> float:
        """Standard deviation of the smoothed value in those of a sample, in the long run: √(λ / (2 − λ))."""
        return math.sqrt(self.weight / (2.0 - self.weight))


class EwmaChart:
    """The state of a chart for one metric of one node.

    Parameters
    ----------
    rules : Ewma
    mean, sd : float, optional
        The baseline, where it is known; both or none.

    Attributes
    ----------
    z : float
        How far the smoothed value is from the mean, in its own standard deviations; 0 during the baseline.
    """

    def __init__(self, rules: Ewma, *, mean: float | None = None, sd: float | None = None) -> None:
        require((mean is None) == (sd is None), "ewma.sd", sd, "must be given exactly when the mean is")
        self.rules = rules
        self.z = 0.0
        self._known = mean is not None
        self._count = 0
        self._mean, self._squares = mean or 0.0, 0.0
        self._sd = sd or 0.0
        self._smoothed = self._mean

    def sample(self, value: float) -> bool:
        """Take in a sample; True: an anomaly."""
        rules = self.rules
        if not self._known:
            self._learn(value)
            return False
        self._smoothed += rules.weight * (value - self._smoothed)
        self.z = (self._smoothed - self._mean) / (max(self._sd, rules.least_sd) * rules.spread)
        return (self.z if rules.rises_only else abs(self.z)) > rules.limit

    def restart(self) -> None:
        """Forget what was smoothed, keep the baseline: the node was repaired."""
        self._smoothed, self.z = self._mean, 0.0

    def _learn(self, value: float) -> None:
        """Welford's recursion."""
        self._count += 1
        step = value - self._mean
        self._mean += step / self._count
        self._squares += step * (value - self._mean)
        if self._count == self.rules.baseline:
            self._known = True
            self._sd = math.sqrt(self._squares / (self._count - 1))
            self._smoothed = self._mean


def mean_run_length(rules: Ewma, *, shift_sd: float = 0.0, states: int = 101) -> float:
    """Mean samples from a fresh chart to its alarm, for independent normal samples and a known baseline [2]_.

    Parameters
    ----------
    rules : Ewma
    shift_sd : float
        How far the mean of the samples has moved, in their standard deviations; 0 gives the mean time between false
        alarms.
    states : int
        Odd number of states of the Markov chain that stands for the smoothed value; its error falls with their square.

    Examples
    --------
    >>> round(mean_run_length(Ewma(weight=1.0, limit=3.0)), 1)  # a plain z-score: 1 / P(|N| > 3)
    370.4
    """
    top = rules.limit * rules.spread
    bottom = -top * (4.0 if rules.rises_only else 1.0)  # low values never alarm: a floor far below stands for none
    width = (top - bottom) / states
    centres = [bottom + (i + 0.5) * width for i in range(states)]
    rows = []
    for centre in centres:
        kept = (1.0 - rules.weight) * centre + rules.weight * shift_sd
        edges = [_normal_cdf((bottom + j * width - kept) / rules.weight) for j in range(states + 1)]
        if rules.rises_only:
            edges[0] = 0.0
        rows.append([edges[j] - edges[j + 1] for j in range(states)] + [1.0])
    for i in range(states):
        rows[i][i] += 1.0
    lengths = _solve(rows)
    position = (0.0 - bottom) / width - 0.5
    below = math.floor(position)
    share = position - below
    return lengths[below] if share < 1e-9 else (1.0 - share) * lengths[below] + share * lengths[below + 1]


def _normal_cdf(z: float) -> float:
    return math.erfc(-z / math.sqrt(2.0)) / 2.0


def _solve(rows: list[list[float]]) -> list[float]:
    """Gauss elimination on an augmented matrix I − P, which is diagonally dominant and needs no pivots."""
    size = len(rows)
    for i in range(size):
        pivot = rows[i]
        for row in rows[i + 1 :]:
            factor = row[i] / pivot[i]
            if factor != 0.0:
                row[i:] = [below - factor * above for below, above in zip(row[i:], pivot[i:], strict=True)]
    values = [0.0] * size
    for i in reversed(range(size)):
        row = rows[i]
        values[i] = (row[size] - math.fsum(row[j] * values[j] for j in range(i + 1, size))) / row[i]
    return values
