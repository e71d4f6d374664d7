"""What a node of a live panel keeps: in memory, for nodes live and die with the process and none restarts alone."""

from __future__ import annotations

from bft.core.effects import Forget, Persist


class Memory(dict[tuple[object, ...], object]):
    """What one node persisted, by key."""

    def persist(self, effect: Persist) -> None:
        """Keep values; None takes one away."""
        for key, value in effect.entries:
            if value is None:
                self.pop(key, None)
            else:
                self[key] = value

    def forget(self, effect: Forget) -> None:
        """Drop what is numbered up to a number."""
        for key in [key for key in self if key[0] in effect.kinds and _number(key) <= effect.through]:
            del self[key]


def _number(key: tuple[object, ...]) -> int:
    number = key[1]
    assert isinstance(number, int)
    return number
