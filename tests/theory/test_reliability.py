"""Closed forms of policies and repairable nodes: the printed figures, and enumeration where it is possible."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.errors import ScenarioError
from bft.theory.reliability import (
    availability,
    availability_sd,
    breaker_law,
    k_of_n,
    levels_law,
    mean_up_time_s,
    phi_false_alarm,
    retry_law,
    ttl_hit_ratio,
    window_exceeds,
)


def test_the_printed_figures_are_reproduced() -> None:
    assert (retry_law(p_failure=0.2, attempts=3).success, retry_law(p_failure=0.2, attempts=3).attempts) == (
        pytest.approx(0.992),
        pytest.approx(1.24),
    )
    law = retry_law(p_failure=0.3, attempts=5, first_delay_s=1.0)
    assert (law.success, law.attempts, law.wait_s) == (
        pytest.approx(0.99757),
        pytest.approx(1.4251),
        pytest.approx(0.3264),
    )
    two = levels_law([(0.3, 3), (0.1, 3)])
    assert (two.success, two.attempts) == (pytest.approx(0.999973), pytest.approx(1.41997))
    breaker = breaker_law(p_failure=0.5, failures=5, open_s=60.0, calls_per_s=1.0)
    assert (breaker.calls_before_opening, breaker.rejected) == (pytest.approx(62.0), pytest.approx(0.652174, abs=5e-7))
    assert availability(mtbf_s=99.0, mttr_s=1.0) == pytest.approx(0.99)
    assert availability_sd(mtbf_s=999.0, mttr_s=1.0, observed_s=1e5) == pytest.approx(1.4e-4, abs=5e-6)
    for k, n, exact in ((3, 4, 0.99940797), (5, 7, 0.99996604), (7, 10, 0.99999800)):
        assert k_of_n(k=k, n=n, p_up=0.99) == pytest.approx(exact, abs=5e-9)
    p_up = availability(mtbf_s=500.0, mttr_s=5.0)
    assert k_of_n(k=3, n=4, p_up=p_up) == pytest.approx(0.99941956, abs=5e-9)
    assert mean_up_time_s(k=3, n=4, mtbf_s=500.0, mttr_s=5.0) == pytest.approx(4333.33, abs=5e-3)
    assert phi_false_alarm(window=100, threshold=3.0) == pytest.approx(0.001361, abs=5e-7)
    assert ttl_hit_ratio(calls_per_s=1.0 / 600.0, ttl_s=3600.0) == pytest.approx(0.857143, abs=5e-7)
    assert window_exceeds(window=100, p_error=0.05, threshold=0.10) == pytest.approx(0.01147, abs=5e-6)
    assert window_exceeds(window=100, p_error=0.05, threshold=0.05) == pytest.approx(0.384, abs=5e-5)


@given(p_failure=st.floats(0.0, 1.0), attempts=st.integers(1, 6), cap_s=st.floats(0.5, 20.0))
def test_a_retry_law_is_the_sum_over_the_number_of_failures(p_failure: float, attempts: int, cap_s: float) -> None:
    law = retry_law(p_failure=p_failure, attempts=attempts, first_delay_s=1.0, cap_s=cap_s)
    pauses = [min(cap_s, 2.0**k) / 2.0 for k in range(attempts)]
    success = tried = waited = 0.0
    for failures in range(attempts + 1):
        answered = failures < attempts
        weight = p_failure**failures * (1.0 - p_failure if answered else 1.0)
        success += weight * answered
        tried += weight * min(failures + 1, attempts)
        waited += weight * sum(pauses[: min(failures, attempts - 1)])
    assert (law.success, law.attempts, law.wait_s) == (
        pytest.approx(success),
        pytest.approx(tried),
        pytest.approx(waited),
    )


def test_one_level_is_a_retry_and_an_empty_first_level_changes_nothing() -> None:
    assert levels_law([(0.3, 3)]).attempts == pytest.approx(retry_law(p_failure=0.3, attempts=3).attempts)
    behind_a_dead_level = levels_law([(1.0, 1), (0.3, 3)])
    assert behind_a_dead_level.success == pytest.approx(retry_law(p_failure=0.3, attempts=3).success)


@given(p_up=st.floats(0.0, 1.0), n=st.integers(1, 6), k=st.integers(1, 6))
def test_k_of_n_is_the_sum_over_all_patterns(p_up: float, n: int, k: int) -> None:
    if k > n:
        with pytest.raises(ScenarioError, match=f"k = {k}: must be a whole number between 1 and {n}"):
            k_of_n(k=k, n=n, p_up=p_up)
        return
    patterns = itertools.product((True, False), repeat=n)
    exact = math.fsum(math.prod(p_up if up else 1.0 - p_up for up in ups) for ups in patterns if sum(ups) >= k)
    assert k_of_n(k=k, n=n, p_up=p_up) == pytest.approx(exact, abs=1e-12)


def test_one_node_is_up_for_its_mtbf() -> None:
    assert mean_up_time_s(k=1, n=1, mtbf_s=99.0, mttr_s=1.0) == pytest.approx(99.0)


def test_a_longer_window_makes_the_detector_keep_its_promise() -> None:
    promised = 1e-3
    alarms = [phi_false_alarm(window=window, threshold=3.0) for window in (10, 100, 10_000)]
    assert alarms == sorted(alarms, reverse=True)
    assert alarms[-1] == pytest.approx(promised, rel=0.01)


@pytest.mark.parametrize(
    ("law", "message"),
    [
        (lambda: retry_law(p_failure=1.4, attempts=3), "p_failure = 1.4: must be between 0 and 1"),
        (lambda: retry_law(p_failure=0.4, attempts=0), "attempts = 0: must be a whole number"),
        (
            lambda: breaker_law(p_failure=1.0, failures=5, open_s=60.0, calls_per_s=1.0),
            "p_failure = 1.0: must be above",
        ),
        (lambda: breaker_law(p_failure=0.5, failures=5, open_s=0.0, calls_per_s=1.0), "open_s = 0.0: must be positive"),
        (lambda: availability(mtbf_s=math.inf, mttr_s=1.0), "mtbf_s = inf: must be positive and finite"),
        (lambda: phi_false_alarm(window=1, threshold=3.0), "window = 1: must be a whole number, 2 or more"),
        (lambda: ttl_hit_ratio(calls_per_s=-1.0, ttl_s=1.0), "calls_per_s = -1.0: must be positive"),
        (lambda: window_exceeds(window=100, p_error=0.05, threshold=1.5), "threshold = 1.5: must be between 0 and 1"),
    ],
)
def test_impossible_laws_are_refused_by_name(law: object, message: str) -> None:
    assert callable(law)
    with pytest.raises(ScenarioError, match=message):
        law()
