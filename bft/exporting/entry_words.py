"""The entries of a journal in words."""

from __future__ import annotations

from bft.record.words import Words
from bft.simulation.journal import Entry


def entry_words(entry: Entry, words: Words) -> str:
    """Return what happened at a node."""
    item = entry.item
    match entry.kind:
        case "send":
            return f"sends {words.of_message(item.body)} to {item.recipient}"
        case "arrive":
            return f"receives {words.of_message(item.body)} from {item.sender}"
        case "ask":
            return f"asks its validator to {item.kind}"
        case "say":
            return f"its validator says {item.said}"
        case _:
            return words.of_event(item)
