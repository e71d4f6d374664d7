"""Tendermint under whatever Hypothesis makes of schedules, and under full checks in simulations of every kind."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

import bft
from bft.checking.protocols import subject_of
from bft.checking.strategies import assert_safe, schedules


@given(schedules(subject_of("tendermint"), sizes=(4, 5)))
def test_the_paper_is_safe_on_whatever_hypothesis_makes_of_it(schedule: Any) -> None:
    assert_safe(subject_of("tendermint"), *schedule)


@given(schedules(subject_of("tendermint-follow-polka"), sizes=(4, 7)))
def test_following_polkas_is_safe_on_whatever_hypothesis_makes_of_it(schedule: Any) -> None:
    assert_safe(subject_of("tendermint-follow-polka"), *schedule)


@pytest.mark.parametrize(
    "given",
    [
        {"n": 7, "faults": {"nodes": (1, 4), "behaviour": "crash_recover"}},
        {"n": 4, "network": {"loss": 0.2}},
        {"n": 5, "requests": {"count": 5, "rate_per_s": 2.0}},
        {"n": 6, "stakes": (5, 1, 1, 1, 1, 1), "faults": {"nodes": (1,), "behaviour": "slow"}},
    ],
)
def test_nothing_is_breached_where_nodes_come_back_or_messages_go(given: dict[str, Any]) -> None:
    simulator = bft.Simulator(bft.Scenario(protocol="tendermint", **given), 3, check="full")
    for replication in range(10):
        run = simulator.run(replication)
        assert run.outcome.name == "AGREED_CORRECT"
        assert not run.breaches
