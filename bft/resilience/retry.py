"""Retry: several attempts with exponential back-off and full jitter, within deadlines and a budget.

Only transient failures are tried again. The k-th pause is uniform on [0, min(cap, first · factor^(k−1))] [1]_; where
the endpoint sent Retry-After, the pause is that instead. A call gives up at once when the pause would outlast its
deadline.

The budget bounds what retries add to the load: each call pays in a share of a token, each retry takes a whole one
[2]_. Without it, retries keep an endpoint overloaded long after the slowdown that started them. What is a transient
failure is left to `classification`, and when to stop asking an endpoint altogether to `breaker`.

Notes: `retried` (the failure's reason, the pause), `gave up` (attempts, deadline or budget: what stood against one
more).

References
----------
.. [1] M. Brooker, "Exponential backoff and jitter", AWS Architecture Blog, 2015.
.. [2] B. Beyer et al. (eds.), Site Reliability Engineering, 2016, chapter 21: per-client retry budget of 10 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal

from bft.core.refusal import require, require_positive, require_share, require_whole
from bft.resilience.classification import treatment
from bft.resilience.effects import NOW, UNIFORM, Handler, Note, Program, Race, Sleep
from bft.resilience.exchange import Answer, Course, Failure, FailureKind, Query, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many retries a stream of calls may add.

    Attributes
    ----------
    ratio : float
        Retries allowed per call in the long run, above 0 and at most 1.
    capacity : float
        Retries that may be saved up, 1 or more; also the credit at the start.
    """

    ratio: float = 0.1
    capacity: float = 10.0

    def __post_init__(self) -> None:
        require_share("budget.ratio", self.ratio)
        require(self.ratio > 0.0, "budget.ratio", self.ratio, "must be above 0; for no retries set retry.attempts to 1")
        require_positive("budget.capacity", self.capacity)
        require(self.capacity >= 1.0, "budget.capacity", self.capacity, "must be 1 or more: what a retry costs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often, and how patiently, a call is tried.

    Attributes
    ----------
    attempts : int
        Attempts in all, the first included; 1 or more.
    first_delay_s, factor, cap_s : float
        Ceilings of the pauses: first, first · factor, … up to the cap.
    attempt_timeout_s : float
        Each attempt is cancelled after so long.
    deadline_s : float
        The whole call, pauses included, ends by then. Infinity stands for no limit, here and above.
    budget : Budget or False
        False (or None): retries are not rationed. They can then feed a retry storm.
    """

    attempts: int = 3
    first_delay_s: float = 1.0
    factor: float = 2.0
    cap_s: float = 30.0
    attempt_timeout_s: float = 30.0
    deadline_s: float = 120.0
    budget: Budget | Literal[False] | None = Budget()

    def __post_init__(self) -> None:
        if self.budget is None:
            object.__setattr__(self, "budget", False)  # a file can say false, and has no word for None
        require_whole("retry.attempts", self.attempts, at_least=1)
        require_positive("retry.first_delay_s", self.first_delay_s)
        require_positive("retry.factor", self.factor)
        require(self.factor >= 1.0, "retry.factor", self.factor, "must be 1 or more: pauses do not shrink")
        require_positive("retry.cap_s", self.cap_s, finite=False)
        allowed = f"must be at least retry.first_delay_s, {self.first_delay_s}"
        require(self.cap_s >= self.first_delay_s, "retry.cap_s", self.cap_s, allowed)
        require_positive("retry.attempt_timeout_s", self.attempt_timeout_s, finite=False)
        require_positive("retry.deadline_s", self.deadline_s, finite=False)
        if not math.isinf(self.attempt_timeout_s):
            allowed = f"must be at least retry.attempt_timeout_s, {self.attempt_timeout_s}"
            require(self.deadline_s >= self.attempt_timeout_s, "retry.deadline_s", self.deadline_s, allowed)

    def ceiling_s(self, retry: int) -> float:
        """Return the longest pause before the given retry, counted from 1."""
        try:
            return min(self.cap_s, self.first_delay_s * self.factor ** (retry - 1))
        except OverflowError:
            return self.cap_s


def attempt_s(rules: Retry | None) -> float:
    """Return how long an attempt may take; without retries there is one, of any length."""
    return math.inf if rules is None else min(rules.attempt_timeout_s, rules.deadline_s)


class RetryBudget:
    """The tokens of one stream of calls."""

    def __init__(self, rules: Budget) -> None:
        self._rules = rules
        self.tokens = rules.capacity

    def deposit(self) -> None:
        """Pay in for a new call."""
        self.tokens = min(self._rules.capacity, self.tokens + self._rules.ratio)

    def withdraw(self) -> bool:
        """Take a token for a retry, or a hedge; False if there is none."""
        if self.tokens < 1.0 - 1e-9:  # ten tenths do not add up to one
            return False
        self.tokens -= 1.0
        return True


def retrying(rules: Retry, inner: Handler, *, level: str = "", budget: RetryBudget | None = None) -> Handler:
    """Wrap a handler in retries; `budget` holds the stream's tokens, None if retries are not rationed."""

    def handle(query: Query) -> Program[Result]:
        course = query.course
        if course is not None and course.begun is not None:
            start_s: float = course.begun.start_s
        else:
            start_s = yield NOW
            if budget is not None:
                budget.deposit()
        left_s = rules.deadline_s
        made = 0
        for attempt in count(1):
            if course is not None:
                course.waited = course.sent = False
            outcome = yield from _within(min(rules.attempt_timeout_s, left_s), inner(query), course)
            made += outcome.attempts
            result = outcome if made == outcome.attempts else replace(outcome, attempts=made)
            if isinstance(result, Answer) or not treatment(result).retried:
                return result
            if attempt == rules.attempts:
                yield Note(policy="retry", action="gave up", level=level, reason="attempts")
                return result
            pause_s = result.retry_after_s
            if pause_s is None:
                pause_s = rules.ceiling_s(attempt) * (yield UNIFORM)
            left_s = rules.deadline_s - ((yield NOW) - start_s) - pause_s
            obstacle = "deadline" if left_s <= 0.0 else "budget" if budget and not budget.withdraw() else ""
            if obstacle:
                yield Note(policy="retry", action="gave up", level=level, reason=obstacle)
                return result
            yield Note(policy="retry", action="retried", level=level, reason=result.reason, delay_s=pause_s)
            yield Sleep(pause_s)
        raise AssertionError("counting does not end")

    return handle


def _within(timeout_s: float, program: Program[Result], course: Course | None) -> Program[Result]:
    """Run one attempt, and cancel it when its time is up; time spent in a queue of our own is not the endpoint's."""
    result: Result | None
    if course is not None and course.begun is not None:
        result = course.taken()
    elif math.isinf(timeout_s):
        return (yield from program)
    else:
        result = yield Race((program,), timeout_s)
    if result is not None:
        return result
    if course is not None and course.waited:
        detail = f"its {timeout_s:g} s were up in a queue, or soon after"
        return Failure(kind=FailureKind.SHED, detail=detail, attempts=int(course.sent))
    return Failure(kind=FailureKind.TIMEOUT, detail=f"no answer within {timeout_s:g} s")
