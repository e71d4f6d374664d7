"""The state machine's monitor and a protocol's own, as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bft.checking.full_check import Watch
from bft.checking.monitor import Monitor
from bft.core.quorum import QuorumSystem
from bft.core.signatures import Signed


class JoinedMonitor(Monitor):
    """Watches the state machine (S1 to S6), and shows the same to a monitor that knows the protocol's own invariants.

    Parameters
    ----------
    system, genuine, honest
        As for `Monitor`.
    own : Watch
        The protocol's monitor.
    """

    def __init__(
        self, system: QuorumSystem, genuine: Callable[[Signed], bool], honest: Iterable[int], own: Watch
    ) -> None:
        super().__init__(system, genuine, honest)
        self._own = own
        self._told = 0

    def hear(self, time_s: float, node: int, event: object) -> None:
        """Take note of an input that a node is about to get."""
        super().hear(time_s, node, event)
        self._own.hear(time_s, node, event)
        self._take_over()

    def observe_step(self, time_s: float, node: int, effects: Sequence[Any]) -> None:  # type: ignore[override]
        """Check the events and effects of a step."""
        super().observe_step(time_s, node, effects)
        self._own.observe_step(time_s, node, effects)
        self._take_over()

    def corrupt(self, node: int) -> None:
        """The node is honest no longer."""
        super().corrupt(node)
        leave = getattr(self._own, "corrupt", None)
        if leave is not None:
            leave(node)

    def _take_over(self) -> None:
        """Take what the own monitor has found since."""
        found = self._own.breaches
        if len(found) != self._told:
            for breach in found[self._told :]:
                self._breach(breach.invariant, breach.time_s, breach.node, breach.detail)
            self._told = len(found)
