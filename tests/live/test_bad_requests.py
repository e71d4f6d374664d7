"""Requests drawn by a seeded generator to break the service: none is an error of its own, none keeps it from others.

What is drawn is wrong in its first line, in its headers, in how its body is cut into pieces, in the JSON of it, in what
the JSON says, in when it ends, or in single bytes anywhere. Many are still requests, and some are even good ones: the
answer to those is 42, and any other answer is a refusal of the client, 4xx, in OpenAI's form.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

SEED = 20240611
WITHIN_S = 0.5
"""After its deadline a request is answered or its connection closed within so long."""
BUSY_S = 10.0
"""The same on a machine that has much else to do."""
HEADER_S, BODY_S, DEADLINE_S = 1.0, 1.0, 3.0
MOST_MB = 300
BODY_BYTES = 2**18
LOG_BYTES = 20_000

SERVING = f"""
from bft.live import Panel
from bft.live.server import Server
from bft.live.service import Service
from bft.live.service_settings import ServiceSettings
panel = Panel(["fake:always=42"] * 3 + ["fake:yes=41"], deadline_s={DEADLINE_S})
limits = {{"max_body_bytes": {BODY_BYTES}, "header_s": {HEADER_S}, "body_s": {BODY_S}, "max_questions": 32}}
Server(Service(panel, ServiceSettings(port=0, **limits)), announce=lambda url: print(url, flush=True)).run()
"""
ASKED: dict[str, Any] = {"model": "panel", "messages": [{"role": "user", "content": "What is six times seven?"}]}


class Served:
    """The service in a process of its own, with all that it logs."""

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed in `stop`)
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVING], stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        assert self.process.stdout is not None
        told = self.process.stdout.readline()
        assert told.startswith("http"), self.log()
        self.port = int(told.split("/v1")[0].rpartition(":")[2])

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read()

    def memory_mb(self) -> float:
        """The most that it has held so far, where the system tells."""
        with contextlib.suppress(OSError), open(f"/proc/{self.process.pid}/status") as told:
            return int(re.findall(r"VmHWM:\s+(\d+)", told.read())[0]) / 1024
        return 0.0

    def exchange(self, sent: bytes, *, ends: bool) -> bytes:
        """Send, and return all that comes back until the connection is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=BUSY_S + 30) as one:
            told = b""
            try:
                one.sendall(sent)
                if ends:
                    with contextlib.suppress(OSError):  # it may have been closed already
                        one.shutdown(socket.SHUT_WR)
                while part := one.recv(65536):
                    told += part
            except (ConnectionResetError, BrokenPipeError):
                pass
            return told

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()


@pytest.fixture
def served() -> Iterator[Served]:
    running = Served()
    yield running
    running.stop()


def request(
    body: bytes,
    *headers: str,
    method: str = "POST",
    target: str = "/v1/chat/completions",
    version: str = "HTTP/1.1",
    length: object = None,
    host: str | None = "127.0.0.1",
    kind: str | None = "application/json",
    closes: bool = True,
) -> bytes:
    lines = [f"{method} {target} {version}"]
    lines += [] if host is None else [f"Host: {host}"]
    lines += [] if kind is None else [f"Content-Type: {kind}"]
    lines += ["Connection: close"] if closes else []
    lines += [f"Content-Length: {len(body) if length is None else length}"] if length != "" else []
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1", "replace") + body


def good(**changes: Any) -> bytes:
    return json.dumps({**ASKED, **changes}).encode()


def wrong_line(draws: random.Random) -> bytes:
    long = "x" * draws.choice([100, 10_000, 70_000, 200_000])
    method = draws.choice(
        ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PRI", "post", "", "PÖST", "P OST", long]
    )
    target = draws.choice(
        [
            *(
                "/",
                "*",
                "//",
                "/v1/models",
                "/v1/models/",
                "/v1/models/%00",
                "/v1/models/%ff%fe",
                "/v1/models/..%2f..%2f",
            ),
            *("/health", "/health?" + long, "http://other.example/v1/chat/completions", "/" + long, "?", "/\x00", "/%"),
            *("/v1/chat/completions/", "/v1/chat/completions;x", "/v1//chat/completions", "/v1/models/\ud83d", "é", ""),
        ]
    )
    version = draws.choice(
        ["HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "HTTP/1.1.1", "http/1.1", "", long]
    )
    which = draws.randrange(3)
    return request(
        good(),
        method=method if which == 0 else draws.choice(["GET", "POST"]),
        target=target if which == 1 else "/v1/chat/completions",
        version=version if which == 2 else "HTTP/1.1",
    )


def wrong_headers(draws: random.Random) -> bytes:
    long = "y" * draws.choice([10, 10_000, 70_000, 300_000])
    odd = draws.choice(
        [
            f"X-Long: {long}",
            f"{long}: x",
            "no colon",
            ": no name",
            "X-Nul: a\x00b",
            "X-Fold: a\r\n b",
            "X-Bare: a\rb",
            " starts: with a space",
            "X Y: z",
            "X-\xe9: \xe9",
            "Expect: 100-continue",
            "Expect: the impossible",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13",
            "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\nConnection: Upgrade, HTTP2-Settings",
            "Authorization: Bearer " + long,
            "Authorization: Basic \xff\xfe",
            "Content-Encoding: gzip",
            "Range: bytes=0-1",
            "Host: other.example",
            "Content-Length: 1",
            "Content-Length: 999999999999999999999",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: identity",
            "\r\n".join(f"X-{number}: y" for number in range(draws.choice([50, 500, 5000]))),
        ]
    )
    length = draws.choice([None, None, "-1", "+5", "1_0", "0x10", "many", "", "1, 1", "1e3", 10**6, 10**30, "٣"])
    host = draws.choice(
        ["127.0.0.1", "other.example", "", None, "[::1", "[::1]", "LOCALHOST", "127.0.0.1:x", "\xff", long]
    )
    kind = draws.choice(
        [
            "application/json",
            "application/json; charset=utf-16",
            "text/plain",
            "multipart/form-data; boundary=x",
            None,
            "",
            long,
        ]
    )
    which = draws.randrange(4)
    given: dict[str, Any] = [{}, {"length": length}, {"host": host}, {"kind": kind}][which]
    return request(good(), *([odd] if which == 0 else []), **given)


def wrong_pieces(draws: random.Random) -> bytes:
    body = good()
    whole = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    pieces = draws.choice(
        [
            whole,
            b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n",
            whole.replace(b"\r\n", b";name=" + b"v" * draws.choice([1, 100_000]) + b"\r\n", 1),
            whole[:-2] + b"X-Trailer: x\r\n\r\n",
            whole[:-2] + b"X-Trailer: " + b"t" * 100_000 + b"\r\n\r\n",
            b"-1\r\n" + body,
            b"zz\r\n" + body,
            b"f" * draws.choice([5, 16, 40]) + b"\r\n" + body,
            b"5\r\n" + body + b"\r\n0\r\n\r\n",
            b"%x\r\n%b0\r\n\r\n" % (len(body), body),
            b"%x\n%b\n0\n\n" % (len(body), body),
            b"0\r\n\r\n",
            b"40000\r\n" + b" " * 2**18 + b"\r\n1\r\n \r\n0\r\n\r\n",
        ]
    )
    return request(pieces, "Transfer-Encoding: chunked", length=draws.choice(["", "", "5"]))


def wrong_json(draws: random.Random) -> bytes:
    many = draws.choice([10, 1000, 100_000])
    text = good().decode()
    body = draws.choice(
        [
            lambda: b"",
            lambda: b"42",
            lambda: b"null",
            lambda: b'"panel"',
            lambda: b"[" * many,
            lambda: b"[" * many + b"]" * many,
            lambda: b'{"a":' * (many // 4) + b"1" + b"}" * (many // 4),
            lambda: text.replace('"What', "[" * (many // 3) + '"What').encode(),
            lambda: text[: draws.randrange(len(text))].encode(),
            lambda: (text + text).encode(),
            lambda: (text + "\x00").encode(),
            lambda: text.encode("utf-16"),
            lambda: text.encode("utf-32"),
            lambda: text.encode("utf-8-sig"),
            lambda: text.encode().replace(b"six", b"s\xffx"),
            lambda: text.replace("six", r"\ud800").encode(),
            lambda: text.replace('"model"', r'"\ud800"').encode(),
            lambda: text.replace("six", r"\u0000\u001b[2J\u202e").encode(),
            lambda: text.replace("}]}", '}], "seed": ' + "9" * (many // 2) + "}").encode(),
            lambda: text.replace("}]}", '}], "seed": -1e' + "9" * 20 + "}").encode(),
            lambda: text.replace("}]}", '}], "n": NaN, "temperature": Infinity}').encode(),
            lambda: text.replace("}]}", '}], "model": "panel", "messages": []}').encode(),
            lambda: text.replace(
                "}]}", "}], " + ", ".join(f'"k{number}": 1' for number in range(many // 10)) + "}"
            ).encode(),
            lambda: text.replace("six", "s" * BODY_BYTES).encode(),
            lambda: text.replace("six", "s" * (BODY_BYTES - len(text))).encode(),
            lambda: b" " * (BODY_BYTES - len(text)) + text.encode(),
        ]
    )()
    return request(body)


def odd_value(draws: random.Random, depth: int = 0) -> Any:
    plain = [
        None,
        True,
        False,
        0,
        -1,
        1.5,
        10**30,
        1e300,
        "",
        "x",
        "\ud800",
        "\x00",
        "panel",
        "user",
        "text" * 1000,
        "٤٢",
    ]
    if depth > 2 or draws.random() < 0.6:
        return draws.choice(plain)
    inner = [odd_value(draws, depth + 1) for _ in range(draws.randrange(4))]
    return inner if draws.random() < 0.5 else {str(draws.choice(plain)): each for each in inner}


def wrong_words(draws: random.Random) -> bytes:
    names = [
        "model",
        "messages",
        "stream",
        "stream_options",
        "n",
        "logprobs",
        "tools",
        "tool_choice",
        "response_format",
    ]
    names += [
        "modalities",
        "stop",
        "temperature",
        "max_tokens",
        "metadata",
        "user",
        "functions",
        "\ud800",
        "",
        "x" * 5000,
    ]
    message = draws.choice(
        [
            {"role": odd_value(draws), "content": "x"},
            {"role": "user", "content": odd_value(draws)},
            {"role": "user", "content": [{"type": odd_value(draws), "text": odd_value(draws)}]},
            {"role": "user", "content": [{"type": "text", "text": "six"}] * draws.choice([0, 1, 2000])},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]},
            {"role": "user"},
            {"role": "assistant", "content": "x"},
            {"role": "tool", "content": "x", "tool_call_id": "y"},
            odd_value(draws),
        ]
    )
    changes: dict[str, Any] = draws.choice(
        [
            {draws.choice(names): odd_value(draws)},
            {draws.choice(names): odd_value(draws), draws.choice(names): odd_value(draws)},
            {"messages": [message] * draws.choice([1, 1, 2, 3000])},
            {"messages": [message, ASKED["messages"][0]]},
            {"stream": True, "messages": [message]},
            {"stream": True, "stream_options": odd_value(draws)},
        ]
    )
    return request(good(**changes)[:BODY_BYTES])


def several(draws: random.Random) -> bytes:
    """Several requests in one go, the last of which closes."""
    first = [
        request(good(), closes=False)
        if draws.random() < 0.5
        else request(b"", method="GET", target=draws.choice(["/health", "/v1/models", "/no"]), closes=False, length="")
        for _ in range(draws.choice([1, 2, 20]))
    ]
    return b"".join(first) + draws.choice(
        [request(good()), wrong_json(draws), b"garbage\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"]
    )


def changed(draws: random.Random) -> bytes:
    """A good request with some bytes replaced, left out, doubled or put in."""
    sent = bytearray(request(good(stream=draws.random() < 0.3)))
    for _ in range(draws.choice([1, 1, 2, 5, 20])):
        at = draws.randrange(len(sent))
        odd = draws.choice(
            [b"\x00", b"\r", b"\n", b"\r\n", b"\xff", b" ", b":", b'"', b"{", b"9", bytes([draws.randrange(256)])]
        )
        sent[at : at + draws.choice([0, 1, 1, 5])] = odd * draws.choice([0, 1, 1, 50])
    return bytes(sent)


KINDS: tuple[Callable[[random.Random], bytes], ...] = (
    wrong_line,
    wrong_headers,
    wrong_pieces,
    wrong_json,
    wrong_words,
    several,
    changed,
)


def bad_request(draws: random.Random) -> tuple[bytes, bool]:
    """Draw what is sent, and whether the client then says that nothing more will come."""
    sent = draws.choice(KINDS)(draws)
    if draws.random() < 0.1:
        sent = sent[: draws.randrange(len(sent))]
    return sent, draws.random() < 0.5


def answers_in(told: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield status and body of every whole response."""
    while told.startswith(b"HTTP/1."):
        head, _, told = told.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
        if length is None:
            yield status, told  # a stream, which ends with the connection
            return
        size = int(length[1])
        yield status, told[:size]
        told = told[size:]


def tried(served: Served, count: int, late_s: float) -> dict[int, int]:
    """Send bad requests; return how often each status came back."""
    draws = random.Random(SEED)
    seen: dict[int, int] = {}
    for number in range(count):
        sent, ends = bad_request(draws)
        began_s = time.monotonic()
        told = served.exchange(sent, ends=ends)
        took_s = time.monotonic() - began_s
        assert took_s < HEADER_S + BODY_S + DEADLINE_S + late_s, (number, took_s, sent[:500])
        for status, body in answers_in(told):
            seen[status] = seen.get(status, 0) + 1
            assert status < 500, (number, status, sent[:500], body[:500])
            if status == 200 and b"chat.completion" in body[:400] and b"chat.completion.chunk" not in body:
                assert json.loads(body)["choices"][0]["message"]["content"] == "42"
        if number % 50 == 0:
            (status, body), *_ = answers_in(served.exchange(request(good()), ends=False))
            assert status == 200, body
            assert json.loads(body)["choices"][0]["message"]["content"] == "42"
    assert "Traceback" not in served.log()
    assert len(served.log()) < LOG_BYTES
    assert served.memory_mb() < MOST_MB
    return seen


def test_bad_requests_are_refused_and_keep_nobody_from_being_served(served: Served) -> None:
    seen = tried(served, 150, BUSY_S)
    assert {200, 400, 403, 404, 405} <= set(seen)


@pytest.mark.nightly
def test_a_thousand_bad_requests_are_no_error_of_the_service(served: Served) -> None:
    seen = tried(served, 1000, WITHIN_S)
    assert {200, 400, 403, 404, 405, 413} <= set(seen)
