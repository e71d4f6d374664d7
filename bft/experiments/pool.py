"""Worker processes on this machine, one pipe each: who dies is known by name, and replaced.

Workers are spawned, not forked: they start clean on every platform and under threads. They hear no Ctrl-C (this process
does, and ends them), and end by themselves when this process is gone. Each has one block at a time, so a death has one
culprit; a block at which three workers died is quarantined.
"""

from __future__ import annotations

import pickle
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from bft.experiments.blocks import Block, failed
from bft.experiments.interruption import Interruption, interrupts_blocked
from bft.experiments.packed_blocks import ADVICE, MOST_DEATHS, Done, ExecutorError, packed, run_packed

READY = b"ready"
MOST_FALSE_STARTS = 3
PATIENCE_S = 5.0  # for a worker that was told to end


class Worker:
    """One worker process and this end of its pipe.

    Attributes
    ----------
    pipe : Connection
        Where its results come from.
    block : Block or None
        What it is at.
    ready : bool
        Whether it has ever said a word.
    """

    def __init__(self) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs,), daemon=True)
        self.block: Block | None = None
        self.ready = False
        try:
            with interrupts_blocked():
                self._process.start()
        finally:
            theirs.close()

    @property
    def pid(self) -> int | None:
        """Its number among the processes of this machine."""
        return self._process.pid

    def give(self, block: Block) -> None:
        """Hand it a block."""
        payload = packed(block)
        self.block = block
        with suppress(OSError):  # if it is dead, its end of the pipe will tell
            self.pipe.send_bytes(payload)

    def take(self) -> Any:
        """Return what it said: READY, a tally, or an error.

        Raises `EOFError` if it is dead.
        """
        try:
            said = pickle.loads(self.pipe.recv_bytes())
        except OSError:
            raise EOFError from None
        self.ready = True
        return said

    def end(self) -> None:
        """End it, whatever it is at."""
        self.pipe.close()
        self._process.terminate()
        self._process.join(PATIENCE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()


class Pool:
    """Several workers.

    Parameters
    ----------
    workers : int
        How many, 1 or more.
    interruption : Interruption
        Tells when to stop.
    """

    def __init__(self, workers: int, interruption: Interruption) -> None:
        self._interruption = interruption
        self._false_starts = 0
        self.workers: list[Worker] = []
        try:
            for _ in range(workers):
                self.workers.append(Worker())
        except BaseException:
            self.close()
            raise

    def run(self, blocks: Iterable[Block]) -> Iterator[Done]:
        """Yield blocks and their tallies in the order in which they end."""
        todo = _Todo(blocks)
        while True:
            for worker in self.workers:
                _employ(worker, todo)
            if not any(worker.block for worker in self.workers) and not todo:
                return
            self._interruption.check()
            by_pipe = {worker.pipe: worker for worker in self.workers}
            for pipe in wait(list(by_pipe), Interruption.POLL_S):
                assert isinstance(pipe, Connection)
                done = self._hear(by_pipe[pipe], todo)
                if done is not None:
                    yield done

    def close(self) -> None:
        """End the workers."""
        while self.workers:
            self.workers.pop().end()

    def _hear(self, worker: Worker, todo: _Todo) -> Done | None:
        """Take what a worker says, or its death; return a block that has come to its end, one way or the other."""
        block = worker.block
        try:
            said = worker.take()
        except EOFError:
            self._replace(worker)
            if block is None or todo.again(block):
                return None
            why = f"quarantined: {MOST_DEATHS} workers died at its block"
            return block, failed(block, why, quarantined=True)
        if isinstance(said, Exception):
            raise said
        worker.block = None
        _employ(worker, todo)  # before its result is written down, which takes a while
        return None if block is None else (block, said)

    def _replace(self, dead: Worker) -> None:
        """Put a new worker in the place of a dead one.

        Raises `ExecutorError` if workers die before they have begun: then no worker will ever be any better.
        """
        place = self.workers.index(dead)
        self._false_starts = 0 if dead.ready else self._false_starts + 1
        dead.end()
        if self._false_starts >= MOST_FALSE_STARTS:
            del self.workers[place]
            raise ExecutorError(f"workers die before they have begun; the cause may stand above: {ADVICE}")
        self.workers[place] = Worker()


def _employ(worker: Worker, todo: _Todo) -> None:
    """Give a worker that has nothing to do the next block, if there is one."""
    if worker.ready and worker.block is None and (block := todo.next()) is not None:
        worker.give(block)


class _Todo:
    """Blocks to be run, those first that have cost a worker its life; tells when one has cost too many."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._fresh = iter(blocks)
        self._again: deque[Block] = deque()
        self._deaths: Counter[tuple[int, int]] = Counter()

    def next(self) -> Block | None:
        """Return the next block, or None if there is none."""
        return self._again.popleft() if self._again else next(self._fresh, None)

    def again(self, block: Block) -> bool:
        """Take back a block whose worker died, unless it was the last of too many."""
        self._deaths[block.cell, block.start] += 1
        if self._deaths[block.cell, block.start] >= MOST_DEATHS:
            return False
        self._again.append(block)
        return True

    def __bool__(self) -> bool:
        """Whether there is anything left."""
        if not self._again and (block := next(self._fresh, None)) is not None:
            self._again.append(block)
        return bool(self._again)


def serve(pipe: Connection) -> None:
    """Run blocks until the other end of the pipe is closed: what a worker does all its life."""
    with suppress(EOFError, OSError):
        pipe.send_bytes(pickle.dumps(READY))
        while True:
            pipe.send_bytes(pickle.dumps(_answer(pipe.recv_bytes())))


def _answer(payload: bytes) -> object:
    try:
        return run_packed(payload)
    except Exception as error:
        return error
