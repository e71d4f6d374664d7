"""Twins: two honest instances under one key, and partitions that change with the views.

Twins equivocate, forget and contradict themselves without a line of attack code (Bano et al., *Twins: BFT Systems Made
Robust*, OPODIS 2021).
"""

from __future__ import annotations

from bft.checking import operations as ops
from bft.checking.generators.crash_schedules import fault
from bft.checking.generators.draws import Draws
from bft.checking.generators.random_schedules import EVERYONE
from bft.checking.setting import Setting
from bft.checking.subject import Subject


def partition(draws: Draws, setting: Setting) -> tuple[int, ...]:
    """Return a graph of two or three groups; the instances of one key usually fall into different ones."""
    size = setting.instances
    groups = [draws.below(draws.pick((2, 2, 3))) for _ in range(size)]
    if draws.chance(80):
        for place, node in enumerate(setting.twins):
            groups[node] = 0
            groups[setting.n + place] = 1
    return tuple(sum(1 << other for other in range(size) if groups[other] == groups[node]) for node in range(size))


def twin_schedule(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return a schedule of a few views, each with one partition, in which everything inside a group is delivered.

    Now and then an instance crashes, in the middle of a step too, and a twin's disk lies.
    """
    size = setting.instances
    schedule: list[ops.Operation] = [ops.Ask(number, EVERYONE) for number in range(1 + draws.below(2))]
    for _ in range(1 + draws.below(4)):
        groups = partition(draws, setting)
        keep = draws.chance(30)
        schedule += [ops.Exchange("", groups, keep) for _ in range(len(subject.phases) + draws.below(2))]
        if draws.chance(20):
            schedule += fault(draws, setting)
        if draws.chance(70):
            groups = partition(draws, setting) if draws.chance(60) else groups
            schedule += [ops.Fire(node, subject.view_timer) for node in range(size) if draws.chance(85)]
            schedule += [ops.Exchange("", groups, keep) for _ in subject.changes]
    schedule.append(ops.Settle(12))
    return schedule
