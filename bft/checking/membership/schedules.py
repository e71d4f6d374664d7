"""Schedules in which members change: removed, added, replaced, back again, several at once, amid crashes and losses.

The operator's requests have numbers from `CHANGES` on, and say by their number what they ask. Nodes are removed only as
far as `subject.LEAST` members remain whichever of the operator's requests are executed: so any part of a schedule keeps
the faults within what its members tolerate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bft.checking import operations as ops
from bft.checking.generators.client_schedules import client_schedule
from bft.checking.generators.crash_schedules import crash_schedule, fault
from bft.checking.generators.draws import Draws
from bft.checking.generators.healed_schedules import views_allowed
from bft.checking.generators.random_schedules import EVERYONE, forged, random_schedule, recipes_of
from bft.checking.generators.state_schedules import state_schedule
from bft.checking.generators.twin_schedules import twin_schedule
from bft.checking.generators.view_schedules import graph, normal_case, view_change, view_schedule
from bft.checking.setting import Setting
from bft.checking.subject import Subject
from bft.core.request import Request
from bft.membership.machine import OPERATOR

CHANGES = 1000
STRIDE = 1000
"""Numbers of operator's requests with one timestamp: (kind, node, node) in base 10 is below it."""
REPLACE, ADD, REMOVE = range(3)
LATE = CHANGES - 1
"""A client's request that nobody hears of before stabilisation: so there is something to do in the last epoch."""

Generator = Callable[[Draws, Subject, Setting], list[ops.Operation]]


def change(setting: Setting, number: int) -> Request | None:
    """Return the operator's request of a number; None for the numbers of other clients."""
    del setting
    if number < CHANGES:
        return None
    turn, code = divmod(number - CHANGES, STRIDE)
    kind, leaving, coming = code // 100 % 3, code // 10 % 10, code % 10
    operation = {
        REPLACE: f"member replace {leaving} {coming}",
        ADD: f"member add {coming}",
        REMOVE: f"member remove {leaving}",
    }[kind]
    return Request(client=OPERATOR, timestamp=turn + 1, operation=operation)


class Script:
    """What a schedule has asked so far: fresh numbers for clients, and changes that leave enough members."""

    def __init__(self, draws: Draws, setting: Setting) -> None:
        self.draws = draws
        self.setting = setting
        self.operations: list[ops.Operation] = []
        self._nodes = min(setting.n, 10)
        self._members = list(range(min(self._nodes, setting.n if setting.members is None else setting.members)))
        self._turn = 0
        self._question = 0
        self._removable = max(0, (setting.n if setting.members is None else setting.members) - 3 * _f(setting) - 1)

    def ask(self, count: int) -> None:
        """Let clients ask new questions."""
        for _ in range(count):
            self._ask(self._question)
            self._question += 1

    def change(self) -> None:
        """Ask for one change, for several, or for one and its contrary; most make sense if those before took effect."""
        shape = self.draws.below(6)
        if shape < 3:
            self._one()
        elif shape < 5:
            leaving, coming = self._leaving(), self._coming()
            self._say(REPLACE, leaving, coming)
            if self.draws.chance(40):
                self.ask(1)
            self._say(REPLACE, coming, leaving)
        else:
            for _ in range(2 + self.draws.below(2)):
                self._one()

    def _one(self) -> None:
        kind = self.draws.pick((REPLACE, REPLACE, ADD, REMOVE))
        if kind == REMOVE and self._removable > 0:
            self._removable -= 1
        elif kind == REMOVE:
            kind = ADD
        self._say(kind, self._leaving(), self._coming())

    def _leaving(self) -> int:
        return self.draws.pick(self._members if self.draws.chance(90) else range(self._nodes))

    def _coming(self) -> int:
        others = [node for node in range(self._nodes) if node not in self._members]
        return self.draws.pick(others if others and self.draws.chance(90) else range(self._nodes))

    def _say(self, kind: int, leaving: int, coming: int) -> None:
        self._ask(CHANGES + STRIDE * self._turn + 100 * kind + 10 * leaving + coming)
        self._turn += 1
        here = [member for member in self._members if kind == ADD or member != leaving]
        self._members = [*here, *([coming] if kind != REMOVE and coming not in here else [])] or self._members

    def _ask(self, number: int) -> None:
        draws = self.draws
        nodes = EVERYONE if draws.chance(85) else draws.subset(self.setting.instances, 60)
        self.operations.append(ops.Ask(number, nodes))


def _f(setting: Setting) -> int:
    return setting.system().tolerated


def epoch_schedule(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return rounds of requests and changes, each carried some way by a network that favours some nodes."""
    script = Script(draws, setting)
    out, size = script.operations, setting.instances
    recipes = recipes_of(draws, subject) if setting.byzantine and draws.chance(75) else []
    script.ask(1)
    for _ in range(2 + draws.below(4)):
        script.ask(draws.below(3))
        if draws.chance(65):
            script.change()
        script.ask(draws.below(setting.checkpoint_interval + 1))
        if len(setting.byzantine) > 1 and recipes and draws.chance(30):  # several liars are found out at once
            heard = draws.subset(size, 60)
            out += [ops.Forge("contradict", actor, heard, draws.choices(3)) for actor in range(len(setting.byzantine))]
            out.append(ops.Exchange("", (EVERYONE,) * size, True))
        if recipes and draws.chance(60):
            out += [forged(draws, recipes, draws.subset(size, 70)) for _ in range(1 + draws.below(4))]
        if not setting.prompt_validators:
            out += [ops.Consult(draws.below(9), draws.pick((0, 0, 0, 0, 1, 2))) for _ in range(2 * size)]
        _carry(draws, subject, setting, out, recipes)
        if draws.chance(35):
            out += fault(draws, setting, amidst=40)
        if draws.chance(30):
            out += [ops.Fire(node, "status") for node in range(size) if draws.chance(60)]
            out.append(ops.Settle(1 + draws.below(3)))
    out.append(ops.Settle(12))
    return out


def _carry(draws: Draws, subject: Subject, setting: Setting, out: list[ops.Operation], recipes: list[str]) -> None:
    """Deliver some of what was said."""
    size = setting.instances
    everyone = (1 << size) - 1
    way = draws.below(10)
    if way < 3:
        out.append(ops.Settle(1 + draws.below(8)))
    elif way < 6:  # one or two nodes are away
        away = (1 << draws.below(size)) | ((1 << draws.below(size)) if draws.chance(30) else 0)
        masks = tuple(away if away >> node & 1 else everyone & ~away for node in range(size))
        keep = draws.chance(40)
        out += [ops.Exchange("", masks, keep) for _ in range(3 + draws.below(8))]
    elif way < 7:  # checkpoints or commits are late
        late = draws.pick(("Checkpoint", "Checkpoint", "Commit"))
        for _ in range(3 + draws.below(4)):
            out += [ops.Exchange(kind, (everyone,) * size, True) for kind in subject.phases if kind != late]
            out.append(ops.Exchange("EpochStarts", graph(draws, size), True))
        out.append(ops.Exchange(late, graph(draws, size), draws.chance(70)))
    elif way < 8:
        out += view_change(draws, subject, setting, recipes, False)
        out.append(ops.Settle(1 + draws.below(6)))
    elif way < 9:
        for _ in range(1 + draws.below(3)):
            out += normal_case(draws, subject, setting, recipes, False)
    else:
        out += [ops.Exchange("", graph(draws, size), draws.chance(60)) for _ in range(2 + draws.below(6))]


def left_behind(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return several changes that take effect one after the other while one node hears nobody but clients."""
    del subject
    script, size = Script(draws, setting), setting.instances
    away = 1 << draws.below(size)
    masks = tuple(0 if away >> node & 1 else (1 << size) - 1 & ~away for node in range(size))
    for _ in range(2 + draws.below(2)):
        script.change()
        script.ask(setting.checkpoint_interval)
        script.operations += [ops.Exchange("", masks, draws.chance(30))] * (4 + draws.below(8))
    return [*script.operations, ops.Settle(draws.below(3))]


def woven(usual: Generator) -> Generator:
    """Return a usual generator with changes, and enough requests to make them take effect, put in between."""

    def generator(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
        schedule = usual(draws, subject, setting)
        script = Script(draws, setting)
        for _ in range(1 + draws.below(3)):
            place = draws.below(len(schedule))
            script.operations = []
            script.change()
            script.ask(draws.below(3))
            if draws.chance(60):
                script.operations.append(ops.Settle(1 + draws.below(6)))
            schedule[place:place] = script.operations
        return schedule

    return generator


def half(usual: Generator) -> Generator:
    """Return a usual generator with changes put in between, which takes turns with schedules about epochs."""
    changed = woven(usual)

    def generator(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
        return (epoch_schedule if draws.chance(50) else changed)(draws, subject, setting)

    return generator


def healed(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return the beginning of a schedule, what of its messages is lost, and the stabilisation."""
    size = setting.instances
    usual = draws.pick((epoch_schedule, epoch_schedule, left_behind, woven(view_schedule), woven(random_schedule)))
    prefix = usual(draws, subject, setting)[:-1]
    prefix = prefix[: draws.below(len(prefix) + 1)]
    if draws.chance(60):
        prefix.append(ops.Exchange("", (0,) * size, False))
    return [*prefix, ops.Ask(LATE, 0), ops.Heal(views_allowed(setting), draws.subset(size, 60))]


GENERATORS: Mapping[str, Generator] = {
    "random": half(random_schedule),
    "views": half(view_schedule),
    "twins": half(twin_schedule),
    "knowledge": epoch_schedule,
    "healed": healed,
    "states": half(state_schedule),
    "crashes": half(crash_schedule),
    "clients": half(client_schedule),
}
