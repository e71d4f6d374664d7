"""Long schedules: a thousand requests and more at the checkpoint interval and window that scenarios have by default.

Small windows make watermarks move in short runs; what shows only after many checkpoints, or far above the last one,
does not show there. A schedule of this kind costs as much as some hundred others, so it is asked for by name.
"""

from __future__ import annotations

from bft.checking import operations as ops
from bft.checking.generators.crash_schedules import fault
from bft.checking.generators.draws import Draws
from bft.checking.generators.healed_schedules import views_allowed
from bft.checking.generators.mutation_schedules import mutation
from bft.checking.generators.random_schedules import EVERYONE, forged, recipes_of
from bft.checking.generators.view_schedules import graph
from bft.checking.setting import Setting
from bft.checking.subject import Subject

INTERVAL, WINDOW = 16, 64
"""K and L of `PbftConfig` and of scenarios."""


def long_schedule(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return long stretches of ordinary work, with trouble between them, and the stabilisation."""
    size = setting.instances
    recipes = recipes_of(draws, subject)
    schedule: list[ops.Operation] = []
    for _ in range(4 + draws.below(5)):
        schedule.append(ops.Work(60 + draws.below(240)))
        for _ in range(1 + draws.below(4)):
            schedule += _trouble(draws, subject, setting, recipes)
    return [*schedule, ops.Heal(views_allowed(setting), draws.subset(size, 60))]


def _trouble(draws: Draws, subject: Subject, setting: Setting, recipes: list[str]) -> list[ops.Operation]:
    """Return one kind of trouble: a crash, a part cut off while the others go on, timeouts, lies or mutations."""
    size = setting.instances
    node = draws.below(size)
    match draws.below(6):
        case 0:
            return fault(draws, setting)
        case 1:  # the others go on without it for some checkpoints
            return [ops.Crash(node), ops.Work(20 + draws.below(100)), ops.Restart(node)]
        case 2:
            heard = tuple(0 if place == node else EVERYONE for place in range(size))
            calls: list[ops.Operation] = [ops.Call(turn, EVERYONE) for turn in range(setting.clients)]
            return [*calls, *[ops.Exchange("", heard, draws.chance(50))] * (5 + draws.below(10))]
        case 3:
            return [ops.Fire(place, draws.pick(subject.timers)) for place in range(size) if draws.chance(80)]
        case 4:
            return [ops.Call(node, EVERYONE), ops.Exchange("", graph(draws, size), True), mutation(draws, size)]
        case _:
            return [forged(draws, recipes, draws.subset(size, 70))] if recipes else []
