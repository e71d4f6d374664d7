"""Schedules about states: nodes left behind, forged states for them, and holes where a checkpoint is due."""

from __future__ import annotations

from bft.checking import operations as ops
from bft.checking.generators.draws import Draws
from bft.checking.generators.healed_schedules import views_allowed
from bft.checking.generators.random_schedules import CHOICES, EVERYONE, forged
from bft.checking.generators.view_schedules import graph
from bft.checking.setting import Setting
from bft.checking.subject import Subject

ABOUT_STATES = ("false_state", "false_checkpoint", "catch_up", "checkpoint", "status")


def state_schedule(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return either a run that leaves some behind and lies to them about the state, or one whose primary leaves holes.

    In the end clients ask again, so that replies from a false state show.
    """
    asked = 2 + draws.below(2 * setting.checkpoint_interval + 2)
    if "holed" in subject.recipes and draws.chance(50):
        schedule = holes(draws, subject, setting, asked)
    else:
        schedule = left_behind(draws, subject, setting, asked)
    if draws.chance(60):
        return [*schedule, ops.Heal(views_allowed(setting), draws.subset(setting.instances, 60))]
    return [*schedule, *(ops.Ask(number, EVERYONE) for number in range(asked)), ops.Settle(12)]


def left_behind(draws: Draws, subject: Subject, setting: Setting, asked: int) -> list[ops.Operation]:
    """Return a run that some nodes hear nothing of, and lies about its states to them."""
    size = setting.instances
    known = [name for name in ABOUT_STATES if name in subject.recipes]
    cut_off = 1 << draws.below(setting.n) | (draws.subset(size, 30) if draws.chance(20) else 0)
    heard = tuple(0 if cut_off >> node & 1 else EVERYONE for node in range(size))
    schedule: list[ops.Operation] = []
    for number in range(asked):
        schedule.append(ops.Ask(number, EVERYONE))
        schedule += [ops.Exchange("", heard, False)] * (5 if draws.chance(80) else draws.below(5))
        if known and draws.chance(40):
            schedule += [forged(draws, known, EVERYONE if draws.chance(50) else cut_off), ops.Settle(1)]
        if draws.chance(10):
            schedule += [ops.Crash(draws.below(size)), ops.Restart(draws.below(size))]
    if known:
        lies = [forged(draws, known, EVERYONE if draws.chance(50) else cut_off) for _ in range(1 + draws.below(4))]
        schedule += [*lies, ops.Settle(1 + draws.below(3))]
    if draws.chance(30):
        schedule += [ops.Fire(node, draws.pick(subject.timers)) for node in range(size) if draws.chance(50)]
        schedule.append(ops.Settle(2))
    return schedule


def holes(draws: Draws, subject: Subject, setting: Setting, asked: int) -> list[ops.Operation]:
    """Return a run into the view of a liar, its proposals around a hole, and the way into the next view."""
    size = setting.instances
    schedule: list[ops.Operation] = [ops.Ask(number, EVERYONE) for number in range(asked)]
    actor = draws.below(8)
    liar = setting.byzantine[actor % len(setting.byzantine)] if setting.byzantine else 0
    if liar or draws.chance(30):
        schedule.append(ops.Exchange("", (0,) * size, False))
    for _ in range(liar):
        schedule += [ops.Fire(node, subject.view_timer) for node in range(size)]
        schedule.append(ops.Settle(2))
        schedule.append(ops.Exchange("", (0,) * size, False))
    schedule += [ops.Forge("holed", actor, EVERYONE, draws.choices(CHOICES)) for _ in range(1 + draws.below(5))]
    schedule += [ops.Exchange(phase, graph(draws, size), draws.chance(60)) for phase in subject.phases]
    schedule += [ops.Fire(node, subject.view_timer) for node in range(size) if draws.chance(90)]
    schedule += [ops.Exchange(change, graph(draws, size), draws.chance(60)) for change in subject.changes]
    schedule.append(ops.Settle(4 + draws.below(8)))
    return schedule
