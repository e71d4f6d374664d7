"""The one interface between protocols and hosts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bft.core.inputs import Input


class Replica(Protocol):
    """A deterministic machine: something happens, and it says what must be done.

    A host calls `step` with one input at a time and carries out the returned effects in order. Events among them (see
    `bft.core.events`) are reports. Between calls nothing happens: a replica has no clock, no randomness and no network.

    A replica may have a property `progress`: a tuple that grows, in the order of tuples, with every input that changes
    what it will do from then on. Left out are changes that it reports by an event, a reply, a question to its validator
    or the end of a timer, and how long its timers run. Hosts find out by it that nothing changes any more; it holds for
    the very class that defines it, and None says that it is not known.
    """

    id: int

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input at time `now` (seconds) and return effects and events."""
