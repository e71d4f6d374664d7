"""Short names for what transcripts and diagrams name again and again: digests, and sets of nodes."""

from __future__ import annotations

from collections.abc import Iterable

from bft.core.request import NULL_DIGEST


class Names:
    """Short names for digests, in the order in which they appear."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {NULL_DIGEST: "null"}

    def of(self, digest: str) -> str:
        """Return the name of a digest: a to z, then v27 and so on."""
        if digest not in self._names:
            place = len(self._names)
            self._names[digest] = chr(ord("a") + place - 1) if place <= 26 else f"v{place}"
        return self._names[digest]


def set_words(nodes: Iterable[int]) -> str:
    """Return a set of nodes as it is written."""
    return "{" + ", ".join(map(str, nodes)) + "}"
