"""A space-time diagram: lanes of nodes, messages between them, what the nodes reported. Data only.

Its time is counted in steps of a schedule or in seconds of a run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from math import inf, nan
from typing import Any, Literal

from bft.adversary.node import Crash, Recover
from bft.arguments import check_whole
from bft.core.effects import Execute
from bft.errors import ScenarioError, bad_value
from bft.protocols.protocol import Protocol, Role
from bft.record.words import Words


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
    """A diagram."""

    title: str
    unit: Literal["step", "s"]
    lanes: tuple[Lane, ...]
    arrows: tuple[Arrow, ...]
    marks: tuple[Mark, ...]
    spans: tuple[Span, ...] = ()
    breach: Mark | None = None
    """What broke, where, and when, if anything did."""
    phases: tuple[str, ...] = ()
    """Kinds of messages that have a look of their own, in the order of a view."""
    hidden: tuple[str, ...] = ()
    """Kinds of messages that are hidden unless somebody asks for them."""


def excerpt(
    diagram: SpaceTime, *, between: tuple[float, float] | None, most: int, without: Collection[str] | None = None
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
    without : collection of str, optional
        Kinds of messages that do not count; by default those that the diagram hides.

    Raises
    ------
    ScenarioError
        If `most` is less than 1, or `between` is no stretch of time.
    """
    check_whole("most", most, ScenarioError, least=1)
    start, end = _stretch(between)
    without = diagram.hidden if without is None else without
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


def marks_of(event: object, lane: int, at: float, words: Words) -> Iterable[Mark]:
    """Return what a diagram shows of an event."""
    match event:
        case Execute(digest=digest, seq=seq):
            yield Mark(kind="executed", lane=lane, at=at, words=f"{seq}: {words.names.of(digest)}")
        case Crash():
            yield Mark(kind="crashed", lane=lane, at=at, words="crashes")
        case Recover():
            yield Mark(kind="recovered", lane=lane, at=at, words="comes back")
        case _:
            mark = words.mark_of(event)
            if mark is not None:
                yield Mark(kind=mark[0], lane=lane, at=at, words=mark[1])


def looks_of(protocol: Protocol | None) -> dict[str, Any]:
    """Return which kinds of a protocol's messages have a look of their own, and which are hidden unless asked for."""
    if protocol is None:
        return {}
    shown = [each for each in protocol.messages if each.role is not Role.REPAIR]
    return {
        "phases": tuple(each.type.__name__ for each in shown),
        "hidden": tuple(each.type.__name__ for each in protocol.messages if each.hidden),
    }
