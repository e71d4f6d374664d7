"""Schedules structured by rounds: who hears the proposal, whose prevotes reach whom, who locks, and who times out.

What goes wrong in Tendermint needs locks: a polka that few see, precommits that are lost, then timers, a proposer of
the next round that knows of the polka or does not, and liars who vote for each side. Each phase here is one delivery
graph, so such runs are common.
"""

from __future__ import annotations

from bft.checking import operations as ops
from bft.checking.generators.crash_schedules import fault
from bft.checking.generators.draws import Draws
from bft.checking.generators.healed_schedules import healed_schedule, views_allowed
from bft.checking.generators.random_schedules import EVERYONE, forged, recipes_of
from bft.checking.generators.twin_schedules import partition
from bft.checking.generators.view_schedules import graph
from bft.checking.setting import Setting
from bft.checking.subject import Subject

PHASES = ("Propose", "Prevote", "Precommit")
TIMERS = ("propose", "prevote", "precommit")


def _fired(draws: Draws, size: int, timer: str, percent: int) -> list[ops.Operation]:
    return [ops.Fire(node, timer) for node in draws.order(size) if draws.chance(percent)]


def locking_round(draws: Draws, setting: Setting, turn: int) -> list[ops.Operation]:
    """Return a round that a few leave with a lock, and all leave: most hear the proposal, few see the polka.

    Whoever misses the proposal prevotes nil; of the others some hear all prevotes, the rest one or two fewer, so that
    they have a quorum and no polka, and precommit nil in time. What came too late often comes with the next round.
    """
    size = setting.instances
    everyone = (1 << size) - 1
    heard = draws.subset(size, draws.pick((60, 80, 100)))
    few = draws.subset(size, draws.pick((15, 30, 50)))
    if draws.chance(40):  # one node alone, which proposes soon
        few = 1 << (turn + draws.pick((1, 2, 2, 3))) % setting.n
    missed = tuple(everyone if few >> node & 1 else draws.subset(size, 75) for node in range(size))
    late = draws.chance(60)
    return [
        ops.Exchange("Propose", tuple(everyone if heard >> node & 1 else 0 for node in range(size)), draws.chance(70)),
        *(_fired(draws, size, "propose", 100) if draws.chance(60) else []),
        ops.Exchange("Prevote", missed, late),
        *_fired(draws, size, "prevote", 100),
        ops.Exchange("Precommit", (everyone,) * size if draws.chance(70) else graph(draws, size), draws.chance(30)),
        *_fired(draws, size, "precommit", 100 if draws.chance(70) else 80),
    ]


def polka_seen_by(
    draws: Draws, setting: Setting, one: int, *, keep: bool, nil_anyway: bool = False
) -> list[ops.Operation]:
    """Return a round that only one node leaves with a lock.

    All but one hear the proposal, or all where somebody prevotes nil anyway; all hear a quorum of prevotes, and only
    the one to be locked hears all. The others' are lost, or kept for later.
    """
    size = setting.instances
    everyone = (1 << size) - 1
    late = (one + 1 + draws.below(setting.n - 1)) % setting.n if setting.n > 1 and not nil_anyway else -1
    missed = [
        everyone & ~(1 << draws.pick([each for each in range(size) if each not in (node, late)] or [0]))
        for node in range(size)
    ]
    missed[one] = everyone
    return [
        ops.Exchange("Propose", tuple(0 if node == late else everyone for node in range(size)), False),
        *_fired(draws, size, "propose", 100),
        ops.Exchange("Prevote", tuple(missed), keep),
        *_fired(draws, size, "prevote", 100),
        ops.Exchange("Precommit", (everyone,) * size, False),
        *_fired(draws, size, "precommit", 100),
    ]


def unlocking(draws: Draws, setting: Setting) -> list[ops.Operation]:
    """Return rounds in which one node locks, another value gets a polka, and is proposed again with it.

    The locked node hears that polka late, and may prevote the other value then.
    """
    everyone = (1 << setting.instances) - 1
    to_all = (everyone,) * setting.instances
    locked, following = draws.below(setting.n), 2 % setting.n
    out = polka_seen_by(draws, setting, locked, keep=False)
    out += polka_seen_by(draws, setting, following, keep=True, nil_anyway=True)
    out += [ops.Exchange("Propose", to_all, False), *([ops.Settle(1)] if draws.chance(50) else [])]
    out += [ops.Exchange("Prevote", to_all, draws.chance(50)), ops.Settle(1 + draws.below(2))]
    return out


def proposed_again(draws: Draws, setting: Setting) -> list[ops.Operation]:
    """Return rounds in which one node locks, rounds that fail, and a liar's, which tries to unlock it.

    The locked node hears the prevotes for the liar's value before the proposal, which then names any round for a polka.
    """
    size = setting.instances
    everyone = (1 << size) - 1
    to_all = (everyone,) * size
    liar, locked = draws.pick(setting.byzantine), draws.below(setting.n)
    all_but_locked = tuple(0 if node == locked else everyone for node in range(size))
    out = polka_seen_by(draws, setting, locked, keep=False)
    for _ in range(1, liar):
        out += [ops.Exchange("Propose", (0,) * size, False), *_fired(draws, size, "propose", 100)]
        out += [ops.Exchange("Prevote", to_all, False), ops.Exchange("Precommit", to_all, False)]
        out += _fired(draws, size, "precommit", 100)
    out += [ops.Exchange("Propose", all_but_locked, False), ops.Exchange("Prevote", to_all, True)]
    for _ in range(1 + draws.below(2)):
        out += [ops.Forge("again", draws.below(8), 1 << locked, draws.choices(4))]
    out += [ops.Exchange("Propose", to_all, False), ops.Exchange("Prevote", to_all, False), ops.Settle(1)]
    return out


def one_round(
    draws: Draws, setting: Setting, recipes: list[str], turn: int, *, trouble: int = 0
) -> list[ops.Operation]:
    """Return one round: each phase along its own graph, then the timer of that phase where it runs."""
    size = setting.instances
    out: list[ops.Operation] = []
    if draws.chance(40):
        lies = [forged(draws, recipes, draws.subset(size, 60)) for _ in range(draws.below(3))] if recipes else []
        return [*lies, *locking_round(draws, setting, turn)]
    for phase, timer in zip(PHASES, TIMERS, strict=True):
        if recipes and draws.chance(50):
            out += [forged(draws, recipes, draws.subset(size, 60)) for _ in range(1 + draws.below(3))]
        if trouble and draws.chance(trouble):
            out += fault(draws, setting)
        out.append(ops.Exchange(phase, graph(draws, size), draws.chance(30)))
        if not setting.prompt_validators:
            out += [ops.Consult(draws.below(9), draws.pick((0, 0, 0, 1, 2))) for _ in range(size)]
        if draws.chance(10):
            out.append(ops.Exchange("CatchUp", graph(draws, size), draws.chance(50)))
        out += _fired(draws, size, timer, draws.pick((40, 75, 100)))
    return out


def round_schedule(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return a schedule of a few rounds."""
    liars = bool(setting.byzantine or setting.corruptions)
    recipes = recipes_of(draws, subject) if liars and draws.chance(80) else []
    quiet = draws.chance(70)
    size = setting.instances
    schedule: list[ops.Operation] = [ops.Ask(number, EVERYONE) for number in range(1 + draws.below(3))]
    if setting.byzantine and draws.chance(6):
        return [*schedule, *proposed_again(draws, setting), ops.Settle(12)]
    if draws.chance(8):
        return [*schedule, *unlocking(draws, setting), ops.Settle(12)]
    if draws.chance(25):  # locks, one after the other
        for turn in range(3 + draws.below(3)):
            phases = locking_round(draws, setting, turn)
            if recipes and draws.chance(30):  # a liar's proposal that comes after the prevotes
                late = [
                    forged(draws, ["propose", "again", "again"], draws.subset(size, 60))
                    for _ in range(1 + draws.below(4))
                ]
                phases[-3:-3] = [*late, ops.Settle(1)]
            schedule += phases
            if recipes and draws.chance(50):
                schedule += [forged(draws, recipes, EVERYONE) for _ in range(1 + draws.below(2))]
        return [*schedule, ops.Settle(12)]
    for turn in range(2 + draws.below(5)):
        schedule += one_round(draws, setting, recipes, turn, trouble=10)
        if setting.corruptions and draws.chance(40):
            schedule.append(ops.Corrupt(draws.below(setting.n)))
        if draws.chance(15):
            schedule.append(ops.Settle(1 + draws.below(3)))
        if quiet:
            schedule.append(ops.Exchange("Status", (0,) * setting.instances, False))
        elif draws.chance(30):
            schedule += [*_fired(draws, setting.instances, "status", 60), ops.Settle(2)]
        if draws.chance(20):
            schedule.append(ops.Ask(draws.below(5), EVERYONE))
    schedule.append(ops.Settle(12))
    return schedule


def knowledge_rounds(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return a schedule that gets somewhere, lies about it, and lets the lies take effect."""
    size = setting.instances
    recipes = recipes_of(draws, subject)
    schedule: list[ops.Operation] = [ops.Ask(number, EVERYONE) for number in range(1 + draws.below(3))]
    if setting.corruptions:
        schedule.append(ops.Corrupt(draws.below(setting.n)))
    for turn in range(2 + draws.below(4)):
        kind = draws.below(5)
        if kind < 2:
            schedule += one_round(draws, setting, recipes, turn)
        elif kind == 2:
            schedule += [*_fired(draws, size, draws.pick(TIMERS), 80), ops.Settle(1)]
        elif kind == 3:
            node = draws.below(size)
            schedule += [ops.Crash(node), ops.Settle(1 + draws.below(3)), ops.Restart(node)]
        else:
            schedule.append(ops.Settle(1 + draws.below(4)))
        everyone = draws.chance(60)
        schedule += [
            forged(draws, recipes, EVERYONE if everyone else draws.subset(size, 60)) for _ in range(2 + draws.below(5))
        ]
        if draws.chance(60):
            schedule.append(ops.Settle(1 + draws.below(2)))
        if draws.chance(25):
            schedule.append(ops.Ask(draws.below(6), EVERYONE))
    schedule.append(ops.Settle(12))
    return schedule


def twin_rounds(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return rounds of twins: two instances under one key, in partitions that change with the rounds."""
    del subject
    size = setting.instances
    schedule: list[ops.Operation] = [ops.Ask(number, EVERYONE) for number in range(1 + draws.below(2))]
    groups = partition(draws, setting)
    for _ in range(1 + draws.below(4)):
        keep = draws.chance(30)
        for timer in TIMERS:
            schedule.append(ops.Exchange("", groups, keep))
            schedule += _fired(draws, size, timer, 85) if draws.chance(60) else []
        if draws.chance(20):
            schedule += fault(draws, setting)
        if draws.chance(60):
            groups = partition(draws, setting)
    schedule.append(ops.Settle(12))
    return schedule


def crash_rounds(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return rounds in which nodes crash before, in and after every phase, and come back."""
    del subject
    size = setting.instances
    schedule: list[ops.Operation] = [ops.Ask(number, EVERYONE) for number in range(1 + draws.below(3))]
    percent = draws.pick((20, 40, 70))
    for turn in range(1 + draws.below(4)):
        schedule += one_round(draws, setting, [], turn, trouble=percent)
        if draws.chance(40):
            schedule += [ops.Ask(draws.below(6), EVERYONE), ops.Settle(1 + draws.below(3))]
    if draws.chance(50):
        return [*schedule, ops.Heal(views_allowed(setting), draws.subset(size, 60))]
    return [*schedule, ops.Settle(12)]


def healed_rounds(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return rounds or anything, what of the messages is lost, and the stabilisation."""
    return healed_schedule(draws, subject, setting, structured=round_schedule, percent=60)
