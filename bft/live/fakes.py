"""Models for trying a panel out without a key and without a network; tests and examples use them too.

    fake:always=42     proposes 42, accepts 42 and nothing else
    fake:yes=41        proposes 41, accepts whatever it is shown
    fake:no=41         proposes 41, rejects whatever it is shown
    fake:unsure=42     proposes 42, is never sure of a proposal
    fake:mumble=42     proposes 42, judges in words that no one can read
    fake:hang          never answers
    fake:empty         answers with nothing
    fake:error=503     fails with an HTTP status

Each takes `+latency_s=0.2`: fake:always=42+latency_s=0.2, and `+sure=0.7`: how sure it says it is where that is asked,
else 1. A liar is one that always says what is wrong.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult

from bft.errors import ScenarioError, bad_value
from bft.live.prompts import CONFIDENT, JSON, SURE, unfenced
from bft.validators.canonical import canonical

PREFIX = "fake:"
KINDS = ("always", "yes", "no", "unsure", "mumble", "hang", "empty", "error")
_ANSWERLESS = ("hang", "empty")
_MOST = {"latency_s": 1e6, "sure": 1.0}


class FakeStatusError(Exception):
    """What an endpoint's error looks like to those who classify failures."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the fake endpoint answered with status {status}")
        self.status_code = status


class FakeChat(BaseChatModel):
    """A chat model that says what it was made to say.

    Attributes
    ----------
    kind : str
        What it does; see the top of this file.
    says : str
        What it proposes.
    latency_s : float
        How long it takes to answer.
    sure : float
        How sure it says it is of what it proposes.
    calls : int
        How often it was asked.
    """

    kind: str = "always"
    says: str = ""
    latency_s: float = 0.0
    sure: float = 1.0
    calls: int = 0

    @property
    def _llm_type(self) -> str:
        return "fake"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return asyncio.run(self._agenerate(messages))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.calls += 1
        if self.kind == "hang":
            await asyncio.Event().wait()
        await asyncio.sleep(self.latency_s)
        if self.kind == "error":
            raise FakeStatusError(int(self.says))
        prompt = "\n".join(message.text for message in messages)
        text = self.reply(prompt)
        read, written = len(prompt.split()), len(text.split())
        usage = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text, usage_metadata=usage))])

    def reply(self, prompt: str) -> str:
        """Return what it says to a prompt: lines with labels, or one JSON object where that is asked for."""
        proposal = unfenced("PROPOSAL", prompt)
        if self.kind == "empty":
            return ""
        in_json = JSON in prompt
        if proposal is None:
            if in_json:
                return json.dumps({"answer": self.says} | ({"confidence": self.sure} if CONFIDENT in prompt else {}))
            return f"ANSWER: {self.says}\nCONFIDENCE: {self.sure}" if SURE in prompt else self.says
        if self.kind == "mumble":
            return "hm, one could accept this, one could reject it"
        verdict = {"yes": "ACCEPT", "no": "REJECT"}.get(self.kind, "UNSURE")
        if self.kind == "always":
            verdict = "ACCEPT" if canonical(proposal) == canonical(self.says) else "REJECT"
        return json.dumps({"verdict": verdict}) if in_json else f"VERDICT: {verdict}"


def fake(name: str) -> FakeChat:
    """Return the model that a name such as "fake:always=42" describes.

    Raises
    ------
    ScenarioError
        If it describes none.
    """
    first, *more = name.removeprefix(PREFIX).split("+")
    kind, equals, says = first.partition("=")
    if kind not in KINDS:
        raise ScenarioError(bad_value("model", name, f"must be fake: and one of {', '.join(KINDS)}"))
    if (kind in _ANSWERLESS) == bool(equals) or (equals and not says):
        shape = f"fake:{kind}" if kind in _ANSWERLESS else f"fake:{kind}=SOMETHING"
        raise ScenarioError(bad_value("model", name, f"must be {shape}"))
    if kind == "error" and not (says.isdecimal() and 400 <= int(says) <= 599):
        raise ScenarioError(bad_value("model", name, "must be an HTTP status between 400 and 599"))
    return FakeChat(kind=kind, says=says, **_options(name, more))


def _options(name: str, given: Sequence[str]) -> dict[str, Any]:
    options = {}
    for option in given:
        key, _, value = option.partition("=")
        try:
            options[key] = float(value)
        except ValueError:
            options[key] = -1.0
        if not 0.0 <= options[key] <= _MOST.get(key, -1.0):
            allowed = "the only options are latency_s=SECONDS, 0 or more, and sure=NUMBER between 0 and 1"
            raise ScenarioError(bad_value("model", name, allowed))
    return options
