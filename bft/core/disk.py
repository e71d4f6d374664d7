"""What one node has persisted: the third duty of a host, whichever host keeps it."""

from __future__ import annotations

from typing import Any

from bft.core.effects import Forget, Persist


class Disk(dict[tuple[Any, ...], object]):
    """Values by key."""

    __slots__ = ()

    def persist(self, effect: Persist) -> None:
        """Keep values; None takes one away."""
        for key, value in effect.entries:
            if value is None:
                self.pop(key, None)
            else:
                self[key] = value

    def forget(self, effect: Forget) -> None:
        """Drop what is numbered up to a number."""
        kinds, through = effect.kinds, effect.through
        for key in [key for key in self if key[0] in kinds and key[1] <= through]:
            del self[key]
