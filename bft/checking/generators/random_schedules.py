"""Schedules without structure: any pending message next, with swarm weights.

Each schedule switches most kinds of operation off and weighs the rest at random, so that rare combinations happen
often in some (Groce et al., *Swarm Testing*, ISSTA 2012).
"""

from __future__ import annotations

from bft.checking import operations as ops
from bft.checking.generators.draws import Draws
from bft.checking.setting import Setting
from bft.checking.subject import Subject

EVERYONE = (1 << 30) - 1
PLACES = 997
DELIVERIES = tuple(map(ops.Deliver, range(PLACES)))
"""Most of what a random schedule consists of."""
CHOICES = 14
"""Numbers that a recipe may use up."""


def forged(draws: Draws, recipes: list[str], nodes: int) -> ops.Forge:
    """Return one forged message."""
    return ops.Forge(draws.pick(recipes), draws.below(8), nodes, draws.choices(CHOICES))


def recipes_of(draws: Draws, subject: Subject) -> list[str]:
    """Return the recipes that a schedule uses: one to three of them."""
    known = list(subject.recipes)
    return [draws.pick(known) for _ in range(1 + draws.below(3))] if known else []


def random_schedule(draws: Draws, subject: Subject, setting: Setting) -> list[ops.Operation]:
    """Return a schedule of single deliveries, losses, timeouts, crashes and lies."""
    size = setting.instances
    liars = bool(setting.byzantine or setting.corruptions)
    recipes = recipes_of(draws, subject) if liars else []
    table: list[str] = ["deliver"] * 60
    for kind, most in (
        ("drop", 12),
        ("duplicate", 8),
        ("replay", 8),
        ("view timer", 6),
        ("timer", 6),
        ("crash", 3),
        ("wave", 2),
        ("partition", 2),
        ("ask", 3),
    ):
        if draws.chance(50):
            table += [kind] * (1 + draws.below(most))
    if "crash" in table:
        table += ["restart"] * 4
    if recipes and draws.chance(70):
        table += ["forge"] * (2 + draws.below(10))
    if setting.corruptions:
        table += ["corrupt"] * 2
    if not setting.prompt_validators:
        table += ["consult"] * 25
    schedule: list[ops.Operation] = [ops.Ask(number, EVERYONE) for number in range(1 + draws.below(3))]
    number = draws.number
    for _ in range(60 + draws.below(100)):
        kind = table[number() % len(table)]
        if kind == "deliver":
            schedule.append(DELIVERIES[number() % PLACES])
        else:
            schedule.append(_operation(draws, kind, size, subject, recipes))
    schedule.append(ops.Settle(12))
    return schedule


def _operation(draws: Draws, kind: str, size: int, subject: Subject, recipes: list[str]) -> ops.Operation:
    match kind:
        case "drop":
            return ops.Drop(draws.below(PLACES))
        case "duplicate":
            return ops.Duplicate(draws.below(PLACES))
        case "replay":
            return ops.Replay(draws.below(PLACES), draws.below(size))
        case "view timer":
            return ops.Fire(draws.below(size), subject.view_timer)
        case "timer":
            return ops.Fire(draws.below(size), draws.pick(subject.timers))
        case "crash":
            return ops.Crash(draws.below(size))
        case "restart":
            return ops.Restart(draws.below(size))
        case "wave":
            return ops.Settle(1)
        case "partition":
            side = draws.subset(size, 50)
            masks = tuple(side if side >> node & 1 else ~side & (1 << size) - 1 for node in range(size))
            return ops.Exchange("", masks, draws.chance(50))
        case "ask":
            return ops.Ask(draws.below(5), draws.subset(size, 70))
        case "corrupt":
            return ops.Corrupt(draws.below(size))
        case "consult":
            return ops.Consult(draws.below(97), draws.pick((0, 0, 0, 1, 2)))
        case _:
            return forged(draws, recipes, draws.subset(size, 70))
