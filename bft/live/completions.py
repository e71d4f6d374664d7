"""The form of a chat completion: what is wrong with a response that is none, in a few words.

Clients of OpenAI's protocol say so in the words of whatever breaks first in them. Looked at here is only what makes a
reply a reply; what it says is read elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OTHERS = frozenset({"system", "developer", "user", "tool", "function"})
"""Roles of whoever speaks to a model."""

SHOWN_CHARS = 40


def fault_of_body(body: bytes, content_type: str) -> str | None:
    """Return what a response is that holds no JSON; None: it says that it does."""
    if body.lstrip().startswith((b"data:", b"event:")):
        return "a stream of events, where one reply was asked for"
    if "json" in content_type.lower():
        return None
    told = repr(content_type[:SHOWN_CHARS]) if content_type else "of no stated type"
    return f"a body {told}, where JSON was asked for"


def fault_of(said: object) -> str | None:
    """Return why parsed JSON is no chat completion; None: it is one, or an error in the endpoint's own words."""
    if not isinstance(said, Mapping):
        return f"JSON that is {_kind(said)}, where a chat completion is an object"
    if said.get("error") is not None:
        return None
    choices = said.get("choices")
    if not isinstance(choices, list) or not choices:
        return "no choices: nothing was answered"
    first = choices[0]
    message = first.get("message") if isinstance(first, Mapping) else None
    if not isinstance(message, Mapping):
        return "a choice without a message"
    return _fault_of_message(message)


def _fault_of_message(message: Mapping[str, Any]) -> str | None:
    role, content, refusal = message.get("role"), message.get("content"), message.get("refusal")
    if not isinstance(role, str) or role.lower() in OTHERS:
        told = "of nobody" if role is None else f"by {str(role)[:SHOWN_CHARS]!r}"
        return f"a message {told}, where the assistant's was asked for"
    if refusal:
        return "a refusal"
    if content is not None and not isinstance(content, str | list):
        return f"a message that is {_kind(content)} and no text"
    calls = message.get("tool_calls")
    if calls is None:
        return None
    if not isinstance(calls, list) or not all(_is_call(each) for each in calls):
        return "a call of a tool that is not in the form of one"
    return None


def _is_call(call: object) -> bool:
    function = call.get("function") if isinstance(call, Mapping) else None
    return isinstance(function, Mapping) and all(isinstance(function.get(each), str) for each in ("name", "arguments"))


def _kind(value: object) -> str:
    kinds = {type(None): "null", bool: "true or false", str: "a text", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a number")
