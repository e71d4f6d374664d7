"""Calls that run on after their question was answered, so that the record tells the whole of it.

A record of calls that are cut off as soon as they are no longer needed knows least about the questions on which
members agree quickly: what is left is a sample of the hard ones. So where there is a record calls run on by default
while the panel is open, and for a moment after it was closed; with `finish = true` to their own end, with
`finish = false` they are cancelled. What is cut off all the same is recorded as cancelled, never as an abstention.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from bft.live.host import CLOSING_S


class Finishing:
    """The calls of answered questions that are still under way, on all event loops.

    Parameters
    ----------
    finish : bool or None
        Whether calls run on to their own end when the panel is closed; None: for `CLOSING_S` at most.
    """

    def __init__(self, finish: bool | None) -> None:
        self._patience_s = None if finish else CLOSING_S
        self._under_way: set[asyncio.Task[None]] = set()

    def then(self, calls: Iterable[asyncio.Task[Any]], write: Callable[[], None]) -> None:
        """Write once all calls have ended: at once, where none is under way."""
        left = tuple(call for call in calls if not call.done())
        if not left:
            write()
            return
        task = asyncio.get_running_loop().create_task(_ended(left, write))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Wait for what is under way on this event loop, as long as it may take; cancel the rest."""
        loop = asyncio.get_running_loop()
        tasks = {task for task in self._under_way if task.get_loop() is loop}
        if not tasks:
            return
        _, left = await asyncio.wait(tasks, timeout=self._patience_s)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=2.0 * CLOSING_S)


async def _ended(calls: tuple[asyncio.Task[Any], ...], write: Callable[[], None]) -> None:
    try:
        await asyncio.wait(calls)
    finally:  # an event loop that ends cancels all at once
        open_calls = [call for call in calls if not call.done()]
        for call in open_calls:
            call.cancel()
        if open_calls:
            await asyncio.wait(open_calls, timeout=CLOSING_S)
        write()
