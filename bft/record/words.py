"""Messages and events in words, for transcripts, diagrams and exports: those of a protocol as its description says."""

from __future__ import annotations

from typing import Any

from bft.core import events
from bft.core.effects import Execute
from bft.core.short_names import Names
from bft.protocols.protocol import Protocol


class Words:
    """Words for one run, in which values are named in the order in which they appear.

    Parameters
    ----------
    protocol : Protocol, optional
        Whose messages and events they are; without it only those that all protocols share have words of their own.
    """

    def __init__(self, protocol: Protocol | None = None) -> None:
        self.names = Names()
        self._messages = {} if protocol is None else {each.type: each.words for each in protocol.messages}
        self._events = {} if protocol is None else {each.type: each for each in protocol.events}

    def of_message(self, message: Any) -> str:
        """Return what a message says: its kind, its value, its place, and what else its protocol tells of it."""
        words = self._messages.get(type(message))
        if words is not None:
            return words(message, self.names)
        kind = type(message).__name__
        parts = [f"{name} {getattr(message, name)}" for name in ("view", "seq") if hasattr(message, name)]
        digest = getattr(message, "digest", None)
        value = f" {self.names.of(digest)}" if isinstance(digest, str) else ""
        return f"{kind}{value} ({', '.join(parts)})" if parts else f"{kind}{value}"

    def of_event(self, event: Any) -> str:
        """Return what a node reports."""
        known = self._events.get(type(event))
        if known is not None and known.words is not None:
            return known.words(event, self.names)
        match event:
            case Execute(seq=seq, digest=digest, repeated=repeated):
                return f"executes {self.names.of(digest)} at seq {seq}{', which repeats' if repeated else ''}"
            case events.StateTransferred(seq=seq):
                return f"adopts the state at seq {seq}"
            case events.Restarted(view=view, last_executed=last):
                return f"is back in view {view}, executed through {last}"
            case events.Equivocation(culprit=culprit, first=first, second=second):
                both = f"{self.of_message(first)} and {self.of_message(second)}"
                return f"holds evidence against {culprit}: {both}"
            case _:
                return _plain(event)

    def mark_of(self, event: Any) -> tuple[str, str] | None:
        """Return what a diagram shows of a protocol's own event: the kind of its mark, and a few words."""
        known = self._events.get(type(event))
        return None if known is None or known.mark is None else known.mark(event, self.names)


def _plain(event: Any) -> str:
    kind = type(event).__name__
    if hasattr(event, "client"):
        return f"{kind} to {event.client}: {getattr(event, 'result', '')!r}"
    return f"{kind} in view {event.view}" if hasattr(event, "view") else kind
