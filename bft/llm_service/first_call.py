"""Calls of a run: the first attempt of each is two callbacks, and only what it leaves undecided becomes a program."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from bft.clock import Alarm
from bft.core.lean import maker
from bft.llm_service.clock_driver import ClockDriver, GiveUp, Task, nothing
from bft.resilience.exchange import Answer, Course, Query, Result, Source
from bft.resilience.first_attempt import FirstAttempt
from bft.resilience.pipeline import Pipeline

new_query = maker(Query)


def ask(driver: ClockDriver, pipeline: Pipeline, prompt: str, done: Callable[[Any], None]) -> Task | FirstCall:
    """Ask a pipeline from now on, after the present event, and tell its result; what is asked can be cancelled."""
    first = pipeline.first
    if first is None:
        return driver.start(pipeline.ask(prompt), done)
    call = FirstCall(driver, pipeline, first, prompt, done)
    Alarm(driver.clock, driver.clock.now, call.wake)
    return call


class FirstCall:
    """A call that is a program only if its first attempt is not answered; see `bft.resilience.first_attempt`.

    Attributes
    ----------
    over : bool
        The first attempt is over, or was cancelled.
    """

    __slots__ = ("_begun", "_busy", "_done", "_driver", "_first", "_give_up", "_pipeline", "_prompt", "_task", "over")

    def __init__(
        self, driver: ClockDriver, pipeline: Pipeline, first: FirstAttempt, prompt: str, done: Callable[[Any], None]
    ) -> None:
        self._driver = driver
        self._pipeline = pipeline
        self._first = first
        self._prompt = prompt
        self._done = done
        self._give_up: GiveUp = nothing
        self._busy = self.over = False
        self._task: Task | None = None

    def wake(self, _: Any) -> None:
        """Make the first attempt."""
        if self.over:
            return
        driver, first = self._driver, self._first
        clock: Any = driver.clock
        now_s = clock._now
        begun = first.begin(now_s)
        if begun is None:
            self._go_on(Course())
            return
        self._begun = begun
        self._busy = True
        self._give_up = driver.begin(new_query(model=first.model, prompt=self._prompt), self._tell)
        self._busy = False
        if begun.result is not None:
            self._end(begun.result)
        elif first.timeout_s != math.inf:
            Alarm(clock, now_s + first.timeout_s, self._expire)

    def cancel(self) -> None:
        """Give up what it waits for."""
        if self._task is not None:
            self._task.cancel()
        elif not self.over:
            self.over = True
            self._give_up()
            self._give_up = nothing

    def _tell(self, result: Result) -> None:
        """Take in the result of the attempt."""
        if self._busy:
            self._begun.result = result
        elif not self.over:
            self._end(result)

    def _end(self, result: Result) -> None:
        """The attempt is over."""
        self._give_up = nothing  # no cycle is left for the collector
        if not isinstance(result, Answer) or result.provenance.source is not Source.MODEL:
            self._begun.result = result
            self._go_on(Course(begun=self._begun))
            return
        self.over = True
        driver, first = self._driver, self._first
        clock: Any = driver.clock
        now_s, observe = clock._now, driver.observe
        if not first.counts(self._begun, now_s):
            observe(now_s, first.ignored)
        for note in first.answered:
            observe(now_s, note)
        done = self._done
        done(first.answer(result))

    def _expire(self, _: Any) -> None:
        """The time of the attempt is up."""
        if not self.over:
            self._give_up()
            self._give_up = nothing
            self._go_on(Course(begun=self._begun))

    def _go_on(self, course: Course) -> None:
        """Let the program decide what follows."""
        self.over = True
        self._task = task = Task(self._driver, self._pipeline.ask(self._prompt, course=course), self._done)
        task.run(None)
