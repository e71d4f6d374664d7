"""Schedules of lies: an ordinary run that is stopped again and again for forged messages of a few kinds."""

from __future__ import annotations

from bft.checking import operations as ops
from bft.checking.generators.draws import Draws
from bft.checking.generators.random_schedules import EVERYONE, forged, recipes_of
from bft.checking.generators.view_schedules import graph, normal_case, view_change
from bft.checking.setting import Setting
from bft.checking.subject import Subject


def knowledge_schedule(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return a schedule that gets somewhere, lies about it to many, and lets the lies take effect."""
    size = setting.instances
    recipes = recipes_of(draws, subject)
    schedule: list[ops.Operation] = [ops.Ask(number, EVERYONE) for number in range(1 + draws.below(4))]
    if setting.corruptions:
        schedule.append(ops.Corrupt(draws.below(setting.n)))
    for _ in range(2 + draws.below(4)):
        turn = draws.below(6)
        if turn == 0:
            schedule += normal_case(draws, subject, setting, recipes, True)
        elif turn == 1:
            schedule += view_change(draws, subject, setting, recipes, False)
        elif turn == 2:
            schedule += [ops.Fire(node, subject.view_timer) for node in range(size) if draws.chance(80)]
            schedule.append(ops.Settle(1))
        elif turn == 3:
            schedule.append(ops.Settle(1 + draws.below(4)))
        elif turn == 4:
            node = draws.below(size)
            schedule += [ops.Crash(node), ops.Settle(1 + draws.below(5)), ops.Restart(node)]
        else:
            schedule.append(ops.Exchange("", graph(draws, size), draws.chance(50)))
        if recipes:
            everyone = draws.chance(60)
            schedule += [
                forged(draws, recipes, EVERYONE if everyone else draws.subset(size, 60))
                for _ in range(2 + draws.below(5))
            ]
        if draws.chance(60):
            schedule.append(ops.Settle(1 + draws.below(2)))
        if draws.chance(25):
            schedule.append(ops.Ask(draws.below(6), EVERYONE))
    schedule.append(ops.Settle(12))
    return schedule
