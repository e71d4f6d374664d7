"""Schedules of clients that wait: each asks its next question once it has an answer, whatever the network does."""

from __future__ import annotations

from bft.checking import operations as ops
from bft.checking.generators.draws import Draws
from bft.checking.generators.healed_schedules import views_allowed
from bft.checking.generators.random_schedules import EVERYONE, forged, recipes_of
from bft.checking.generators.view_schedules import graph
from bft.checking.setting import Setting
from bft.checking.subject import Subject


def client_schedule(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return calls of all clients in any order, with losses, timeouts, lies and crashes between them."""
    size = setting.instances
    liars = bool(setting.byzantine or setting.corruptions)
    recipes = recipes_of(draws, subject) if liars and draws.chance(60) else []
    trouble = draws.pick((5, 15, 30))
    schedule: list[ops.Operation] = []
    for _ in range(4 + draws.below(16)):
        schedule.append(
            ops.Call(draws.below(setting.clients), EVERYONE if draws.chance(70) else draws.subset(size, 60))
        )
        if draws.chance(60):
            schedule.append(ops.Settle(1 + draws.below(6)))
        else:
            schedule += [ops.Exchange("", graph(draws, size), draws.chance(60)) for _ in range(1 + draws.below(4))]
        if not setting.prompt_validators:
            schedule += [ops.Consult(draws.below(9), draws.pick((0, 0, 0, 1, 2))) for _ in range(size)]
        if draws.chance(trouble):
            schedule += [ops.Fire(node, draws.pick(subject.timers)) for node in range(size) if draws.chance(80)]
        if draws.chance(trouble):
            node = draws.below(size)
            schedule += [ops.Crash(node), ops.Settle(1 + draws.below(2)), ops.Restart(node)]
        if recipes and draws.chance(2 * trouble):
            schedule += [forged(draws, recipes, draws.subset(size, 70)) for _ in range(1 + draws.below(2))]
    if draws.chance(40):
        return [*schedule, ops.Heal(views_allowed(setting), draws.subset(size, 60))]
    return [*schedule, ops.Settle(12)]
