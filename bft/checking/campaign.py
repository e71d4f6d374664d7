"""Safety campaigns: many schedules of many generators and sizes, the share that got anywhere, and what they broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import Any

from bft.checking.counterexample import PROTOCOLS, Counterexample, finding_of, run, subject_of
from bft.checking.generators import GENERATORS, generate
from bft.checking.shrink import shrink
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value

SIZES = (4, 5, 6, 7, 8, 10)
BATCH = 64
"""Schedules between two looks at the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a campaign examines.

    Attributes
    ----------
    protocol, mutant : str, str or None
        What to examine; a mutant's own number of nodes and quorum apply where it names them.
    sizes : tuple of int
        Numbers of nodes, taken in turn.
    byzantine : int or None
        Nodes that the adversary may hold at most; None for f. Above f a breach is what must be found.
    quorum : int or None
        Quorum that the replicas are told.
    oracle : tuple of str or None
        Invariants that count, for instance ("S1",) to look for splits alone; None for all.
    generators : tuple of str
        Taken in turn.
    seed : int
        0 or more.
    schedules : int or None
        Stop after so many.
    seconds : float or None
        Stop after so much time; with it the number of schedules depends on the machine.
    workers : int
        Processes.
    """

    protocol: str = "pbft"
    mutant: str | None = None
    sizes: tuple[int, ...] = SIZES
    byzantine: int | None = None
    quorum: int | None = None
    oracle: tuple[str, ...] | None = None
    generators: tuple[str, ...] = tuple(GENERATORS)
    seed: int = 0
    schedules: int | None = None
    seconds: float | None = None
    workers: int = 1

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise ScenarioError(bad_value("protocol", self.protocol, f"must be one of {', '.join(PROTOCOLS)}"))
        for name in self.generators:
            if name not in GENERATORS:
                raise ScenarioError(bad_value("generators", name, f"must be among {', '.join(GENERATORS)}"))
        if not self.generators:
            raise ScenarioError(bad_value("generators", (), "must name at least one"))
        if not self.sizes or min(self.sizes) < 1:
            raise ScenarioError(bad_value("n", self.sizes, "must be numbers of nodes, 1 or more"))
        for n in self.sizes:
            if self.byzantine is not None and not 0 <= self.byzantine <= n:
                raise ScenarioError(bad_value("byzantine", self.byzantine, f"must be between 0 and n = {n}"))
            if self.quorum is not None and not 1 <= self.quorum <= n:
                raise ScenarioError(bad_value("quorum", self.quorum, f"must be between 1 and n = {n}"))
        if self.seed < 0:
            raise ScenarioError(bad_value("seed", self.seed, "must be a whole number, 0 or more"))
        if self.schedules is None and self.seconds is None:
            raise ScenarioError(bad_value("schedules", None, "give a number of schedules, or of seconds"))
        if self.schedules is not None and self.schedules < 1:
            raise ScenarioError(bad_value("schedules", self.schedules, "must be at least 1"))
        if self.seconds is not None and not self.seconds > 0:
            raise ScenarioError(bad_value("seconds", self.seconds, "must be more than 0"))
        if self.workers < 1:
            raise ScenarioError(bad_value("workers", self.workers, "must be at least 1"))

    @property
    def within_bounds(self) -> bool:
        """Whether a breach would be a bug: at most f corrupted, the right quorum, no seeded bug."""
        return (
            self.mutant is None
            and self.quorum is None
            and all(self.byzantine is None or self.byzantine <= QuorumSystem.of(n).tolerated for n in self.sizes)
        )


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
class Campaign:
    """The result of a campaign.

    Attributes
    ----------
    rows : list of Row
        Coverage per generator and size.
    first : dict
        Number of the schedule that first broke each invariant, among all that this campaign ran.
    found : Counterexample or None
        The first counterexample, shrunk.
    wall_s, cpu_s : float
        Time used; CPU time of all processes.
    """

    plan: Plan
    rows: list[Row]
    first: dict[str, int]
    found: Counterexample | None
    wall_s: float
    cpu_s: float

    @property
    def schedules(self) -> int:
        """Schedules run."""
        return sum(row.schedules for row in self.rows)

    @property
    def steps(self) -> int:
        """Inputs given to replicas."""
        return sum(row.steps for row in self.rows)


def search(plan: Plan, *, stop_at_breach: bool = True, progress: Callable[[int], None] | None = None) -> Campaign:
    """Run a campaign.

    Schedule number i has the generator, size and random choices that belong to i, whatever the number of workers.

    Parameters
    ----------
    plan : Plan
        What to examine, and for how long.
    stop_at_breach : bool, optional
        Stop at the first breach, and shrink it; otherwise go on counting.
    progress : callable, optional
        Called now and then with the number of schedules run by this process.
    """
    started_s = perf_counter()
    if plan.workers == 1:
        shares = [_share(plan, 0, stop_at_breach, progress)]
    else:
        with ProcessPoolExecutor(plan.workers) as pool:
            futures = [pool.submit(_share, plan, worker, stop_at_breach, None) for worker in range(plan.workers)]
            shares = [future.result() for future in futures]
    rows = {(name, n): Row(generator=name, n=n) for name in plan.generators for n in plan.sizes}
    first: dict[str, int] = {}
    examples: list[tuple[int, Counterexample]] = []
    for share_rows, share_first, example, _ in shares:
        for row in share_rows:
            rows[row.generator, row.n].add(row)
        for name, index in share_first.items():
            first[name] = min(index, first.get(name, index))
        if example is not None:
            examples.append(example)
    found = min(examples, key=lambda each: each[0])[1] if examples else None
    return Campaign(
        plan=plan,
        rows=[row for row in rows.values() if row.schedules],
        first=first,
        found=None if found is None else shrink(found, oracle=plan.oracle),
        wall_s=perf_counter() - started_s,
        cpu_s=sum(share[3] for share in shares),
    )


def address(plan: Plan, index: int) -> tuple[str, int]:
    """Return the generator and size of schedule number `index`."""
    turn, place = divmod(index, len(plan.generators))
    return plan.generators[place], plan.sizes[turn % len(plan.sizes)]


def _share(
    plan: Plan, worker: int, stop_at_breach: bool, progress: Callable[[int], None] | None
) -> tuple[list[Row], dict[str, int], tuple[int, Counterexample] | None, float]:
    """Run every `workers`-th schedule, beginning with number `worker`."""
    started_s, cpu_started_s = perf_counter(), process_time()
    subject = subject_of(plan.protocol, plan.mutant)
    rows: dict[tuple[str, int], Row] = {}
    first: dict[str, int] = {}
    example: tuple[int, Counterexample] | None = None
    index = worker
    while plan.schedules is None or index < plan.schedules:
        if (index // plan.workers) % BATCH == 0:
            if plan.seconds is not None and perf_counter() - started_s >= plan.seconds:
                break
            if progress is not None:
                progress(index)
        name, n = address(plan, index)
        made = generate(name, plan.seed, index, subject, n=n, byzantine=plan.byzantine, quorum=plan.quorum)
        world, monitor = run(subject, made.setting, made.operations)
        row = rows.get((name, n))
        if row is None:
            row = rows[name, n] = Row(generator=name, n=n)
        row.schedules += 1
        row.steps += world.steps
        row.reached.update(monitor.reached)
        found = finding_of(monitor, plan.oracle)
        if found is not None:
            row.breaches += 1
            row.splits += found.split
            first.setdefault(found.breach.invariant, index)
            if example is None:
                counterexample = Counterexample(
                    setting=made.setting,
                    operations=made.operations,
                    protocol=plan.protocol,
                    mutant=plan.mutant,
                    finding=found,
                    origin=f"generator {name}, seed {plan.seed}, schedule {index}",
                )
                example = (index, counterexample)
            if stop_at_breach:
                break
        index += plan.workers
    return list(rows.values()), first, example, process_time() - cpu_started_s


def campaign_json(result: Campaign) -> dict[str, Any]:
    """Return a campaign's result as JSON values."""
    return {
        "protocol": result.plan.protocol,
        "mutant": result.plan.mutant,
        "seed": result.plan.seed,
        "schedules": result.schedules,
        "steps": result.steps,
        "wall_s": result.wall_s,
        "cpu_s": result.cpu_s,
        "schedules_per_cpu_s": result.schedules / result.cpu_s if result.cpu_s else None,
        "steps_per_cpu_s": result.steps / result.cpu_s if result.cpu_s else None,
        "coverage": [
            {
                "generator": row.generator,
                "n": row.n,
                "schedules": row.schedules,
                "steps": row.steps,
                "breaches": row.breaches,
                "splits": row.splits,
                "reached": {name: count / row.schedules for name, count in sorted(row.reached.items())},
            }
            for row in result.rows
        ],
        "breaches": sum(row.breaches for row in result.rows),
        "first_schedule_breaking": result.first,
        "counterexample": None if result.found is None else result.found.to_json(),
    }


def reached_shares(rows: Sequence[Row]) -> dict[str, float]:
    """Return the share of runs that reached each milestone, over all rows."""
    total = sum(row.schedules for row in rows)
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update(row.reached)
    return {name: count / total for name, count in counts.most_common()} if total else {}
