"""Hedged requests: ask again when it is late, take the first, cancel the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bft.resilience.effects import call
from bft.resilience.exchange import Answer, Failure, FailureKind
from bft.resilience.hedge import Hedge, hedging
from bft.resilience.retry import Budget, RetryBudget

FIRST, SECOND = Answer(text="first"), Answer(text="second")
LOST = Failure(kind=FailureKind.CONNECTION)
HEDGE = Hedge(delay_s=2.0)


def test_an_early_answer_needs_no_hedge(world: Callable[..., Any]) -> None:
    there = world([(1.9, FIRST), (1.0, SECOND)])
    assert there.ask(hedging(HEDGE, call)) == FIRST
    there.env.run()
    assert (len(there.called), there.notes) == (1, [])


def test_the_first_answer_wins_and_the_other_call_is_cancelled(world: Callable[..., Any]) -> None:
    there = world([(9.0, FIRST), (1.0, SECOND)])
    assert there.ask(hedging(HEDGE, call, level="primary")) == SECOND
    assert (there.env.now, there.cancelled) == (3.0, 1)
    assert there.actions("hedge") == ["launched", "won"]

    there = world([(2.5, FIRST), (9.0, SECOND)])
    assert there.ask(hedging(HEDGE, call)) == FIRST
    assert (there.env.now, there.cancelled) == (2.5, 1)
    assert there.actions("hedge") == ["launched"]


def test_a_call_that_fails_before_its_hedge_fails_at_once(world: Callable[..., Any]) -> None:
    there = world([(1.0, LOST), (1.0, SECOND)])
    assert there.ask(hedging(HEDGE, call)) == LOST
    assert (there.env.now, len(there.called)) == (1.0, 1)


def test_a_failure_waits_for_the_hedge_that_is_under_way(world: Callable[..., Any]) -> None:
    there = world([(3.0, LOST), (2.5, SECOND)])
    assert there.ask(hedging(HEDGE, call)) == SECOND
    assert there.env.now == 4.5

    there = world([(3.0, LOST), (2.5, Failure(kind=FailureKind.EMPTY))])
    assert there.ask(hedging(HEDGE, call)).reason == "empty"
    assert there.env.now == 4.5


def test_several_hedges_go_out_one_after_the_other(world: Callable[..., Any]) -> None:
    there = world([(99.0, FIRST), (99.0, FIRST), (99.0, FIRST), (0.5, SECOND)])
    assert there.ask(hedging(Hedge(delay_s=2.0, extra=3), call)) == SECOND
    assert [at_s for at_s, _ in there.called] == [0.0, 2.0, 4.0, 6.0]
    assert there.cancelled == 3


def test_hedges_are_paid_from_the_retry_budget(world: Callable[..., Any]) -> None:
    there = world([(5.0, FIRST)])
    budget = RetryBudget(Budget(ratio=0.1, capacity=1.0))
    handler = hedging(HEDGE, call, budget=budget)
    assert [there.ask(handler) for _ in range(3)] == [FIRST] * 3
    assert there.actions("hedge") == ["launched", "unaffordable", "unaffordable"]
    assert there.env.now == pytest.approx(15.0)


def test_an_unaffordable_hedge_keeps_nobody_waiting(world: Callable[..., Any]) -> None:
    there = world([(3.0, LOST)])
    budget = RetryBudget(Budget(capacity=1.0))
    budget.withdraw()
    assert there.ask(hedging(HEDGE, call, budget=budget)) == LOST
    assert there.env.now == 3.0
