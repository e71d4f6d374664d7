"""Retries: schedule, deadlines, budget; against tenacity."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import tenacity
from hypothesis import given
from hypothesis import strategies as st

from bft.resilience.effects import call
from bft.resilience.exchange import Answer, Failure, FailureKind, Result
from bft.resilience.retry import Budget, Retry, RetryBudget, retrying

YES = Answer(text="yes")
UNLIMITED = Retry(budget=None)


def pauses(world: Any) -> list[float]:
    return [note.delay_s for _, note in world.notes if note.action == "retried"]


def test_the_pauses_double_up_to_the_cap(world: Callable[..., Any], http: Callable[..., Failure]) -> None:
    there = world([(0.0, http(503))])
    rules = Retry(attempts=7, cap_s=10.0, budget=None)
    result = there.ask(retrying(rules, call))
    assert result == Failure(kind=FailureKind.STATUS, status=503, attempts=7)
    assert pauses(there) == pytest.approx([1.0, 2.0, 4.0, 8.0, 10.0, 10.0])
    assert [at_s for at_s, _ in there.called] == pytest.approx([0.0, 1.0, 3.0, 7.0, 15.0, 25.0, 35.0])
    assert there.actions("retry") == ["retried"] * 6 + ["gave up"]


@given(
    seed=st.integers(0, 2**32),
    attempts=st.integers(1, 8),
    first_delay_s=st.floats(0.01, 5.0),
    factor=st.floats(1.1, 4.0),
    more_s=st.floats(0.0, 60.0),
)
def test_the_schedule_is_tenacitys(
    world: Callable[..., Any],
    http: Callable[..., Failure],
    seed: int,
    attempts: int,
    first_delay_s: float,
    factor: float,
    more_s: float,
) -> None:
    cap_s = first_delay_s + more_s
    slept: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tenacity.wait.random", random.Random(seed))
        oracle = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(attempts),
            wait=tenacity.wait_random_exponential(multiplier=first_delay_s, max=cap_s, exp_base=factor),
            sleep=slept.append,
        )
        with pytest.raises(tenacity.RetryError):
            oracle(lambda: 1 / 0)

    there = world([(0.0, http(429))])
    there.uniform = random.Random(seed).random
    rules = Retry(
        attempts=attempts,
        first_delay_s=first_delay_s,
        factor=factor,
        cap_s=cap_s,
        deadline_s=float("inf"),
        budget=None,
    )
    there.ask(retrying(rules, call))
    assert pauses(there) == pytest.approx(slept, rel=1e-12)


def test_an_answer_ends_the_attempts_and_says_how_many_there_were(
    world: Callable[..., Any], http: Callable[..., Failure]
) -> None:
    there = world([(0.5, http(429)), (0.5, Failure(kind=FailureKind.CONNECTION)), (0.5, YES)])
    assert there.ask(retrying(UNLIMITED, call)) == Answer(text="yes", attempts=3)
    assert [note.reason for _, note in there.notes] == ["status 429", "connection"]


@pytest.mark.parametrize("code", [400, 401, 403, 404])
def test_only_transient_failures_are_tried_again(
    world: Callable[..., Any], http: Callable[..., Failure], code: int
) -> None:
    there = world([(0.0, http(code))])
    assert there.ask(retrying(UNLIMITED, call)) == http(code)
    assert len(there.called) == 1


def test_retry_after_wins_over_the_back_off(world: Callable[..., Any], http: Callable[..., Failure]) -> None:
    there = world([(0.0, http(429, retry_after_s=47.0)), (0.0, http(429, retry_after_s=0.0)), (0.0, YES)])
    there.ask(retrying(Retry(cap_s=2.0, budget=None), call))
    assert [at_s for at_s, _ in there.called] == [0.0, 47.0, 47.0]


def test_an_attempt_is_cancelled_when_its_time_is_up(world: Callable[..., Any]) -> None:
    there = world([(99.0, YES), (1.0, YES)])
    result = there.ask(retrying(Retry(attempt_timeout_s=5.0, deadline_s=50.0, budget=None), call))
    assert result == Answer(text="yes", attempts=2)
    assert there.cancelled == 1
    assert [at_s for at_s, _ in there.called] == pytest.approx([0.0, 6.0])


def test_the_last_attempt_is_cut_short_by_the_deadline(world: Callable[..., Any]) -> None:
    there = world([(99.0, YES)])
    result = there.ask(retrying(Retry(attempts=9, attempt_timeout_s=5.0, deadline_s=8.0, budget=None), call))
    assert (result.kind, result.attempts) == (FailureKind.TIMEOUT, 2)
    assert there.env.now == pytest.approx(8.0)
    assert [note.reason for _, note in there.notes] == ["timeout", "deadline"]


def test_a_pause_that_would_outlast_the_deadline_is_not_begun(
    world: Callable[..., Any], http: Callable[..., Failure]
) -> None:
    there = world([(1.0, http(429, retry_after_s=600.0))])
    budget = RetryBudget(Budget())
    result = there.ask(retrying(Retry(), call, budget=budget))
    assert result == http(429, retry_after_s=600.0)
    assert there.env.now == 1.0
    assert budget.tokens == 10.0, "no token was spent on a retry that did not happen"


def test_without_tokens_there_is_no_retry(world: Callable[..., Any], http: Callable[..., Failure]) -> None:
    there = world([(0.0, http(503))])
    rules = Retry(attempts=2, budget=Budget(ratio=0.1, capacity=2.0))
    budget = RetryBudget(Budget(ratio=0.1, capacity=2.0))
    handler = retrying(rules, call, budget=budget, level="primary")
    for _ in range(30):
        there.ask(handler)
    retried = there.actions("retry").count("retried")
    assert retried == 4, "two from the start, one after each ten further calls"
    assert [note.reason for _, note in there.notes if note.action == "gave up"].count("budget") == 30 - retried
    assert {note.level for _, note in there.notes} == {"primary"}


@given(
    ratio=st.floats(0.01, 1.0),
    capacity=st.floats(1.0, 20.0),
    wishes=st.lists(st.integers(0, 4), max_size=80),
)
def test_retries_never_exceed_the_credit_and_the_share_of_calls(
    ratio: float, capacity: float, wishes: list[int]
) -> None:
    budget = RetryBudget(Budget(ratio=ratio, capacity=capacity))
    retries = 0
    for calls, wished in enumerate(wishes, start=1):
        budget.deposit()
        retries += sum(budget.withdraw() for _ in range(wished))
        assert retries <= capacity + ratio * calls + 1e-6
        assert 0.0 <= budget.tokens + 1e-6 <= capacity + 2e-6


@given(
    script=st.lists(
        st.tuples(
            st.floats(0.0, 20.0),
            st.sampled_from(
                [
                    YES,
                    Failure(kind=FailureKind.CONNECTION),
                    Failure(kind=FailureKind.STATUS, status=429, retry_after_s=9.0),
                    Failure(kind=FailureKind.STATUS, status=401),
                ]
            ),
        ),
        min_size=1,
        max_size=8,
    ),
    attempts=st.integers(1, 6),
    timeout_s=st.floats(0.5, 10.0),
    deadline_s=st.floats(10.0, 60.0),
    seed=st.integers(0, 1000),
)
def test_whatever_happens_attempts_and_deadline_are_kept(
    world: Callable[..., Any],
    script: list[tuple[float, Result]],
    attempts: int,
    timeout_s: float,
    deadline_s: float,
    seed: int,
) -> None:
    there = world(script)
    there.uniform = random.Random(seed).random
    rules = Retry(attempts=attempts, attempt_timeout_s=timeout_s, deadline_s=deadline_s, budget=None)
    result = there.ask(retrying(rules, call))
    assert result.attempts == len(there.called) <= attempts
    assert there.env.now <= deadline_s * (1.0 + 1e-12)
    permanent = [i for i, (_, outcome) in enumerate(script) if getattr(outcome, "status", None) == 401]
    answered = [i for i, (_, outcome) in enumerate(script) if outcome is YES]
    timely = [i for i in permanent + answered if script[i][0] < timeout_s and i < len(there.called) - 1]
    assert timely == [], "nothing is asked again after an answer or a permanent failure that came in time"
