"""Who runs the blocks: this process, or a pool of workers. Both give the same tallies.

Workers are spawned, not forked: they start clean on every platform and under threads. They hear no Ctrl-C: this process
does, and ends them.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import active_children, get_context

from bft.errors import SweepError, bad_value
from bft.experiments.blocks import Block, Tally, message_estimate, run_block

WAITING_PER_WORKER = 4  # blocks handed out in advance
MESSAGES_WORTH_A_POOL = 200_000  # about two seconds of work; starting a pool takes about one


class WorkerDiedError(SweepError):
    """A worker process ended without a result: killed, out of memory, or unable to start."""


def worker_count(workers: int | None, blocks: Sequence[Block]) -> int:
    """Return how many processes run the blocks.

    Parameters
    ----------
    workers : int or None
        1 or more; None for one per processor, or a single one where the work is not worth more.
    blocks : sequence of Block
        The work.

    Raises
    ------
    SweepError
        If `workers` is below 1.
    """
    if workers is not None:
        if workers < 1:
            raise SweepError(bad_value("workers", workers, "must be at least 1"))
        return min(workers, max(1, len(blocks)))
    messages = sum(block.replications * message_estimate(block.scenario) for block in blocks)
    return 1 if messages < MESSAGES_WORTH_A_POOL else min(processors(), len(blocks))


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Interruption:
    """What Ctrl-C does to a sweep: the first one stops it, others are ignored until it has put its results together.

    Blocks that run in this process are broken off. Workers are ended, since they do not hear it themselves.

    Attributes
    ----------
    asked : bool
        Whether it was pressed.
    """

    def __init__(self, workers: int) -> None:
        self.asked = False
        self._pooled = workers > 1
        self._others = active_children()

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Stand in for the usual handler, if there is one and this is the thread that it calls."""
        usual = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or usual is not signal.default_int_handler:
            yield
            return
        signal.signal(signal.SIGINT, self._pressed)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, usual)

    def _pressed(self, *_: object) -> None:
        if self.asked:
            return
        self.asked = True
        if not self._pooled:
            raise KeyboardInterrupt
        for worker in active_children():
            if worker not in self._others:
                worker.terminate()


def run_blocks(blocks: Sequence[Block], workers: int, interruption: Interruption) -> Iterator[tuple[int, Tally]]:
    """Yield the number of each block and its tally, in the order in which they end.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C; blocks that were not at their end are lost.
    WorkerDiedError
        If a worker process dies.
    """
    if workers == 1:
        for number, block in enumerate(blocks):
            yield number, run_block(block)
    else:
        yield from _in_pool(blocks, workers, interruption)


def _in_pool(blocks: Sequence[Block], workers: int, interruption: Interruption) -> Iterator[tuple[int, Tally]]:
    pool = ProcessPoolExecutor(max_workers=workers, mp_context=get_context("spawn"))
    todo = iter(enumerate(blocks))
    running: dict[Future[Tally], int] = {}

    def submit(some: Iterable[tuple[int, Block]]) -> None:
        running.update((pool.submit(run_block, block), number) for number, block in some)

    try:
        with _deaf_children():
            submit(islice(todo, WAITING_PER_WORKER * workers))
        while running:
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                yield running.pop(future), future.result()
            submit(islice(todo, len(ended)))
    except BrokenProcessPool:
        if interruption.asked:
            raise KeyboardInterrupt from None
        raise WorkerDiedError(
            "a worker process died; the cause may stand above. A script that sweeps with several workers does so "
            "under `if __name__ == '__main__':`, and what it passes on is defined in a module, not in a notebook; "
            "or use workers = 1"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Hold Ctrl-C back while processes are started: they inherit that for life, this process hears it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
