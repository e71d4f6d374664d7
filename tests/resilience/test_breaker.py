"""The breaker: its three states, its probes, its generations; against circuitbreaker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import circuitbreaker
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.resilience.breaker import Breaker, CircuitBreaker, State, Ticket, breaking
from bft.resilience.effects import call
from bft.resilience.exchange import Answer, Failure, FailureKind
from bft.resilience.retry import Retry, retrying

YES = Answer(text="yes")
LOST = Failure(kind=FailureKind.CONNECTION)


def opened(rules: Breaker, *, at_s: float = 0.0) -> CircuitBreaker:
    breaker = CircuitBreaker(rules)
    for _ in range(rules.failures):
        settle(breaker, admit(breaker, at_s), False, at_s)
    assert breaker.state is State.OPEN
    return breaker


def admit(breaker: CircuitBreaker, at_s: float) -> Ticket:
    ticket = breaker.admit(at_s)
    assert ticket is not None
    return ticket


def settle(breaker: CircuitBreaker, ticket: Ticket, success: bool, at_s: float) -> None:
    assert breaker.settle(ticket, success, at_s), "this result counts"


def test_five_failures_in_a_row_open_it_for_a_minute() -> None:
    breaker = CircuitBreaker(Breaker())
    for second in range(4):
        settle(breaker, admit(breaker, second), False, second)
    assert breaker.state is State.CLOSED
    settle(breaker, admit(breaker, 4.0), False, 4.0)
    assert breaker.state is State.OPEN
    assert breaker.wait_s(10.0) == 54.0
    assert breaker.admit(63.9) is None
    assert breaker.admit(64.0) is not None
    assert breaker.state is State.HALF_OPEN


def test_a_success_starts_the_count_anew() -> None:
    breaker = CircuitBreaker(Breaker(failures=2))
    for _ in range(10):
        settle(breaker, admit(breaker, 0.0), False, 0.0)
        settle(breaker, admit(breaker, 0.0), True, 0.0)
    assert breaker.state is State.CLOSED


def test_probes_are_limited_and_enough_answers_close_it() -> None:
    breaker = opened(Breaker(probes=2, successes=3))
    first, second = admit(breaker, 60.0), admit(breaker, 60.0)
    assert breaker.admit(60.0) is None, "both places are taken"
    settle(breaker, first, True, 61.0)
    settle(breaker, second, True, 61.0)
    assert breaker.state is State.HALF_OPEN
    settle(breaker, admit(breaker, 62.0), True, 63.0)
    assert breaker.state is State.CLOSED


def test_one_failed_probe_opens_it_for_another_minute() -> None:
    breaker = opened(Breaker(probes=2, successes=2))
    first, second = admit(breaker, 60.0), admit(breaker, 60.0)
    settle(breaker, first, True, 61.0)
    settle(breaker, second, False, 70.0)
    assert breaker.state is State.OPEN
    assert breaker.wait_s(70.0) == 60.0


def test_each_time_it_probes_anew() -> None:
    breaker = opened(Breaker(probes=2, successes=2))
    settle(breaker, admit(breaker, 60.0), True, 61.0)
    failing, lost = admit(breaker, 62.0), admit(breaker, 62.0)
    settle(breaker, failing, False, 63.0)
    again = [admit(breaker, 123.0), admit(breaker, 123.0)]
    assert not breaker.settle(lost, True, 123.0), "an older probe neither holds a place nor has a say"
    settle(breaker, again[0], True, 124.0)
    assert breaker.state is State.HALF_OPEN, "nor does its success count"
    settle(breaker, again[1], True, 124.0)
    assert breaker.state is State.CLOSED


def test_a_probe_that_does_not_come_back_loses_its_place() -> None:
    breaker = opened(Breaker(probe_timeout_s=30.0))
    lost = admit(breaker, 60.0)
    assert breaker.admit(90.0) is None, "its time is not up yet"
    next_probe = admit(breaker, 90.1)
    assert not breaker.settle(lost, False, 91.0), "what an expired probe says does not count"
    assert breaker.state is State.HALF_OPEN
    settle(breaker, next_probe, True, 92.0)
    assert breaker.state is State.CLOSED


def test_a_late_result_of_an_older_generation_is_ignored() -> None:
    breaker = CircuitBreaker(Breaker(failures=1))
    slow, failing = admit(breaker, 0.0), admit(breaker, 0.0)
    settle(breaker, failing, False, 1.0)
    assert not breaker.settle(slow, True, 2.0), "a success from before does not close it"
    assert breaker.state is State.OPEN
    settle(breaker, admit(breaker, 61.0), True, 62.0)
    late = breaker.generation
    assert not breaker.settle(slow, False, 63.0), "and a failure from before does not open it"
    assert (breaker.state, breaker.generation) == (State.CLOSED, late)


def test_an_abandoned_probe_is_neither_success_nor_failure() -> None:
    breaker = opened(Breaker())
    generation = breaker.generation + 1
    breaker.abandon(admit(breaker, 60.0))
    assert (breaker.state, breaker.generation) == (State.HALF_OPEN, generation)
    settle(breaker, admit(breaker, 60.0), True, 60.0)
    assert breaker.state is State.CLOSED


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.0, 1.5, 25.0, 70.0]),
        st.one_of(
            st.just(("admit", 0)),
            st.tuples(st.sampled_from(["success", "failure", "failure", "abandon"]), st.integers(0, 7)),
        ),
    ),
    max_size=80,
)


@given(
    operations=OPERATIONS,
    failures=st.integers(1, 4),
    probes=st.integers(1, 3),
    successes=st.integers(1, 3),
    probe_timeout_s=st.floats(1.0, 90.0),
)
def test_whatever_happens_it_keeps_its_rules_and_can_close_again(
    operations: list[tuple[float, tuple[str, int]]],
    failures: int,
    probes: int,
    successes: int,
    probe_timeout_s: float,
) -> None:
    rules = Breaker(failures=failures, probes=probes, successes=successes, probe_timeout_s=probe_timeout_s)
    breaker = CircuitBreaker(rules)
    now_s, opened_s = 0.0, -1.0
    under_way: list[tuple[Ticket, float]] = []
    in_a_row = answered_probes = 0
    for pause_s, (operation, which) in operations:
        now_s += pause_s
        before, generation = breaker.state, breaker.generation
        if operation == "admit":
            ticket = breaker.admit(now_s)
            if before is State.OPEN:
                due = now_s >= opened_s + rules.open_s
                assert (breaker.state is State.HALF_OPEN) == due == (ticket is not None)
            if breaker.state is State.HALF_OPEN:
                answered_probes = 0 if before is State.OPEN else answered_probes
                alive = [
                    since_s
                    for other, since_s in under_way
                    if other.generation == breaker.generation and since_s + probe_timeout_s >= now_s
                ]
                assert (ticket is not None) == (len(alive) < probes)
            if ticket is not None:
                assert ticket.generation == breaker.generation
                under_way.append((ticket, now_s))
        elif under_way:
            ticket, since_s = under_way.pop(which % len(under_way))
            if operation == "abandon":
                breaker.abandon(ticket)
                assert (breaker.state, breaker.generation) == (before, generation)
                continue
            expired = before is State.HALF_OPEN and since_s + probe_timeout_s < now_s
            counted = breaker.settle(ticket, operation == "success", now_s)
            assert counted == (ticket.generation == generation and not expired)
            if not counted:
                assert (breaker.state, breaker.generation) == (before, generation)
            elif before is State.CLOSED:
                in_a_row = in_a_row + 1 if operation == "failure" else 0
                assert (breaker.state is State.OPEN) == (in_a_row == failures)
            else:
                answered_probes += operation == "success"
                closes = operation == "success" and answered_probes == successes
                opens = operation == "failure"
                expected = State.CLOSED if closes else State.OPEN if opens else State.HALF_OPEN
                assert breaker.state is expected
        if breaker.generation != generation:
            in_a_row = 0
            opened_s = now_s if breaker.state is State.OPEN else opened_s

    now_s += rules.open_s + probe_timeout_s + 1.0
    for _ in range(successes):
        settle(breaker, admit(breaker, now_s), True, now_s)
    assert breaker.state is State.CLOSED, "an endpoint that answers again always gets its calls again"


@given(script=st.lists(st.tuples(st.floats(0.0, 50.0), st.booleans()), max_size=60), failures=st.integers(1, 5))
def test_on_calls_one_by_one_it_decides_as_circuitbreaker_does(script: list[tuple[float, bool]], failures: int) -> None:
    now_s = 1000.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("circuitbreaker.monotonic", lambda: now_s)
        oracle = circuitbreaker.CircuitBreaker(failure_threshold=failures, recovery_timeout=60, name="oracle")
        breaker = CircuitBreaker(Breaker(failures=failures, open_s=60.0))
        for pause_s, success in script:
            now_s += pause_s
            ticket = breaker.admit(now_s)
            assert (ticket is None) == oracle.opened
            if ticket is None:
                continue
            settle(breaker, ticket, success, now_s)
            if success:
                oracle.call(lambda: None)
            else:
                with pytest.raises(ZeroDivisionError):
                    oracle.call(lambda: 1 / 0)
            assert breaker.state.value.replace("-", "_") == oracle.state


def test_an_open_breaker_does_not_ask_and_says_when_to_come_back(world: Callable[..., Any]) -> None:
    there = world([(1.0, LOST)])
    handler = breaking(CircuitBreaker(Breaker(failures=2)), call, level="primary")
    assert [there.ask(handler).kind for _ in range(3)] == [FailureKind.CONNECTION] * 2 + [FailureKind.BREAKER_OPEN]
    refused = there.ask(handler)
    assert (refused.retry_after_s, refused.attempts) == (60.0, 0)
    there.script = [(1.0, YES)]
    there.at(62.0)
    assert there.ask(handler) == YES
    assert there.actions("breaker") == ["opened", "rejected", "rejected", "half-opened", "closed"]
    assert there.notes[0][1].reason == "connection"


def test_a_cancelled_call_is_neutral(world: Callable[..., Any]) -> None:
    there = world([(5.0, LOST)])
    breaker = opened(Breaker())
    there.at(60.0)
    probe = there.start(breaking(breaker, call)(there.query))
    probe.defused = True
    there.at(61.0)
    probe.interrupt()
    there.at(62.0)
    assert breaker.state is State.HALF_OPEN
    assert breaker.admit(62.0) is not None, "the probe gave its place back"


@pytest.mark.parametrize("failure", [Failure(kind=FailureKind.STATUS, status=401), Failure(kind=FailureKind.SHED)])
def test_failures_that_say_nothing_of_the_endpoint_are_neutral(world: Callable[..., Any], failure: Failure) -> None:
    there = world([(0.0, failure)])
    breaker = CircuitBreaker(Breaker(failures=1))
    there.ask(breaking(breaker, call))
    assert breaker.state is State.CLOSED
    assert breaker.generation == 0


def test_around_the_retries_it_counts_calls_and_inside_them_attempts(world: Callable[..., Any]) -> None:
    retry = Retry(attempts=3, budget=None)
    by_calls, by_attempts = CircuitBreaker(Breaker(failures=5)), CircuitBreaker(Breaker(failures=5))
    there = world([(0.0, LOST)])
    for _ in range(4):
        there.ask(breaking(by_calls, retrying(retry, call)))
    assert by_calls.state is State.CLOSED
    assert len(there.called) == 12
    for _ in range(2):
        there.ask(retrying(retry, breaking(by_attempts, call)))
    assert by_attempts.state is State.OPEN
    assert len(there.called) == 12 + 5, "the sixth attempt was not made, and the refusal was not retried"
    assert there.ask(retrying(retry, breaking(by_attempts, call))).attempts == 0, "a refusal is no attempt"


def test_a_late_result_is_noted_as_ignored(world: Callable[..., Any]) -> None:
    there = world([(10.0, YES), (1.0, LOST)])
    handler = breaking(CircuitBreaker(Breaker(failures=1)), call)
    slow = there.start(handler(there.query))
    there.ask(handler)
    assert there.env.run(slow) == YES, "the answer itself is not lost"
    assert there.actions("breaker") == ["opened", "ignored"]
