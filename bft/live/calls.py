"""One call of one member: through its pipeline, to its models, with every attempt written down.

What an endpoint does wrong becomes a typed failure here and stays one: it is never a text. What it reports of itself,
its usage for instance, is believed as far as it is plausible, and never costs the reply. A reply is read where it
arrives, so that what nobody can read is not cached; a long one in a thread, so that nobody else waits for it. The
pipeline decides about retries and fallbacks, whoever waits for the call about cancelling it.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

from langchain_core.runnables import RunnableConfig

from bft.live.forms import TOOL, Asked
from bft.live.gates import Spend
from bft.live.members import Member, Model
from bft.live.prompts import Messages, drawn
from bft.live.replies import REPLY_CHARS
from bft.live.roles import FormName
from bft.live.secrecy import Secrets
from bft.live.transcript import Attempt
from bft.live.transport import UnusableReplyError, unusable_reply
from bft.resilience.asyncio_driver import AsyncioDriver
from bft.resilience.classification import failure_of
from bft.resilience.exchange import Answer, Course, Failure, FailureKind, Query, Result, Source

CANCELLED = FailureKind.CANCELLED.value
OUT_OF_TIME = FailureKind.CUT_OFF.value
"""Why a call failed that was still under way when its answer could not count any more."""

OVERSPENT = "spend"
"""Why a call failed that would have cost more than may be spent."""

UNCOMPARED = "comparison"
"""Why a call failed whose answer could not be compared with those of others."""

MOST_TOKENS = 2**53
"""More than that nobody has read: such a usage is unknown."""

AT_ONCE_CHARS = 2**13
"""Longer replies are read in a thread."""

FAIR_SHARE = 0.5
"""A call that is cut off by the deadline counts against an endpoint that had so much of the call's time."""

TOOL_CHARS = 40
"""So much of a tool's name is shown."""

_VOTES = ("answer", "verdict")
_CUT_SHORT = (
    "length max_tokens max_output_tokens model_length model_context_window_exceeded error_limit content_filter "
    "content_filtered safety recitation refusal blocklist prohibited_content spii sensitive error_toxic "
    "guardrail_intervened malformed_function_call error abort aborted cancelled canceled user_cancel timeout "
    "network_error insufficient_system_resource"
)
"""Words of endpoints and gateways for a reply that was not written to its end."""
_UNUSABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, UnusableReplyError)
"""What clients raise when a reply is not what it should be: the endpoint's fault, which another model may not share."""

REFUSING = frozenset({400, 415, 422, 500, 501})
"""With these an endpoint answers a form of reply that it does not know, or a grammar that it cannot read."""

Reading: TypeAlias = dict[str, Any]
"""What could be read of a reply, by the names of a call's fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What a member is asked."""

    forms: tuple[Asked, ...]
    """What is asked for, in the forms in which it may be, the first first."""
    prompt: Callable[[FormName, str], Messages]
    """Makes the prompt for a form around a fence's number."""
    numbers: Callable[[], Callable[[], str]]
    """Begins a series of such numbers."""
    read: Callable[[str], Reading]
    """Reads a reply."""
    spend: Spend = field(default_factory=Spend)
    """What may be spent."""

    def forms_for(self, model: Model) -> tuple[Asked, ...]:
        """Return the forms to try with a model: those that it has not refused, or the last."""
        possible = [each for each in self.forms if each.possible] or [*self.forms[-1:]]
        return tuple(each for each in possible if each.form not in model.refused) or (possible[-1],)


@dataclass(slots=True, kw_only=True)
class Heard:
    """What came of a call.

    Attributes
    ----------
    prompt : Messages
        What was sent last.
    form : FormName
        In which form a reply was asked for last.
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
    reading : tuple of (str, Reading) or None
        A text, and what could be read of it.
    overspent : str
        Why a request was not sent: it would have cost too much.
    """

    prompt: Messages = ()
    form: FormName = "text"
    text: str | None = None
    failure: str | None = None
    detail: str = ""
    model: str = ""
    as_stated: bool = True
    attempts: list[Attempt] = field(default_factory=list)
    reading: tuple[str, Reading] | None = None
    overspent: str = ""


async def ask(
    member: Member,
    inquiry: Inquiry,
    config: RunnableConfig,
    secrets: Secrets,
    heard: Heard,
    *,
    until_s: float,
) -> None:
    """Ask a member; what comes of it is in `heard`, as far as it got, also when the call is cancelled.

    Parameters
    ----------
    member : Member
        Who is asked.
    inquiry : Inquiry
        What it is asked.
    config : RunnableConfig
        Callbacks, tags and metadata for the model.
    secrets : Secrets
        What must not be in any text.
    heard : Heard
        Filled in.
    until_s : float
        When the time of the question is up, by the loop's clock: a call cancelled then was cut off.
    """
    loop, course = asyncio.get_running_loop(), Course()

    async def attempt(query: Query) -> Result:
        began_s = loop.time()
        try:
            result = await _in_forms(member.models[query.model], inquiry, heard, config, secrets, course)
        except asyncio.CancelledError:
            now_s = loop.time()
            if now_s >= until_s and now_s - began_s >= FAIR_SHARE * member.share_s:
                course.cut_off_s = driver.origin_s + now_s
            raise
        if isinstance(result, Answer):
            reading = await _read(inquiry.read, result.text)
            heard.reading = (result.text, reading)
            result = replace(result, readable=any(reading.get(name) is not None for name in _VOTES))
        return result

    heard.failure = CANCELLED
    driver = AsyncioDriver(call=attempt, uniform=random.random)
    # The prompt without its random number names the question: a cache knows it again.
    question = "\n".join(text for _, text in inquiry.prompt(inquiry.forms[0].form, ""))
    result = await driver.run(member.pipeline.ask(question, course=course))
    heard.attempts[:] = [replace(each, failure=_past(each.failure)) for each in heard.attempts]
    if isinstance(result, Failure):
        heard.failure, heard.detail = result.reason, secrets.hide(result.detail)
        if result.kind is FailureKind.SHED and heard.overspent:
            heard.failure, heard.detail = OVERSPENT, heard.overspent
        return
    if heard.reading is None or heard.reading[0] != result.text:  # from the cache
        heard.reading = (result.text, await _read(inquiry.read, result.text))
    origin = result.provenance
    heard.failure, heard.text = None, result.text
    spoke = member.models.get(origin.model)
    heard.model = origin.model if spoke is None else spoke.name
    heard.as_stated = origin.rank == 0 and origin.source in (Source.MODEL, Source.CACHE)


async def _read(read: Callable[[str], Reading], text: str) -> Reading:
    return read(text) if len(text) <= AT_ONCE_CHARS else await asyncio.to_thread(read, text)


def _past(failure: str | None) -> str | None:
    """An attempt that was cut off inside a call that went on had run out of time."""
    return FailureKind.TIMEOUT.value if failure == CANCELLED else failure


async def _in_forms(
    model: Model, inquiry: Inquiry, heard: Heard, config: RunnableConfig, secrets: Secrets, course: Course
) -> Result:
    """Ask in the first form that the endpoint does not refuse, and remember those that it did."""
    refused: list[FormName] = []
    forms = list(inquiry.forms_for(model))
    while True:
        asked = forms.pop(0)
        heard.form = asked.form
        heard.prompt = drawn(partial(inquiry.prompt, asked.form), inquiry.numbers())
        async with nullcontext() if model.gate is None else model.gate.passing(course):
            estimate = model.estimate(sum(len(text) for _, text in heard.prompt), asked.options)
            heard.overspent = inquiry.spend.refused(estimate)
            if heard.overspent:
                return Failure(kind=FailureKind.SHED, detail=heard.overspent, attempts=0)
            cost = estimate  # of what is cut off nobody reports the cost
            try:
                result, refuses = await _attempt(model, asked, heard, config, secrets)
                cost = _charged(heard.attempts[-1], estimate)
            finally:
                inquiry.spend.settle(estimate, cost)
        if isinstance(result, Answer):  # it is well, so what it refused was the form
            model.refused.update(refused)
        if not refuses or not forms:
            return result
        refused.append(asked.form)


def _charged(attempt: Attempt, estimate: float) -> float:
    """Return what an attempt that ended has cost: nothing where it brought nothing, its estimate where nobody says."""
    if attempt.cost is not None:
        return attempt.cost
    return 0.0 if attempt.failure is not None else estimate


async def _attempt(
    model: Model, asked: Asked, heard: Heard, config: RunnableConfig, secrets: Secrets
) -> tuple[Result, bool]:
    """Return what came of it, and whether that may be for the form in which a reply was asked for."""
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    made = Attempt(model=model.name, latency_s=0.0, failure=CANCELLED)
    try:
        result, made, refuses = await _invoke(model, asked, heard.prompt, config, secrets)
        return result, refuses
    finally:
        heard.attempts.append(replace(made, form=asked.form, latency_s=loop.time() - started_s))


async def _invoke(
    model: Model, asked: Asked, prompt: Messages, config: RunnableConfig, secrets: Secrets
) -> tuple[Result, Attempt, bool]:
    try:
        chat, given = _arguments(model.chat, asked)
        message = await chat.ainvoke(list(prompt), config, **given, **model.seed(prompt, asked.options))
    except Exception as error:
        failure = _failure(error)
        failure = replace(failure, detail=secrets.hide(" ".join(failure.detail.split())))
        made = Attempt(model=model.name, latency_s=0.0, failure=failure.reason)
        return failure, made, asked.form != "text" and _refuses(error, failure)
    usage: Any = getattr(message, "usage_metadata", None)
    usage = usage if isinstance(usage, Mapping) else {}
    read, written = tokens(usage.get("input_tokens")), tokens(usage.get("output_tokens"))
    made = Attempt(
        model=model.name,
        latency_s=0.0,
        tokens_in=read or 0,
        tokens_out=written or 0,
        cost=None if read is None or written is None else model.cost(read, written),
    )
    text = _written(message, asked)
    if (stranger := _not_offered(message, asked)) is not None:
        nothing = Failure(kind=FailureKind.EMPTY, detail=f"a call of the tool {stranger!r}, which was not offered")
        return nothing, replace(made, failure=nothing.reason), False
    ended = str(_ended(message))[:40].lower()
    blank, cut = not text.strip(), ended in _CUT_SHORT.split()
    if blank or cut or len(text) > REPLY_CHARS:
        told = f"the reply was cut off: {ended}" if cut else f"a reply of {len(text)} characters"
        detail = "an empty reply" if blank else told
        nothing = Failure(kind=FailureKind.EMPTY, detail=detail)
        return nothing, replace(made, failure=nothing.reason), False
    return Answer(text=secrets.cut(_clean(text))), made, False


def _arguments(chat: Any, asked: Asked) -> tuple[Any, dict[str, Any]]:
    """Return what is called, and with which arguments, so that a reply comes in a form.

    Raises `NotImplementedError` if this client has no such form.
    """
    if "extra_body" in getattr(type(chat), "model_fields", ()):  # a client of OpenAI's chat completions
        return chat, asked.request(chat.extra_body or {})
    if asked.form == "grammar":
        raise NotImplementedError("this client sends no grammar")
    if asked.form == "tool":
        return chat.bind_tools([asked.tool], tool_choice=TOOL), dict(asked.options)
    given = asked.request({})
    return chat, given.pop("extra_body", {}) | given


def _refuses(error: Exception, failure: Failure) -> bool:
    """Whether an endpoint, or its client, may have failed because it does not know a form of reply."""
    if failure.status is not None:
        return failure.status in REFUSING
    return isinstance(error, TypeError | ValueError | NotImplementedError) and unusable_reply(error) is None


def _written(message: Any, asked: Asked) -> str:
    """Return what a model wrote: text, or the arguments of the tool that it was to call, as JSON."""
    if asked.form != "tool":
        return str(message.text)
    called = [json.dumps(each["args"], ensure_ascii=False) for each in getattr(message, "tool_calls", ())]
    called += [str(each.get("args")) for each in getattr(message, "invalid_tool_calls", ())]
    return "\n".join(dict.fromkeys(called)) or str(message.text)


def _not_offered(message: Any, asked: Asked) -> str | None:
    """Return the name of a tool that a model wants called though nobody offered it: it has not replied yet."""
    called = [*getattr(message, "tool_calls", ()), *getattr(message, "invalid_tool_calls", ())]
    names = [str(each.get("name"))[:TOOL_CHARS] for each in called]
    return next((name for name in names if asked.form != "tool" or name != TOOL), None)


def tokens(told: object) -> int | None:
    """Return what an endpoint reports as a number of tokens; None where that is none that anybody could have used.

    Examples
    --------
    >>> [tokens(told) for told in (12, 12.0, -1, 10**30, True, "12", 1.5, float("inf"), None)]
    [12, 12, None, None, None, None, None, None, None]
    """
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told <= MOST_TOKENS:
        return None
    return int(told) if told == int(told) else None


def _failure(error: Exception) -> Failure:
    refused = unusable_reply(error)
    if refused is not None:
        return Failure(kind=FailureKind.EMPTY, detail=f"an unusable reply: {refused}")
    failure = failure_of(error, now_s=time.time())
    unusable = isinstance(error, _UNUSABLE) or type(error).__name__ == "APIResponseValidationError"
    if failure.kind is FailureKind.UNKNOWN and unusable:
        told = next(iter(failure.detail.splitlines()), type(error).__name__)
        return Failure(kind=FailureKind.EMPTY, detail=f"an unusable reply: {told}")
    return failure


def _ended(message: Any) -> object:
    told = getattr(message, "response_metadata", None)
    if not isinstance(told, Mapping):
        return ""
    return told.get("finish_reason") or told.get("stop_reason") or ""


def _clean(text: str) -> str:
    """Replace what is no Unicode text: half a surrogate pair in JSON cannot be signed or written."""
    return text.encode("utf-8", "replace").decode("utf-8")
