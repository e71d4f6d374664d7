"""The steady-state hypothesis: holds, broken, undecided, aborted."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bft.errors import ScenarioError
from bft.resilience.steady_state import Standing, SteadyState, Trial, calls_needed, wilson


def trial(rules: SteadyState, *, successes: int, failures: int) -> Trial:
    counted = Trial(rules)
    for success in [True] * successes + [False] * failures:
        counted.record(success)
    return counted


@given(calls=st.integers(1, 100_000), share=st.floats(0.0, 1.0), confidence=st.floats(0.5, 0.9999))
def test_the_interval_is_wilsons(calls: int, share: float, confidence: float) -> None:
    successes = round(share * calls)
    rules = SteadyState(target=0.5, abort_below=0.4, confidence=confidence)
    exact = stats.binomtest(successes, calls).proportion_ci(confidence_level=confidence, method="wilson")
    assert wilson(successes, calls, z=rules.z) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_a_short_run_without_a_single_failure_is_undecided() -> None:
    finding = trial(SteadyState(target=0.999), successes=1000, failures=0).finding()
    assert finding.standing is Standing.UNDECIDED
    assert finding.calls_needed == math.ceil(1.959964**2 * 999)
    assert (finding.successes, finding.calls, finding.high) == (1000, 1000, 1.0)


def test_enough_calls_decide() -> None:
    rules = SteadyState(target=0.99, abort_below=0.5)
    assert trial(rules, successes=9990, failures=10).finding().standing is Standing.HOLDS
    assert trial(rules, successes=9800, failures=200).finding().standing is Standing.BROKEN
    assert trial(rules, successes=9900, failures=100).finding().standing is Standing.UNDECIDED


def test_nothing_is_known_without_calls() -> None:
    finding = Trial(SteadyState()).finding()
    assert (finding.standing, finding.low, finding.high, finding.calls_needed) == (Standing.UNDECIDED, 0.0, 1.0, None)


@given(target=st.floats(0.05, 0.999), share=st.floats(0.0, 1.0), confidence=st.floats(0.8, 0.999))
def test_the_number_of_calls_needed_is_the_first_that_decides(target: float, share: float, confidence: float) -> None:
    z = SteadyState(target=target, abort_below=target / 2.0, confidence=confidence).z
    needed = calls_needed(share=share, target=target, z=z)
    if needed is None or needed > 10**12:
        return
    # The interval for a share that need not be a whole number of calls.
    for calls, decides in ((needed * (1.0 + 1e-6), True), (max(needed - 1, 1e-9) * (1.0 - 1e-6), False)):
        low, high = wilson(share * calls, calls, z=z)  # type: ignore[arg-type]
        assert (target <= low or high <= target) == decides


def test_evident_harm_aborts_at_once_and_ends_the_count() -> None:
    rules = SteadyState(target=0.999, abort_below=0.9, false_abort=0.001)
    counted = Trial(rules)
    ended = [counted.record(False) for _ in range(5)]
    assert ended == [False, True, False, False, False], "two failures in two calls: e^(2 ln 100) > 1000"
    finding = counted.finding()
    assert (finding.standing, finding.aborted, finding.calls) == (Standing.BROKEN, True, 2)


def test_a_service_that_holds_is_hardly_ever_aborted() -> None:
    """At the target itself, looked at after every call.

    By Ville's inequality at most 5 % of the runs abort; 400 runs with 40 aborts would then have probability 3e-5.
    """
    rules = SteadyState(target=0.99, abort_below=0.9, false_abort=0.05)
    source = random.Random(17)
    aborted = 0
    for _ in range(400):
        counted = Trial(rules)
        aborted += any(counted.record(source.random() < 0.99) for _ in range(500))
    assert 0 < aborted < 40


def test_a_service_that_is_harmed_is_aborted_soon() -> None:
    rules = SteadyState(target=0.999, abort_below=0.9)
    source = random.Random(18)
    lengths = []
    for _ in range(100):
        counted = Trial(rules)
        while not counted.record(source.random() < 0.8):
            pass
        lengths.append(counted.calls)
    assert max(lengths) < 100


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": 1.2}, r"steady_state\.target = 1\.2: must be above 0 and below 1"),
        ({"target": 1.0}, r"steady_state\.target = 1\.0: must be above 0 and below 1"),
        ({"target": math.nan}, r"steady_state\.target = nan: must be above 0 and below 1"),
        ({"confidence": 0.0}, r"steady_state\.confidence = 0\.0: must be above 0 and below 1"),
        ({"false_abort": 1.0}, r"steady_state\.false_abort = 1\.0: must be above 0 and below 1"),
        ({"target": 0.8, "abort_below": 0.9}, r"abort_below = 0\.9: must be below steady_state\.target, 0\.8"),
    ],
)
def test_a_hypothesis_that_cannot_be_tested_is_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        SteadyState(**settings)
