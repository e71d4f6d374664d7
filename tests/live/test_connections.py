"""Connections of the service: bounded, and closed when they only wait; honest clients are served all the while."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from bft.errors import ScenarioError
from bft.live import Panel
from bft.live.connections import accepted_at_once, most_connections
from bft.live.service_settings import ServiceSettings
from tests.live.test_service import FAIR, Running, question

HALF_A_HEADER = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-a: "
HALF_A_BODY = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
)


@contextmanager
def running(**settings: float) -> Iterator[Running]:
    served = Running(Panel(FAIR), **settings)
    try:
        yield served
    finally:
        served.stop()


def connection(served: Running) -> socket.socket:
    host, port = served.url.removeprefix("http://").removesuffix("/v1").rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=10)


def closes_within(one: socket.socket, seconds: float) -> bool:
    one.settimeout(seconds)
    try:
        while one.recv(65536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("said", [b"", HALF_A_HEADER])
def test_a_header_that_does_not_come_closes_its_connection(said: bytes) -> None:
    with running(header_s=0.3) as served, closing(connection(served)) as one:
        one.sendall(said)
        assert closes_within(one, 5.0)
        assert served.ask(question())[0] == 200


def test_a_client_that_was_answered_has_as_long_for_its_next_request() -> None:
    with running(header_s=0.3) as served, closing(connection(served)) as one:
        one.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert one.recv(65536).startswith(b"HTTP/1.1 200")
        one.sendall(HALF_A_HEADER)
        assert closes_within(one, 5.0)


def test_a_question_may_take_longer_than_its_header() -> None:
    served = Running(Panel(["fake:always=42+latency_s=0.6"] * 4), header_s=0.2)
    try:
        assert served.ask(question())[0] == 200
    finally:
        served.stop()


def test_a_body_that_does_not_come_is_refused() -> None:
    with running(body_s=0.3) as served, closing(connection(served)) as one:
        one.sendall(HALF_A_BODY)
        assert one.recv(65536).startswith(b"HTTP/1.1 408")
        assert closes_within(one, 5.0)


def test_a_new_client_takes_the_place_of_the_one_that_has_waited_longest(capfd: pytest.CaptureFixture[str]) -> None:
    with running(max_connections=4) as served:
        idle = [connection(served) for _ in range(12)]
        try:
            for each in idle:
                each.sendall(HALF_A_HEADER)
            time.sleep(0.3)
            assert served.send("GET", "/health")[0] == 200
            assert all(closes_within(each, 5.0) for each in idle[:8])
            assert not closes_within(idle[-1], 0.2)
        finally:
            for each in idle:
                each.close()
        assert served.ask(question())[0] == 200
    lines = [line for line in capfd.readouterr().err.splitlines() if "connections are open" in line]
    (line,) = lines  # once a minute at most
    assert line.endswith("4 connections are open, and no more may be: 1 closed")


def test_a_service_leaves_descriptors_for_its_calls() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        for soft, most in ((256, 128), (1024, 512), (200, 100), (100, 24)):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
            assert most_connections() == most
            assert most + 2 * accepted_at_once() < soft
        assert most_connections(7) == 7
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("given", [{"max_connections": 0}, {"header_s": 0.0}, {"body_s": float("nan")}])
def test_limits_that_are_none_are_refused(given: dict[str, float]) -> None:
    with pytest.raises(ScenarioError, match=next(iter(given))):
        ServiceSettings(**given)
