"""OpenAI's chat completions, as far as a panel speaks them: what it reads of a request, and how it answers.

What would change the answer and cannot be honoured (tools, several choices, another response format, images) is
refused by name; sampling parameters are each model's own affair, so they are ignored, and the reply says which. No
network here.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bft.live.answer import PanelAnswer

IGNORED = (
    "frequency_penalty",
    "max_completion_tokens",
    "max_tokens",
    "metadata",
    "presence_penalty",
    "reasoning_effort",
    "seed",
    "service_tier",
    "store",
    "temperature",
    "top_p",
    "user",
)
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "n": (1,),
    "logprobs": (False,),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "parallel_tool_calls": (True, False),
    "stop": ([],),
}
"""What may be said of things that a panel does not do."""
_KNOWN = {"model", "messages", "stream", "stream_options", *IGNORED, *_NEUTRAL}
_ROLES = ("system", "developer", "user", "assistant")


class RefusedError(Exception):
    """A request that gets an error in OpenAI's form.

    Attributes
    ----------
    status : int
        HTTP status.
    kind, code, parameter : str
        OpenAI's `type`, `code` and `param`.
    headers : dict
        Of the response.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        parameter: str | None = None,
        headers: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        error = {"message": message, "type": kind, "param": parameter, "code": code}
        self.body: dict[str, Any] = {"error": error, **(extra or {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """What is asked of a panel.

    Attributes
    ----------
    messages : list of (role, text)
        The conversation.
    stream, usage : bool
        Whether the answer is streamed, and whether its usage is told at the end.
    ignored : tuple of str
        Parameters that have no effect.
    """

    messages: list[tuple[str, str]]
    stream: bool
    usage: bool
    ignored: tuple[str, ...]


def read_request(body: bytes, model: str) -> ChatRequest:
    """Read the body of a request for this model.

    Raises
    ------
    RefusedError
        If it is none, or asks for what a panel does not do.
    """
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedError(400, "the body must be JSON", code="invalid_json") from None
    if not isinstance(asked, dict):
        raise RefusedError(400, "the body must be a JSON object", code="invalid_json")
    if not isinstance(asked.get("model"), str):
        raise RefusedError(400, "model: must be the name of a model", parameter="model")
    if asked["model"] != model:
        told = f"model = {asked['model']!r}: does not exist; this service has {model!r}"
        raise RefusedError(404, told, code="model_not_found", parameter="model")
    for name, value in asked.items():
        if name not in _KNOWN:
            raise RefusedError(400, f"{name}: is not known", code="unknown_parameter", parameter=name)
        if name in _NEUTRAL and value is not None and value not in _NEUTRAL[name]:
            told = f"{name}: is not something that a panel does"
            raise RefusedError(400, told, code="unsupported_parameter", parameter=name)
    stream = asked.get("stream")
    options = asked.get("stream_options")
    if stream not in (None, True, False) or not isinstance(options, dict | None):
        raise RefusedError(400, "stream: must be true or false, stream_options an object", parameter="stream")
    return ChatRequest(
        messages=list(_messages(asked.get("messages"))),
        stream=bool(stream),
        usage=bool((options or {}).get("include_usage")),
        ignored=tuple(name for name in IGNORED if asked.get(name) is not None),
    )


def _messages(given: Any) -> Iterable[tuple[str, str]]:
    if not isinstance(given, list) or not given:
        raise RefusedError(400, "messages: must be a list of messages, not empty", parameter="messages")
    for number, message in enumerate(given):
        where = f"messages[{number}]"
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            raise RefusedError(400, f"{where}.role: must be one of {', '.join(_ROLES)}", parameter=where)
        yield message["role"].replace("developer", "system"), _text(message.get("content"), f"{where}.content")
    if not any(message["role"] == "user" for message in given):
        raise RefusedError(400, "messages: must hold one of a user", parameter="messages")


def _text(content: Any, where: str) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [None]
    texts = []
    for part in parts:
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise RefusedError(400, f"{where}: must be text; a panel reads nothing else", parameter=where)
        texts.append(part["text"])
    return "\n".join(texts)


class Completion:
    """The answer to one request, whole or in chunks.

    Parameters
    ----------
    model : str
        Name of the panel.
    request : ChatRequest
        What was asked.
    """

    def __init__(self, model: str, request: ChatRequest) -> None:
        self._request = request
        self._head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": model}

    def whole(self, answer: PanelAnswer) -> dict[str, Any]:
        """Return the answer of a request that is not streamed."""
        message = {"role": "assistant", "content": answer.text, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {
            **self._head,
            "object": "chat.completion",
            "choices": [choice],
            "usage": usage(answer),
            "bft": self._panel(answer),
        }

    def first(self) -> bytes:
        """Return the chunk that begins a stream."""
        return self._chunk({"role": "assistant", "content": ""}, None)

    def rest(self, answer: PanelAnswer) -> Iterable[bytes]:
        """Yield the chunks that end a stream."""
        yield self._chunk({"content": answer.text}, None)
        yield self._chunk({}, "stop", bft=self._panel(answer))
        if self._request.usage:
            yield event({**self._head, "object": "chat.completion.chunk", "choices": [], "usage": usage(answer)})
        yield b"data: [DONE]\n\n"

    def _chunk(self, delta: dict[str, Any], finish: str | None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return event({**self._head, "object": "chat.completion.chunk", "choices": [choice], **more})

    def _panel(self, answer: PanelAnswer) -> dict[str, Any]:
        return {**answer.to_json(), "ignored": list(self._request.ignored)}


def usage(answer: PanelAnswer) -> dict[str, int]:
    """Return what all members together read and wrote."""
    read, written = answer.tokens_in, answer.tokens_out
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def event(data: Mapping[str, Any]) -> bytes:
    """Return a server-sent event."""
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


def no_quorum(answer: PanelAnswer) -> RefusedError:
    """Return the error that says that there is no answer: 504 when time ran out, else 503."""
    late = answer.why == "deadline"
    return RefusedError(
        504 if late else 503,
        f"the panel reached no quorum: {answer.why}",
        kind="server_error",
        code="deadline_exceeded" if late else "no_quorum",
        extra={"bft": answer.to_json()},
    )
