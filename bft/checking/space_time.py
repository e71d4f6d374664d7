"""A schedule of the laboratory as a space-time diagram: it is run again and watched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bft.checking.counterexample import Counterexample
from bft.checking.play import play
from bft.checking.setting import Setting
from bft.checking.subject import Subject
from bft.checking.watching import watch
from bft.checking.world import World
from bft.core.effects import Broadcast, Send
from bft.core.inputs import Deliver
from bft.record.diagram import Arrow, Lane, Mark, SpaceTime, looks_of, marks_of
from bft.record.words import Words


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
    world, _ = watch(_Watched(example.subject(), example.setting))
    play(world, example.operations)
    found = example.finding
    last = world.steps if found is None else int(found.breach.time_s)
    subject = world.subject
    words = Words(subject.protocol)
    marks = [
        mark
        for each in world.records or []
        for mark in marks_of(each.event, each.node, int(each.time_s), words)
        if each.time_s <= last
    ]
    return SpaceTime(
        title=_title(example),
        unit="step",
        lanes=tuple(_lanes(world)),
        arrows=tuple(each for each in world.arrows if each.received is None or each.received <= last),
        marks=tuple(marks),
        breach=None
        if found is None
        else Mark(kind="breach", lane=max(found.breach.node, 0), at=last, words=found.breach.invariant),
        **looks_of(subject.protocol),
    )


def _title(example: Counterexample) -> str:
    what = example.protocol if example.mutant is None else f"{example.protocol}, seeded bug: {example.mutant}"
    return what if example.finding is None else f"{what}\n{example.finding.breach.detail}"


def _lanes(world: World) -> Iterable[Lane]:
    for instance, node in enumerate(world.ids):
        twin = f" (twin of {node})" if instance >= world.n else ""
        yield Lane(name=f"node {instance}{twin}", honest=world.honest[instance])
