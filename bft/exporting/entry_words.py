"""The entries of a journal in words."""

from __future__ import annotations

from bft.core.short_names import Names
from bft.record.words import event_words, message_words
from bft.simulation.journal import Entry


def entry_words(entry: Entry, names: Names) -> str:
    """Return what happened at a node."""
    item = entry.item
    match entry.kind:
        case "send":
            return f"sends {message_words(item.body, names)} to {item.recipient}"
        case "arrive":
            return f"receives {message_words(item.body, names)} from {item.sender}"
        case "ask":
            return f"asks its validator to {item.kind}"
        case "say":
            return f"its validator says {item.said}"
        case _:
            return event_words(item, names)
