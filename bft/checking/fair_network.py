"""A network without faults over a world: it delivers in time and lets timers run by the clock (see `liveness`)."""

from __future__ import annotations

from heapq import heappop, heappush

from bft.checking.world import World
from bft.core.inputs import ClientRequest
from bft.core.request import Request

MESSAGE_S = 0.1
"""Time that a message takes; the shortest view timer is a hundred times as long."""


class FairNetwork:
    """Delivers in time and lets timers run by the clock."""

    def __init__(self, world: World, mute: set[int]) -> None:
        self.world = world
        self.mute = mute
        self.now_s = 0.0
        self.starved: str | None = None
        self._heap: list[tuple[float, int, int, object]] = []
        self._count = 0
        self._latest: dict[tuple[int, str], int] = {}
        world.alarm = self._set
        for instance, timers in enumerate(world.timers):
            for name, delay_s in sorted(timers.items()):
                self._set(instance, name, delay_s)

    def _push(self, delay_s: float, instance: int, what: object) -> None:
        self._count += 1
        heappush(self._heap, (self.now_s + delay_s, self._count, instance, what))

    def _set(self, instance: int, name: str, delay_s: float) -> None:
        self._push(delay_s, instance, name)
        self._latest[instance, name] = self._count

    def _post(self) -> None:
        """Put on the road what was sent since."""
        pending = self.world.pending
        if not pending:
            return
        self.world.pending = []
        mute, heap, by_s, count = self.mute, self._heap, self.now_s + MESSAGE_S, self._count
        for instance, event, source in pending:
            if source not in mute and instance not in mute:
                count += 1
                heappush(heap, (by_s, count, instance, event))
        self._count = count

    def advance(self) -> tuple[int, bool] | None:
        """Carry out what is due next; return whose turn it was, and whether a timer ran out; None if nothing is due."""
        self._post()
        while self._heap:
            self.now_s, count, instance, what = heappop(self._heap)
            if not isinstance(what, str):
                if self.starved is None or not self.censored(instance, what):
                    self.world.give(instance, what)
                return instance, False
            if self._latest.get((instance, what)) == count and instance not in self.mute:
                self.world.fire(instance, what)
                return instance, True
        return None

    def ask(self, event: ClientRequest) -> None:
        """Give a client's request to all nodes that are up, except those that do not want to hear it."""
        for instance in range(len(self.world.ids)):
            if instance not in self.mute and not self.censored(instance, event):
                self.world.give(instance, event)

    def censored(self, instance: int, event: object) -> bool:
        """Whether a corrupted node closes its ears to the client that it starves."""
        if self.starved is None or self.world.honest[instance]:
            return False
        asked = event.request if isinstance(event, ClientRequest) else getattr(event, "message", None)
        return isinstance(asked, Request) and asked.client == self.starved
