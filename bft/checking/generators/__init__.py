"""Generators of schedules: random, structured by views, twins, forged from knowledge. All give lists of operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bft.checking.generators.client_schedules import client_schedule
from bft.checking.generators.corpus import Corpus, steered
from bft.checking.generators.crash_schedules import crash_schedule
from bft.checking.generators.drawn_settings import draw_setting
from bft.checking.generators.draws import Draws
from bft.checking.generators.healed_schedules import healed_schedule
from bft.checking.generators.knowledge_schedules import knowledge_schedule
from bft.checking.generators.long_schedules import long_schedule
from bft.checking.generators.mutation_schedules import mutation_schedule
from bft.checking.generators.random_schedules import random_schedule
from bft.checking.generators.state_schedules import state_schedule
from bft.checking.generators.twin_schedules import twin_schedule
from bft.checking.generators.view_schedules import view_schedule
from bft.checking.operations import Operation
from bft.checking.setting import Setting
from bft.checking.subject import Subject

Generator = Callable[[Draws, Subject, Setting], list[Operation]]
GENERATORS: Mapping[str, Generator] = {
    "random": random_schedule,
    "views": view_schedule,
    "twins": twin_schedule,
    "knowledge": knowledge_schedule,
    "healed": healed_schedule,
    "mutations": mutation_schedule,
    "states": state_schedule,
    "crashes": crash_schedule,
    "clients": client_schedule,
}


BY_NAME: Mapping[str, Generator] = {**GENERATORS, "long": long_schedule}
"""All generators; the long one is used where it is named."""
STEERED = "steered"
NAMES = (*BY_NAME, STEERED)
DEFAULT = tuple(
    name for place, each in enumerate(GENERATORS, 1) for name in ((each, STEERED) if place % 3 == 0 else (each,))
)
"""The generators of a campaign, in turn; after every third one a steered schedule."""


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
    corpus: Corpus | None = None,
) -> Schedule:
    """Return schedule number `index` of a generator.

    Parameters
    ----------
    name : str
        A key of `BY_NAME`, or "steered".
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
    corpus : Corpus, optional
        What a steered schedule is made from; while it is empty, any other generator takes its place.
    """
    draws = Draws.of(seed, name, index)
    if name == STEERED:
        found = [] if corpus is None else corpus.parents(n)
        if found:
            child = steered(draws, found)
            return Schedule(child.setting, child.operations, STEERED)
        name = draws.pick(tuple(GENERATORS))
    setting = (subject.draw_setting or draw_setting)(draws, name, index, n, byzantine, quorum)
    make = subject.generators.get(name, BY_NAME[name])
    return Schedule(setting, tuple(make(draws, subject, setting)), name)
