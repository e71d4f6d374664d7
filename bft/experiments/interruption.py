"""What Ctrl-C does to a sweep: the first one stops it, others are ignored until it has put its results together."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


class Interruption:
    """Hears Ctrl-C.

    Blocks that run in this process are broken off; executors that run them elsewhere look at `asked` now and then.

    Parameters
    ----------
    elsewhere : bool
        Whether blocks run in other processes.

    Attributes
    ----------
    asked : bool
        Whether it was pressed.
    """

    POLL_S = 0.1
    """How often executors look."""

    def __init__(self, *, elsewhere: bool) -> None:
        self.asked = False
        self._elsewhere = elsewhere

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

    def check(self) -> None:
        """Raise KeyboardInterrupt if it was pressed."""
        if self.asked:
            raise KeyboardInterrupt

    def _pressed(self, *_: object) -> None:
        first, self.asked = not self.asked, True
        if first and not self._elsewhere:
            raise KeyboardInterrupt


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Block SIGINT while processes are started: they inherit that, and this process gets it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # when Python starts it by itself, it lets Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
