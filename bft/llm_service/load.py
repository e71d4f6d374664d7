"""Load on a service: open loop, where calls come whatever happens, and closed loop, where users wait for answers.

Open loops show what overload does; closed loops hide it, for who waits sends nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import simpy

from bft.arguments import check_positive
from bft.clock import Clock
from bft.errors import ScenarioError, bad_value
from bft.randomness import Randomness, Tape
from bft.resilience.endpoints import ServiceTime
from bft.resilience.exchange import Answer, Result

Ask = Callable[[], Generator[simpy.Event, Any, Result]]
_DEPTH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call as its caller saw it.

    Attributes
    ----------
    start_s, end_s : float
        From asking to the result.
    result : Result
    """

    start_s: float
    end_s: float
    result: Result

    @property
    def answered(self) -> bool:
        """Whether there was an answer."""
        return isinstance(self.result, Answer)

    @property
    def latency_s(self) -> float:
        """How long it took."""
        return self.end_s - self.start_s


def open_loop(
    clock: Clock, ask: Ask, *, rate_per_s: float, until_s: float, seed: int, replication: int = 0
) -> list[CallRecord]:
    """Let Poisson calls come until a time; return the list that fills as the clock runs."""
    check_positive("load.rate_per_s", rate_per_s)
    seen: list[CallRecord] = []
    tape = Tape(Randomness(seed), "service.load", 1, _DEPTH, replication)

    def arrivals() -> Generator[simpy.Event, Any, None]:
        while True:
            yield clock.timeout(-math.log1p(-tape.draw(0)) / rate_per_s)
            if clock.now >= until_s:
                return
            clock.process(_one(clock, ask, seen))

    clock.process(arrivals())
    return seen


def closed_loop(
    clock: Clock, ask: Ask, *, users: int, think: ServiceTime, until_s: float, seed: int, replication: int = 0
) -> list[CallRecord]:
    """Let users ask, wait for the result, think, and ask again until a time; return the list that fills."""
    if users < 1:
        raise ScenarioError(bad_value("load.users", users, "must be a whole number, 1 or more"))
    seen: list[CallRecord] = []
    tape = Tape(Randomness(seed), "service.users", users, _DEPTH, replication)

    def user(number: int) -> Generator[simpy.Event, Any, None]:
        while True:
            yield clock.timeout(think.at(tape.draw(number)))
            if clock.now >= until_s:
                return
            yield from _one(clock, ask, seen)

    for number in range(users):
        clock.process(user(number))
    return seen


def _one(clock: Clock, ask: Ask, seen: list[CallRecord]) -> Generator[simpy.Event, Any, None]:
    start_s = clock.now
    result = yield from ask()
    seen.append(CallRecord(start_s=start_s, end_s=clock.now, result=result))
