"""What happens over epochs of PBFT's members, as events of a trace."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EpochEntered:
    """The replica begins an epoch after number `base`, with these members; it may be none of them."""

    epoch: int
    base: int
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Isolated:
    """Evidence convicts `culprit`: the replica listens to it no longer, and proposes to remove it."""

    culprit: int
