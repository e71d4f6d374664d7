"""A panel as a chat model of LangChain, in this process or served by `bft serve`; its certificate is in the message.

    chat = PanelChat(panel=Panel([…]))                       or, of a service:
    chat = ServedPanelChat(base_url="http://127.0.0.1:8000/v1", model="panel")
    message = chat.invoke("Is 7 prime?")
    certificate_of(message).verify(keys)                     response_metadata["bft"] has all that is known

Structured output is what members vote on, as JSON values. Where nothing is decided there is no message but a
`NoQuorumError`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManager, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.tool import tool_call
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_openai import ChatOpenAI
from pydantic import ConfigDict

from bft.errors import BftError, ScenarioError, bad_value
from bft.live.answer import PanelAnswer
from bft.live.certificate import Certificate
from bft.live.panel import Panel

METADATA = "bft"


class NoQuorumError(BftError):
    """A panel decided nothing.

    Attributes
    ----------
    answer : PanelAnswer
        What became of the question.
    """

    def __init__(self, answer: PanelAnswer) -> None:
        super().__init__(f"the panel reached no quorum: {answer.why}")
        self.answer = answer


def certificate_of(message: BaseMessage) -> Certificate:
    """Return the certificate of a message that a panel wrote.

    Raises
    ------
    ScenarioError
        If it holds none.
    """
    told = message.response_metadata.get(METADATA)
    written = told.get("certificate") if isinstance(told, dict) else None
    if not isinstance(written, dict):
        raise ScenarioError("message: holds no certificate of a panel")
    return Certificate.from_json(written)


class PanelChat(BaseChatModel):
    """A panel of this process as a chat model.

    Attributes
    ----------
    panel : Panel
        Who answers; closed by whoever made it.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    panel: Panel

    @property
    def _llm_type(self) -> str:
        return "bft-panel"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | dict[str, Any] | bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Let the panel's answer be the arguments of a tool, which must be chosen: a panel does not choose one.

        Raises
        ------
        ScenarioError
            If there is not one tool that must be called.
        """
        known = {each["function"]["name"]: each["function"] for each in map(convert_to_openai_tool, tools)}
        named = tool_choice["function"]["name"] if isinstance(tool_choice, dict) else tool_choice
        if named in ("any", "required", True) and len(known) == 1:
            named = next(iter(known))
        if not isinstance(named, str) or named not in known:
            allowed = "must name the tool that is to be called: a panel does not choose one"
            raise ScenarioError(bad_value("tool_choice", tool_choice, allowed))
        return self.bind(bft_tool=known[named])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        asked, tool = _asked(messages, stop, kwargs)
        config = _config(run_manager)
        return _result(self.panel.invoke(asked, config), tool)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        asked, tool = _asked(messages, stop, kwargs)
        config = _config(run_manager)
        return _result(await self.panel.ainvoke(asked, config), tool)


class ServedPanelChat(ChatOpenAI):
    """`ChatOpenAI` for `bft serve`, which keeps what that client drops: what the service says of the panel's answer."""

    def _create_chat_result(self, response: Any, generation_info: dict[str, Any] | None = None) -> ChatResult:
        result = super()._create_chat_result(response, generation_info)
        told = response.get(METADATA) if isinstance(response, dict) else getattr(response, METADATA, None)
        if told is not None:
            for generation in result.generations:
                generation.message.response_metadata = {**generation.message.response_metadata, METADATA: told}
        return result


def _config(run: CallbackManagerForLLMRun | AsyncCallbackManagerForLLMRun | None) -> RunnableConfig | None:
    """Let the panel's run stand below that of the chat model in traces."""
    if run is None:
        return None
    below = CallbackManager(
        handlers=run.handlers,
        inheritable_handlers=run.inheritable_handlers,
        parent_run_id=run.run_id,
        tags=run.tags,
        inheritable_tags=run.inheritable_tags,
        metadata=run.metadata,
        inheritable_metadata=run.inheritable_metadata,
    )
    return {"callbacks": below}


def _asked(messages: list[BaseMessage], stop: list[str] | None, given: dict[str, Any]) -> tuple[Any, Any]:
    """Return the panel's question, and the tool whose arguments it asks for."""
    if stop:
        raise ScenarioError(bad_value("stop", stop, "must be left out: a panel stops where it has decided"))
    tool = given.get("bft_tool")
    strange = sorted(set(given) - {"bft_tool", "ls_structured_output_format"})
    if strange:
        raise ScenarioError(bad_value(strange[0], given[strange[0]], "is not an option of a panel"))
    schema = None if tool is None else tool.get("parameters") or {"type": "object"}
    return {"question": messages, "schema": schema}, tool


def _result(answer: PanelAnswer, tool: Any) -> ChatResult:
    if answer.text is None:
        raise NoQuorumError(answer)
    calls = [] if tool is None else [tool_call(name=tool["name"], args=json.loads(answer.text), id=f"call_{answer.id}")]
    message = AIMessage(
        content="" if calls else answer.text,
        tool_calls=calls,
        usage_metadata={
            "input_tokens": answer.tokens_in,
            "output_tokens": answer.tokens_out,
            "total_tokens": answer.tokens_in + answer.tokens_out,
        },
        response_metadata={METADATA: answer.to_json(), "model_name": "panel", "finish_reason": "stop"},
    )
    return ChatResult(generations=[ChatGeneration(message=message)])
