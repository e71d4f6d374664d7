"""Runs that have come to a standstill: nothing can change in them any more, so there is nothing to wait for.

When all views have been used in vain, the replicas keep requesting retransmission, every few seconds until the run's
end, and hear each time what they know already. Such a run ends after one whole round of questions and answers that
changed nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bft.adversary.node import Behaviour
from bft.clock import Line, Timer
from bft.network.settings import Network

Progress = tuple[Any, ...]


class Standstill:
    """Finds out, whenever a timer is about to ring, whether anything can still change.

    A moment is *quiet* if nothing is on the heap but timers: no message on its way, no validator thinking, no arrival,
    crash, return or other intervention to come. Let two quiet moments have these properties:

    1. In between, hosts did nothing but send messages and set timers: no event, no reply, no question to a validator,
       no timer cancelled (`Host.changed`).
    2. Every replica's `progress` is the same at both. It grows with every other change of what a replica will do, so
       none changed at any time in between.
    3. Every timer that runs at the second moment has rung in between, at its node.
    4. No message is lost by chance, and no partition begins or ends from the first moment to the run's end.
    5. Faulty nodes that have not stopped do what they do whatever the time and whatever they did before (`memoryless`).

    Then nothing changes any more. The next thing to happen is that one of those timers rings; its node is in the state
    in which it rang before, and says what it said then. That reaches the same nodes, in their same states, which answer
    as before, and so on: by induction each input was given to the same node in the same state before, and changed
    nothing. In what order things arrive does not matter, for states do not change. What grows without end are the
    counts of messages and of what faults did to them; a run that ends here has counted until here.
    """

    def __init__(self, network: Network, faulty: Mapping[int, tuple[Behaviour, Any]], until_s: float) -> None:
        self._possible = network.loss == 0
        self._fickle = tuple([node for node in sorted(faulty) if not getattr(faulty[node][0], "memoryless", False)])
        self._turns_s = [time_s for each in network.partitions for time_s in (each.start_s, each.end_s)]
        self._until_s = until_s
        self._progress: Progress | None = None
        self._rung: set[tuple[int, str]] = set()

    def reached(
        self,
        timer: tuple[int, str],
        queue: Sequence[tuple[Any, ...]],
        running: Sequence[object],
        replicas: Sequence[object],
        timers: Sequence[Mapping[str, Timer]],
        *,
        now_s: float,
        changed: bool,
    ) -> bool:
        """Return whether nothing can change any more, just before a timer rings.

        Parameters
        ----------
        timer : (int, str)
            Node and name of the one that rings next.
        queue : sequence
            The heap.
        running, replicas, timers : sequence
            Of every node: what takes its inputs, or None if it has stopped; its replica; the timers that run.
        now_s : float
            The time.
        changed : bool
            Whether hosts did more than send and set timers since this was asked last.
        """
        if changed:
            self._progress = None
        if self._possible and all(entry[3].__class__ is Line for entry in queue):
            up = [node for node, step in enumerate(running) if step is not None]
            rung = self._rung
            if self._progress is None or all((node, name) in rung for node in up for name in timers[node]):
                progress = self._of(up, replicas, now_s)
                if progress is not None and progress == self._progress:
                    return True
                self._progress = progress
                rung.clear()
        self._rung.add(timer)
        return False

    def _of(self, up: Sequence[int], replicas: Sequence[object], now_s: float) -> Progress | None:
        """Return the progress of all nodes that are up; None where it does not tell all that may change."""
        if any(node in up for node in self._fickle):
            return None
        if any(now_s < turn_s <= self._until_s for turn_s in self._turns_s):
            return None
        found: list[Any] = [tuple(up)]
        for node in up:
            told = type(replicas[node]).__dict__.get("progress")  # a subclass may do anything: it must say so itself
            if told is None:
                return None
            found.append(told.__get__(replicas[node]))
        return None if None in found else tuple(found)
