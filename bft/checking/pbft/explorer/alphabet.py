"""Numbers for everything that can reach a replica, so that sets of messages are bit masks.

Messages that every replica treats alike have one number (see `bft.protocols.pbft.fingerprint`).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from bft.core.inputs import ClientRequest, Deliver, Input, TimerFired, VerdictReady
from bft.protocols.pbft import fingerprint
from bft.protocols.pbft.config import VIEW_TIMER
from bft.protocols.pbft.messages import NewView, PrePrepare, ViewChange

TIMER = 0
"""The number of the view timer; a replica's own, never in a mask of messages."""

RESTART = -1
"""Stands for a crash and the return from it; in no mask either."""

Names = Sequence[int]


class Alphabet:
    """Numbers of inputs and of their renamed twins."""

    def __init__(self, answers: dict[str, str]) -> None:
        self._answers = answers
        self._numbers: dict[Hashable, int] = {("timer",): TIMER}
        self._inputs: dict[int, Input] = {TIMER: TimerFired(VIEW_TIMER)}
        self._renamed: dict[tuple[int, ...], dict[int, int]] = {}

    def __len__(self) -> int:
        return len(self._inputs)

    def number(self, event: Input) -> int:
        """Return the number of an input, new if need be."""
        number = self._number(_key(event, None))
        self._inputs.setdefault(number, event)
        return number

    def event(self, number: int) -> Input:
        """Return the input of a number."""
        return self._inputs[number]

    def sent_by(self, sender: int, mask: int) -> int:
        """Return the messages of a mask that a replica sent itself."""
        return sum(1 << number for number in bits(mask) if getattr(self._inputs[number], "sender", None) == sender)

    def rename(self, names: Names, mask: int) -> int:
        """Return the mask of the same messages with the replicas renamed."""
        known = self._renamed.setdefault(tuple(names), {})
        after = 0
        for number in bits(mask):
            bit = known.get(number)
            if bit is None:
                bit = known[number] = 1 << self._number(_key(self._inputs[number], names))
            after |= bit
        return after

    def describe(self, number: int) -> str:
        """Return an input in words."""
        if number == RESTART:
            return "it crashes and comes back"
        event = self._inputs[number]
        if isinstance(event, TimerFired):
            return "its view timer runs out"
        if isinstance(event, ClientRequest):
            return f"the request {event.request.operation}"
        if isinstance(event, VerdictReady):
            return f"its validator accepts {self.name(event.digest)}"
        assert isinstance(event, Deliver)
        return f"{self.message(event.message)} from {event.sender}"

    def message(self, message: Any) -> str:
        """Return a message in words."""
        kind = type(message).__name__
        if isinstance(message, ViewChange):
            proved = [self._entry(each.preprepare) for each in message.prepared]
            return f"{kind}(view {message.view}, prepared {', '.join(proved) or 'nothing'})"
        if isinstance(message, NewView):
            voters = [change.replica for change in message.view_changes]
            entries = [self.name(entry.digest) for entry in message.preprepares]
            return f"{kind}(view {message.view}, by {voters}, carries {', '.join(entries) or 'nothing'})"
        return f"{kind}(view {message.view}, {self.name(message.digest)})"

    def name(self, digest: str) -> str:
        """Return the readable name of a digest."""
        return self._answers.get(digest, digest[:8])

    def _entry(self, message: PrePrepare) -> str:
        return f"{self.name(message.digest)} in view {message.view}"

    def _number(self, key: Hashable) -> int:
        return self._numbers.setdefault(key, len(self._numbers))


def bits(mask: int) -> list[int]:
    """Return the numbers in a mask in ascending order."""
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found


def _key(event: Input, names: Names | None) -> Hashable:
    if isinstance(event, Deliver):
        sender = event.sender
        if names is None:
            return (sender, fingerprint.of_message(event.message, _SAME))
        return (names[sender], fingerprint.of_message(event.message, names))
    if isinstance(event, VerdictReady):
        return ("verdict", event.view, event.seq, event.digest)
    if isinstance(event, ClientRequest):
        return ("request", event.request.key)
    assert isinstance(event, TimerFired)
    return ("timer",)


_SAME = range(1 << 16)
