"""Limits: how many calls per second, and how many at a time.

The token bucket computes at once how long a call must wait, or that it would be too long, and never polls: it is the
generic cell rate algorithm [1]_, which keeps one number, the time at which the bucket would be full again. The
bulkhead bounds the calls under way and the queue behind them; what comes when the queue is full is shed, for a
refusal now is worth more than an answer after everybody has given up. A cancelled call leaves the bulkhead's queue;
its token is spent, for later calls have computed their wait from it. What waits here says so in the query's course, so
that nobody blames the endpoint for it.

Notes: `waited` (the pause), `queued`, `shed`, `refused` (its turn would have come too late).

References
----------
.. [1] ITU-T I.371, Traffic control and congestion control in B-ISDN, 2004, annex A.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from bft.core.refusal import require_not_negative, require_positive, require_whole
from bft.resilience.effects import NOW, Handler, Note, Program, Signal, Sleep, Wait
from bft.resilience.exchange import Failure, FailureKind, Query, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """At most burst + rate · t calls in any t seconds.

    Attributes
    ----------
    rate_per_s : float
        Tokens per second, positive.
    burst : int
        Tokens that the bucket holds, 1 or more.
    max_wait_s : float
        A call that would wait longer is refused; infinity: none is.
    """

    rate_per_s: float
    burst: int = 1
    max_wait_s: float = 10.0

    def __post_init__(self) -> None:
        require_positive("rate_limit.rate_per_s", self.rate_per_s)
        require_whole("rate_limit.burst", self.burst, at_least=1)
        require_not_negative("rate_limit.max_wait_s", self.max_wait_s, finite=False)


class TokenBucket:
    """The state of one rate limit; time comes in as an argument and never goes back."""

    def __init__(self, rules: RateLimit) -> None:
        self.rules = rules
        self._full_s = -math.inf

    def wait_s(self, now_s: float) -> float:
        """Return how long a call that came now would wait."""
        return max(0.0, self._full_s - (self.rules.burst - 1) / self.rules.rate_per_s - now_s)

    def reserve(self, now_s: float) -> float | None:
        """Take the next token and return the wait for it, or take none and return None: the wait would be too long."""
        wait_s = self.wait_s(now_s)
        if wait_s > self.rules.max_wait_s:
            return None
        self._full_s = max(self._full_s, now_s) + 1.0 / self.rules.rate_per_s
        return wait_s


def pacing(bucket: TokenBucket, inner: Handler, *, level: str = "") -> Handler:
    """Wrap a handler in a rate limit."""

    def handle(query: Query) -> Program[Result]:
        now_s: float = yield NOW
        wait_s = bucket.reserve(now_s)
        if wait_s is None:
            yield Note(policy="limits", action="refused", level=level)
            return Failure(kind=FailureKind.RATE_LIMITED, retry_after_s=bucket.wait_s(now_s), attempts=0)
        if wait_s > 0.0:
            yield Note(policy="limits", action="waited", level=level, delay_s=wait_s)
            _waits(query)
            yield Sleep(wait_s)
        return (yield from inner(query))

    return handle


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulkhead:
    """At most `slots` calls at a time, and at most `queue` waiting for one.

    Attributes
    ----------
    slots : int
        1 or more.
    queue : int
        0 or more; 0: what finds no slot is shed.
    """

    slots: int = 10
    queue: int = 20

    def __post_init__(self) -> None:
        require_whole("bulkhead.slots", self.slots, at_least=1)
        require_whole("bulkhead.queue", self.queue, at_least=0)


class Compartment:
    """The state of one bulkhead. A place in it is a signal, fired when the slot is there."""

    def __init__(self, rules: Bulkhead) -> None:
        self.rules = rules
        self.busy = 0
        self.waiting: deque[Signal] = deque()

    def enter(self) -> Signal | None:
        """Take a slot, or a place in the queue; None: both are full."""
        place = Signal()
        if self.busy < self.rules.slots:
            self.busy += 1
            place.fire()
        elif len(self.waiting) < self.rules.queue:
            self.waiting.append(place)
        else:
            return None
        return place

    def leave(self, place: Signal) -> None:
        """Give a place back; the slot goes to the first in the queue."""
        if not place.fired:
            self.waiting.remove(place)
        elif self.waiting:
            self.waiting.popleft().fire()
        else:
            self.busy -= 1


def confining(compartment: Compartment, inner: Handler, *, level: str = "") -> Handler:
    """Wrap a handler in a bulkhead."""

    def handle(query: Query) -> Program[Result]:
        place = compartment.enter()
        if place is None:
            yield Note(policy="limits", action="shed", level=level)
            return Failure(kind=FailureKind.SHED, attempts=0)
        try:
            if not place.fired:
                yield Note(policy="limits", action="queued", level=level)
                _waits(query)
                yield Wait(place)
            return (yield from inner(query))
        finally:
            compartment.leave(place)

    return handle


def leaving(inner: Handler) -> Handler:
    """Wrap what stands behind the limits: note that a query has left them."""

    def handle(query: Query) -> Program[Result]:
        if query.course is not None:
            query.course.sent = True
        return inner(query)

    return handle


def _waits(query: Query) -> None:
    if query.course is not None:
        query.course.waited = True
