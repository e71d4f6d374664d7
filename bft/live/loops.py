"""An event loop in a thread of its own, for those who call a panel without one, or from inside another.

Connections belong to the loop on which they were opened, so all calls from plain code share this one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
_END = object()


class LoopThread:
    """Runs coroutines for other threads; starts with the first one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether it has been started and not stopped."""
        return self._loop is not None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end; when the caller is interrupted the work is cancelled."""
        future = asyncio.run_coroutine_threadsafe(work, self._started())
        try:
            return future.result()
        finally:
            future.cancel()

    def iterate(self, items: AsyncIterator[T]) -> Iterator[T]:
        """Yield what an asynchronous iterator yields; when the caller stops, so does it."""
        passed: SimpleQueue[Any] = SimpleQueue()

        async def pump() -> None:
            try:
                async for item in items:
                    passed.put(item)
            finally:
                passed.put(_END)

        future = asyncio.run_coroutine_threadsafe(pump(), self._started())
        try:
            while (item := passed.get()) is not _END:
                yield item
            future.result()
        finally:
            future.cancel()

    def stop(self) -> None:
        """Cancel what runs, and end the thread."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            if thread is not threading.current_thread():
                thread.join()

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_serve, args=(self._loop,), name="bft-panel", daemon=True)
                self._thread.start()
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    blocking = ThreadPoolExecutor(thread_name_prefix="bft-panel-blocking")
    loop.set_default_executor(blocking)
    try:
        loop.run_forever()
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        blocking.shutdown(wait=False, cancel_futures=True)  # a client that blocks cannot be cancelled, only left
        loop.close()
