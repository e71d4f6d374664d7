"""Estimates with intervals, in pure Python: shares, rates, means and ratios of independent cycles.

Shares have Wilson's interval [1]_, rates Garwood's exact one for Poisson counts [2]_, which also says something when
nothing was counted. Means and ratios have the interval of the central limit theorem, an infinite one below two values.

References
----------
.. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
.. [2] F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28, 1936.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

from bft.core.refusal import require_open_share


class Estimate(NamedTuple):
    """A measured value; nan where nothing was measured.

    Attributes
    ----------
    value, low, high : float
        The ends of the interval are included.
    n : int
        How many observations it rests on.
    """

    value: float
    low: float
    high: float
    n: int

    def holds(self, exact: float) -> bool:
        """Whether an exact value lies in the interval."""
        return self.low <= exact <= self.high

    def to_json(self) -> dict[str, float | int | None]:
        """Return it as JSON values: what is not finite is null."""
        ends = {"value": self.value, "low": self.low, "high": self.high}
        return {**{name: end if math.isfinite(end) else None for name, end in ends.items()}, "n": self.n}

    def to_text(self) -> str:
        """Return it for reading."""
        return f"{self.value:.6g}  [{self.low:.6g}, {self.high:.6g}]  n = {self.n}"

    def inverse(self) -> Estimate:
        """The estimate of 1/x."""
        low, high = (math.inf if end == 0.0 else 1.0 / end for end in (self.high, self.low))
        return Estimate(1.0 / self.value if self.value else math.inf, low, high, self.n)


def normal_z(confidence: float) -> float:
    """Half width of a two-sided interval in standard deviations."""
    require_open_share("confidence", confidence)
    return NormalDist().inv_cdf((1.0 + confidence) / 2.0)


def share_estimate(hits: int, count: int, *, confidence: float = 0.95) -> Estimate:
    """A probability from `hits` among `count` [1]_; the whole of [0, 1] without observations."""
    z = normal_z(confidence)
    if count == 0:
        return Estimate(math.nan, 0.0, 1.0, 0)
    share, weight = hits / count, z * z / count
    centre = share + weight / 2.0
    spread = math.sqrt(weight * (share * (1.0 - share) + weight / 4.0))
    low, high = (centre - spread) / (1.0 + weight), (centre + spread) / (1.0 + weight)
    return Estimate(share, 0.0 if hits == 0 else max(0.0, low), 1.0 if hits == count else min(1.0, high), count)


def rate_estimate(events: int, observed: float, *, confidence: float = 0.95) -> Estimate:
    """Events per unit of observation, for a Poisson count [2]_.

    Examples
    --------
    >>> [round(each, 3) for each in rate_estimate(0, 1.0)[:3]]
    [0.0, 0.0, 3.689]
    """
    require_open_share("confidence", confidence)
    if observed <= 0.0:
        return Estimate(math.nan, 0.0, math.inf, events)
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if events == 0 else gamma_quantile(events, tail)
    high = gamma_quantile(events + 1, 1.0 - tail)
    return Estimate(events / observed, low / observed, high / observed, events)


def mean_estimate(values: Sequence[float], *, confidence: float = 0.95) -> Estimate:
    """The mean of independent values."""
    return ratio_estimate(values, [1.0] * len(values), confidence=confidence)


def ratio_estimate(tops: Sequence[float], bottoms: Sequence[float], *, confidence: float = 0.95) -> Estimate:
    """The ratio of two means over independent cycles, by the delta method."""
    z = normal_z(confidence)
    count = len(tops)
    if count == 0:
        return Estimate(math.nan, -math.inf, math.inf, 0)
    total = math.fsum(bottoms)
    ratio = math.fsum(tops) / total
    if count == 1:
        return Estimate(ratio, -math.inf, math.inf, 1)
    squares = math.fsum((top - ratio * bottom) ** 2 for top, bottom in zip(tops, bottoms, strict=True))
    spread = z * math.sqrt(squares * count / (count - 1)) / total
    return Estimate(ratio, ratio - spread, ratio + spread, count)


class RatioSums:
    """The same as `ratio_estimate`, from sums: cycles are taken in one by one and not kept."""

    __slots__ = ("_bottom", "_bottom2", "_cross", "_top", "_top2", "count")

    def __init__(self) -> None:
        self.count = 0
        self._top = self._bottom = self._top2 = self._bottom2 = self._cross = 0.0

    def add(self, top: float, bottom: float) -> None:
        """Take in a cycle."""
        self.count += 1
        self._top += top
        self._bottom += bottom
        self._top2 += top * top
        self._bottom2 += bottom * bottom
        self._cross += top * bottom

    def estimate(self, *, confidence: float = 0.95) -> Estimate:
        """Return the ratio with its interval."""
        z = normal_z(confidence)
        if self.count == 0 or self._bottom == 0.0:
            return Estimate(math.nan, -math.inf, math.inf, self.count)
        ratio = self._top / self._bottom
        if self.count == 1:
            return Estimate(ratio, -math.inf, math.inf, 1)
        squares = max(0.0, self._top2 - 2.0 * ratio * self._cross + ratio * ratio * self._bottom2)
        spread = z * math.sqrt(squares * self.count / (self.count - 1)) / self._bottom
        return Estimate(ratio, ratio - spread, ratio + spread, self.count)


def gamma_quantile(shape: float, probability: float) -> float:
    """The value that a Gamma(shape, 1) variable exceeds with probability 1 − `probability`, to 1e-12 of it."""
    low, high = 0.0, shape + 1.0
    while gamma_cdf(shape, high) < probability:
        high *= 2.0
    while high - low > 1e-12 * high:
        middle = (low + high) / 2.0
        if gamma_cdf(shape, middle) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def gamma_cdf(shape: float, value: float) -> float:
    """The incomplete gamma function P(shape, value): a series below the mean, a continued fraction above."""
    if value <= 0.0:
        return 0.0
    front = math.exp(shape * math.log(value) - value - math.lgamma(shape))
    if value < shape + 1.0:
        term = total = 1.0 / shape
        index = shape
        while term > total * 1e-17:
            index += 1.0
            term *= value / index
            total += term
        return min(1.0, front * total)
    return max(0.0, 1.0 - front * _fraction(shape, value))


def _fraction(shape: float, value: float) -> float:
    """Lentz's evaluation of the continued fraction of Γ(a, x) e^x x^(−a)."""
    b = value + 1.0 - shape
    c, d = 1e300, 1.0 / b
    result = d
    for i in range(1, 100_000):
        a = -i * (i - shape)
        b += 2.0
        d = 1.0 / (a * d + b)
        c = b + a / c
        step = c * d
        result *= step
        if abs(step - 1.0) < 1e-15:
            break
    return result
