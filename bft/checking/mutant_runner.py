"""Runs the seeded bugs: which monitor kills each, with which generator, after how many schedules and seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import process_time
from typing import Any

from bft.checking.counterexample import Finding, finding_of, run
from bft.checking.coverage import words
from bft.checking.generators import DEFAULT, STEERED, generate
from bft.checking.generators.corpus import Corpus
from bft.checking.pbft.mutants import MUTANTS
from bft.checking.seeded_bug import HARMLESS, SeededBug

ORDER = (
    "views",
    "knowledge",
    "mutations",
    "steered",
    "random",
    "states",
    "healed",
    "steered",
    "crashes",
    "twins",
    "clients",
    "steered",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """What became of one mutant.

    Attributes
    ----------
    mutant : SeededBug
        Which one.
    finding : Finding or None
        The first invariant that it broke; None if it survived.
    generator, index : str, int
        The schedule that did it: number `index` of that generator.
    schedules : int
        Schedules run.
    cpu_s : float
        CPU time used.
    """

    mutant: SeededBug
    finding: Finding | None
    generator: str
    index: int
    schedules: int
    cpu_s: float

    @property
    def as_expected(self) -> bool:
        """Whether a harmful one was killed, or a harmless one was not."""
        return (self.finding is None) == (self.mutant.breaks == HARMLESS)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        found = self.finding
        return {
            "mutant": self.mutant.name,
            "breaks": self.mutant.breaks,
            "n": self.mutant.n,
            "killed_by": None if found is None else found.breach.invariant,
            "detail": None if found is None else found.breach.detail,
            "split": None if found is None else found.split,
            "generator": self.generator if found is not None else None,
            "schedules": self.schedules,
            "cpu_s": self.cpu_s,
            "as_expected": self.as_expected,
            "argument": self.mutant.argument,
        }


def hunt(
    mutant: SeededBug,
    *,
    seed: int = 0,
    seconds: float = 60.0,
    schedules: int | None = None,
    oracle: tuple[str, ...] | None = None,
    generators: tuple[str, ...] = ORDER,
) -> Kill:
    """Look for a schedule on which a mutant breaks an invariant.

    Parameters
    ----------
    mutant : SeededBug
        The seeded bug.
    seed : int, optional
        Address of the schedules.
    seconds : float, optional
        CPU time to spend at most.
    schedules : int, optional
        Schedules to run at most.
    oracle : tuple of str, optional
        Invariants that count; by default all. ("S1",) shows how little agreement alone sees.
    generators : tuple of str, optional
        Taken in turn.
    """
    subject = mutant.subject()
    started_s = process_time()
    corpus = Corpus() if STEERED in generators else None
    index = 0
    while process_time() - started_s < seconds and (schedules is None or index < schedules):
        name = generators[index % len(generators)]
        made = generate(name, seed, index, subject, n=mutant.n, quorum=mutant.quorum, corpus=corpus)
        world, monitor = run(subject, made.setting, made.operations)
        if corpus is not None:
            corpus.add(mutant.n, made.setting, made.operations, words(world, monitor))
        index += 1
        found = finding_of(monitor, oracle)
        if found is not None:
            return Kill(
                mutant=mutant,
                finding=found,
                generator=name,
                index=index - 1,
                schedules=index,
                cpu_s=process_time() - started_s,
            )
    return Kill(mutant=mutant, finding=None, generator="", index=-1, schedules=index, cpu_s=process_time() - started_s)


def hunt_all(
    mutants: Iterable[SeededBug] = MUTANTS,
    *,
    seed: int = 0,
    seconds: float = 60.0,
    harmless_seconds: float = 10.0,
    oracle: tuple[str, ...] | None = None,
    progress: Callable[[Kill], None] | None = None,
) -> list[Kill]:
    """Hunt every mutant; the harmless ones for a shorter while.

    Parameters
    ----------
    mutants : iterable of SeededBug, optional
        By default all those of PBFT.
    seed : int, optional
        Address of the schedules.
    seconds, harmless_seconds : float, optional
        CPU time to spend on each at most.
    oracle : tuple of str, optional
        Invariants that count.
    progress : callable, optional
        Called with each result.
    """
    kills: list[Kill] = []
    for each in mutants:
        limit_s = min(seconds, harmless_seconds) if each.breaks == HARMLESS else seconds
        kill = hunt(each, seed=seed, seconds=limit_s, oracle=oracle)
        kills.append(kill)
        if progress is not None:
            progress(kill)
    return kills


assert set(ORDER) == set(DEFAULT), "every generator takes its turn"
