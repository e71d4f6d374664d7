"""Schedules structured by views: per view and phase a delivery graph, and per view change a random quorum.

Random delivery misses the classic view-change bugs: they need a few replicas to get just far enough in one view, and
others to lead the next ones. Here each phase is one random graph (as in ByzzFuzz and Twins), so such runs are common.
"""

from __future__ import annotations

from bft.checking import operations as ops
from bft.checking.generators.draws import Draws
from bft.checking.generators.random_schedules import EVERYONE, forged, recipes_of
from bft.checking.setting import Setting
from bft.checking.subject import Subject


def graph(draws: Draws, size: int) -> tuple[int, ...]:
    """Return whose messages reach whom: dense, thin, all to a few, or few to all."""
    everyone = (1 << size) - 1
    shape = draws.below(10)
    if shape < 3:
        return (everyone,) * size
    if shape < 6:
        reached = draws.subset(size, draws.pick((25, 50, 75)))
        return tuple(everyone if reached >> node & 1 else 0 for node in range(size))
    if shape < 7:
        return (draws.subset(size, 75),) * size
    if shape < 8:
        side = draws.subset(size, 50)
        return tuple(side if side >> node & 1 else ~side & everyone for node in range(size))
    percent = draws.pick((40, 60, 80, 90))
    return tuple(draws.subset(size, percent) for _ in range(size))


def view_schedule(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return a schedule of a few views, each with its phases and its way into the next."""
    size = setting.instances
    liars = bool(setting.byzantine or setting.corruptions)
    recipes = recipes_of(draws, subject) if liars and draws.chance(75) else []
    quiet = draws.chance(70)
    schedule: list[ops.Operation] = [ops.Ask(number, EVERYONE) for number in range(1 + draws.below(3))]
    for _ in range(2 + draws.below(3)):
        schedule += normal_case(draws, subject, setting, recipes, quiet)
        if setting.corruptions and draws.chance(40):
            schedule.append(ops.Corrupt(draws.below(setting.n)))
        if draws.chance(15):
            node = draws.below(size)
            schedule += [ops.Crash(node), ops.Restart(node)]
        schedule += view_change(draws, subject, setting, recipes, quiet)
        if draws.chance(20):
            schedule.append(ops.Ask(draws.below(5), EVERYONE))
    schedule.append(ops.Settle(12))
    return schedule


def normal_case(
    draws: Draws, subject: Subject, setting: Setting, recipes: list[str], quiet: bool
) -> list[ops.Operation]:
    """Return the phases of one view, each along its own graph."""
    size = setting.instances
    out: list[ops.Operation] = []
    for phase in subject.phases:
        if recipes and draws.chance(45):
            out += [forged(draws, recipes, draws.subset(size, 60)) for _ in range(1 + draws.below(3))]
        if not setting.prompt_validators:
            out += [ops.Consult(draws.below(9), draws.pick((0, 0, 0, 0, 1, 2))) for _ in range(size)]
        if draws.chance(15):
            out += [ops.Drop(draws.below(97)) for _ in range(1 + draws.below(4))]
        elif draws.chance(10):
            out += [ops.Duplicate(draws.below(97)) for _ in range(1 + draws.below(3))]
        out.append(ops.Exchange(phase, graph(draws, size), draws.chance(30)))
    if draws.chance(40):
        out.append(ops.Exchange("Checkpoint", graph(draws, size), draws.chance(50)))
    if draws.chance(10):
        out.append(ops.Settle(1 + draws.below(3)))
    if quiet:
        out.append(ops.Exchange("Status", (0,) * size, False))
    return out


def view_change(
    draws: Draws, subject: Subject, setting: Setting, recipes: list[str], quiet: bool
) -> list[ops.Operation]:
    """Return how a view is left: who leaves, which view-changes arrive where, whom the new view reaches."""
    size = setting.instances
    leavers = (1 << size) - 1 if draws.chance(60) else draws.subset(size, 75)
    out: list[ops.Operation] = [ops.Fire(node, subject.view_timer) for node in draws.order(size) if leavers >> node & 1]
    for phase in subject.changes:
        if recipes and draws.chance(45):
            out += [forged(draws, recipes, draws.subset(size, 80)) for _ in range(1 + draws.below(2))]
        out.append(ops.Exchange(phase, _change_graph(draws, setting), draws.chance(30)))
    if quiet:
        out.append(ops.Exchange("Status", (0,) * size, False))
    return out


def _change_graph(draws: Draws, setting: Setting) -> tuple[int, ...]:
    """Return a graph in which a random quorum is heard by all, or any other graph."""
    size = setting.instances
    if draws.chance(50):
        return (_quorum(setting, draws.order(size)),) * size
    return graph(draws, size)


def _quorum(setting: Setting, order: list[int]) -> int:
    """Return the mask of the first instances that are a quorum."""
    system = setting.system()
    names = (*range(setting.n), *setting.twins)
    missing = system.quorum
    mask = 0
    for instance in order:
        if missing <= 0:
            break
        mask |= 1 << instance
        missing -= system.weights[names[instance]]
    return mask
