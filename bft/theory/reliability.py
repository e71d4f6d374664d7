"""Closed forms of resilience policies and of repairable nodes.

Attempts fail independently, calls are Poisson where time matters, up and down times are exponential. Correlated
failures, queues behind the endpoint and node lifecycles of other shapes are left to simulation.

References
----------
.. [1] R. E. Barlow, F. Proschan, Mathematical Theory of Reliability, 1965: availability, k of n, mean up time.
.. [2] W. Feller, An Introduction to Probability Theory, Volume 1, 3rd edition, §XIII.7: runs of failures.
.. [3] N. Hayashibara, X. Défago, R. Yared, T. Katayama, "The φ accrual failure detector", SRDS 2004.
.. [4] M. Brooker, "Exponential backoff and jitter", AWS Architecture Blog, 2015: full jitter.
.. [5] J. Dean, L. A. Barroso, "The tail at scale", Communications of the ACM 56(2), 2013: hedged requests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from bft.core.refusal import require_whole
from bft.errors import ScenarioError, bad_value
from bft.theory.ranges import positive


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryLaw:
    """What a call with retries comes to.

    Attributes
    ----------
    success : float
        Probability that the call is answered.
    attempts : float
        Mean attempts, failed calls included.
    wait_s : float
        Mean time spent in back-off, failed calls included.
    """

    success: float
    attempts: float
    wait_s: float


def retry_law(
    *, p_failure: float, attempts: int, first_delay_s: float = 0.0, factor: float = 2.0, cap_s: float = math.inf
) -> RetryLaw:
    """Up to `attempts` attempts, full jitter: the k-th pause is uniform on [0, min(cap, first · factor^(k−1))] [4]_.

    Success 1 − pⁿ, attempts (1 − pⁿ) / (1 − p), wait Σ_{k<n} pᵏ min(cap, first · factor^(k−1)) / 2.

    Examples
    --------
    >>> law = retry_law(p_failure=0.3, attempts=5, first_delay_s=1.0)
    >>> round(law.success, 5), round(law.attempts, 4), round(law.wait_s, 4)
    (0.99757, 1.4251, 0.3264)
    """
    _probability("p_failure", p_failure)
    _count("attempts", attempts)
    pauses = (min(cap_s, first_delay_s * factor ** (k - 1)) for k in range(1, attempts))
    return RetryLaw(
        success=1.0 - p_failure**attempts,
        attempts=sum(p_failure**k for k in range(attempts)),
        wait_s=sum(p_failure**k * pause / 2.0 for k, pause in enumerate(pauses, start=1)),
    )


def levels_law(levels: Sequence[tuple[float, int]]) -> RetryLaw:
    """Fallback over levels of (p_failure, attempts), each tried when all before it have failed; no back-off."""
    reached, attempts = 1.0, 0.0
    for p_failure, tries in levels:
        law = retry_law(p_failure=p_failure, attempts=tries)
        attempts += reached * law.attempts
        reached *= p_failure**tries
    return RetryLaw(success=1.0 - reached, attempts=attempts, wait_s=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeLaw:
    """What hedges make of calls that take exponential times.

    Attributes
    ----------
    mean_s : float
        Mean time to the first answer.
    calls : float
        Mean number of requests sent for one call: the load that hedges add is this less 1.
    rate_per_s, delay_s, extra
        As given.
    """

    mean_s: float
    calls: float
    rate_per_s: float
    delay_s: float
    extra: int

    def later_than(self, time_s: float) -> float:
        """P(no answer after this time) = exp(−μ Σⱼ max(t − jd, 0)), over the requests j = 0 … extra."""
        return math.exp(-self.rate_per_s * sum(max(time_s - j * self.delay_s, 0.0) for j in range(self.extra + 1)))


def hedge_law(*, rate_per_s: float, delay_s: float, extra: int = 1) -> HedgeLaw:
    """Calls of rate μ that never fail, asked again every d seconds up to `extra` times; the first answer counts [5]_.

    The j-th hedge is sent with probability Pⱼ = exp(−μd · j(j + 1)/2); from then on j + 1 requests run side by side.
    So E[T] = Σ_{j<extra} Pⱼ (1 − e^{−(j+1)μd}) / ((j + 1)μ) + P_extra / ((extra + 1)μ), and 1 + Σⱼ Pⱼ requests are
    sent. With one hedge E[T] = (1 − e^{−μd}/2) / μ, for e^{−μd} more load.

    Examples
    --------
    >>> law = hedge_law(rate_per_s=1.0, delay_s=3.0)
    >>> round(law.mean_s, 4), round(law.calls, 4), round(law.later_than(6.0), 6)  # unhedged: 1, 1 and .002479
    (0.9751, 1.0498, 0.000123)
    """
    positive(rate_per_s=rate_per_s, delay_s=delay_s)
    _count("extra", extra)
    sent = [math.exp(-rate_per_s * delay_s * j * (j + 1) / 2.0) for j in range(extra + 1)]
    between = sum(
        p * -math.expm1(-(j + 1) * rate_per_s * delay_s) / ((j + 1) * rate_per_s) for j, p in enumerate(sent[:-1])
    )
    return HedgeLaw(
        mean_s=between + sent[-1] / ((extra + 1) * rate_per_s),
        calls=sum(sent),
        rate_per_s=rate_per_s,
        delay_s=delay_s,
        extra=extra,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerLaw:
    """What a breaker does to Poisson calls that take no time.

    Attributes
    ----------
    calls_before_opening : float
        Mean calls from closing to opening, the last of the run of failures included.
    rejected : float
        Share of all calls refused, in the long run.
    """

    calls_before_opening: float
    rejected: float


def breaker_law(*, p_failure: float, failures: int, open_s: float, calls_per_s: float) -> BreakerLaw:
    """Opens after K failures in a row, for R seconds; then one probe closes it or opens it again.

    E[N] = (1 − pᴷ) / (pᴷ (1 − p)) [2]_. A cycle takes E[N] calls, then a geometric number, 1/(1 − p) on average, of
    open periods with λR refused calls and one probe each.
    """
    if not 0.0 < p_failure < 1.0:
        raise ScenarioError(bad_value("p_failure", p_failure, "must be above 0 and below 1"))
    _count("failures", failures)
    positive(open_s=open_s, calls_per_s=calls_per_s)
    run = p_failure**failures
    calls = (1.0 - run) / (run * (1.0 - p_failure))
    periods = 1.0 / (1.0 - p_failure)
    refused = periods * calls_per_s * open_s
    return BreakerLaw(calls_before_opening=calls, rejected=refused / (calls + periods + refused))


def availability(*, mtbf_s: float, mttr_s: float) -> float:
    """Share of time up: MTBF / (MTBF + MTTR), where MTBF is the mean up time [1]_."""
    positive(mtbf_s=mtbf_s, mttr_s=mttr_s)
    return mtbf_s / (mtbf_s + mttr_s)


def availability_sd(*, mtbf_s: float, mttr_s: float, observed_s: float) -> float:
    """Standard deviation of the availability measured over a long stretch: √(2αβ / ((α+β)³ T)), α = 1/MTBF, β = 1/MTTR.

    The variance of a two-state Markov process' time average, for T far above MTBF.

    Examples
    --------
    >>> round(availability_sd(mtbf_s=999.0, mttr_s=1.0, observed_s=1e5), 6)
    0.000141
    """
    positive(mtbf_s=mtbf_s, mttr_s=mttr_s, observed_s=observed_s)
    failure, repair = 1.0 / mtbf_s, 1.0 / mttr_s
    return math.sqrt(2.0 * failure * repair / ((failure + repair) ** 3 * observed_s))


def k_of_n(*, k: int, n: int, p_up: float) -> float:
    """P(at least k of n independent nodes are up) [1]_."""
    _at_most(k, n)
    _probability("p_up", p_up)
    return float(stats.binom.sf(k - 1, n, p_up))


def mean_up_time_s(*, k: int, n: int, mtbf_s: float, mttr_s: float) -> float:
    """Mean stretch during which at least k of n nodes are up, in the long run.

    Availability over the frequency of falling below k: P(exactly k up) · k / MTBF [1]_.
    """
    p_up = availability(mtbf_s=mtbf_s, mttr_s=mttr_s)
    falls_per_s = float(stats.binom.pmf(k, n, p_up)) * k / mtbf_s
    return k_of_n(k=k, n=n, p_up=p_up) / falls_per_s


def phi_false_alarm(*, window: int, threshold: float) -> float:
    """P(a beat of a live node is taken for a crash) by the φ accrual detector, per beat [3]_.

    Normal beat intervals, mean and standard deviation estimated from the last `window` of them: the alarm sounds at
    mean + z·sd with z = Φ⁻¹(1 − 10^−threshold), so the probability is P(t_{W−1} > z / √(1 + 1/W)).
    """
    if window < 2:
        raise ScenarioError(bad_value("window", window, "must be a whole number, 2 or more"))
    positive(threshold=threshold)
    z = stats.norm.isf(10.0**-threshold)
    return float(stats.t.sf(z / math.sqrt(1.0 + 1.0 / window), window - 1))


def ttl_hit_ratio(*, calls_per_s: float, ttl_s: float) -> float:
    """Hit ratio of one key, Poisson calls: λT / (1 + λT), as each miss is followed by λT hits on average."""
    positive(calls_per_s=calls_per_s, ttl_s=ttl_s)
    return calls_per_s * ttl_s / (1.0 + calls_per_s * ttl_s)


def window_exceeds(*, window: int, p_error: float, threshold: float) -> float:
    """P(the share of errors among the last `window` independent calls exceeds `threshold`, strictly)."""
    _count("window", window)
    _probability("p_error", p_error)
    _probability("threshold", threshold)
    return float(stats.binom.sf(math.floor(window * threshold + 1e-9), window, p_error))


def _probability(field: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise ScenarioError(bad_value(field, value, "must be between 0 and 1"))


def _count(field: str, value: int) -> None:
    require_whole(field, value, at_least=1)


def _at_most(k: int, n: int) -> None:
    _count("n", n)
    if not 1 <= k <= n:
        raise ScenarioError(bad_value("k", k, f"must be a whole number between 1 and {n}"))
