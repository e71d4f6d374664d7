"""A seeded bug: a protocol with one thing wrong, which the laboratory must find or prove harmless."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

from bft.checking.subject import Subject

SAFETY, LIVENESS, HARMLESS = "safety", "liveness", "harmless"


@dataclass(frozen=True, slots=True)
class SeededBug:
    """One seeded bug.

    Attributes
    ----------
    name : str
        Says what is wrong.
    subject : callable
        Makes the protocol with this bug.
    n : int
        Number of nodes at which it can bite.
    quorum : int or None
        Quorum that the replicas are told.
    breaks : str
        "safety", "liveness" or "harmless".
    argument : str
        Why a harmless one is harmless.
    """

    name: str
    subject: Callable[[], Subject]
    _: KW_ONLY
    n: int = 4
    quorum: int | None = None
    breaks: str = SAFETY
    argument: str = ""
