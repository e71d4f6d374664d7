"""Blocks of replications: what one worker does at a time, and what it brings back.

A block is a slice of one cell's replications. Where the cuts lie changes nothing, since every replication has its own
randomness; they are chosen so that a block takes a fraction of a second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from bft.adversary.settings import describe
from bft.checking.outcome import Outcome
from bft.scenario import Scenario
from bft.simulation.run import Run
from bft.simulation.simulate import Simulator

LARGEST_BLOCK = 128  # replications; one block of random numbers holds 256
MESSAGES_PER_BLOCK = 25_000  # of decisions in one view, 2n² messages each: about a quarter of a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Replications `start` … `stop` − 1 of one cell.

    Attributes
    ----------
    cell : int
        Number of the cell.
    scenario : Scenario
        What to run.
    seed : int
        Of the cell.
    start, stop : int
        First replication, and the one after the last.
    """

    cell: int
    scenario: Scenario
    seed: int
    start: int
    stop: int

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
    """

    counts: Mapping[Outcome, int] = field(default_factory=dict)
    breaches: int = 0
    failures: tuple[Failure, ...] = ()

    @property
    def runs(self) -> int:
        """Replications that ended."""
        return sum(self.counts.values())


def cut(cell: int, scenario: Scenario, seed: int, replications: int) -> list[Block]:
    """Cut a cell into blocks."""
    size = max(1, min(LARGEST_BLOCK, MESSAGES_PER_BLOCK // message_estimate(scenario)))
    return [
        Block(cell=cell, scenario=scenario, seed=seed, start=start, stop=min(start + size, replications))
        for start in range(0, replications, size)
    ]


def message_estimate(scenario: Scenario) -> int:
    """Return about how many messages a replication sends."""
    return 2 * scenario.n**2 * scenario.requests.count


def run_block(block: Block) -> Tally:
    """Run a block; a replication that raises is recorded, and the others go on."""
    counts: Counter[Outcome] = Counter()
    breaches = 0
    failures = []
    for replication in range(block.start, block.stop):
        try:
            run = _simulator(block.scenario, block.seed).run(replication)
        except Exception as error:
            told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            failures.append(Failure(seed=block.seed, replication=replication, error=told))
        else:
            counts[run.outcome] += 1
            breaches += broken_promise(run)
    return Tally(counts=dict(counts), breaches=breaches, failures=tuple(failures))


def broken_promise(run: Run) -> bool:
    """Return whether an invariant broke that the protocol guarantees for so few Byzantine nodes.

    Beyond the bound a split is a result, not a fault of the protocol.
    """
    if not run.breaches:
        return False
    system = run.scenario.system
    malicious = {describe(each)["kind"] for each in run.scenario.faults.behaviour if each.byzantine}
    byzantine = system.weight(node for node, told in run.faults.items() if told["behaviour"] in malicious)
    return byzantine <= system.tolerated and byzantine < system.safe_below


def gather(tallies: Iterable[Tally]) -> Tally:
    """Add up tallies, in their order."""
    counts: Counter[Outcome] = Counter()
    breaches = 0
    failures: list[Failure] = []
    for tally in tallies:
        counts.update(tally.counts)
        breaches += tally.breaches
        failures += tally.failures
    return Tally(counts=dict(counts), breaches=breaches, failures=tuple(failures))


@lru_cache(maxsize=1)
def _simulator(scenario: Scenario, seed: int) -> Simulator:
    """Return the cell's simulator; consecutive blocks of a cell share what takes long to build."""
    return Simulator(scenario, seed)
