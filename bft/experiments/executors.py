"""Who runs the blocks: this process, a pool of workers, or a cluster. All give the same tallies.

An executor takes blocks as it needs them and gives back tallies as they come in; what is done with them, and every
file, is left to the process that asks. A block whose workers die again and again is quarantined, and told as failed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Protocol

from bft.arguments import check_instance, check_whole
from bft.errors import SweepError, bad_value
from bft.experiments.blocks import Block, run_block
from bft.experiments.interruption import Interruption
from bft.experiments.packed_blocks import Done

MESSAGES_WORTH_A_POOL = 200_000  # about two seconds of work; starting a pool takes about one


class Executor(Protocol):
    """Runs blocks somewhere."""

    def run(self, blocks: Iterable[Block]) -> Iterator[Done]:
        """Yield blocks and their tallies in the order in which they end; `blocks` is read as workers become free.

        Raises `KeyboardInterrupt` on Ctrl-C; blocks that were not at their end are lost; `ExecutorError` if it cannot
        go on.
        """

    def close(self) -> None:
        """End what was started."""


class InProcess:
    """Runs blocks here, one after the other."""

    def run(self, blocks: Iterable[Block]) -> Iterator[Done]:
        """Yield each block with its tally."""
        for block in blocks:
            yield block, run_block(block)

    def close(self) -> None:
        """Nothing was started."""


def executor_of(workers: int, scheduler: str | None, cluster: int | None, interruption: Interruption) -> Executor:
    """Return the executor that was asked for, started.

    Parameters
    ----------
    workers : int
        Processes on this machine; 1 for this one alone.
    scheduler : str or None
        Address of a running `dask.distributed` scheduler.
    cluster : int or None
        Workers of a `dask.distributed` cluster to be started on this machine.
    interruption : Interruption
        Tells when to stop.
    """
    if scheduler is not None or cluster is not None:
        from bft.experiments.cluster import Cluster  # loads a web server, and takes a second

        return Cluster(interruption, scheduler=scheduler, workers=cluster)
    if workers > 1:
        from bft.experiments.pool import Pool

        return Pool(workers, interruption)
    return InProcess()


def check_executor(workers: int | None, scheduler: str | None, cluster: int | None) -> None:
    """Refuse impossible numbers, and two executors at once."""
    for field, value in (("workers", workers), ("cluster", cluster)):
        if value is not None:
            check_whole(field, value, SweepError, least=1)
    if scheduler is not None:
        check_instance("scheduler", scheduler, str, "must be the address of a scheduler", SweepError)
    given = {"workers": workers, "scheduler": scheduler, "cluster": cluster}
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise SweepError(bad_value(names[1], given[names[1]], f"must not be given together with {names[0]}"))


def worker_count(workers: int | None, blocks: int, messages: float) -> int:
    """Return how many processes run so many blocks.

    Parameters
    ----------
    workers : int or None
        1 or more; None for one per processor, or a single one where the work is not worth more.
    blocks : int
        How many there are.
    messages : float
        What they cost together, as `effort` has it.
    """
    if workers is not None:
        return min(workers, max(1, blocks))
    return 1 if messages < MESSAGES_WORTH_A_POOL else max(1, min(processors(), blocks))


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
