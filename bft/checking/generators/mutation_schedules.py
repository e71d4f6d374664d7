"""Schedules of mutations: ordinary runs in which a liar's messages are changed on their way, phase by phase."""

from __future__ import annotations

from bft.checking import operations as ops
from bft.checking.generators.draws import Draws
from bft.checking.generators.healed_schedules import views_allowed
from bft.checking.generators.random_schedules import EVERYONE
from bft.checking.generators.view_schedules import graph
from bft.checking.setting import Setting
from bft.checking.subject import Subject

CHOICES = 10
"""Numbers that a mutation may use up."""


def mutation(draws: Draws, size: int) -> ops.Mutate:
    """Return one mutation, for all receivers or for some."""
    nodes = EVERYONE if draws.chance(50) else draws.subset(size, 60)
    return ops.Mutate(draws.below(97), nodes, draws.choices(CHOICES))


def mutation_schedule(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return phases of a few views with mutations before each, ways into the next view, and most often stabilisation.

    Much of the harm shows only later: a vote that poisons a certificate stops the view change that carries it.
    """
    size = setting.instances
    schedule: list[ops.Operation] = [ops.Ask(number, EVERYONE) for number in range(1 + draws.below(3))]
    if setting.corruptions:
        schedule.append(ops.Corrupt(draws.below(setting.n)))
    percent = draws.pick((30, 60, 90))

    def mutations() -> list[ops.Operation]:
        return [mutation(draws, size) for _ in range(1 + draws.below(3))] if draws.chance(percent) else []

    for _ in range(1 + draws.below(3)):
        for phase in subject.phases:
            schedule += [*mutations(), ops.Exchange(phase, graph(draws, size), draws.chance(30))]
        if not setting.prompt_validators:
            schedule += [ops.Consult(draws.below(9), draws.pick((0, 0, 0, 1, 2))) for _ in range(size)]
        if draws.chance(30):
            schedule += [*mutations(), ops.Settle(1), *mutations(), ops.Settle(1)]
        if draws.chance(10):
            node = draws.below(size)
            schedule += [ops.Crash(node), ops.Restart(node)]
        if draws.chance(60):
            schedule += [ops.Fire(node, subject.view_timer) for node in range(size) if draws.chance(85)]
            for change in subject.changes:
                schedule += [*mutations(), ops.Exchange(change, graph(draws, size), draws.chance(30))]
        if draws.chance(30):
            schedule += [ops.Fire(node, draws.pick(subject.timers)) for node in range(size) if draws.chance(40)]
            schedule += [*mutations(), ops.Settle(1), *mutations(), ops.Settle(1)]
        if draws.chance(25):
            schedule.append(ops.Ask(draws.below(6), EVERYONE))
    if draws.chance(40):
        schedule.append(ops.Exchange("", (0,) * size, False))
    if draws.chance(70):
        return [*schedule, ops.Heal(views_allowed(setting), draws.subset(size, 60))]
    return [*schedule, ops.Settle(12)]
