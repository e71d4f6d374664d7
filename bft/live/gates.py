"""How much may be sent: requests at a time and a minute to an endpoint, and money for a question and for a panel.

A gate belongs to an endpoint and is shared by all members that reach it, and by all questions on an event loop. Who
waits there waits in a queue of our own: running out of time in it counts against nobody. A ceiling on spend holds
before a request is sent: with what was spent, what requests under way will cost by estimate, and this one. What a
request that was cut off has cost, nobody reports, so its estimate stands.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bft.resilience.exchange import Course
from bft.resilience.limits import RateLimit, TokenBucket

TOKENS_WRITTEN = 1024
"""A reply is estimated at so many tokens where no `max_tokens` bounds it."""

CHARS_A_TOKEN = 3.0
"""A prompt is estimated at a token for so many characters: more than it has in most languages."""


class Gate:
    """The way to one endpoint.

    Parameters
    ----------
    concurrent : int or None
        Requests at a time.
    per_minute : float or None
        Requests a minute, evenly spread.
    """

    def __init__(self, concurrent: int | None, per_minute: float | None) -> None:
        self._slots = None if concurrent is None else asyncio.Semaphore(concurrent)
        self._bucket = None
        if per_minute is not None:
            self._bucket = TokenBucket(RateLimit(rate_per_s=per_minute / 60.0, max_wait_s=math.inf))

    @asynccontextmanager
    async def passing(self, course: Course) -> AsyncIterator[None]:
        """Hold a place for one request; whoever waits for it is not blamed on the endpoint."""
        if self._slots is not None:
            if self._slots.locked():
                course.waited, course.sent = True, False
            await self._slots.acquire()
        try:
            await self._turn(course)
            course.sent = True
            yield
        finally:
            if self._slots is not None:
                self._slots.release()

    async def _turn(self, course: Course) -> None:
        if self._bucket is None:
            return
        wait_s = self._bucket.reserve(asyncio.get_running_loop().time())
        assert wait_s is not None, "nothing is refused for its wait"
        if wait_s > 0.0:
            course.waited, course.sent = True, False
            await asyncio.sleep(wait_s)


@dataclass(slots=True)
class Spend:
    """Money that may be spent, within that of `above`, if there is one."""

    ceiling: float | None = None
    """At most so much; None: any."""
    name: str = "max_cost"
    """What the ceiling is called."""
    above: Spend | None = None
    spent: float = 0.0
    reserved: float = 0.0
    """What has been spent, and what requests under way are estimated to cost."""
    reached: bool = False
    """Whether it has refused a request."""

    def refused(self, estimate: float) -> str:
        """Reserve the cost of a request; where it is too much, reserve nothing and return the sentence that says so."""
        if self.ceiling is not None and self.spent + self.reserved + estimate > self.ceiling:
            self.reached = True
            return f"{self.name} = {self.ceiling:g} leaves nothing for it: {self.spent:.6g} are spent"
        told = "" if self.above is None else self.above.refused(estimate)
        if not told:
            self.reserved += estimate
        return told

    def settle(self, estimate: float, cost: float) -> None:
        """Put what a request has cost in the place of its estimate."""
        self.reserved = max(0.0, self.reserved - estimate)
        self.spent += cost
        if self.above is not None:
            self.above.settle(estimate, cost)
