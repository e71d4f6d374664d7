"""The SimPy environment of a run, and events that fire at exact times.

One event walks a whole broadcast: it is put back on the heap for each recipient in turn, so that n messages in flight
cost one heap entry. Times are absolute: summing relative delays would round, and two engines could disagree about an
order.

It uses SimPy's heap, its counter of entries and its present time directly (`_queue`, `_eid`, `_now`): an event of its
own for each message is several times slower where nodes are many. What is no fan-out, timer or alarm takes SimPy's own
`step`. Order and times are SimPy's, but for one thing: at the very same time, a broadcast takes its turn anew for each
of its recipients.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush, heapreplace
from typing import Any

import simpy
from simpy.events import NORMAL


class Clock(simpy.Environment):
    """A SimPy environment that can schedule at an absolute time."""

    def at(self, time_s: float, event: simpy.Event) -> None:
        """Put a triggered event on the heap; events of one time fire in the order in which they were put there."""
        heappush(self._queue, (time_s, NORMAL, next(self._eid), event))

    def run_through(self, until_s: float, receive: Callable[[int, Any], None], ring: Callable[[Timer], None]) -> None:
        """Process what is on the heap, at the latest until `until_s` (inclusive).

        Fanouts, timers and alarms, which are nearly all there is, are taken here; other events take SimPy's `step`.

        Parameters
        ----------
        until_s : float
            End of the run, in seconds.
        receive : callable
            Called with a node and the input for it when a message arrives.
        ring : callable
            Called with a timer that ran out and was not cancelled.
        """
        queue: list[Any] = self._queue
        while queue:
            now_s, _, _, event = queue[0]
            if now_s > until_s:
                return
            kind = event.__class__
            if kind is Fanout:
                self._now = now_s
                position = event.position
                if position < event.last:
                    event.position = after = position + 1
                    heapreplace(queue, (event.start_s + event.delays_s[after], NORMAL, next(self._eid), event))
                else:
                    heappop(queue)
                receive(event.recipients[position], event.event)
            elif kind is Timer:
                heappop(queue)
                if not event.cancelled:
                    self._now = now_s
                    ring(event)
            elif kind is Alarm:
                heappop(queue)
                self._now = now_s
                calls, event.callbacks = event.callbacks, None
                for call in calls:
                    call(event)
            else:
                self.step()


class Alarm(simpy.Event):
    """Calls a function once at a time, with itself; `of` may say what it is for."""

    of: tuple[int, str]

    def __init__(self, clock: Clock, time_s: float, call: Callable[[Any], None]) -> None:
        self.env = clock
        self.callbacks = [call]
        self._value = None
        self._ok = True
        clock.at(time_s, self)


class Timer:
    """A replica's timer on the heap of a clock; a cancelled one is taken off silently when its time comes.

    Parameters
    ----------
    clock : Clock
        Where it is scheduled.
    time_s : float
        When it rings.
    node : int
        Whose it is.
    name : str
        Its name at the node.
    """

    __slots__ = ("cancelled", "name", "node")

    def __init__(self, clock: Clock, time_s: float, node: int, name: str) -> None:
        self.node = node
        self.name = name
        self.cancelled = False
        queue: list[Any] = clock._queue
        heappush(queue, (time_s, NORMAL, next(clock._eid), self))


class Fanout:
    """A message on its way to many nodes, each at its time: one entry on the heap of a clock.

    Parameters
    ----------
    clock : Clock
        Where it is scheduled.
    recipients, delays_s : list
        Nodes, and their delays from now in ascending order; never changed.
    event : object
        The input, shared by all recipients.
    """

    __slots__ = ("delays_s", "event", "last", "position", "recipients", "start_s")

    def __init__(self, clock: Clock, recipients: list[int], delays_s: list[float], event: object) -> None:
        self.recipients = recipients
        self.delays_s = delays_s
        self.start_s = start_s = clock._now
        self.event = event
        self.position = 0
        self.last = len(recipients) - 1
        if recipients:
            queue: list[Any] = clock._queue
            heappush(queue, (start_s + delays_s[0], NORMAL, next(clock._eid), self))
