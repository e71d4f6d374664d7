"""Generators of schedules: random, structured by views, twins, forged from knowledge. All give lists of operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bft.checking.generators.draws import Draws
from bft.checking.generators.healed_schedules import healed_schedule
from bft.checking.generators.knowledge_schedules import knowledge_schedule
from bft.checking.generators.random_schedules import random_schedule
from bft.checking.generators.twin_schedules import twin_schedule
from bft.checking.generators.view_schedules import view_schedule
from bft.checking.operations import Operation
from bft.checking.setting import Setting
from bft.checking.subject import Subject
from bft.core.quorum import QuorumSystem

Generator = Callable[[Draws, Subject, Setting], list[Operation]]
GENERATORS: Mapping[str, Generator] = {
    "random": random_schedule,
    "views": view_schedule,
    "twins": twin_schedule,
    "knowledge": knowledge_schedule,
    "healed": healed_schedule,
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """A generated schedule: where it runs, what happens, and who made it."""

    setting: Setting
    operations: tuple[Operation, ...]
    generator: str


def generate(
    name: str,
    seed: int,
    index: int,
    subject: Subject,
    *,
    n: int = 4,
    byzantine: int | None = None,
    quorum: int | None = None,
) -> Schedule:
    """Return schedule number `index` of a generator.

    Parameters
    ----------
    name : str
        A key of `GENERATORS`.
    seed, index : int
        Address of the schedule: the same address gives the same schedule in every process.
    subject : Subject
        The protocol.
    n : int, optional
        Number of nodes.
    byzantine : int, optional
        How many nodes the adversary may hold at most; by default f, the most that n tolerate.
    quorum : int, optional
        Quorum that the replicas are told, to plant a bug.
    """
    draws = Draws.of(seed, name, index)
    setting = draw_setting(draws, name, n, byzantine, quorum)
    return Schedule(setting, tuple(GENERATORS[name](draws, subject, setting)), name)


def draw_setting(draws: Draws, generator: str, n: int, byzantine: int | None, quorum: int | None) -> Setting:
    """Return a random setting: who is corrupted, from the start or later, how small the window is."""
    most = QuorumSystem.of(n).tolerated if byzantine is None else byzantine
    liars = most if generator == "twins" or draws.chance(80) else draws.below(most + 1)
    later = liars if generator != "twins" and draws.chance(10) else 0
    nodes = tuple(sorted(draws.order(n)[: liars - later]))
    twins = nodes if generator == "twins" or draws.chance(5) else ()
    interval, window = draws.pick(((2, 4), (2, 4), (1, 2), (2, 5), (3, 4)))
    return Setting(
        n=n,
        byzantine=nodes,
        corruptions=later,
        twins=twins,
        quorum=quorum,
        clients=draws.pick((1, 2, 3)),
        checkpoint_interval=interval,
        window=window,
        prompt_validators=generator == "twins" or draws.chance(90),
    )
