"""An endpoint on this machine that speaks OpenAI's chat completions and misbehaves on demand; no request leaves."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

KEY = "sk-test-0123456789abcdef-do-not-tell"
READY_S = 30.0


@pytest.fixture(autouse=True)
def no_outside_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Telemetry is off, and a proxy that nobody may use stands in the environment."""
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGCHAIN_TRACING", "LANGSMITH_TRACING_V2"):
        monkeypatch.setenv(name, "false")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("PANEL_TEST_KEY", KEY)


@dataclass(kw_only=True)
class Reply:
    """What the endpoint does with a request."""

    text: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    hang: bool = False
    cut: bool = False
    """Close the connection in the middle of the body."""
    trickle: bool = False
    """Send the body so slowly that nobody will wait for its end."""
    ended: str = "stop"
    body: bytes | None = None
    """Sent as it is, instead of a completion."""


@dataclass(kw_only=True)
class Asked:
    """One request that came in."""

    model: str
    prompt: str
    headers: dict[str, str]
    at_s: float
    body: dict[str, Any] = field(default_factory=dict)
    disconnected: bool = False
    answered: bool = False


Script = Callable[[int, str], Reply]


class Endpoint:
    """Runs in a thread; `script` says for each model what to do with its n-th request (from 0) and its prompt."""

    def __init__(self) -> None:
        self.script: dict[str, Script] = {}
        self.asked: list[Asked] = []
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(READY_S)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def of(self, model: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.model == model]

    def member(self, model: str, **more: Any) -> dict[str, Any]:
        return {"model": model, "base_url": self.url, "api_key_env": "PANEL_TEST_KEY", **more}

    def wait_until(self, holds: Callable[[], bool]) -> bool:
        until_s = time.monotonic() + READY_S
        while not holds() and time.monotonic() < until_s:
            time.sleep(0.01)
        return holds()

    def stop(self) -> None:
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._open: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        asked = json.loads(await reader.readexactly(int(headers["content-length"])))
        model = asked["model"]
        if "messages" not in asked:  # embeddings
            return await self._embed(writer, asked)
        prompt = "\n".join(message["content"] for message in asked["messages"])
        seen = Asked(model=model, prompt=prompt, headers=headers, at_s=time.monotonic(), body=asked)
        nth = len(self.of(model))
        self.asked.append(seen)
        reply = self.script[model](nth, prompt)
        if await self._gone(reader, reply):
            seen.disconnected = True
            return False
        body = completion(model, reply.text, reply.ended) if reply.body is None else reply.body
        lines = [f"HTTP/1.1 {reply.status} X", "content-type: application/json", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + (body[: len(body) // 2] if reply.cut else b""))
        if reply.cut:
            await writer.drain()
            return False
        for at in range(len(body)) if reply.trickle else ():
            writer.write(body[at : at + 1])
            await writer.drain()
            if await self._gone(reader, Reply(delay_s=0.05)):
                seen.disconnected = True
                return False
        writer.write(b"" if reply.trickle else body)
        await writer.drain()
        seen.answered = True
        return True

    async def _embed(self, writer: asyncio.StreamWriter, asked: dict[str, Any]) -> bool:
        """Answer with the vectors that the script of the model has, as its reply's text, for each input."""
        inputs = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
        self.asked.append(Asked(model=asked["model"], prompt="\n".join(inputs), headers={}, at_s=0.0, body=asked))
        replies = [self.script[asked["model"]](nth, text) for nth, text in enumerate(inputs)]
        vectors = [json.loads(reply.text or "[]") for reply in replies]
        data = [{"object": "embedding", "index": nth, "embedding": each} for nth, each in enumerate(vectors)]
        used = {"prompt_tokens": 1, "total_tokens": 1}
        body = json.dumps({"object": "list", "model": asked["model"], "data": data, "usage": used}).encode()
        head = f"HTTP/1.1 {replies[0].status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        writer.write(f"{head}\r\n\r\n".encode() + body)
        await writer.drain()
        return True

    async def _gone(self, reader: asyncio.StreamReader, reply: Reply) -> bool:
        """Wait as the reply demands; whether the client has left meanwhile."""
        if not reply.hang and not reply.delay_s:
            return False
        try:
            return await asyncio.wait_for(reader.read(1), None if reply.hang else reply.delay_s) == b""
        except TimeoutError:
            return False


def completion(model: str, text: str, ended: str) -> bytes:
    return json.dumps(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 1,
            "model": model,
            "choices": [{"index": 0, "finish_reason": ended, "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }
    ).encode()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    running = Endpoint()
    yield running
    running.stop()


def saying(fake_name: str) -> Script:
    """Script of a model that says what `bft.live.fakes` says under this name."""
    from bft.live.fakes import fake

    model = fake(fake_name)
    return lambda _, prompt: Reply(text=model.reply(prompt))


@pytest.fixture(name="saying")
def _saying() -> Callable[[str], Script]:
    return saying


@pytest.fixture(name="reply")
def _reply() -> type[Reply]:
    return Reply
