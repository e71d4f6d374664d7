"""The replies to all clients as a checkpoint lists them (§4.1, §4.3).

A service has thousands of clients, and few of them are answered between two checkpoints. So the list is kept in the
order of names, each entry is formatted when it changes, and a checkpoint joins the texts.
"""

from __future__ import annotations

from bisect import bisect_left

from bft.core.replica_state import Clonable

Entry = tuple[str, int, str]
"""A client, the timestamp of its last executed request, and the reply to it."""


class ReplyList(Clonable, copied="_clients _entries _texts"):
    """The last reply to every client, in ascending order of names.

    Examples
    --------
    >>> replies = ReplyList()
    >>> replies.update("bob", 1, "yes")
    >>> replies.entries()
    (('bob', 1, 'yes'),)
    """

    __slots__ = ("_clients", "_entries", "_texts")

    def __init__(self) -> None:
        self._clients: list[str] = []
        self._entries: list[Entry] = []
        self._texts: list[str] = []

    def update(self, client: str, timestamp: int, result: str) -> None:
        """Replace a client's entry, or add it."""
        place = bisect_left(self._clients, client)
        entry = (client, timestamp, result)
        if place < len(self._clients) and self._clients[place] == client:
            self._entries[place], self._texts[place] = entry, repr(entry)
        else:
            self._clients.insert(place, client)
            self._entries.insert(place, entry)
            self._texts.insert(place, repr(entry))

    def entries(self) -> tuple[Entry, ...]:
        """Return all entries."""
        return tuple(self._entries)

    def __repr__(self) -> str:
        """Return the text of `entries()`, so that a digest of the list is one of its entries."""
        return f"({self._texts[0]},)" if len(self._texts) == 1 else f"({', '.join(self._texts)})"
