"""The SimPy environment of a run, and events that fire at exact times.

One event walks a whole broadcast: it is put back on the heap for each recipient in turn, so that n messages in flight
cost one heap entry. Times are absolute: summing relative delays would round, and two engines could disagree about an
order.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from typing import Any

import simpy
from simpy.events import NORMAL


class Clock(simpy.Environment):
    """A SimPy environment that can schedule at an absolute time."""

    def at(self, time_s: float, event: simpy.Event) -> None:
        """Put a triggered event on the heap; events of one time fire in the order in which they were put there."""
        heappush(self._queue, (time_s, NORMAL, next(self._eid), event))


class Alarm(simpy.Event):
    """Calls a function once at a time, with itself; `of` may say what it is for."""

    of: tuple[int, str]

    def __init__(self, clock: Clock, time_s: float, call: Callable[[Any], None]) -> None:
        self.env = clock
        self.callbacks = [call]
        self._value = None
        self._ok = True
        clock.at(time_s, self)


class Fanout(simpy.Event):
    """Delivers one message to many nodes, each at its time.

    Parameters
    ----------
    clock : Clock
        Where it is scheduled.
    receive : callable
        Called with a node and the input for it.
    recipients, delays_s : list
        Nodes, and their delays from now in ascending order.
    event : object
        The input, shared by all recipients.
    """

    def __init__(
        self,
        clock: Clock,
        receive: Callable[[int, Any], None],
        recipients: list[int],
        delays_s: list[float],
        event: object,
    ) -> None:
        self.env = clock
        self._value = None
        self._ok = True
        self._receive = receive
        self._recipients = recipients
        self._delays_s = delays_s
        self._start_s: float = clock._now
        self._event = event
        self._position = 0
        self._again: Any = [self._deliver]
        self.callbacks = self._again
        if recipients:
            heappush(clock._queue, (self._start_s + delays_s[0], NORMAL, next(clock._eid), self))

    def _deliver(self, _: simpy.Event) -> None:
        position = self._position
        recipient = self._recipients[position]
        self._position = position = position + 1
        if position < len(self._recipients):
            self.callbacks = self._again
            clock: Any = self.env
            heappush(clock._queue, (self._start_s + self._delays_s[position], NORMAL, next(clock._eid), self))
        else:
            self._again = None  # no cycle is left for the collector
        self._receive(recipient, self._event)
