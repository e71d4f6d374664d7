"""Safety campaigns: many schedules of many generators and sizes, the share that got anywhere, and what they broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from time import perf_counter
from typing import Any

from bft.checking.block import Row, Share
from bft.checking.counterexample import Counterexample
from bft.checking.generators.corpus import Corpus, Seeds
from bft.checking.plan import Plan
from bft.checking.protocols import subject_of
from bft.checking.shrink import shrink
from bft.checking.workers import AHEAD, Block, shares

BLOCK = 64
"""Schedules between two looks at the clock."""
PROGRESS_S = 2.0
"""Seconds between two reports of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a campaign is: schedules run, of how many if that is known, how many broke something, and since when."""

    schedules: int
    total: int | None
    breaches: int
    wall_s: float


@dataclass(slots=True, kw_only=True)
class Campaign:
    """The result of a campaign.

    Attributes
    ----------
    plan : Plan
        What was to be run.
    rows : list of Row
        Coverage per generator and size.
    first : dict
        Number of the schedule that first broke each invariant, among all that this campaign ran.
    found : Counterexample or None
        The first counterexample, shrunk.
    wall_s, cpu_s : float
        Time used; CPU time of all processes.
    interrupted : bool
        Whether it was broken off by Ctrl-C; then it tells what was done until then.
    """

    plan: Plan
    rows: list[Row]
    first: dict[str, int]
    found: Counterexample | None
    wall_s: float
    cpu_s: float
    interrupted: bool = False

    @property
    def schedules(self) -> int:
        """Schedules run."""
        return sum(row.schedules for row in self.rows)

    @property
    def steps(self) -> int:
        """Inputs given to replicas."""
        return sum(row.steps for row in self.rows)


def search(plan: Plan, *, stop_at_breach: bool = True, progress: Callable[[Progress], None] | None = None) -> Campaign:
    """Run a campaign.

    Schedule number i has the generator, size and random choices that belong to i, and with `stop_at_breach` the
    campaign ends with the least number that breaks something, whatever the number of workers.

    Parameters
    ----------
    plan : Plan
        What to examine, and for how long.
    stop_at_breach : bool, optional
        Stop at the first breach, and shrink it; otherwise go on counting.
    progress : callable, optional
        Called every few seconds.
    """
    tally = _Tally(plan, progress)
    running = shares(_blocks(plan, tally), plan.workers, stop_at_breach)
    try:
        for share in running:
            tally.take(share)
            if stop_at_breach and share.example is not None:
                break
    except KeyboardInterrupt:
        tally.interrupted = True
    finally:
        running.close()
    return tally.result()


def _blocks(plan: Plan, tally: _Tally) -> Iterator[Block]:
    """Yield the blocks of a campaign as long as there is anything left to do.

    A block is steered by what was found up to `AHEAD` blocks before it. Those are finished however many workers there
    are, so the schedules are the same for every number of workers.
    """
    corpus = Corpus()
    for number in count():
        start = number * BLOCK
        stop = start + BLOCK if plan.schedules is None else min(start + BLOCK, plan.schedules)
        if start >= stop or (plan.seconds is not None and perf_counter() - tally.started_s >= plan.seconds):
            return
        if number >= AHEAD:
            corpus.merge(tally.seeds.pop(number - AHEAD))
        yield plan, start, stop, corpus.sample()


class _Tally:
    """Adds up what blocks did, and says now and then how far that is."""

    def __init__(self, plan: Plan, progress: Callable[[Progress], None] | None) -> None:
        self.plan = plan
        self.progress = progress
        self.started_s = self.told_s = perf_counter()
        self.interrupted = False
        self.schedules = self.breaches = 0
        self.cpu_s = 0.0
        self.rows = {(name, n): Row(generator=name, n=n) for name in plan.generators for n in plan.sizes}
        self.first: dict[str, int] = {}
        self.example: Counterexample | None = None
        self.seeds: dict[int, Seeds] = {}

    def take(self, share: Share) -> None:
        """Add the next block's share."""
        for place, row in share.rows.items():
            self.rows[place].add(row)
        self.seeds[share.start // BLOCK] = share.seeds
        for name, index in share.first.items():
            self.first.setdefault(name, index)
        self.example = self.example or share.example
        self.schedules += share.schedules
        self.breaches += share.breaches
        self.cpu_s += share.cpu_s
        now_s = perf_counter()
        if self.progress is not None and now_s - self.told_s >= PROGRESS_S:
            self.told_s = now_s
            self.progress(
                Progress(
                    schedules=self.schedules,
                    total=self.plan.schedules,
                    breaches=self.breaches,
                    wall_s=now_s - self.started_s,
                )
            )

    def result(self) -> Campaign:
        """Return the campaign, with its first counterexample made short."""
        example = self.example
        return Campaign(
            plan=self.plan,
            rows=[row for row in self.rows.values() if row.schedules],
            first=self.first,
            found=None if example is None else shrink(example, oracle=self.plan.oracle),
            wall_s=perf_counter() - self.started_s,
            cpu_s=self.cpu_s,
            interrupted=self.interrupted,
        )


def campaign_json(result: Campaign) -> dict[str, Any]:
    """Return a campaign's result as JSON values."""
    return {
        "protocol": result.plan.protocol,
        "mutant": result.plan.mutant,
        "seed": result.plan.seed,
        "interrupted": result.interrupted,
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
        "sometimes": sometimes(result),
        "first_schedule_breaking": result.first,
        "counterexample": None if result.found is None else result.found.to_json(),
    }


def sometimes(result: Campaign) -> dict[str, int]:
    """Return how many schedules reached each of the rare things that a campaign of this protocol should reach."""
    wanted = subject_of(result.plan.protocol).sometimes
    return {name: sum(row.reached[name] for row in result.rows) for name in wanted}


def reached_shares(rows: Sequence[Row]) -> dict[str, float]:
    """Return the share of runs that reached each milestone, over all rows."""
    total = sum(row.schedules for row in rows)
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update(row.reached)
    return {name: count / total for name, count in counts.most_common()} if total else {}
