"""Closed forms of queues against the printed figures, against each other, and against a naive truncated chain."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from bft.errors import ScenarioError
from bft.theory.queues import erlang_b, erlang_c, lognormal_moments, md1, mg1, mm1, mm1_breakdowns, mmc, mmc_breakdowns


def truncated_chain(
    *, arrival: float, service: float, servers: int, failure: float, repair: float, limit: int
) -> tuple[float, float]:
    """L and P(full) of the same queue with at most `limit` customers, by solving its whole Markov chain at once."""
    states = [(n, up) for n in range(limit + 1) for up in range(servers + 1)]
    index = {state: i for i, state in enumerate(states)}
    rates = np.zeros((len(states), len(states)))
    for (n, up), here in index.items():
        moves = {
            (n + 1, up): arrival,
            (n - 1, up): service * min(n, up),
            (n, up - 1): failure * up,
            (n, up + 1): repair * (servers - up),
        }
        for there, rate in moves.items():
            if there in index:
                rates[here, index[there]] += rate
                rates[here, here] -= rate
    rates[:, 0] = 1.0
    shares = np.linalg.solve(rates.T, np.eye(len(states))[0])
    in_system = sum(share * n for share, (n, _) in zip(shares, states, strict=True))
    return float(in_system), float(shares[-servers - 1 :].sum())


def test_the_printed_figures_are_reproduced() -> None:
    one = mm1(arrival_per_s=0.8, service_per_s=1.0)
    assert (one.wait_s, one.in_system) == (pytest.approx(4.0), pytest.approx(4.0))

    assert erlang_c(arrival_per_s=2.4, service_per_s=1.0, servers=3) == pytest.approx(0.647191, abs=5e-7)
    assert mmc(arrival_per_s=2.4, service_per_s=1.0, servers=3).wait_s == pytest.approx(1.078652, abs=5e-7)

    broken = mm1_breakdowns(arrival_per_s=0.5, service_per_s=1.0, failure_per_s=0.01, repair_per_s=0.1)
    assert broken.in_system == pytest.approx(2.232323, abs=5e-7)
    assert broken.response_s == pytest.approx(4.464646, abs=5e-7)
    assert broken.utilisation == pytest.approx(0.5 / 0.909091, abs=5e-7)

    three = mmc_breakdowns(arrival_per_s=2.0, service_per_s=1.0, servers=3, failure_per_s=0.01, repair_per_s=0.1)
    assert three.in_system == pytest.approx(4.885367, abs=5e-7)
    assert three.wait_s == pytest.approx(1.442683, abs=5e-7)

    mean_s, second_s2 = lognormal_moments(log_mean=math.log(1.5), log_sd=0.5)
    general = mg1(arrival_per_s=0.4, service_mean_s=mean_s, service_second_moment_s2=second_s2)
    assert general.wait_s == pytest.approx(2.31771, abs=5e-6)
    assert md1(arrival_per_s=9.0, service_per_s=10.0).wait_s == pytest.approx(0.45)


@given(
    load=st.floats(0.05, 0.9),
    failure=st.floats(1e-3, 1.0),
    repair=st.floats(0.05, 10.0),
    service=st.floats(0.1, 10.0),
)
def test_the_matrix_solution_for_one_server_is_the_closed_form(
    load: float, failure: float, repair: float, service: float
) -> None:
    arrival = load * service * repair / (failure + repair)
    rates = {"arrival_per_s": arrival, "service_per_s": service, "failure_per_s": failure, "repair_per_s": repair}
    exact = mm1_breakdowns(**rates)
    assert mmc_breakdowns(**rates, servers=1).in_system == pytest.approx(exact.in_system, rel=1e-8)


@pytest.mark.parametrize("servers", [1, 2, 5])
def test_servers_that_hardly_fail_are_the_queue_without_breakdowns(servers: int) -> None:
    arrival = 0.8 * servers
    reliable = mmc(arrival_per_s=arrival, service_per_s=1.0, servers=servers)
    nearly = mmc_breakdowns(
        arrival_per_s=arrival, service_per_s=1.0, servers=servers, failure_per_s=1e-9, repair_per_s=1.0
    )
    assert nearly.wait_s == pytest.approx(reliable.wait_s, rel=1e-6)


def test_the_matrix_solution_agrees_with_a_truncated_chain_solved_naively() -> None:
    in_system, full = truncated_chain(arrival=2.0, service=1.0, servers=3, failure=0.01, repair=0.1, limit=150)
    assert full < 1e-6, "the truncation must not matter"
    exact = mmc_breakdowns(arrival_per_s=2.0, service_per_s=1.0, servers=3, failure_per_s=0.01, repair_per_s=0.1)
    assert exact.in_system == pytest.approx(in_system, rel=1e-4)


def test_one_server_of_many_is_the_single_queue() -> None:
    assert mm1(arrival_per_s=0.5, service_per_s=1.0) == mmc(arrival_per_s=0.5, service_per_s=1.0, servers=1)
    exponential = mg1(arrival_per_s=0.5, service_mean_s=1.0, service_second_moment_s2=2.0)
    assert exponential.wait_s == pytest.approx(mm1(arrival_per_s=0.5, service_per_s=1.0).wait_s)


def test_what_has_no_stationary_law_is_refused_by_name() -> None:
    with pytest.raises(ScenarioError, match=r"arrival_per_s = 1\.0: must be below the mean capacity"):
        mm1(arrival_per_s=1.0, service_per_s=1.0)
    with pytest.raises(ScenarioError, match=r"arrival_per_s = 2\.0: must be below the mean capacity, 1\.81818"):
        mmc_breakdowns(arrival_per_s=2.0, service_per_s=1.0, servers=2, failure_per_s=0.01, repair_per_s=0.1)
    with pytest.raises(ScenarioError, match="servers = 0: must be"):
        mmc(arrival_per_s=1.0, service_per_s=1.0, servers=0)
    with pytest.raises(ScenarioError, match="repair_per_s = nan: must be positive"):
        mm1_breakdowns(arrival_per_s=1.0, service_per_s=2.0, failure_per_s=1.0, repair_per_s=math.nan)
    with pytest.raises(ScenarioError, match=r"service_second_moment_s2 = 0\.5: must be at least the square"):
        mg1(arrival_per_s=0.5, service_mean_s=1.0, service_second_moment_s2=0.5)


def test_blocking_is_that_of_the_formula_and_of_printed_tables() -> None:
    for servers in (1, 2, 5, 10, 40):
        for offered in (Fraction(1, 10), Fraction(1), Fraction(5), Fraction(37, 2), Fraction(60)):
            terms = [offered**k / math.factorial(k) for k in range(servers + 1)]
            found = erlang_b(arrival_per_s=2.0 * float(offered), service_per_s=2.0, servers=servers)
            assert found == pytest.approx(float(terms[-1] / sum(terms)), rel=1e-12)
    # Offered loads at which tables of Erlang's first formula print a blocking of 1 % and of 5 %, for 5, 10 and 20.
    for servers, one, five in ((5, 1.361, 2.219), (10, 4.461, 6.216), (20, 12.03, 15.25)):
        assert erlang_b(arrival_per_s=one, service_per_s=1.0, servers=servers) == pytest.approx(0.01, abs=5e-5)
        assert erlang_b(arrival_per_s=five, service_per_s=1.0, servers=servers) == pytest.approx(0.05, abs=5e-5)


def test_blocking_of_a_thousand_servers_neither_overflows_nor_cancels() -> None:
    for offered in (700.0, 1000.0, 1500.0):
        exact = poisson.pmf(1000, offered) / poisson.cdf(1000, offered)
        assert erlang_b(arrival_per_s=offered, service_per_s=1.0, servers=1000) == pytest.approx(exact, rel=1e-9)


@given(offered=st.floats(0.01, 0.99), servers=st.integers(1, 60))
def test_who_waits_where_there_is_a_queue_would_be_blocked_more_rarely_without(offered: float, servers: int) -> None:
    rates = {"arrival_per_s": offered * servers, "service_per_s": 1.0, "servers": servers}
    blocked, waits = erlang_b(**rates), erlang_c(**rates)
    assert 0.0 < blocked < waits < 1.0
    assert waits == pytest.approx(blocked / (1.0 - offered * (1.0 - blocked)))


@pytest.mark.parametrize("servers", [0, 2.5, True, -1])
def test_servers_are_counted_in_whole_numbers(servers: object) -> None:
    for law in (erlang_b, erlang_c):
        with pytest.raises(ScenarioError, match=r"^servers = .*: must be a whole number, 1 or more"):
            law(arrival_per_s=0.5, service_per_s=1.0, servers=servers)  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match=r"^arrival_per_s = nan: must be positive and finite"):
        erlang_b(arrival_per_s=math.nan, service_per_s=1.0, servers=1)
