"""Schedules for liveness: anything happens until stabilisation, then the network is fair and at most f are faulty."""

from __future__ import annotations

from bft.checking import operations as ops
from bft.checking.generators.draws import Draws
from bft.checking.generators.random_schedules import random_schedule
from bft.checking.generators.view_schedules import view_schedule
from bft.checking.setting import Setting
from bft.checking.subject import Subject


def healed_schedule(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return a random prefix, what of its messages is lost, and the stabilisation."""
    size = setting.instances
    prefix = (view_schedule if draws.chance(50) else random_schedule)(draws, subject, setting)[:-1]
    prefix = prefix[: draws.below(len(prefix) + 1)]
    if draws.chance(60):
        prefix.append(ops.Exchange("", (0,) * size, False))
    return [*prefix, ops.Heal(views_allowed(setting), draws.subset(size, 60))]


def views_allowed(setting: Setting) -> int:
    """Return how many views may fail after stabilisation: all faulty primaries twice over, and some to meet in."""
    return 2 * setting.system().tolerated + 4
