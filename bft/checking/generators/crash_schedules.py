"""Schedules of crashes: in the middle of a step, of a view change, of a state transfer; and of disks that lie."""

from __future__ import annotations

from bft.checking import operations as ops
from bft.checking.disks import FAULTS
from bft.checking.generators.draws import Draws
from bft.checking.generators.healed_schedules import views_allowed
from bft.checking.generators.random_schedules import EVERYONE
from bft.checking.generators.view_schedules import graph
from bft.checking.setting import Setting
from bft.checking.subject import Subject


def fault(draws: Draws, setting: Setting, *, amidst: int = 70) -> list[ops.Operation]:
    """Return one crash with its return, most often in the middle of a step; or what a faulty node's disk does."""
    size = setting.instances
    node = draws.below(size)
    if setting.byzantine and draws.chance(30):
        liar = draws.pick((*setting.byzantine, *range(setting.n, size)))
        lies: list[ops.Operation] = [ops.Disk(liar, draws.below(len(FAULTS)))]
        if draws.chance(60):
            lies += [ops.Settle(1), ops.Crash(liar), ops.Disk(liar, draws.below(len(FAULTS))), ops.Restart(liar)]
        return lies
    if draws.chance(amidst):
        return [ops.Cut(node, draws.below(5)), ops.Settle(1), ops.Restart(node)]
    return [ops.Crash(node), *([ops.Settle(1)] if draws.chance(50) else []), ops.Restart(node)]


def crash_schedule(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return a few views in which nodes crash before, in and after every phase, also on the way to the next view."""
    size = setting.instances
    schedule: list[ops.Operation] = [ops.Ask(number, EVERYONE) for number in range(1 + draws.below(4))]
    percent = draws.pick((20, 40, 70))

    def faults() -> list[ops.Operation]:
        return fault(draws, setting) if draws.chance(percent) else []

    for _ in range(1 + draws.below(4)):
        for phase in subject.phases:
            schedule += [*faults(), ops.Exchange(phase, graph(draws, size), draws.chance(50))]
        if not setting.prompt_validators:
            schedule += [ops.Consult(draws.below(9), draws.pick((0, 0, 0, 1, 2))) for _ in range(size)]
        if draws.chance(40):
            schedule.append(ops.Settle(1 + draws.below(4)))
        if draws.chance(70):
            leavers = [node for node in draws.order(size) if draws.chance(85)]
            schedule += [ops.Fire(node, subject.view_timer) for node in leavers]
            for change in subject.changes:
                schedule += [*faults(), ops.Exchange(change, graph(draws, size), draws.chance(50))]
        if draws.chance(40):
            schedule += [ops.Ask(draws.below(6), EVERYONE), ops.Settle(1 + draws.below(3))]
    if draws.chance(50):
        return [*schedule, ops.Heal(views_allowed(setting), draws.subset(size, 60))]
    return [*schedule, ops.Settle(12)]
