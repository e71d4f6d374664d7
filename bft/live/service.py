"""A panel as a service: any client of OpenAI's chat completions can use it as if it were one model.

    POST /v1/chat/completions    the answer, with the panel's certificate under "bft"; also as a stream
    GET  /v1/certificates/NAME   the same again, by the completion's id or its system_fingerprint; the latest 256
    GET  /v1/models              the panel's name
    GET  /health                 whether it takes questions

A key is needed unless the service can be reached from this machine alone; then it answers only to names of this
machine, so that no web page can reach it by another. Questions at a time are bounded, and what a client no longer waits
for is ended. What a request may hold is left to `chat_requests`.
"""

from __future__ import annotations

import asyncio
import hmac
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bft.errors import BftError, ScenarioError
from bft.live.answer import PanelAnswer
from bft.live.chat_requests import (
    ChatRequest,
    Completion,
    RefusedError,
    ascii_json,
    event,
    fingerprint,
    no_quorum,
    read_request,
)
from bft.live.panel import Panel
from bft.live.service_settings import ServiceSettings, is_loopback, name_of

Question: TypeAlias = asyncio.Future[PanelAnswer]

ALIVE_S = 10.0
"""A stream that has nothing to say yet says so this often, so that nobody on the way cuts it."""


GRACEFUL_S = 5.0
"""How long requests under way may still take when the service is stopped; then they are cancelled."""

KEPT = 256
"""Answers whose certificates can be asked for again."""


class PlainJSONResponse(JSONResponse):
    """JSON in ASCII."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return ascii_json(content)


class Service:
    """Answers requests with one panel."""

    def __init__(self, panel: Panel, settings: ServiceSettings) -> None:
        self.panel = panel
        self.settings = settings
        self._until_s: dict[Question, float] = {}
        self._stopping = False
        self._kept: dict[str, dict[str, Any]] = {}
        self.app = Starlette(
            routes=[
                Route("/v1/chat/completions", self._guarded(self._completions), methods=["POST"]),
                Route("/v1/models", self._guarded(self._models), methods=["GET"]),
                Route("/v1/models/{name:path}", self._guarded(self._model), methods=["GET"]),
                Route("/v1/certificates/{name}", self._guarded(self._certificate), methods=["GET"]),
                Route("/health", self._health, methods=["GET"]),
            ],
            lifespan=self._lifespan,
            exception_handlers={HTTPException: _http_error, Exception: _own_error},
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await self.panel.aclose()

    async def wind_down(self) -> None:
        """Take no more questions, wait a little for those under way, and end the rest."""
        self._stopping = True
        if self._until_s:
            await asyncio.wait(tuple(self._until_s), timeout=GRACEFUL_S)
        await _end(*self._until_s)

    @property
    def graceful_s(self) -> float:
        """How long requests under way may still take when the service is stopped."""
        return GRACEFUL_S

    def _guarded(self, handle: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            try:
                self._admit(request)
                return await handle(request)
            except RefusedError as refused:
                return PlainJSONResponse(refused.body, refused.status, refused.headers)

        return guarded

    def _admit(self, request: Request) -> None:
        """Ask for the key; without one, for a name of this machine."""
        key = self.settings.api_key
        if key is None:
            if not is_loopback(name_of(request.headers.get("host", ""))):
                raise RefusedError(403, "without a key this service answers to names of this machine only", code="host")
            return
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        same = hmac.compare_digest(shown.strip().encode("utf-8", "replace"), key.encode())
        if scheme.lower() != "bearer" or not same:
            raise RefusedError(
                401,
                "a valid API key is needed: Authorization: Bearer KEY",
                kind="authentication_error",
                code="invalid_api_key",
                headers={"www-authenticate": "Bearer"},
            )

    async def _health(self, _: Request) -> Response:
        told = {"status": "ok", "questions": len(self._until_s), "of": self.settings.max_questions}
        if self.panel.unrecorded is not None:
            lost, reason = self.panel.unrecorded
            told["record"] = {"lost": lost, "reason": reason}
        return PlainJSONResponse(told)

    async def _models(self, _: Request) -> Response:
        return PlainJSONResponse({"object": "list", "data": [self._described()]})

    async def _model(self, request: Request) -> Response:
        if request.path_params["name"] != self.settings.name:
            raise RefusedError(404, "there is no such model", code="model_not_found", parameter="model")
        return PlainJSONResponse(self._described())

    async def _certificate(self, request: Request) -> Response:
        """Return what a client's library has dropped: the panel's part of an answer that was given."""
        found = self._kept.get(request.path_params["name"])
        if found is None:
            raise RefusedError(404, "there is no such answer, or it is too old", code="not_found", parameter="name")
        return PlainJSONResponse(found)

    def _keep(self, completion: Completion, answer: PanelAnswer) -> None:
        """Keep the panel's part of an answer under the names that clients know it by."""
        told = answer.to_json()
        for name in (completion.id, fingerprint(answer)):
            if name is not None:
                self._kept.pop(name, None)
                self._kept[name] = told
        while len(self._kept) > 2 * KEPT:
            del self._kept[next(iter(self._kept))]

    def _described(self) -> dict[str, Any]:
        return {"id": self.settings.name, "object": "model", "created": 0, "owned_by": "bft"}

    async def _completions(self, request: Request) -> Response:
        if not request.headers.get("content-type", "").lower().startswith("application/json"):
            raise RefusedError(400, "content-type: must be application/json", code="invalid_content_type")
        asked = read_request(await self._body(request), self.settings.name)
        completion = Completion(self.settings.name, asked)
        question = self._begin(asked)
        if asked.stream:
            return StreamingResponse(self._streamed(request, completion, question), media_type="text/event-stream")
        try:
            answer = await _unless_gone(request, question)
        except ScenarioError as error:
            raise RefusedError(400, str(error), parameter="messages") from None
        if answer.text is None:
            raise no_quorum(answer)
        self._keep(completion, answer)
        return PlainJSONResponse(completion.whole(answer))

    async def _body(self, request: Request) -> bytes:
        limit = self.settings.max_body_bytes
        body = bytearray()
        try:
            async with asyncio.timeout(self.settings.body_s):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > limit:
                        raise RefusedError(413, f"the body must be at most {limit} bytes", code="body_too_large")
        except TimeoutError:
            told, closes = f"the body must come within {self.settings.body_s:g} s", {"connection": "close"}
            raise RefusedError(408, told, headers=closes, again=True) from None
        except ClientDisconnect:
            raise RefusedError(400, "the request was not finished") from None
        return bytes(body)

    def _begin(self, asked: ChatRequest) -> Question:
        """Put a question to the panel; when too many are under way, say how soon one has ended at the latest."""
        if self._stopping:
            raise _stopping()
        now_s = asyncio.get_running_loop().time()
        if len(self._until_s) >= self.settings.max_questions:
            wait_s = max(1, math.ceil(min(self._until_s.values()) - now_s))
            raise RefusedError(
                429,
                f"{self.settings.max_questions} questions are under way",
                kind="rate_limit_error",
                code="too_many_questions",
                headers={"retry-after": str(wait_s)},
                again=True,
            )
        question = asyncio.ensure_future(self.panel.ainvoke(_conversation(asked)))
        self._until_s[question] = now_s + self.panel.settings.deadline_s
        question.add_done_callback(self._until_s.pop)
        return question

    async def _streamed(self, request: Request, completion: Completion, question: Question) -> AsyncIterator[bytes]:
        """Stream the answer, with signs of life until it is there."""
        gone = asyncio.ensure_future(_gone(request))
        try:
            yield completion.first()
            while not question.done():
                await asyncio.wait((question, gone), timeout=ALIVE_S, return_when=asyncio.FIRST_COMPLETED)
                if gone.done():
                    return
                if not question.done():
                    yield b": still deciding\n\n"
            if question.cancelled():
                yield event(_stopping().body)
                return
            answer = question.result()
            if answer.text is None:
                yield event(no_quorum(answer).body)
                return
            self._keep(completion, answer)
            for chunk in completion.rest(answer):
                yield chunk
        except BftError as error:
            yield event(RefusedError(400, str(error)).body)
        finally:
            await _end(question, gone)


def _conversation(asked: ChatRequest) -> dict[str, Any]:
    """A lone question is passed on as it is, a conversation with who said what."""
    text = asked.messages[0][1] if len(asked.messages) == 1 else asked.messages
    return {"question": text, "schema": asked.schema}


async def _unless_gone(request: Request, question: Question) -> PanelAnswer:
    """Await the answer, unless the client leaves: then nobody needs it."""
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((question, gone), return_when=asyncio.FIRST_COMPLETED)
        if not question.done():
            raise RefusedError(499, "the client has left", kind="server_error")
        if question.cancelled():
            raise _stopping()
        return question.result()
    finally:
        await _end(question, gone)


def _stopping() -> RefusedError:
    return RefusedError(503, "the service is stopping", kind="server_error", code="stopping", again=True)


async def _end(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    refused = RefusedError(error.status_code, error.detail, code="not_found" if error.status_code == 404 else None)
    return PlainJSONResponse(refused.body, error.status_code, {**refused.headers, **(error.headers or {})})


async def _own_error(_: Request, __: Exception) -> Response:
    refused = RefusedError(500, "an error of the service itself", kind="server_error")
    return PlainJSONResponse(refused.body, 500, refused.headers)
