"""What a panel is asked, read from whatever LangChain hands over: a text, messages, a prompt, or a table."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage, convert_to_messages
from langchain_core.prompt_values import PromptValue

from bft.errors import ScenarioError, bad_value
from bft.live.structured import check_schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a panel is asked."""

    text: str
    """The question; a conversation is written out."""
    id: str
    """Names it in records."""
    gold: str | None = None
    """The right answer, where it is known: recorded, shown to no model."""
    schema: Mapping[str, Any] | None = None
    """Of an answer that is to be a JSON value; see `bft.live.structured`."""


def question_of(given: Any) -> Question:
    """Read what a panel was given: a text, a conversation, or a table of `question`, `id`, `gold`, `schema`.

    Raises `ScenarioError` if it is none of these, or empty.
    """
    table: Mapping[str, Any] = given if isinstance(given, Mapping) else {"question": given}
    if "question" not in table or not set(table) <= {"question", "id", "gold", "schema"}:
        allowed = "must be a table of question, id and gold, and of schema"
        raise ScenarioError(bad_value("question", sorted(map(str, table)), allowed))
    text = _text(table["question"]).encode("utf-8", "replace").decode("utf-8").strip()
    if not text:
        raise ScenarioError(bad_value("question", text, "must not be empty"))
    gold = table.get("gold")
    schema = table.get("schema")
    return Question(
        text=text,
        id=str(table.get("id") or uuid.uuid4().hex),
        gold=None if gold is None else str(gold),
        schema=None if schema is None else check_schema(schema),
    )


def _text(asked: Any) -> str:
    if isinstance(asked, str):
        return asked
    if isinstance(asked, PromptValue):
        asked = asked.to_messages()
    if isinstance(asked, BaseMessage):
        asked = [asked]
    try:
        messages = convert_to_messages(asked)
    except (TypeError, ValueError, NotImplementedError, KeyError):  # what LangChain raises, by what is wrong
        raise ScenarioError(bad_value("question", type(asked).__name__, "must be a text or messages")) from None
    if len(messages) == 1:
        return str(messages[0].text)
    return "\n\n".join(f"{message.type}: {message.text}" for message in messages)


def joined(chunks: list[Any]) -> Any:
    """Put streamed chunks together."""
    if len(chunks) == 1:
        return chunks[0]
    total = chunks[0] if chunks else ""
    for chunk in chunks[1:]:
        total = total + chunk
    return total
