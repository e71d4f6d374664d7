"""Schedules that know locks: per view, how far its certificates get, who sees them, and who leads the next view.

The classic bugs of HotStuff need a certificate that reaches a few, who lock, and a next leader that has not seen it.
Random delivery hardly ever makes such a case; here each view ends in one of them on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bft.checking import operations as ops
from bft.checking.generators.draws import Draws
from bft.checking.generators.healed_schedules import views_allowed
from bft.checking.generators.random_schedules import EVERYONE, forged, recipes_of
from bft.checking.generators.view_schedules import graph
from bft.checking.setting import Setting
from bft.checking.subject import Subject


def lock_schedule(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return a few views, each cut off at some phase for most, with liars' proposals on what certificates there are."""
    size = setting.instances
    liars = bool(setting.byzantine or setting.corruptions)
    recipes = recipes_of(draws, subject) if liars else []
    if liars and draws.chance(70):
        recipes = ["propose", *recipes]
    schedule: list[ops.Operation] = [ops.Ask(number, EVERYONE) for number in range(1 + draws.below(3))]
    if setting.corruptions:
        schedule.append(ops.Corrupt(draws.below(setting.n)))
    for _ in range(3 + draws.below(5)):
        schedule += view(draws, subject, setting, recipes)
        if draws.chance(12):
            node = draws.below(size)
            schedule += [ops.Crash(node), ops.Restart(node)]
        if draws.chance(70):
            schedule += change(draws, subject, setting, recipes)
        if draws.chance(20):
            schedule.append(ops.Ask(draws.below(5), EVERYONE))
    if draws.chance(25):
        return [*schedule, ops.Heal(views_allowed(setting), draws.subset(size, 60))]
    return [*schedule, ops.Settle(12)]


def view(draws: Draws, subject: Subject, setting: Setting, recipes: list[str]) -> list[ops.Operation]:
    """Return the phases of a view: all well up to some phase, which few hear of, and nothing after it."""
    size = setting.instances
    everyone = ((1 << size) - 1,) * size
    last = draws.below(len(subject.phases) + 1)
    out: list[ops.Operation] = []
    for place, phase in enumerate(subject.phases):
        if recipes and draws.chance(35):
            out += [forged(draws, recipes, few(draws, size)) for _ in range(1 + draws.below(2))]
        if not setting.prompt_validators:
            out += [ops.Consult(draws.below(9), draws.pick((0, 0, 0, 0, 1, 2))) for _ in range(size)]
        if place < last:
            senders = everyone if draws.chance(70) else graph(draws, size)
        elif place == last:
            reached = few(draws, size)
            senders = tuple(everyone[0] if reached >> node & 1 else 0 for node in range(size))
        else:
            senders = (0,) * size
        out.append(ops.Exchange(phase, senders, draws.chance(25)))
    return out


def change(draws: Draws, subject: Subject, setting: Setting, recipes: list[str]) -> list[ops.Operation]:
    """Return how a view is given up: most do, a random quorum is heard."""
    size = setting.instances
    leavers = (1 << size) - 1 if draws.chance(60) else draws.subset(size, 75)
    out: list[ops.Operation] = [ops.Fire(node, subject.view_timer) for node in draws.order(size) if leavers >> node & 1]
    for kind in subject.changes:
        if recipes and draws.chance(35):
            out += [forged(draws, recipes, few(draws, size)) for _ in range(1 + draws.below(2))]
        out.append(ops.Exchange(kind, graph(draws, size), draws.chance(30)))
    if "wait" in subject.timers and draws.chance(60):
        out += [ops.Fire(node, "wait") for node in range(size)]
    if recipes and draws.chance(40):
        out += [forged(draws, recipes, few(draws, size)) for _ in range(1 + draws.below(3))]
    return out


def state_schedule(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return a run that a node hears nothing of until the others have forgotten what it lacks, and lies about states.

    The node that hears nothing is one of the last leaders most of the time, so that the first ones get far.
    """
    size = setting.instances
    last = setting.n - 1 - draws.pick((0, 0, 0, 1, 2)) if draws.chance(80) else draws.below(setting.n)
    behind = 1 << last % setting.n
    heard = tuple(0 if behind >> node & 1 else EVERYONE & ~behind for node in range(size))
    known = ["false_state"] * 3 + ["status", "branch"] if setting.byzantine or setting.corruptions else []
    schedule: list[ops.Operation] = []
    for number in range(3 + draws.below(3)):
        schedule += [ops.Ask(number, EVERYONE), *[ops.Exchange("", heard, False)] * (6 + draws.below(6))]
        if draws.chance(50):
            schedule += [ops.Fire(node, subject.view_timer) for node in range(size) if not behind >> node & 1]
            schedule += [ops.Exchange("", heard, False)] * 4
        if draws.chance(10):
            schedule += [ops.Crash(draws.below(size)), ops.Restart(draws.below(size))]
    for _ in range(1 + draws.below(3)):
        schedule += [ops.Fire(last, "status"), ops.Exchange("Status", (EVERYONE,) * size, False)]
        if known:
            honest = [node for node in range(setting.n) if node != last % setting.n and node not in setting.byzantine]
            first = 1 << draws.pick(honest) if draws.chance(70) else few(draws, size)
            lies = [forged(draws, known, behind) for _ in range(1 + draws.below(3))]
            schedule += [ops.Exchange("SavedState", (first,) * size, False), *lies]
            schedule.append(ops.Exchange("SavedState", (EVERYONE,) * size, False))
        schedule.append(ops.Settle(1 + draws.below(4)))
        if draws.chance(30):
            schedule += [ops.Crash(last), ops.Restart(last), ops.Settle(1)]
    if draws.chance(50):
        return [*schedule, ops.Heal(views_allowed(setting), draws.subset(size, 60))]
    return [*schedule, ops.Ask(draws.below(6), EVERYONE), ops.Settle(12)]


def few(draws: Draws, size: int) -> int:
    """Return the mask of one node, of a few, or of most."""
    shape = draws.below(4)
    if shape == 0:
        return 1 << draws.below(size)
    return draws.subset(size, draws.pick((30, 50, 75)))


GENERATORS: Mapping[str, Callable[..., list[ops.Operation]]] = {"views": lock_schedule, "states": state_schedule}
"""In the place of the usual ones: views with locks, and nodes left behind."""
