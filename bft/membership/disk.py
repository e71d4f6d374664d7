"""What a node's disk holds over epochs: the starts of its epochs, and what the present one's instance persisted.

An instance's keys name its epoch ("3/snapshot"), and are forgotten when the next epoch begins. The starts of epochs are
kept with the log of votes: a node that went back to an earlier epoch could contradict what it said in a later one.
"""

from __future__ import annotations

from collections.abc import Mapping

from bft.membership.messages import EpochStart

Key = tuple[object, ...]
EPOCHS: Key = ("epochs",)


def kind_in(epoch: int, key: Key) -> str | None:
    """Return what the instance of an epoch has persisted under a key; None if the key is not its own."""
    name, prefix = str(key[0]), f"{epoch}/"
    return name.removeprefix(prefix) if name.startswith(prefix) else None


def kind_of(key: Key) -> str:
    """Return the kind of a key, whichever epoch it names, if any."""
    return str(key[0]).rpartition("/")[2]


def present(stored: Mapping[Key, object]) -> tuple[int, int]:
    """Return the number of the epoch that a disk is in, and that of the last operation before it."""
    starts = stored.get(EPOCHS, ())
    if not isinstance(starts, tuple) or not starts:
        return 0, 0
    start: EpochStart = starts[-1]
    return start.epoch, start.base


def of_present(stored: Mapping[Key, object], key: Key) -> bool:
    """Return whether a key names the epoch that a disk is in, or no epoch at all."""
    return "/" not in str(key[0]) or kind_in(present(stored)[0], key) is not None
