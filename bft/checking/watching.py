"""A world with a monitor upon it: schedules are judged by it."""

from __future__ import annotations

from typing import TypeVar

from bft.checking.monitor import Monitor
from bft.checking.setting import Setting
from bft.checking.subject import Subject
from bft.checking.world import World

AnyWorld = TypeVar("AnyWorld", bound=World)


def watched(subject: Subject, setting: Setting, *, record: bool = False) -> tuple[World, Monitor]:
    """Return a world with the protocol's monitor upon it.

    Parameters
    ----------
    subject : Subject
        The protocol; of those that bring no monitor only the state machine is watched (S1 to S6).
    setting : Setting
        What the world is built from.
    record : bool, optional
        Keep the trace.
    """
    return watch(World(subject, setting, record=record))


def watch(world: AnyWorld) -> tuple[AnyWorld, Monitor]:
    """Let the protocol's monitor watch a world, before its first step; liars may use what it knows."""
    subject, setting = world.subject, world.setting
    if subject.monitor is None:
        monitor = Monitor(setting.system(), world.keyring.verify, world.watchable)
    else:
        monitor = subject.monitor(setting, world)
    monitor.facts.made = world.requests.__len__
    world.watch(monitor)
    return world, monitor
