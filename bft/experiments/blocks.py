"""Blocks of replications: what one worker does at a time, and what it brings back.

A block is a slice of one cell's replications. Where the cuts lie changes nothing, since every replication has its own
randomness; they are chosen so that a block takes a fraction of a second.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isnan
from typing import Any, NamedTuple, TypeVar

import numpy as np

from bft.adversary.settings import describe
from bft.core.quorum import QuorumSystem
from bft.experiments.cells import stamps
from bft.experiments.engines import Way
from bft.experiments.witness import chosen, differences
from bft.record.outcome import Outcome
from bft.scenario import Scenario
from bft.simulation.run import Run
from bft.simulation.simulate import Simulator
from bft.vectorised import NEEDS_EVENTS, OUTCOMES, Batch, VectorisedSimulator

LARGEST_BLOCK = 128  # replications run event by event; one block of random numbers holds 256
LARGEST_VECTORISED_BLOCK = 1 << 14
MESSAGES_PER_BLOCK = 25_000  # of decisions in one view, 2n² messages each: about a quarter of a second
# What a vectorised replication costs, in messages of the event engine: measured, and rounded up.
NODES_PER_MESSAGE = 200
PAIRS_PER_MESSAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Replications `start` … `stop` − 1 of one cell."""

    cell: int
    """Number of the cell."""
    scenario: Scenario
    """What to run."""
    seed: int
    """Of the cell."""
    start: int
    stop: int
    """First replication, and the one after the last."""
    way: Way = Way.SIMPY
    """How to run them."""
    records: bool = False
    """Whether a record of each replication is wanted."""
    period: int = 0
    """Of how many replications one is run again event by event, where the vectorised engine runs them; 0 for none."""

    @property
    def replications(self) -> int:
        """How many replications it holds."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A replication that ended with an error instead of an outcome; seed and number repeat it.

    Attributes
    ----------
    seed, replication : int
        As for `bft.simulate`.
    error : str
        Type and message.
    """

    seed: int
    replication: int
    error: str


class Record(NamedTuple):
    """One replication, as both engines tell it.

    Attributes
    ----------
    replication : int
        Which one.
    outcome : str
        How it ended.
    decided_at_s, first_decided_at_s, last_decided_at_s : float or None
        As in the metrics of a run.
    views : int or None
        Views used; None where nothing was decided.
    """

    replication: int
    outcome: str
    decided_at_s: float | None
    first_decided_at_s: float | None
    last_decided_at_s: float | None
    views: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many replications ended how.

    Attributes
    ----------
    counts : mapping of Outcome to int
        Of the replications that ended.
    breaches : int
        Replications in which an invariant broke although no more nodes were Byzantine than the protocol tolerates.
    failures : tuple of Failure
        Replications that did not end.
    vectorised : int
        How many of those that ended the vectorised engine ran; the others ran event by event.
    records : tuple of Record
        The replications that ended, one by one, if that was asked for.
    witnessed : int
        How many of the vectorised ones were run again event by event and ended alike.
    quarantined : bool
        Whether nobody could run it; another time somebody may.
    """

    counts: Mapping[Outcome, int] = field(default_factory=dict)
    breaches: int = 0
    failures: tuple[Failure, ...] = ()
    vectorised: int = 0
    records: tuple[Record, ...] = ()
    witnessed: int = 0
    quarantined: bool = False

    @property
    def runs(self) -> int:
        """Replications that ended."""
        return sum(self.counts.values())


def block_size(scenario: Scenario, way: Way) -> int:
    """Return how many replications make a block."""
    most = MESSAGES_PER_BLOCK / effort(scenario, way)
    return max(1, int(min(LARGEST_BLOCK if way is Way.SIMPY else LARGEST_VECTORISED_BLOCK, most)))


def effort(scenario: Scenario, way: Way) -> float:
    """Return about what a replication costs, in messages of the event engine (some ten microseconds each)."""
    if way is Way.OUTCOMES:
        return scenario.n / NODES_PER_MESSAGE
    if way is Way.TIMES:
        return scenario.n**2 / PAIRS_PER_MESSAGE
    return 2.0 * scenario.n**2 * scenario.requests.count


def run_block(block: Block) -> Tally:
    """Run a block; a replication that raises is recorded, and the others go on."""
    if block.way is Way.SIMPY:
        return _event_by_event(block, range(block.start, block.stop))
    timing = block.way is Way.TIMES
    try:
        engine = _VECTORISED.get(
            (block.scenario, block.seed, stamps(block.scenario), timing),
            lambda: VectorisedSimulator(block.scenario, block.seed, timing=timing),
        )
        batch = engine.run(range(block.start, block.stop))
    except Exception as error:
        return failed(block, _told(error))
    places = chosen(batch, block.period)
    wrong: dict[int, str] = {}
    try:
        wrong = dict(differences(batch, places, lambda number: _events(block).run(number).outcome))
    except Exception as error:
        return failed(block, _told(error))
    known = batch.code != NEEDS_EVENTS
    known[list(wrong)] = False
    numbers = np.bincount(batch.code[known], minlength=len(OUTCOMES)).tolist()
    found = Tally(
        counts={outcome: number for outcome, number in zip(OUTCOMES, numbers, strict=True) if number},
        vectorised=int(known.sum()),
        failures=tuple(
            Failure(seed=block.seed, replication=int(batch.replication[place]), error=why)
            for place, why in wrong.items()
        ),
        records=_records(batch, known.nonzero()[0].tolist()) if block.records else (),
        witnessed=len(places) - len(wrong),
    )
    return gather([found, _event_by_event(block, batch.needs_events.tolist())])


def _events(block: Block) -> Simulator:
    key = block.scenario, block.seed, stamps(block.scenario)
    return _EVENTS.get(key, lambda: Simulator(block.scenario, block.seed))


def _event_by_event(block: Block, replications: Iterable[int]) -> Tally:
    counts: Counter[Outcome] = Counter()
    breaches = 0
    failures, records = [], []
    for replication in replications:
        try:
            run = _events(block).run(replication)
        except Exception as error:
            failures.append(Failure(seed=block.seed, replication=replication, error=_told(error)))
        else:
            counts[run.outcome] += 1
            breaches += violates_guarantee(run)
            if block.records:
                records.append(_record(run))
    return Tally(counts=dict(counts), breaches=breaches, failures=tuple(failures), records=tuple(records))


AGREEMENT = ("S1", "S5", "S6")
"""Invariants that two honest replicas break together when they decide differently."""


def violates_guarantee(run: Run) -> bool:
    """Return whether an invariant broke that the protocol guarantees for so few Byzantine nodes, in every epoch.

    Beyond the bound a split is a result, not a fault of the protocol; so it is under voting rules without a quorum, and
    where relays can forge what nodes say.
    """
    rule = run.scenario.rule
    binding = run.scenario.protocol.binding
    quorum = binding is None or binding(rule)
    if not any(quorum or each.invariant not in AGREEMENT for each in run.breaches):
        return False
    if not run.scenario.network.authentic(run.scenario.n, run.scenario.system.tolerated):
        return False
    malicious = {describe(each)["kind"] for each in run.scenario.faults.behaviour if each.byzantine}
    byzantine = [node for node, told in run.faults.items() if told["behaviour"] in malicious]
    if not run.memberships:
        return _few(run.scenario.system, byzantine)
    return all(
        _few(QuorumSystem.of(len(members)), range(len(members.intersection(byzantine)))) for members in run.memberships
    )


def _few(system: QuorumSystem, byzantine: Iterable[int]) -> bool:
    """Whether a system guarantees agreement with these Byzantine nodes."""
    weight = system.weight(byzantine)
    return weight <= system.tolerated and weight < system.safe_below


def gather(tallies: Iterable[Tally]) -> Tally:
    """Add up tallies of different replications, in their order; records are put in order of replications."""
    counts: Counter[Outcome] = Counter()
    breaches = vectorised = witnessed = 0
    failures: list[Failure] = []
    records: list[Record] = []
    for tally in tallies:
        counts.update(tally.counts)
        breaches += tally.breaches
        vectorised += tally.vectorised
        witnessed += tally.witnessed
        failures += tally.failures
        records += tally.records
    return Tally(
        counts=dict(counts),
        breaches=breaches,
        failures=tuple(failures),
        vectorised=vectorised,
        records=tuple(sorted(records)),
        witnessed=witnessed,
    )


def failed(block: Block, why: str, *, quarantined: bool = False) -> Tally:
    """Return the tally of a block whose replications all failed, for one reason."""
    numbers = range(block.start, block.stop)
    failures = tuple(Failure(seed=block.seed, replication=number, error=why) for number in numbers)
    return Tally(failures=failures, quarantined=quarantined)


def without_records(tally: Tally) -> Tally:
    """Return the counts alone."""
    return replace(tally, records=())


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _records(batch: Batch, places: list[int]) -> tuple[Record, ...]:
    decided, first, last = (
        [None if isnan(time_s) else time_s for time_s in column.tolist()]
        for column in (batch.decided_at_s, batch.first_decided_at_s, batch.last_decided_at_s)
    )
    numbers, codes, views = batch.replication.tolist(), batch.code.tolist(), batch.views.tolist()
    return tuple(
        Record(
            replication=numbers[place],
            outcome=OUTCOMES[codes[place]].value,
            decided_at_s=decided[place],
            first_decided_at_s=first[place],
            last_decided_at_s=last[place],
            views=views[place] or None,
        )
        for place in places
    )


def _record(run: Run) -> Record:
    times = run.metrics
    return Record(
        replication=run.replication,
        outcome=run.outcome.value,
        decided_at_s=times.decided_at_s,
        first_decided_at_s=times.first_decided_at_s,
        last_decided_at_s=times.last_decided_at_s,
        views=None if times.first_decided_at_s is None else times.views,
    )


T = TypeVar("T")


class _Held(threading.local):
    """The last simulator of its kind: consecutive blocks of a cell share what takes long to build.

    One for each thread, since a simulator keeps the block of random numbers that it is at.
    """

    def __init__(self) -> None:
        self._last: tuple[Hashable, Any] | None = None

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        if self._last is None or self._last[0] != key:
            self._last = (key, make())
        found: T = self._last[1]
        return found


_EVENTS, _VECTORISED = _Held(), _Held()
