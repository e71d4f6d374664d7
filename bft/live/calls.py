"""One call of one member: through its pipeline, to its models, with every attempt written down.

What an endpoint does wrong becomes a typed failure here and stays one: it is never a text. The pipeline decides about
retries and fallbacks, whoever waits for the call about cancelling it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.runnables import RunnableConfig

from bft.live.members import Member, Model
from bft.live.prompts import Messages, drawn
from bft.live.secrecy import Secrets
from bft.live.transcript import Attempt
from bft.resilience.asyncio_driver import AsyncioDriver
from bft.resilience.classification import failure_of
from bft.resilience.exchange import Answer, Failure, FailureKind, Query, Result, Source

CANCELLED = "cancelled"
_CUT_SHORT = frozenset({"length", "max_tokens", "content_filter", "safety", "recitation"})
_UNUSABLE = (ValueError, TypeError, LookupError, AttributeError)
"""What clients raise when a reply is not what it should be: the endpoint's fault, which another model may not share."""


@dataclass(slots=True, kw_only=True)
class Heard:
    """What came of a call.

    Attributes
    ----------
    prompt : Messages
        What was sent last.
    text : str or None
        What came back.
    failure : str or None
        Why nothing did.
    detail : str
        The same for people.
    model : str
        Who wrote the text.
    as_stated : bool
        Whether the member's own model did, just now or within the cache's time.
    attempts : list of Attempt
        What was sent to endpoints.
    """

    prompt: Messages = ()
    text: str | None = None
    failure: str | None = None
    detail: str = ""
    model: str = ""
    as_stated: bool = True
    attempts: list[Attempt] = field(default_factory=list)


async def ask(
    member: Member, make_prompt: Callable[[str], Messages], config: RunnableConfig, secrets: Secrets, heard: Heard
) -> None:
    """Ask a member; what comes of it is in `heard`, as far as it got, also when the call is cancelled.

    Parameters
    ----------
    member : Member
        Who is asked.
    make_prompt : callable
        Makes the prompt around a fence's number.
    config : RunnableConfig
        Callbacks, tags and metadata for the model.
    secrets : Secrets
        What must not be in any text.
    heard : Heard
        Filled in.
    """

    async def attempt(query: Query) -> Result:
        heard.prompt = drawn(make_prompt)
        return await _attempt(member.models[query.model], heard, config, secrets)

    heard.failure = CANCELLED
    driver = AsyncioDriver(call=attempt, uniform=random.random)
    # The prompt without its random number names the question: a cache knows it again.
    question = "\n".join(text for _, text in make_prompt(""))
    result = await driver.run(member.pipeline.ask(question))
    heard.attempts[:] = [replace(each, failure=_past(each.failure)) for each in heard.attempts]
    if isinstance(result, Failure):
        heard.failure, heard.detail = result.reason, secrets.hide(result.detail)
        return
    origin = result.provenance
    heard.failure, heard.text = None, result.text
    spoke = member.models.get(origin.model)
    heard.model = origin.model if spoke is None else spoke.name
    heard.as_stated = origin.rank == 0 and origin.source in (Source.MODEL, Source.CACHE)


def _past(failure: str | None) -> str | None:
    """An attempt that was cut off inside a call that went on had run out of time."""
    return FailureKind.TIMEOUT.value if failure == CANCELLED else failure


async def _attempt(model: Model, heard: Heard, config: RunnableConfig, secrets: Secrets) -> Result:
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    made = Attempt(model=model.name, latency_s=0.0, failure=CANCELLED)
    try:
        result, made = await _invoke(model, heard.prompt, config, secrets)
        return result
    finally:
        heard.attempts.append(replace(made, latency_s=loop.time() - started_s))


async def _invoke(model: Model, prompt: Messages, config: RunnableConfig, secrets: Secrets) -> tuple[Result, Attempt]:
    try:
        message = await model.chat.ainvoke(list(prompt), config)
    except Exception as error:
        failure = _failure(error)
        failure = replace(failure, detail=secrets.hide(failure.detail))
        return failure, Attempt(model=model.name, latency_s=0.0, failure=failure.reason)
    usage: Any = getattr(message, "usage_metadata", None) or {}
    read, written = int(usage.get("input_tokens") or 0), int(usage.get("output_tokens") or 0)
    made = Attempt(
        model=model.name,
        latency_s=0.0,
        tokens_in=read,
        tokens_out=written,
        cost=model.cost(read, written) if usage else None,
    )
    text = _clean(str(message.text))
    ended = str(_ended(message)).lower()
    if not text.strip() or ended in _CUT_SHORT:
        detail = "an empty reply" if not text.strip() else f"the reply was cut off: {ended}"
        nothing = Failure(kind=FailureKind.EMPTY, detail=detail)
        return nothing, replace(made, failure=nothing.reason)
    return Answer(text=text), made


def _failure(error: Exception) -> Failure:
    failure = failure_of(error, now_s=time.time())
    unusable = isinstance(error, _UNUSABLE) or type(error).__name__ == "APIResponseValidationError"
    if failure.kind is FailureKind.UNKNOWN and unusable:
        return Failure(kind=FailureKind.EMPTY, detail=f"an unusable reply: {failure.detail}")
    return failure


def _ended(message: Any) -> object:
    told = getattr(message, "response_metadata", None) or {}
    return told.get("finish_reason") or told.get("stop_reason") or ""


def _clean(text: str) -> str:
    """Replace what is no Unicode text: half a surrogate pair in JSON cannot be signed or written."""
    return text.encode("utf-8", "replace").decode("utf-8")
