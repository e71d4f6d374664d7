"""A space-time diagram: lanes of nodes, messages between them, what the nodes reported. Data only.

Its time is counted in steps of a schedule or in seconds of a run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from math import inf, nan
from typing import Literal

from bft.adversary.node import Crash, Recover
from bft.arguments import check_whole
from bft.core import events
from bft.core.effects import Execute
from bft.core.short_names import Names
from bft.core.verdict import Verdict
from bft.errors import ScenarioError, bad_value


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


def excerpt(
    diagram: SpaceTime, *, between: tuple[float, float] | None, most: int, without: Collection[str] = ()
) -> SpaceTime:
    """Return the part of a diagram that can be read; its title says what is left out.

    Parameters
    ----------
    diagram : SpaceTime
        The whole.
    between : tuple of float, optional
        From when to when, in the diagram's time; by default from the beginning.
    most : int
        Messages at most: it ends before one more is sent.
    without : collection of str
        Kinds of messages that do not count.

    Raises
    ------
    ScenarioError
        If `most` is less than 1, or `between` is no stretch of time.
    """
    check_whole("most", most, ScenarioError, least=1)
    start, end = _stretch(between)
    sent = sorted(each.sent for each in diagram.arrows if each.kind not in without)
    inside = [time for time in sent if start <= time <= end]
    cut = len(inside) > most
    if cut:
        end = inside[most]
    if not cut and len(inside) == len(sent) and between is None:
        return diagram

    def shown(time: float) -> bool:
        return start <= time <= end and not (cut and time == end)

    arrows = tuple(each for each in diagram.arrows if shown(each.sent))
    count = sum(each.kind not in without for each in arrows)
    unit = "" if diagram.unit == "step" else " s"
    told = f"up to {min(end, max(sent, default=0.0)):g}{unit}" if start <= 0.0 else f"from {start:g} to {end:g}{unit}"
    return replace(
        diagram,
        title=f"{diagram.title}\n{told}: {count:,} of {len(sent):,} messages; the others are left out".lstrip(),
        arrows=arrows,
        marks=tuple(each for each in diagram.marks if shown(each.at)),
        spans=tuple(each for each in diagram.spans if shown(each.start)),
        breach=diagram.breach if diagram.breach is not None and shown(diagram.breach.at) else None,
    )


def _stretch(between: tuple[float, float] | None) -> tuple[float, float]:
    if between is None:
        return 0.0, inf
    try:
        start, end = map(float, between)
    except (TypeError, ValueError):
        start = end = nan
    if not start < end:
        raise ScenarioError(bad_value("between", between, "must be a start and a later end"))
    return start, end


def sentence(mark: Mark) -> str:
    """Return a mark in words that stand by themselves: its kind, and what it is about."""
    match mark.kind:
        case "entered a view":
            return f"entered {mark.words}"
        case "crashed" | "recovered":
            return mark.words
        case _:
            return f"{mark.kind} {mark.words}"


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
