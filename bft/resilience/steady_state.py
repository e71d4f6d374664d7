"""The steady-state hypothesis of a chaos experiment: whether the service is still as good as it must be.

The hypothesis is that calls succeed with probability `target` or more. The verdict is by Wilson's score interval
[1]_: *holds* when all of it is at or above the target, *broken* when all of it is below, *undecided* otherwise,
together with the number of calls that would decide at the share measured. A run that is too short never passes.

While the experiment runs, `aborted` watches for evident harm by Wald's sequential test of `target` against
`abort_below` [2]_. It may be looked at after every call: whatever the true rate, if the hypothesis holds, the
experiment is ever aborted with a probability of at most `false_abort` (Ville's inequality). An aborted experiment is
broken, whatever its interval says.

References
----------
.. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
.. [2] A. Wald, "Sequential tests of statistical hypotheses", Annals of Mathematical Statistics 16(2), 1945.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from statistics import NormalDist

from bft.core.refusal import require, require_open_share


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyState:
    """What must hold.

    Attributes
    ----------
    target : float
        Share of calls that must succeed, above 0 and below 1: no number of calls can show that all do.
    confidence : float
        Of the interval.
    abort_below : float
        Share at which harm is evident, below the target.
    false_abort : float
        Probability of aborting although the hypothesis holds, at most.
    """

    target: float = 0.999
    confidence: float = 0.95
    abort_below: float = 0.9
    false_abort: float = 0.001

    def __post_init__(self) -> None:
        require_open_share("steady_state.target", self.target)
        require_open_share("steady_state.confidence", self.confidence)
        require_open_share("steady_state.abort_below", self.abort_below)
        require_open_share("steady_state.false_abort", self.false_abort)
        allowed = f"must be below steady_state.target, {self.target}"
        require(self.abort_below < self.target, "steady_state.abort_below", self.abort_below, allowed)

    @property
    def z(self) -> float:
        """Half width of the interval in standard deviations."""
        return NormalDist().inv_cdf((1.0 + self.confidence) / 2.0)


class Standing(Enum):
    """What can be said of the hypothesis."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The outcome of an experiment.

    Attributes
    ----------
    standing : Standing
        Holds, broken or undecided.
    successes, calls : int
        What was counted.
    low, high : float
        Wilson's interval of the success probability; 0 and 1 without calls.
    calls_needed : int or None
        Calls that decide if the share stays as it is; None when it equals the target, or without calls.
    aborted : bool
        The experiment was ended because harm was evident.
    """

    standing: Standing
    successes: int
    calls: int
    low: float
    high: float
    calls_needed: int | None
    aborted: bool


class Trial:
    """Counts the calls of one experiment."""

    def __init__(self, rules: SteadyState) -> None:
        self.rules = rules
        self.successes = 0
        self.calls = 0
        self.aborted = False

    def record(self, success: bool) -> bool:
        """Count one call; True: it ends the experiment. What comes after an abort is no part of it."""
        if self.aborted:
            return False
        self.calls += 1
        self.successes += success
        self.aborted = self._evidence() >= -math.log(self.rules.false_abort)
        return self.aborted

    def finding(self) -> Finding:
        """Say what the calls so far show."""
        low, high = wilson(self.successes, self.calls, z=self.rules.z)
        standing = Standing.UNDECIDED
        if self.aborted or high < self.rules.target:
            standing = Standing.BROKEN
        elif low >= self.rules.target:
            standing = Standing.HOLDS
        return Finding(
            standing=standing,
            successes=self.successes,
            calls=self.calls,
            low=low,
            high=high,
            calls_needed=self._calls_needed(),
            aborted=self.aborted,
        )

    def _evidence(self) -> float:
        """Log likelihood ratio of `abort_below` against `target`."""
        rules, failures = self.rules, self.calls - self.successes
        worse = math.log((1.0 - rules.abort_below) / (1.0 - rules.target))
        return failures * worse + self.successes * math.log(rules.abort_below / rules.target)

    def _calls_needed(self) -> int | None:
        if self.calls == 0:
            return None
        return calls_needed(share=self.successes / self.calls, target=self.rules.target, z=self.rules.z)


def wilson(successes: int, calls: int, *, z: float) -> tuple[float, float]:
    """Wilson's score interval [1]_; (0, 1) without calls.

    Examples
    --------
    >>> low, high = wilson(8, 10, z=1.96)
    >>> round(low, 4), round(high, 4)
    (0.4902, 0.9433)
    """
    if calls == 0:
        return 0.0, 1.0
    share, weight = successes / calls, z * z / calls
    centre = share + weight / 2.0
    spread = math.sqrt(weight * (share * (1.0 - share) + weight / 4.0))
    return max(0.0, (centre - spread) / (1.0 + weight)), min(1.0, (centre + spread) / (1.0 + weight))


def calls_needed(*, share: float, target: float, z: float) -> int | None:
    """Calls after which the interval excludes the target, if the measured share stays as it is; None if they are equal.

    Wilson's interval holds those probabilities p for which abs(share − p) < z √(p (1 − p) / n); solved for n at the
    target.
    """
    if share == target:
        return None
    return math.ceil(z * z * target * (1.0 - target) / (share - target) ** 2)
