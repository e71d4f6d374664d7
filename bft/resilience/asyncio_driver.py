"""Runs policies on an asyncio event loop, where the calls are real.

What a call does is left to a coroutine function, an LLM client's for instance, with the client's own retries turned
off. Whatever it raises becomes a typed failure; cancelling the task that awaits `run` cancels all that runs for it.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bft.resilience.classification import failure_of
from bft.resilience.effects import (
    Blocking,
    Call,
    Note,
    Now,
    Observer,
    Program,
    Race,
    Sleep,
    Uniform,
    Wait,
    unobserved,
)
from bft.resilience.exchange import FailureKind, Query, Result

T = TypeVar("T")
_log = logging.getLogger(__name__)


def _unix_origin_s() -> float:
    return time.time() - time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncioDriver:
    """Performs effects as awaitables.

    Attributes
    ----------
    call : callable
        Turns a query into an awaitable `Answer` or `Failure`.
    uniform : callable
        Draws from [0, 1); seeded by the caller.
    observe : callable
        Is shown the time and each decision.
    origin_s : float
        Added to the loop's clock. By default the policies' clock shows Unix time as of the driver's making and then
        runs steadily, so that answers cached on disk keep their age over a restart, and a corrected wall clock moves
        nothing.
    """

    call: Callable[[Query], Awaitable[Result]]
    uniform: Callable[[], float]
    observe: Observer = unobserved
    origin_s: float = field(default_factory=_unix_origin_s)

    async def run(self, program: Program[T]) -> T:
        """Run a program to its end and return its result."""
        answer: Any = None
        try:
            while True:
                effect = program.send(answer)
                answer = None
                match effect:
                    case Now():
                        answer = self._now_s()
                    case Note():
                        self.observe(self._now_s(), effect)
                    case Uniform():
                        answer = self.uniform()
                    case Call(query):
                        answer = await self._call(query)
                    case Sleep(delay_s):
                        await asyncio.sleep(delay_s)
                    case Race():
                        answer = await self._race(effect)
                    case Wait(signal):
                        fired = asyncio.Event()
                        signal.listen(fired.set)
                        await fired.wait()
                    case Blocking(work):
                        answer = await asyncio.to_thread(work)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            program.close()

    async def _race(self, race: Race) -> Any:
        running = [asyncio.ensure_future(self.run(program)) for program in race.programs]
        try:
            return await self._winner(race, running)
        finally:
            for loser in running:
                loser.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _winner(self, race: Race, running: list[asyncio.Task[Any]]) -> Any:
        """Wait for the race to be decided; who is left in `running` has lost."""
        loop = asyncio.get_running_loop()
        limit_s = loop.time() + race.timeout_s
        while True:
            remaining_s = None if math.isinf(limit_s) else max(0.0, limit_s - loop.time())
            done, _ = await asyncio.wait(running, timeout=remaining_s, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                return None
            for branch in [branch for branch in running if branch in done]:
                running.remove(branch)
                if race.decided_by(branch.result()) or not running:
                    return branch.result()

    async def _call(self, query: Query) -> Result:
        try:
            return await self.call(query)
        except Exception as error:
            failure = failure_of(error, now_s=self._now_s())
            if failure.kind is FailureKind.UNKNOWN:
                _log.warning("a call to %s raised an error that no rule knows", query.model, exc_info=error)
            return failure

    def _now_s(self) -> float:
        return self.origin_s + asyncio.get_running_loop().time()
