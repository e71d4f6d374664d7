"""Faults of disks, and crashes in the middle of a step.

What the model promises (Castro & Liskov, OSDI'99, assume that a correct node keeps what it has stored): a node writes
what a step must keep at once, all or none (`Persist`), and sends nothing of that step before. So two kinds of faults
are told apart. A crash in the middle of a step loses a write that was not finished, with all that would have been sent
after it, or keeps the write and loses some of the messages: nodes so treated are still correct, and everything is
asked of them. A disk that lies lost or tore a write that it had reported as done, or came back with an old image: its
node counts among the faulty, whatever it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bft.checking.world import World
from bft.core.disk import Disk
from bft.core.effects import Broadcast, CancelTimer, Persist, RequestProposal, RequestVerdict, Send, SetTimer
from bft.core.inputs import Input
from bft.core.replica import Replica

FAULTS = ("lost", "torn", "image", "old")
"""What may be done to a disk: lose the next write, keep half of it, remember what it holds, go back to that."""
NOBODY = -1
_NEEDS_A_HOST = (SetTimer, CancelTimer, RequestProposal, RequestVerdict)
_OUTWARD = (Persist, Broadcast, Send)


class _OneStep:
    """Stands in a replica's place for its next step."""

    def __init__(self, world: World, instance: int, replica: Replica) -> None:
        self._world = world
        self._instance = instance
        self.replica = replica
        self.id = replica.id

    def __getattr__(self, name: str) -> Any:
        """Answer as the replica would."""
        return getattr(self.replica, name)


class _CutShort(_OneStep):
    """Carries out so many writes and messages of the next step; then the node is down.

    If the step was stored, the node stands by all of it when it returns. So its events are told, and the messages that
    did not leave count as sent, and as lost on the way.
    """

    def __init__(self, world: World, instance: int, replica: Replica, actions: int) -> None:
        super().__init__(world, instance, replica)
        self._actions = actions

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take the step, and crash in it."""
        effects = self.replica.step(now, event)
        self._world.crash(self._instance)
        outward = [each for each in effects if isinstance(each, _OUTWARD)]
        done = outward[: self._actions]
        writes = [each for each in outward if isinstance(each, Persist)]
        kept = [each for each in effects if not isinstance(each, _NEEDS_A_HOST)]
        if not all(any(each is kept for kept in done) for each in writes):
            end = next(place for place, each in enumerate(kept) if each is outward[self._actions])
            return kept[:end]
        left = {id(each) for each in outward[self._actions :]}
        return [Send(NOBODY, each.message) if id(each) in left else each for each in kept]  # type: ignore[attr-defined]


class _LyingDisk(_OneStep):
    """Loses the next write, or half of it, and says nothing."""

    def __init__(self, world: World, instance: int, replica: Replica, fault: str) -> None:
        super().__init__(world, instance, replica)
        self._fault = fault

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take the step; the write is not what it seems."""
        effects = list(self.replica.step(now, event))
        if not any(isinstance(each, Persist) for each in effects):
            return effects
        self._world.replicas[self._instance] = self.replica
        return [self._written(each) if isinstance(each, Persist) else each for each in effects]

    def _written(self, write: Persist) -> Persist:
        kept = len(write.entries) // 2 if self._fault == "torn" else 0
        return replace(write, entries=write.entries[:kept])


def cut(world: World, node: int, actions: int) -> None:
    """Let a node crash in the middle of its next step, after so many writes and messages."""
    instance = node % len(world.ids)
    replica = world.replicas[instance]
    if replica is not None and not isinstance(replica, _OneStep):
        world.replicas[instance] = _CutShort(world, instance, replica, actions)


def disk(world: World, node: int, fault: int) -> None:
    """Let a disk lie; its node must be among the faulty, or become one while the budget lasts."""
    instance = node % len(world.ids)
    what = FAULTS[fault % len(FAULTS)]
    if what == "image":
        world.images[instance] = dict(world.stored[instance])
        return
    world.corrupt(world.ids[instance])
    if world.ids[instance] not in world.corrupted:
        return
    replica = world.replicas[instance]
    if what == "old":
        world.stored[instance] = Disk(world.images.get(instance, {}))
    elif replica is not None and not isinstance(replica, _OneStep):
        world.replicas[instance] = _LyingDisk(world, instance, replica, what)


def spare(world: World) -> None:
    """Stop all faults that are still to come."""
    for instance, replica in enumerate(world.replicas):
        if isinstance(replica, _OneStep):
            world.replicas[instance] = replica.replica
