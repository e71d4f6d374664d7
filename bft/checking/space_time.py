"""A schedule as a space-time diagram: lanes of nodes, messages between them, what the nodes reported. Data only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bft.checking.counterexample import Counterexample
from bft.checking.setting import Setting
from bft.checking.transcript import Names
from bft.checking.world import Subject, World
from bft.core import events
from bft.core.effects import Broadcast, Execute, Send
from bft.core.inputs import Deliver


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One node: its name, and whether it is honest throughout."""

    name: str
    honest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """One delivered message: kind, the lanes, and the steps at which it was sent and received."""

    kind: str
    sender: int
    recipient: int
    sent: int
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that a node reported: what kind, on which lane, at which step, in a few words."""

    kind: str
    lane: int
    step: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceTime:
    """A diagram; `breach` says what broke, where, and at which step, if anything did."""

    title: str
    lanes: tuple[Lane, ...]
    arrows: tuple[Arrow, ...]
    marks: tuple[Mark, ...]
    breach: Mark | None


class _Watched(World):
    """A world that remembers when each message was sent and received."""

    def __init__(self, subject: Subject, setting: Setting) -> None:
        self.arrows: list[Arrow] = []
        self._sent_at: dict[int, tuple[int, int]] = {}
        self._kept: list[object] = []  # an id is unique only as long as its object lives
        super().__init__(subject, setting, record=True)

    def give(self, instance: int, event: Any) -> None:
        if isinstance(event, Deliver) and self.replicas[instance] is not None:
            sender, sent = self._sent_at.get(id(event.message), (event.sender, self.steps))
            kind = type(event.message).__name__
            here = Arrow(kind=kind, sender=sender, recipient=instance, sent=sent, received=self.steps + 1)
            self.arrows.append(here)
        super().give(instance, event)

    def _broadcast(self, instance: int, effect: Broadcast) -> None:
        self._note(instance, effect.message)
        super()._broadcast(instance, effect)

    def _send(self, instance: int, effect: Send) -> None:
        self._note(instance, effect.message)
        super()._send(instance, effect)

    def _note(self, instance: int, message: object) -> None:
        self._kept.append(message)
        self._sent_at.setdefault(id(message), (instance, self.steps))


def space_time(example: Counterexample) -> SpaceTime:
    """Run a schedule again and return its diagram, up to the first breach."""
    world = _Watched(example.subject(), example.setting)
    world.run(example.operations)
    found = example.finding
    last = world.steps if found is None else int(found.breach.time_s)
    names = Names()
    marks = [
        mark
        for each in world.records or []
        for mark in _marks(each.event, each.node, int(each.time_s), names)
        if each.time_s <= last
    ]
    return SpaceTime(
        title=_title(example),
        lanes=tuple(_lanes(world)),
        arrows=tuple(each for each in world.arrows if each.received <= last),
        marks=tuple(marks),
        breach=None
        if found is None
        else Mark(kind="breach", lane=max(found.breach.node, 0), step=last, words=found.breach.invariant),
    )


def _title(example: Counterexample) -> str:
    what = example.protocol if example.mutant is None else f"{example.protocol}, seeded bug: {example.mutant}"
    return what if example.finding is None else f"{what}\n{example.finding.breach.detail}"


def _lanes(world: World) -> Iterable[Lane]:
    for instance, node in enumerate(world.ids):
        twin = f" (twin of {node})" if instance >= world.n else ""
        yield Lane(name=f"node {instance}{twin}", honest=world.honest[instance])


def _marks(event: object, lane: int, step: int, names: Names) -> Iterable[Mark]:
    """Return what a diagram shows of an event."""
    match event:
        case events.PrePrepareAccepted(digest=digest):
            yield Mark(kind="accepted", lane=lane, step=step, words=names.of(digest))
        case events.Prepared(digest=digest):
            yield Mark(kind="prepared", lane=lane, step=step, words=names.of(digest))
        case events.Committed(digest=digest):
            yield Mark(kind="committed", lane=lane, step=step, words=names.of(digest))
        case Execute(digest=digest, seq=seq):
            yield Mark(kind="executed", lane=lane, step=step, words=f"{seq}: {names.of(digest)}")
        case events.ViewChangeStarted(view=view):
            yield Mark(kind="left the view", lane=lane, step=step, words=f"→ {view}")
        case events.ViewEntered(view=view):
            yield Mark(kind="entered a view", lane=lane, step=step, words=f"view {view}")
        case _:
            return
