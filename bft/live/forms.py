"""Structured replies: what is sent with a call so that an endpoint can write nothing but what was asked for.

A reply comes back as text whatever its form, so that the same readers read it: a JSON object, which a schema or a tool
demands, or lines with labels, which a grammar demands. An endpoint that does not know a form may ignore it; then what
it wrote is read like any text, and is nobody's vote if it cannot be read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from bft.live.prompts import Form
from bft.live.roles import FormName

What: TypeAlias = Form | Literal["verdict"]
"""What is asked for."""

TOOL = "reply"
VERDICTS = ("ACCEPT", "REJECT", "UNSURE")
ANSWER_LETTERS = 400
"""A final answer in a grammar is not longer."""

REASONING_LINES = 12
"""Lines of reasoning that a grammar allows before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for, and in which form."""

    what: What
    """An answer, or a verdict."""
    form: FormName = "text"
    """The form of the reply."""
    reasoning: bool = True
    """Whether it is worked out before it is given."""
    choices: tuple[str, ...] = ()
    """The answers that there are; empty: any."""
    grammar: str | None = None
    """The user's own."""
    schema: Mapping[str, Any] | None = None
    """Of an answer that is a JSON value itself."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Passed on with the call."""

    @property
    def possible(self) -> bool:
        """Whether there is such a form of what is asked for: free text has no grammar."""
        if self.form != "grammar" or self.grammar is not None:
            return True
        return self.what != "free" and self.schema is None

    def request(self, extra_body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a call in OpenAI's words; `extra_body` is what the model sends in any case."""
        given = dict(self.options)
        body = {**extra_body, **given.pop("extra_body", {})}
        if self.form == "schema":
            named = {"name": TOOL, "strict": True, "schema": self.json_schema}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        elif self.form == "grammar":
            body["grammar"] = self.grammar or grammar(self.what, reasoning=self.reasoning, choices=self.choices)
        elif self.form == "tool":
            given["tools"] = [self.tool]
            given["tool_choice"] = {"type": "function", "function": {"name": TOOL}}
        return {**given, "extra_body": body} if body else given

    @property
    def tool(self) -> dict[str, Any]:
        """A tool that takes the reply as its arguments."""
        told = {"name": TOOL, "description": "Give your reply.", "parameters": self.json_schema}
        return {"type": "function", "function": told}

    @property
    def json_schema(self) -> Mapping[str, Any]:
        """The schema of the reply."""
        return self.schema or schema(self.what, reasoning=self.reasoning, choices=self.choices)


def schema(what: What, *, reasoning: bool, choices: Sequence[str] = ()) -> dict[str, Any]:
    """Return the JSON schema of a reply.

    Examples
    --------
    >>> schema("verdict", reasoning=False)["properties"]
    {'verdict': {'type': 'string', 'enum': ['ACCEPT', 'REJECT', 'UNSURE']}}
    """
    fields: dict[str, Any] = {"reasoning": {"type": "string"}} if reasoning else {}
    if what == "verdict":
        fields["verdict"] = {"type": "string", "enum": list(VERDICTS)}
    else:
        fields["answer"] = {"type": "string", "enum": list(choices)} if choices else {"type": "string"}
    if what == "sure":
        fields["confidence"] = {"type": "number"}
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def grammar(what: What, *, reasoning: bool, choices: Sequence[str] = ()) -> str:
    r"""Return the grammar of a reply in llama.cpp's notation.

    Examples
    --------
    >>> print(grammar("verdict", reasoning=False))
    root ::= "VERDICT: " ("ACCEPT" | "REJECT" | "UNSURE")
    """
    if what == "verdict":
        label, value = "VERDICT: ", _either(VERDICTS)
    else:
        label, value = "ANSWER: ", _either(choices) if choices else rf"[^ \n\r] [^\n\r]{{0,{ANSWER_LETTERS}}}"
    before = rf"([^\n\r]{{1,{ANSWER_LETTERS}}} [\n]){{0,{REASONING_LINES}}} " if reasoning else ""
    after = r' "\nCONFIDENCE: " ("0" ("." [0-9] [0-9]?)? | "1")' if what == "sure" else ""
    return f"root ::= {before}{json.dumps(label)} {value}{after}"


def _either(texts: Sequence[str]) -> str:
    return f"({' | '.join(json.dumps(text, ensure_ascii=False) for text in texts)})"
