"""Schedules for liveness: anything happens until stabilisation, then the network is fair and at most f are faulty."""

from __future__ import annotations

from collections.abc import Callable

from bft.checking import operations as ops
from bft.checking.generators.draws import Draws
from bft.checking.generators.random_schedules import EVERYONE, random_schedule
from bft.checking.generators.view_schedules import view_schedule
from bft.checking.setting import Setting
from bft.checking.subject import Subject

Drawn = Callable[[Draws, Subject, Setting], list[ops.Operation]]


def healed_schedule(
    draws: Draws, subject: Subject, setting: Setting, structured: Drawn = view_schedule, percent: int = 50
) -> list[ops.Operation]:
    """Return a random prefix, what of its messages is lost, and the stabilisation."""
    size = setting.instances
    if not setting.retransmit:
        return [*delays(draws, setting), ops.Heal(views_allowed(setting), 0)]
    prefix = (structured if draws.chance(percent) else random_schedule)(draws, subject, setting)[:-1]
    prefix = prefix[: draws.below(len(prefix) + 1)]
    if draws.chance(60):
        prefix.append(ops.Exchange("", (0,) * size, False))
    if draws.chance(20):
        prefix += long_silence(draws, subject, size)
    return [*prefix, ops.Heal(views_allowed(setting), draws.subset(size, 60))]


def long_silence(draws: Draws, subject: Subject, size: int) -> list[ops.Operation]:
    """Return a partition that lasts: whatever timers make of it, nobody hears anybody."""
    lost = ops.Exchange("", (0,) * size, False)
    others = [timer for timer in subject.timers if timer != subject.view_timer]
    asked: list[ops.Operation] = [ops.Fire(node, timer) for node in range(size) for timer in others]
    return [lost, *[*asked, lost] * (4 + draws.below(9))]


def delays(draws: Draws, setting: Setting) -> list[ops.Operation]:
    """Return a prefix in which the links between backups are as slow as they like, and nothing is lost or overtaken.

    Without retransmission no more can be asked of PBFT: a replica that hears of a stable checkpoint before it has heard
    what leads there moves its window (§4.3), and needs the state of others for ever. Here it cannot: links keep the
    order, and the primary's are fast, so what arrives early is what a backup must keep until its window moves.
    """
    size = setting.instances
    schedule: list[ops.Operation] = [ops.Ask(number, EVERYONE) for number in range(setting.window + draws.below(5))]
    for _ in range(10 + draws.below(40)):
        percent = draws.pick((5, 20, 50))
        heard = tuple(1 | draws.subset(size, percent) for _ in range(size))
        schedule.append(ops.Exchange("", heard, True))
    return schedule


def views_allowed(setting: Setting) -> int:
    """Return how many views may fail after stabilisation: all faulty primaries twice over, and some to meet in."""
    return 2 * setting.system().tolerated + 4
