"""The one interface between protocols and hosts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bft.core.inputs import Input


class Replica(Protocol):
    """A deterministic machine: something happens, and it says what must be done.

    A host calls `step` with one input at a time and carries out the returned effects in order. Events among them (see
    `bft.core.events`) are reports. Between calls nothing happens: a replica has no clock, no randomness and no network.
    """

    id: int

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input at time `now` (seconds) and return effects and events."""
