"""One block of a campaign: some schedules with consecutive numbers, run one after another, and what came of them."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import process_time

from bft.checking.counterexample import Counterexample, finding_of, run
from bft.checking.coverage import words
from bft.checking.generators import STEERED, generate
from bft.checking.generators.corpus import Corpus, Seeds
from bft.checking.plan import Plan, address
from bft.checking.protocols import subject_of
from bft.checking.subject import Subject


@dataclass(slots=True, kw_only=True)
class Row:
    """What the schedules of one generator at one size did."""

    generator: str
    n: int
    schedules: int = 0
    steps: int = 0
    breaches: int = 0
    splits: int = 0
    reached: Counter[str] = field(default_factory=Counter)

    def add(self, other: Row) -> None:
        """Take over another row's counts."""
        self.schedules += other.schedules
        self.steps += other.steps
        self.breaches += other.breaches
        self.splits += other.splits
        self.reached.update(other.reached)


@dataclass(slots=True, kw_only=True)
class Share:
    """What the schedules of a block did."""

    start: int
    """Number of its first schedule."""
    rows: dict[tuple[str, int], Row] = field(default_factory=dict)
    """Coverage per generator and size."""
    first: dict[str, int] = field(default_factory=dict)
    """Number of the schedule that first broke each invariant."""
    example: Counterexample | None = None
    """The first counterexample, as it was found."""
    cpu_s: float = 0.0
    """CPU time used."""
    seeds: Seeds = field(default_factory=Seeds)
    """What reached something new."""

    @property
    def schedules(self) -> int:
        """Schedules run."""
        return sum(row.schedules for row in self.rows.values())

    @property
    def breaches(self) -> int:
        """Schedules that broke an invariant."""
        return sum(row.breaches for row in self.rows.values())


def run_block(plan: Plan, start: int, stop: int, seeds: Seeds, stop_at_breach: bool) -> Share:
    """Run the schedules with numbers from `start` to below `stop`, or to the first breach; steer from the seeds."""
    cpu_started_s = process_time()
    subject = subject_of(plan.protocol, plan.mutant)
    share = Share(start=start)
    corpus = Corpus(seeds) if STEERED in plan.generators else None
    with _no_search_for_cycles():
        for index in range(start, stop):
            broke = _run_one(plan, subject, share, index, corpus)
            if broke and stop_at_breach:
                break
    if corpus is not None:
        share.seeds = corpus.found
    share.cpu_s = process_time() - cpu_started_s
    return share


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Hold back Python's search for cycles of objects, which looks through all that is alive.

    Most worlds have none, so they go as soon as they have been judged; where they have, a block is short.
    """
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


def _run_one(plan: Plan, subject: Subject, share: Share, index: int, corpus: Corpus | None) -> bool:
    """Run one schedule, enter what it did, and return whether it broke an invariant."""
    name, n = address(plan, index)
    made = generate(name, plan.seed, index, subject, n=n, byzantine=plan.byzantine, quorum=plan.quorum, corpus=corpus)
    world, monitor = run(subject, made.setting, made.operations)
    if corpus is not None:
        corpus.add(n, made.setting, made.operations, words(world, monitor))
    row = share.rows.setdefault((name, n), Row(generator=name, n=n))
    row.schedules += 1
    row.steps += world.steps
    row.reached.update(monitor.reached)
    found = finding_of(monitor, plan.oracle)
    if found is None:
        return False
    row.breaches += 1
    row.splits += found.split
    share.first.setdefault(found.breach.invariant, index)
    if share.example is None:
        share.example = Counterexample(
            setting=made.setting,
            operations=made.operations,
            protocol=plan.protocol,
            mutant=plan.mutant,
            finding=found,
            origin=f"generator {name}, seed {plan.seed}, schedule {index}",
        )
    return True
