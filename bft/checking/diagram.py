"""A space-time diagram: lanes of nodes, messages between them, what the nodes reported. Data only.

Its time is counted in steps of a schedule or in seconds of a run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bft.adversary.node import Crash, Recover
from bft.checking.words import Names
from bft.core import events
from bft.core.effects import Execute
from bft.core.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One node: its name, and whether it is honest throughout."""

    name: str
    honest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """One message: kind, the lanes, when it was sent and when it arrived; None if it never did."""

    kind: str
    sender: int
    recipient: int
    sent: float
    received: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that a node reported: what kind, on which lane, when, in a few words."""

    kind: str
    lane: int
    at: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that took a node a while, such as a judgement of its validator; no end if it never came."""

    kind: str
    lane: int
    start: float
    end: float | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceTime:
    """A diagram; `breach` says what broke, where, and when, if anything did."""

    title: str
    unit: Literal["step", "s"]
    lanes: tuple[Lane, ...]
    arrows: tuple[Arrow, ...]
    marks: tuple[Mark, ...]
    spans: tuple[Span, ...] = ()
    breach: Mark | None = None


def marks_of(event: object, lane: int, at: float, names: Names) -> Iterable[Mark]:
    """Return what a diagram shows of an event."""
    match event:
        case events.PrePrepareAccepted(digest=digest):
            yield Mark(kind="accepted", lane=lane, at=at, words=names.of(digest))
        case events.Prepared(digest=digest):
            yield Mark(kind="prepared", lane=lane, at=at, words=names.of(digest))
        case events.Committed(digest=digest):
            yield Mark(kind="committed", lane=lane, at=at, words=names.of(digest))
        case Execute(digest=digest, seq=seq):
            yield Mark(kind="executed", lane=lane, at=at, words=f"{seq}: {names.of(digest)}")
        case events.ViewChangeStarted(view=view):
            yield Mark(kind="left the view", lane=lane, at=at, words=f"→ {view}")
        case events.ViewEntered(view=view):
            yield Mark(kind="entered a view", lane=lane, at=at, words=f"view {view}")
        case events.Judgement(verdict=verdict) if verdict is not Verdict.ACCEPT:
            yield Mark(kind="refused", lane=lane, at=at, words=verdict.value)
        case Crash():
            yield Mark(kind="crashed", lane=lane, at=at, words="crashes")
        case Recover():
            yield Mark(kind="recovered", lane=lane, at=at, words="comes back")
        case _:
            return
