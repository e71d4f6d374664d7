"""OpenAI's chat completions, as far as a panel speaks them: what it reads of a request, and how it answers.

An answer may be wanted as JSON, by a schema or as the arguments of a tool that must be called: then members vote on
JSON values (`structured`). What would change the answer and cannot be honoured (tools that may be called or not,
several choices, images) is refused by name; sampling parameters are each model's own affair, so they are ignored, and
the reply says which. A refusal says whether asking again can help (`x-should-retry`), for clients ask three times by
themselves. No network here.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bft.errors import ScenarioError
from bft.live.answer import PanelAnswer
from bft.live.structured import check_schema, no_number, once

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
    "modalities": (["text"],),
    "parallel_tool_calls": (True, False),
    "stop": ([],),
}
"""What may be said of things that a panel does not do."""
_STRUCTURED = ("response_format", "tools", "tool_choice")
_KNOWN = {"model", "messages", "stream", "stream_options", *IGNORED, *_NEUTRAL, *_STRUCTURED}
_ROLES = ("system", "developer", "user", "assistant")


class RefusedError(Exception):
    """A request that gets an error in OpenAI's form.

    Attributes
    ----------
    status : int
        HTTP status.
    again : bool
        Whether asking again can help.
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
        again: bool = False,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {"x-should-retry": "true" if again else "false", **(headers or {})}
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
    schema : mapping or None
        Of an answer that is to be a JSON value.
    tool : str or None
        The tool whose arguments it is.
    """

    messages: list[tuple[str, str]]
    stream: bool
    usage: bool
    ignored: tuple[str, ...]
    schema: Mapping[str, Any] | None = None
    tool: str | None = None


def read_request(body: bytes, model: str) -> ChatRequest:
    """Read the body of a request for this model.

    Raises `RefusedError` if it is none, or asks for what a panel does not do.
    """
    try:
        asked = json.loads(body, object_pairs_hook=once, parse_constant=no_number)
    except (ValueError, RecursionError):
        told = "the body must be JSON, without NaN or infinity, each name once in its object"
        raise RefusedError(400, told, code="invalid_json") from None
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
    if not isinstance(stream, bool | None) or not isinstance(options, dict | None):
        raise RefusedError(400, "stream: must be true or false, stream_options an object", parameter="stream")
    schema, tool = _structured(asked)
    return ChatRequest(
        schema=schema,
        tool=tool,
        messages=list(_messages(asked.get("messages"))),
        stream=bool(stream),
        usage=bool((options or {}).get("include_usage")),
        ignored=tuple(name for name in IGNORED if asked.get(name) is not None),
    )


def _structured(asked: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str | None]:
    """Return the schema of the JSON that is wanted, and the tool whose arguments it is; None: a text is wanted."""
    by_format, by_tool = _format(asked.get("response_format")), _tool(asked.get("tools"), asked.get("tool_choice"))
    if by_format is not None and by_tool is not None:
        told = "response_format: must not be given together with a tool that must be called"
        raise RefusedError(400, told, code="unsupported_parameter", parameter="response_format")
    if by_tool is not None:
        return by_tool
    return by_format, None


def _format(given: Any) -> Mapping[str, Any] | None:
    if given is None or given == {"type": "text"}:
        return None
    named = given.get("json_schema") if isinstance(given, dict) and given.get("type") == "json_schema" else None
    if not isinstance(named, dict) or "schema" not in named:
        told = "response_format: is not something that a panel does, but text, and json_schema with a schema"
        raise RefusedError(400, told, code="unsupported_parameter", parameter="response_format")
    return _checked(named["schema"], "response_format")


def _tool(tools: Any, choice: Any) -> tuple[Mapping[str, Any], str] | None:
    if tools in (None, []) or choice == "none":
        return None
    try:
        known = {each["function"]["name"]: each["function"].get("parameters") for each in tools}
        name = choice["function"]["name"] if isinstance(choice, dict) else None
        if not all(isinstance(each, str) and each for each in known) or not isinstance(name, str | None):
            raise TypeError("names are texts")
    except (AttributeError, KeyError, TypeError):
        told = "tools: is not something that a panel does, but functions with a name, one of which must be called"
        raise RefusedError(400, told, code="unsupported_parameter", parameter="tools") from None
    if choice == "required" and len(known) == 1:
        name = next(iter(known))
    if name not in known:
        told = "tools: is not something that a panel does unless tool_choice names one; a panel does not choose"
        raise RefusedError(400, told, code="unsupported_parameter", parameter="tools")
    parameters = known[name]
    return _checked({"type": "object"} if parameters in (None, {}) else parameters, "tools"), str(name)


def _checked(schema: Any, parameter: str) -> Mapping[str, Any]:
    try:
        return check_schema(schema)
    except ScenarioError as error:
        raise RefusedError(400, str(error), code="unsupported_schema", parameter=parameter) from None


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
    """The answer to one request, whole or in chunks."""

    def __init__(self, model: str, request: ChatRequest) -> None:
        self._request = request
        self._head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": model}

    def whole(self, answer: PanelAnswer) -> dict[str, Any]:
        """Return the answer of a request that is not streamed."""
        message = {"role": "assistant", "refusal": None, **self._said(answer)}
        choice = {"index": 0, "message": message, "finish_reason": self._finish, "logprobs": None}
        return {
            **self._head,
            "object": "chat.completion",
            "choices": [choice],
            "usage": usage(answer),
            "system_fingerprint": fingerprint(answer),
            "bft": self._panel(answer),
        }

    @property
    def id(self) -> str:
        """The name of this completion."""
        return str(self._head["id"])

    @property
    def _finish(self) -> str:
        return "stop" if self._request.tool is None else "tool_calls"

    def _said(self, answer: PanelAnswer) -> dict[str, Any]:
        """Return the answer as content, or as the arguments of the tool."""
        if self._request.tool is None:
            return {"content": answer.text}
        function = {"name": self._request.tool, "arguments": answer.text}
        call = {"index": 0, "id": f"call_{self.id[-24:]}", "type": "function", "function": function}
        return {"content": None, "tool_calls": [call]}

    def first(self) -> bytes:
        """Return the chunk that begins a stream."""
        return self._chunk({"role": "assistant", "content": ""}, None)

    def rest(self, answer: PanelAnswer) -> Iterable[bytes]:
        """Yield the chunks that end a stream."""
        yield self._chunk(self._said(answer), None)
        yield self._chunk({}, self._finish, system_fingerprint=fingerprint(answer), bft=self._panel(answer))
        if self._request.usage:
            yield event({**self._head, "object": "chat.completion.chunk", "choices": [], "usage": usage(answer)})
        yield b"data: [DONE]\n\n"

    def _chunk(self, delta: dict[str, Any], finish: str | None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return event({**self._head, "object": "chat.completion.chunk", "choices": [choice], **more})

    def _panel(self, answer: PanelAnswer) -> dict[str, Any]:
        return {**answer.to_json(), "ignored": list(self._request.ignored)}


def fingerprint(answer: PanelAnswer) -> str | None:
    """Return the digest of what was decided, where clients pass on a model's fingerprint; None: nothing was."""
    return None if answer.certificate is None else f"bft-{answer.certificate.digest}"


def usage(answer: PanelAnswer) -> dict[str, int]:
    """Return what all members together read and wrote."""
    read, written = answer.tokens_in, answer.tokens_out
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def event(data: Mapping[str, Any]) -> bytes:
    """Return a server-sent event."""
    return b"data: " + ascii_json(data) + b"\n\n"


def ascii_json(data: Any) -> bytes:
    """Return JSON in ASCII: what a client sent and is told again may be no Unicode text."""
    return json.dumps(data, allow_nan=False, separators=(",", ":")).encode()


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
