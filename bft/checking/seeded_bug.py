"""What every seeded bug tells of itself, whichever protocol it is seeded in."""

from __future__ import annotations

from typing import Protocol

from bft.checking.subject import Subject

SAFETY, LIVENESS, HARMLESS = "safety", "liveness", "harmless"


class SeededBug(Protocol):
    """A protocol with one thing wrong, which the laboratory must find or prove harmless."""

    @property
    def name(self) -> str:
        """Says what is wrong."""

    @property
    def n(self) -> int:
        """Number of nodes at which it can bite."""

    @property
    def quorum(self) -> int | None:
        """Quorum that the replicas are told."""

    @property
    def breaks(self) -> str:
        """Return "safety", "liveness" or "harmless"."""

    @property
    def argument(self) -> str:
        """Why a harmless one is harmless."""

    def subject(self) -> Subject:
        """Return the protocol with this bug."""
