"""What the tests of policies share: a world on SimPy's clock, an asyncio loop on a virtual one, a Redis server."""

from __future__ import annotations

import asyncio
import math
import os
import random
import selectors
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from typing import Any, TypeVar

import pytest
import simpy

from bft.resilience.effects import Handler, Note, Program
from bft.resilience.exchange import Answer, Failure, FailureKind, Query, Result
from bft.resilience.simpy_driver import SimpyDriver

T = TypeVar("T")


def status(code: int, *, retry_after_s: float | None = None) -> Failure:
    return Failure(kind=FailureKind.STATUS, status=code, retry_after_s=retry_after_s)


class World:
    """SimPy's clock, an endpoint that follows a script, and a record of all that happened.

    The script is a list of (latency, result); the last line stands for all calls beyond it.
    """

    def __init__(self, script: Sequence[tuple[float, Result]] = ((0.0, Answer(text="yes")),)) -> None:
        self.env = simpy.Environment()
        self.script = list(script)
        self.called: list[tuple[float, Query]] = []
        self.cancelled = 0
        self.notes: list[tuple[float, Note]] = []
        self.uniform: Callable[[], float] = lambda: 1.0 - 2.0**-53
        self.query = Query(model="m", prompt="p")

    def endpoint(self, query: Query) -> Generator[simpy.Event, Any, Result]:
        latency_s, result = self.script[min(len(self.called), len(self.script) - 1)]
        self.called.append((self.env.now, query))
        try:
            yield self.env.timeout(latency_s)
        except simpy.Interrupt:
            self.cancelled += 1
            raise
        return result

    def driver(self) -> SimpyDriver:
        return SimpyDriver(
            env=self.env,
            call=self.endpoint,
            uniform=lambda: self.uniform(),
            observe=lambda at_s, note: self.notes.append((at_s, note)),
        )

    def start(self, program: Program[T]) -> simpy.Process:
        return self.env.process(self.driver().run(program))

    def run(self, program: Program[T]) -> T:
        """Run one program to its end, from where the clock stands."""
        result: T = self.env.run(self.start(program))
        return result

    def ask(self, handler: Handler) -> Result:
        return self.run(handler(self.query))

    def at(self, at_s: float) -> None:
        """Let time pass until then."""
        if at_s > self.env.now:
            self.env.run(until=at_s)

    def actions(self, policy: str) -> list[str]:
        return [note.action for _, note in self.notes if note.policy == policy]


@pytest.fixture(scope="session")
def world() -> type[World]:
    return World


@pytest.fixture(scope="session")
def http() -> Callable[..., Failure]:
    """A failure by HTTP status."""
    return status


class _Jumping(selectors.DefaultSelector):
    """Instead of waiting for a timer, moves the clock to it."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everybody waits, and nothing is left that could happen")
        if timeout > 0.0:
            self.loop.now_s = self.loop._scheduled[0]._when  # type: ignore[attr-defined]
            self.loop._clock_resolution = math.ulp(self.loop.now_s)  # what is due an instant later is not due now
        return super().select(0.0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on which sleeping costs no time. Its clock shows exactly the times that timers were set for."""

    def __init__(self) -> None:
        self.now_s = 0.0
        selector = _Jumping()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now_s


@pytest.fixture
def virtually() -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Run a coroutine to its end in virtual time, and leave no task behind."""
    loop = VirtualLoop()

    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        result = loop.run_until_complete(coroutine)
        assert asyncio.all_tasks(loop) == set()
        return result

    yield run
    loop.close()


@pytest.fixture
def rng() -> random.Random:
    return random.Random(20240811)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real redis-server on a free loopback port, ended with the tests."""
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("BFT_REQUIRE_REDIS") == "1":
            pytest.fail("BFT_REQUIRE_REDIS=1, but there is no program redis-server")
        pytest.skip("there is no program redis-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    directory = tmp_path_factory.mktemp("redis")
    options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(directory), "--save", "", "--appendonly", "no"]
    server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await_port(port, server)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(timeout=10)


def _await_port(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if server.poll() is not None:
            pytest.fail(f"redis-server ended at once, with exit code {server.returncode}")
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("redis-server did not open its port within 10 s")
