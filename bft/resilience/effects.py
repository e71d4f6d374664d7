"""What a policy may ask of the driver that runs it. A policy has no clock, no sleep and no random source of its own.

A policy is a generator: it yields effects, is sent their answers, and returns its result. A driver performs the
effects on its clock, one at a time, in the order in which they are yielded. To cancel a policy it closes the
generator; `finally` clauses then run and must not yield.

| effect     | the driver                                                  | is answered with                      |
|------------|-------------------------------------------------------------|---------------------------------------|
| `Call`     | sends the query to its model                                | `Answer` or `Failure`                 |
| `Sleep`    | lets time pass                                              | nothing                               |
| `Now`      | reads its clock                                             | seconds                               |
| `Uniform`  | draws from its random source                                | a number in [0, 1)                    |
| `Race`     | runs programs at once; cancels the losers, awaits their end | the winner's result; None: time is up |
| `Wait`     | lets the policy rest until another one fires the signal     | nothing                               |
| `Blocking` | does work that waits for a disk or a network                | its result                            |
| `Note`     | shows the decision to the observer                          | nothing                               |
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from bft.core.lean import lean
from bft.resilience.exchange import Query, Result


@dataclass(frozen=True, slots=True)
class Call:
    """Send the query to its model, once."""

    query: Query


@dataclass(frozen=True, slots=True)
class Sleep:
    """Let `delay_s` seconds pass, 0 or more."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class Now:
    """Read the clock; only differences between readings, and windows given in its seconds, mean anything."""


@dataclass(frozen=True, slots=True)
class Uniform:
    """Draw a number in [0, 1)."""


@dataclass(frozen=True, slots=True)
class Race:
    """Run programs at the same time."""

    programs: tuple[Program[Any], ...]
    """At least one; each is run once."""
    timeout_s: float = math.inf
    """After so many seconds without a winner all are cancelled."""
    wins: Callable[[Any], bool] | None = None
    """Whether a result ends the race; None: any does. When no result wins, the last to come is the race's result."""

    def decided_by(self, result: Any) -> bool:
        """Whether this result ends the race; asked once for each program that ends."""
        return self.wins is None or self.wins(result)


class Signal:
    """Fires once; drivers listen to it for policies that wait."""

    __slots__ = ("_listeners", "fired")

    def __init__(self) -> None:
        self.fired = False
        self._listeners: list[Callable[[], object]] = []

    def listen(self, listener: Callable[[], object]) -> None:
        """Call `listener` when the signal fires, at once if it has."""
        if self.fired:
            listener()
        else:
            self._listeners.append(listener)

    def fire(self) -> None:
        """Fire; a second time does nothing."""
        if not self.fired:
            self.fired = True
            for listener in self._listeners:
                listener()


@dataclass(frozen=True, slots=True)
class Wait:
    """Rest until the signal fires."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class Blocking:
    """Do work that waits for a disk or a network; it must be safe to run in another thread."""

    work: Callable[[], Any]


@lean(kw_only=True)
class Note:
    """A decision that a policy took, for counters, traces and tests.

    Attributes
    ----------
    policy : str
        Which one decided: cache, fallback, breaker, retry, limits, hedge, chaos, pipeline.
    action : str
        What it decided; each policy's file lists its words.
    level : str
        The fallback level it stands in.
    reason : str
        Why: mostly a failure's `reason`.
    delay_s : float
        Seconds of pause that the decision costs, 0 where it costs none.
    """

    policy: str
    action: str
    level: str = ""
    reason: str = ""
    delay_s: float = 0.0


Effect: TypeAlias = Call | Sleep | Now | Uniform | Race | Wait | Blocking | Note
ProgramResult = TypeVar("ProgramResult")
Program: TypeAlias = Generator[Effect, Any, ProgramResult]
Handler: TypeAlias = Callable[[Query], Program[Result]]
Observer: TypeAlias = Callable[[float, Note], object]

NOW = Now()
UNIFORM = Uniform()


def call(query: Query) -> Program[Result]:
    """Ask the model: the innermost handler."""
    course = query.course
    made = course is not None and course.begun is not None
    result: Result = course.taken() if made else (yield Call(query))  # type: ignore[union-attr, assignment]
    return result


def unobserved(at_s: float, note: Note) -> None:
    """Look away: the observer of drivers that are given none."""
