"""The SimPy environment of a run, and events that fire at exact times.

One event walks a whole broadcast: it is put back on the heap for each recipient in turn, so that n messages in flight
cost one heap entry. Timers of one delay ring in the order in which they were set, so that only the next of them is on
the heap; one that was stopped is never put there. Times are absolute: summing relative delays would round, and two
engines could disagree about an order.

It uses SimPy's heap, its counter of entries and its present time directly (`_queue`, `_eid`, `_now`): an event of its
own for each message is several times slower where nodes are many. What is no fan-out, timer or alarm takes SimPy's own
`step`. Order and times are SimPy's, but for one thing: at the very same time, a broadcast takes its turn anew for each
of its recipients.

An entry of the heap begins with its time, SimPy's priority and its number, by which it is ordered. Then comes what it
is, and for the two kinds that are nearly all there is, what else is to be known, so that neither needs an object:

    a fan-out   an iterator over the (delay, recipient) still to come; recipient; when it was sent; the input
    a timer     the line of its delay; node; name
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heappop, heappush, heapreplace
from itertools import count
from typing import Any

import simpy
from simpy.events import NORMAL

Rest = zip
"""What is still to come of a fan-out: delays and recipients, of which there are as many (to have that checked takes
longer than to make the pairs)."""

NO_MORE = Rest()
"""Of a fan-out with one recipient."""

Timer = tuple[Any, ...]
"""An entry of the heap, which belongs to a node (its fifth part) and has a name (its sixth)."""


class Line(deque[Timer]):
    """The timers of one delay in the order in which they ring; the first is on the heap."""

    __slots__ = ("delay_s",)
    delay_s: float


class Clock(simpy.Environment):
    """A SimPy environment that can schedule at an absolute time."""

    def __init__(self, initial_time: float = 0) -> None:
        # As `simpy.Environment.__init__`, which also goes through the names of this class, and finds nothing to bind.
        self._now = initial_time
        self._queue = []
        self._eid = count()
        self._active_proc = None
        self._lines: dict[float, Line] = {}

    def fan_out(self, recipients: Iterable[int], delays_s: Iterable[float], event: object) -> None:
        """Send an input to nodes.

        Parameters
        ----------
        recipients, delays_s : iterable
            Nodes, and their delays from now in ascending order; not changed as long as it is on its way.
        event : object
            The input, shared by all recipients.
        """
        rest, start_s = Rest(delays_s, recipients), self._now
        queue: list[Any] = self._queue
        for delay_s, recipient in rest:
            heappush(queue, (start_s + delay_s, NORMAL, next(self._eid), rest, recipient, start_s, event))
            break

    def send(self, recipient: int, delay_s: float, event: object) -> None:
        """Send an input to one node: as `fan_out` to it alone."""
        queue: list[Any] = self._queue
        start_s = self._now
        heappush(queue, (start_s + delay_s, NORMAL, next(self._eid), NO_MORE, recipient, start_s, event))

    def timer(self, delay_s: float, node: int, name: str) -> Timer:
        """Start a timer and return it; it runs for as long as the node has it under its name, see `run_through`."""
        line = self._lines.get(delay_s)
        if line is None:
            line = self._lines[delay_s] = Line()
            line.delay_s = delay_s
        timer = (self._now + delay_s, NORMAL, next(self._eid), line, node, name)
        if not line:
            queue: list[Any] = self._queue
            heappush(queue, timer)
        line.append(timer)
        return timer

    def run_through(
        self,
        until_s: float,
        running: Sequence[Callable[[float, Any], Any] | None],
        timers: Sequence[Mapping[str, Timer]],
        *,
        perform: Callable[[int, Any], None],
        receive: Callable[[int, Any], None],
        ring: Callable[[int, str], None],
    ) -> int:
        """Process what is on the heap, at the latest until `until_s` (inclusive).

        Fan-outs, timers and alarms, which are nearly all there is, are taken here; other events take SimPy's `step`.
        Of all a run does, most is done by this loop and what it calls for a message: so it calls no method in between.

        Parameters
        ----------
        until_s : float
            End of the run, in seconds.
        running : sequence
            Of every node, what takes the time and the input that a message makes, and returns effects; None where
            messages go to `receive`.
        timers : sequence of mapping
            The timers of every node that run, by name.
        perform : callable
            Called with a node and its effects, where there are any.
        receive : callable
            Called with a node and the input for it, see `running`.
        ring : callable
            Called with the node and the name of a timer that ran out.

        Returns
        -------
        int
            How many messages were given to nodes that `running` has.
        """
        queue: list[Any] = self._queue
        number = self._eid.__next__
        delivered = 0
        while queue:
            entry = queue[0]
            if entry[3].__class__ is Rest:  # a fan-out
                now_s, _, _, rest, node, start_s, message = entry
                if now_s > until_s:
                    break
                self._now = now_s
                for delay_s, following in rest:
                    heapreplace(queue, (start_s + delay_s, NORMAL, number(), rest, following, start_s, message))
                    break
                else:
                    heappop(queue)
                step = running[node]
                if step is None:
                    receive(node, message)
                else:
                    delivered += 1
                    effects = step(now_s, message)
                    if effects:
                        perform(node, effects)
                continue
            now_s, event = entry[0], entry[3]
            if now_s > until_s:
                break
            kind = event.__class__
            if kind is Line:
                heappop(queue)
                event.popleft()
                while event and timers[event[0][4]].get(event[0][5]) is not event[0]:  # it was stopped
                    event.popleft()
                if event:
                    heappush(queue, event[0])
                else:
                    del self._lines[event.delay_s]
                node, name = entry[4:]
                if timers[node].get(name) is entry:
                    self._now = now_s
                    ring(node, name)
            elif kind is Alarm:
                heappop(queue)
                self._now = now_s
                event.call(event)
            else:
                self.step()
        return delivered


class Alarm:
    """Calls a function once at a time, with itself; `of` may say which worker it is for.

    To SimPy it is an event that has been triggered, though it has nothing of one but what `step` asks for.
    """

    __slots__ = ("call", "of")
    of: int
    _ok = True

    def __init__(self, clock: Clock, time_s: float, call: Callable[[Any], None]) -> None:
        self.call = call
        queue: list[Any] = clock._queue
        heappush(queue, (time_s, NORMAL, next(clock._eid), self))

    @property
    def callbacks(self) -> list[Callable[[Any], None]]:
        """What SimPy calls, with the event."""
        return [self.call]

    @callbacks.setter
    def callbacks(self, _: None) -> None:
        """SimPy has called."""
