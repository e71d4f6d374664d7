"""A seeded bug: a protocol with one thing wrong, which the laboratory must find or prove harmless."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

from bft.checking.subject import Subject

SAFETY, LIVENESS, HARMLESS = "safety", "liveness", "harmless"


@dataclass(frozen=True, slots=True)
class SeededBug:
    """One seeded bug."""

    name: str
    """Says what is wrong."""
    subject: Callable[[], Subject]
    """Makes the protocol with this bug."""
    _: KW_ONLY
    n: int = 4
    """Number of nodes at which it can bite."""
    quorum: int | None = None
    """Quorum that the replicas are told."""
    breaks: str = SAFETY
    """"safety", "liveness" or "harmless"."""
    argument: str = ""
    """Why a harmless one is harmless."""
