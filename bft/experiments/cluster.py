"""Blocks on a `dask.distributed` cluster: a running one by its scheduler's address, or one started on this machine.

The scheduler gives the blocks of a dead worker to others by itself, and gives a block up when it has seen too many die
at it. Workers need the same version of this package as this process, and find files of recorded answers at the same
paths.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from itertools import islice
from typing import Any

from bft.errors import SweepError, bad_value
from bft.experiments.blocks import Block, Tally, failed
from bft.experiments.interruption import Interruption, interrupts_blocked
from bft.experiments.packed_blocks import MOST_DEATHS, Done, ExecutorError, packed, run_packed
from bft.experiments.results_version import RESULTS_VERSION

WAITING_PER_THREAD = 2  # blocks handed out in advance
CONNECT_S = 10.0


class Cluster:
    """A cluster of workers.

    Parameters
    ----------
    interruption : Interruption
        Tells when to stop.
    scheduler : str, optional
        Address of a running scheduler, such as "tcp://10.0.0.1:8786".
    workers : int, optional
        Processes of a cluster to be started here, if there is no scheduler.

    Raises
    ------
    SweepError
        If `distributed` is not installed, or the scheduler cannot be reached or has no workers.
    """

    def __init__(self, interruption: Interruption, *, scheduler: str | None = None, workers: int | None = None) -> None:
        try:
            import dask
            from distributed import Client, KilledWorker, LocalCluster
        except ImportError:
            field, value = ("scheduler", scheduler) if scheduler is not None else ("cluster", workers)
            raise SweepError(
                bad_value(field, value, "needs the extra `cluster`: pip install bft-lab[cluster]")
            ) from None
        self._interruption = interruption
        self._killed: type[Exception] = KilledWorker
        self._local: Any = None
        self._client: Any = None
        try:
            with interrupts_blocked(), dask.config.set({"distributed.scheduler.allowed-failures": MOST_DEATHS - 1}):
                if scheduler is None:
                    self._local = LocalCluster(  # type: ignore[no-untyped-call]
                        n_workers=workers,
                        threads_per_worker=1,
                        processes=True,
                        dashboard_address=None,
                        silence_logs=logging.CRITICAL,
                    )
                self._client = Client(  # type: ignore[no-untyped-call]
                    self._local or scheduler, timeout=CONNECT_S, set_as_default=False
                )
        except (OSError, ValueError) as error:
            self.close()
            raise SweepError(bad_value("scheduler", scheduler, f"cannot be reached ({type(error).__name__})")) from None
        except BaseException:
            self.close()
            raise
        self._check_workers(scheduler)
        self._executor = self._client.get_executor(pure=False)

    def run(self, blocks: Iterable[Block]) -> Iterator[Done]:
        """Yield blocks and their tallies in the order in which they end."""
        todo = iter(blocks)
        running: dict[Future[Tally], Block] = {}
        try:
            while True:
                room = max(1, WAITING_PER_THREAD * sum(self._client.ncores().values())) - len(running)
                for block in islice(todo, max(0, room)):
                    running[self._executor.submit(run_packed, packed(block))] = block
                if not running:
                    return
                ended, _ = wait(running, Interruption.POLL_S, return_when=FIRST_COMPLETED)
                self._interruption.check()
                for future in ended:
                    block = running.pop(future)
                    yield block, self._tally(block, future)
        finally:
            for future in running:
                future.cancel()

    def close(self) -> None:
        """Leave the cluster, and end it if it was started here."""
        for each in (self._client, self._local):
            if each is not None:
                with suppress(TimeoutError, OSError):
                    each.close()
        self._client = self._local = None

    def _tally(self, block: Block, future: Future[Tally]) -> Tally:
        try:
            return future.result()
        except self._killed as error:
            return failed(block, f"quarantined: workers died at its block ({type(error).__name__})", quarantined=True)
        except SweepError:
            raise
        except Exception as error:
            raise ExecutorError(f"the cluster gave a block back: {type(error).__name__}: {error}") from None

    def _check_workers(self, scheduler: str | None) -> None:
        """Refuse a cluster without workers, or whose workers would give other results."""
        versions: dict[str, Any] = {}
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_S)
            versions = self._client.run(_results_version, on_error="return")
        except TimeoutError:
            pass
        found = sorted({str(version) for version in versions.values()})
        if found == [str(RESULTS_VERSION)]:
            return
        self.close()
        if not found:
            raise SweepError(bad_value("scheduler", scheduler, "has no workers"))
        allowed = f"its workers must have a bft with results version {RESULTS_VERSION}, not {', '.join(found)}"
        raise SweepError(bad_value("scheduler", scheduler, allowed))


def _results_version() -> str:
    """Return what a worker's own package says."""
    return str(RESULTS_VERSION)
