"""Replicas with a bug on their edge, whatever the protocol: in what they hear, say, or find on their disk.

`bend` is given the replica, and an input or an effect of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bft.core.effects import SetTimer
from bft.core.inputs import Restart


def hearing(replica: Any, bend: Callable[[Any, Any], Any]) -> Any:
    """Return a class of replica, with its inputs bent; None keeps an input from it."""

    class Hearing(replica):  # type: ignore[misc]
        __slots__ = ()

        def step(self, now: float, event: Any) -> Sequence[object]:
            bent = bend(self, event)
            return () if bent is None else super().step(now, bent)

    return Hearing


def saying(replica: Any, bend: Callable[[Any, Any], Sequence[object]]) -> Any:
    """Return a class of replica, with its effects bent: each becomes several, or none."""

    class Saying(replica):  # type: ignore[misc]
        __slots__ = ()

        def step(self, now: float, event: Any) -> Sequence[object]:
            return [bent for effect in super().step(now, event) for bent in bend(self, effect)]

    return Saying


def forgetting(replica: Any, *kinds: str) -> Any:
    """Lose, in a crash, what was persisted under these kinds."""

    def bend(_: Any, event: Any) -> Any:
        if not isinstance(event, Restart):
            return event
        return Restart({key: value for key, value in event.stored.items() if key[0] not in kinds})

    return hearing(replica, bend)


def without_timer(replica: Any, name: str) -> Any:
    """Never start one of the timers."""
    return saying(replica, lambda _, effect: () if isinstance(effect, SetTimer) and effect.name == name else (effect,))
