"""Runs the blocks of a campaign, here or in worker processes, and hands their shares back in order.

Workers do not hear Ctrl-C; this process does, hands back nothing more, and ends them.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import active_children, get_context

from bft.checking.block import Share, run_block
from bft.checking.generators.corpus import Seeds
from bft.checking.plan import Plan
from bft.errors import BftError

Block = tuple[Plan, int, int, Seeds]
"""A plan, the numbers of the first schedule and the one after the last, and what to steer from."""
WAITING_PER_WORKER = 4
AHEAD = 16
"""Blocks under way at most, where later ones are steered by what earlier ones found: see `campaign`."""


class WorkerDiedError(BftError):
    """A worker process ended in the middle of its work."""


def shares(blocks: Iterable[Block], workers: int, stop_at_breach: bool) -> Generator[Share, None, None]:
    """Yield the share of each block, in order; whoever has seen enough closes this generator.

    Parameters
    ----------
    blocks : iterable
        Asked for the next one only when a worker is about to be free.
    workers : int
        Processes; 1 for this one.
    stop_at_breach : bool
        End each block at its first breach.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C; blocks that were not handed back are lost.
    WorkerDiedError
        If a worker process dies.
    """
    if workers == 1:
        for plan, start, stop, seeds in blocks:
            yield run_block(plan, start, stop, seeds, stop_at_breach)
        return
    others = set(active_children())
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    todo = iter(blocks)
    running: deque[Future[Share]] = deque()
    most = min(AHEAD, WAITING_PER_WORKER * workers)
    try:
        while True:
            free = most - len(running)
            with _interrupts_blocked():
                running.extend(pool.submit(run_block, *block, stop_at_breach) for block in islice(todo, free))
            if not running:
                return
            yield running.popleft().result()
    except BrokenProcessPool:
        raise WorkerDiedError("a worker process died; the cause may stand above. Or use workers = 1") from None
    except KeyboardInterrupt:
        for child in set(active_children()) - others:
            child.terminate()  # what they were at is lost anyway, and nobody wants to wait for it
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block SIGINT while processes are started: they inherit that, and this process gets it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
