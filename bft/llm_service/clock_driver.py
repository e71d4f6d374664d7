"""Runs policies on the run's clock without SimPy processes: what it does is what `resilience.simpy_driver` does.

Every proposal and verdict of a consensus run goes through a pipeline, seven a request on seven nodes, so their price is
the price of a long run. A program that waits is a callback here, and costs an event of the clock only where time
passes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from bft.clock import Alarm, Clock
from bft.resilience.effects import Blocking, Call, Note, Now, Observer, Program, Race, Sleep, Uniform, Wait
from bft.resilience.exchange import Query, Result

GiveUp: TypeAlias = Callable[[], None]
Begin: TypeAlias = Callable[[Query, Callable[[Result], None]], GiveUp]
"""Sends a query; its result is told at once or later, unless the call is given up."""

_PENDING: Any = object()


def nothing() -> None:
    """There is nothing to give up."""


class ClockDriver:
    """Performs effects on a clock.

    Parameters
    ----------
    clock : Clock
        In seconds.
    begin : callable
        Sends a query to its model.
    uniform : callable
        Draws from [0, 1); seeded by the caller.
    observe : callable
        Is shown the time and each decision.
    """

    def __init__(self, *, clock: Clock, begin: Begin, uniform: Callable[[], float], observe: Observer) -> None:
        self.clock = clock
        self.begin = begin
        self.uniform = uniform
        self.observe = observe

    def start(self, program: Program[Any], done: Callable[[Any], None]) -> Task:
        """Run a program from now on, after the present event, and tell its result; the task can be cancelled."""
        task = Task(self, program, done)
        Alarm(self.clock, self.clock.now, task.wake)
        return task


class Task:
    """A program that runs, and what it waits for.

    Attributes
    ----------
    over : bool
        It has ended, or was cancelled.
    """

    __slots__ = ("_busy", "_done", "_driver", "_give_up", "_program", "_told", "over")

    def __init__(self, driver: ClockDriver, program: Program[Any], done: Callable[[Any], None]) -> None:
        self._driver = driver
        self._program = program
        self._done = done
        self._give_up: GiveUp = nothing
        self._told: Any = _PENDING
        self._busy = False
        self.over = False

    def wake(self, _: Any) -> None:
        """Time has passed: go on."""
        self.run(None)

    def cancel(self) -> None:
        """Give up what it waits for, and close the program."""
        if not self.over:
            self.over = True
            self._give_up()
            self._give_up = nothing  # no cycle is left for the collector
            self._program.close()

    def run(self, answer: Any) -> None:
        """Go on with the answer to the last effect, until something takes time."""
        if self.over:
            return
        driver, send = self._driver, self._program.send
        self._give_up = nothing
        try:
            while True:
                effect = send(answer)
                answer = None
                kind = effect.__class__
                if kind is Note:
                    driver.observe(driver.clock._now, effect)  # type: ignore[arg-type]
                elif kind is Now:
                    answer = driver.clock._now
                elif kind is Uniform:
                    answer = driver.uniform()
                elif kind is Blocking:
                    answer = effect.work()  # type: ignore[union-attr]
                else:
                    answer = self._wait(effect)
                    if answer is _PENDING:
                        return
        except StopIteration as stop:
            self.over = True
            self._give_up = nothing  # what ended at once has set it since
            self._done(stop.value)

    def _wait(self, effect: Any) -> Any:
        """Start what takes time; return its result if it was there at once."""
        self._told, self._busy = _PENDING, True
        match effect:
            case Call(query):
                self._give_up = self._driver.begin(query, self.tell)
            case Race():
                race = _Race(self._driver, effect, self.tell)
                self._give_up = race.cancel
                race.start()
            case Sleep(delay_s):
                Alarm(self._driver.clock, self._driver.clock.now + delay_s, self.wake)
            case Wait(signal):
                signal.listen(lambda: Alarm(self._driver.clock, self._driver.clock.now, self.wake))
        self._busy = False
        return self._told

    def tell(self, result: Any) -> None:
        """Take in the result of what it waits for."""
        if self._busy:
            self._told = result
        elif not self.over:
            self.run(result)


class _Race:
    """Programs that run at once; who is left when it is decided is cancelled."""

    __slots__ = ("_driver", "_rules", "_running", "_tell", "over")

    def __init__(self, driver: ClockDriver, rules: Race, tell: Callable[[Any], None]) -> None:
        self._driver = driver
        self._rules = rules
        self._tell = tell
        self._running: list[Task] = []
        self.over = False

    def start(self) -> None:
        for program in self._rules.programs:
            self._running.append(Task(self._driver, program, self._ended))
        for task in list(self._running):
            task.run(None)
        if not self.over and not math.isinf(self._rules.timeout_s):
            Alarm(self._driver.clock, self._driver.clock.now + self._rules.timeout_s, self._expire)

    def cancel(self) -> None:
        self.over = True
        losers, self._running = self._running, []  # no cycle is left for the collector
        for task in losers:
            task.cancel()

    def _ended(self, result: Any) -> None:
        if self.over:
            return
        self._running = [task for task in self._running if not task.over]
        if self._rules.decided_by(result) or not self._running:
            self.cancel()
            self._tell(result)

    def _expire(self, _: Any) -> None:
        if not self.over:
            self.cancel()
            self._tell(None)
