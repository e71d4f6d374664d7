"""Token bucket and bulkhead: what they let through, in which order, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.resilience.effects import call
from bft.resilience.exchange import Answer, Failure, FailureKind
from bft.resilience.limits import Bulkhead, Compartment, RateLimit, TokenBucket, confining, pacing

YES = Answer(text="yes")


class CountingBucket:
    """The textbook's token bucket, refilled second by second; tells how long the next call waits, in FIFO order."""

    def __init__(self, rate_per_s: float, burst: int) -> None:
        self.rate_per_s, self.burst = rate_per_s, burst
        self.tokens, self.last_s = float(burst), 0.0

    def reserve(self, now_s: float) -> float:
        self.tokens = min(self.burst, self.tokens + (now_s - self.last_s) * self.rate_per_s)
        self.last_s = now_s
        self.tokens -= 1.0  # a debt is waited for
        return max(0.0, -self.tokens / self.rate_per_s)


@given(
    gaps=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=60),
    rate_per_s=st.floats(0.2, 20.0),
    burst=st.integers(1, 6),
)
def test_the_computed_wait_is_that_of_the_counted_tokens(gaps: list[float], rate_per_s: float, burst: int) -> None:
    bucket = TokenBucket(RateLimit(rate_per_s=rate_per_s, burst=burst, max_wait_s=float("inf")))
    naive, now_s = CountingBucket(rate_per_s, burst), 0.0
    for gap_s in gaps:
        now_s += gap_s
        assert bucket.reserve(now_s) == pytest.approx(naive.reserve(now_s), abs=1e-9)


@given(
    gaps=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=40),
    rate_per_s=st.floats(0.2, 20.0),
    burst=st.integers(1, 6),
    max_wait_s=st.floats(0.0, 5.0),
)
def test_no_stretch_of_time_gets_more_than_its_tokens(
    gaps: list[float], rate_per_s: float, burst: int, max_wait_s: float
) -> None:
    bucket, now_s, released = TokenBucket(RateLimit(rate_per_s=rate_per_s, burst=burst, max_wait_s=max_wait_s)), 0.0, []
    for gap_s in gaps:
        now_s += gap_s
        expected_s = bucket.wait_s(now_s)
        wait_s = bucket.reserve(now_s)
        assert (wait_s is None) == (expected_s > max_wait_s)
        if wait_s is None:
            assert bucket.wait_s(now_s) == expected_s, "a refused call takes no token"
        else:
            assert wait_s == expected_s
            released.append(now_s + wait_s)
    assert released == sorted(released), "first come, first served"
    for first, begin_s in enumerate(released):
        for count, end_s in enumerate(released[first:], start=1):
            assert count <= burst + (end_s - begin_s) * rate_per_s + 1e-6


def test_a_bucket_spaces_calls_and_refuses_those_that_would_wait_too_long(world: Callable[..., Any]) -> None:
    there = world([(0.0, YES)])
    handler = pacing(TokenBucket(RateLimit(rate_per_s=2.0, burst=2, max_wait_s=1.0)), call, level="primary")
    calls = [there.start(handler(there.query)) for _ in range(5)]
    there.env.run()
    assert [at_s for at_s, _ in there.called] == [0.0, 0.0, 0.5, 1.0]
    assert calls[4].value == Failure(kind=FailureKind.RATE_LIMITED, retry_after_s=1.5, attempts=0)
    assert [(note.action, note.delay_s) for _, note in there.notes] == [
        ("waited", 0.5),
        ("waited", 1.0),
        ("refused", 0),
    ]


def test_a_bulkhead_queues_in_order_and_sheds_the_rest(world: Callable[..., Any]) -> None:
    there = world([(1.0, YES), (1.5, YES), (1.0, YES)])
    compartment = Compartment(Bulkhead(slots=2, queue=3))
    handler = confining(compartment, call, level="primary")
    calls = [there.start(handler(there.query)) for _ in range(7)]
    there.env.run()
    assert [at_s for at_s, _ in there.called] == [0.0, 0.0, 1.0, 1.5, 2.0]
    assert [call_.value.reason if isinstance(call_.value, Failure) else "yes" for call_ in calls] == [
        *["yes"] * 5,
        "shed",
        "shed",
    ]
    assert there.actions("limits") == ["queued"] * 3 + ["shed"] * 2
    assert (compartment.busy, len(compartment.waiting)) == (0, 0)


def test_who_gives_up_waiting_leaves_the_queue_and_who_is_cancelled_gives_the_slot_back(
    world: Callable[..., Any],
) -> None:
    there = world([(10.0, YES), (1.0, YES)])
    compartment = Compartment(Bulkhead(slots=1, queue=2))
    handler = confining(compartment, call)
    holding, waiting, patient = (there.start(handler(there.query)) for _ in range(3))
    for process in (holding, waiting):
        process.defused = True
    there.at(1.0)
    waiting.interrupt()
    there.at(2.0)
    assert len(compartment.waiting) == 1
    holding.interrupt()
    assert there.env.run(patient) == YES
    assert there.env.now == 3.0
    there.env.run()
    assert (compartment.busy, len(compartment.waiting)) == (0, 0)


def test_a_slot_granted_in_the_instant_of_the_cancellation_is_not_lost(world: Callable[..., Any]) -> None:
    there = world([(1.0, YES)])
    compartment = Compartment(Bulkhead(slots=1, queue=1))
    handler = confining(compartment, call)
    there.start(handler(there.query))
    waiting = there.start(handler(there.query))
    waiting.defused = True
    there.at(0.5)
    compartment.waiting[0].listen(waiting.interrupt)  # granted, and cancelled before it could run
    there.env.run()
    assert (compartment.busy, len(compartment.waiting), len(there.called)) == (0, 0, 1)


@given(
    slots=st.integers(1, 3),
    queue=st.integers(0, 3),
    steps=st.lists(st.integers(0, 9), max_size=60),
)
def test_a_compartment_never_holds_more_than_it_may_nor_lets_a_slot_lie_idle(
    slots: int, queue: int, steps: list[int]
) -> None:
    compartment = Compartment(Bulkhead(slots=slots, queue=queue))
    inside: list[Any] = []
    for step in steps:
        if step < 5:
            place = compartment.enter()
            assert (place is None) == (len(inside) == slots + queue)
            inside += [] if place is None else [place]
        elif inside:
            compartment.leave(inside.pop(step % len(inside)))
        granted = [place.fired for place in inside]
        assert granted == sorted(granted, reverse=True), "slots go to those who came first"
        assert sum(granted) == compartment.busy == min(slots, len(inside))
        assert list(compartment.waiting) == [place for place in inside if not place.fired]


def test_hundred_callers_through_ten_slots(world: Callable[..., Any]) -> None:
    there = world([(1.0, YES)])
    handler = confining(Compartment(Bulkhead(slots=10, queue=90)), call)
    for _ in range(100):
        there.start(handler(there.query))
    there.env.run()
    assert there.env.now == 10.0
    starts = [at_s for at_s, _ in there.called]
    assert all(later - earlier == 1.0 for earlier, later in pairwise(starts[::10]))
