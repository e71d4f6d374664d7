"""Runs policies on SimPy's clock. The only file of this room that imports simpy.

What a call does, its queue and its latency are left to the endpoint, a SimPy generator. When a call is cancelled, the
endpoint's generator is interrupted where it waits; `with resource.request()` then gives its place back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import simpy

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
from bft.resilience.exchange import Query, Result

T = TypeVar("T")
Process = Generator[simpy.Event, Any, T]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpyDriver:
    """Performs effects as SimPy events.

    Attributes
    ----------
    env : simpy.Environment
        Its clock is in seconds.
    call : callable
        Turns a query into a SimPy generator that returns an `Answer` or a `Failure`.
    uniform : callable
        Draws from [0, 1); seeded by the caller.
    observe : callable
        Is shown the time and each decision.
    """

    env: simpy.Environment
    call: Callable[[Query], Process[Result]]
    uniform: Callable[[], float]
    observe: Observer = unobserved

    def run(self, program: Program[T]) -> Process[T]:
        """Run a program inside a SimPy process: `result = yield from driver.run(program)`."""
        env = self.env
        answer: Any = None
        try:
            while True:
                effect = program.send(answer)
                answer = None
                match effect:
                    case Now():
                        answer = env.now
                    case Note():
                        self.observe(env.now, effect)
                    case Uniform():
                        answer = self.uniform()
                    case Call(query):
                        answer = yield from self.call(query)
                    case Sleep(delay_s):
                        yield env.timeout(delay_s)
                    case Race():
                        answer = yield from self._race(effect)
                    case Wait(signal):
                        fired = env.event()
                        signal.listen(fired.succeed)
                        yield fired
                    case Blocking(work):
                        answer = work()
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            program.close()

    def _race(self, race: Race) -> Process[Any]:
        running = [self.env.process(self._branch(program)) for program in race.programs]
        try:
            result = yield from self._winner(race, running)
        finally:
            for loser in running:
                if loser.is_alive:
                    loser.interrupt()
        if running:
            yield self.env.all_of(running)
        return result

    def _winner(self, race: Race, running: list[simpy.Process]) -> Process[Any]:
        """Wait for the race to be decided; who is left in `running` has lost."""
        limit = [] if math.isinf(race.timeout_s) else [self.env.timeout(race.timeout_s)]
        while True:
            yield self.env.any_of([*running, *limit])
            ended = [branch for branch in running if branch.triggered]
            if not ended:
                return None
            for branch in ended:
                running.remove(branch)
                if race.decided_by(branch.value) or not running:
                    return branch.value

    def _branch(self, program: Program[T]) -> Process[T | None]:
        with suppress(simpy.Interrupt):
            return (yield from self.run(program))
        return None
