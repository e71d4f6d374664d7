"""Calls of members: how they are asked for answers and verdicts, what could be read of it, and who is told.

Each node is asked by itself and its result is its own. Nothing here decides whether it is asked at all, or what it
means that nothing came of a call: that is left to `pbft_validators` and `ballot_validators`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from functools import partial

from langchain_core.runnables import RunnableConfig

from bft.live.answer import Progress
from bft.live.calls import CANCELLED, OUT_OF_TIME, Heard, Inquiry, Reading, ask, tokens
from bft.live.comparing import CANONICAL, Described, OwnComparison, comparison_of
from bft.live.forms import Asked, What
from bft.live.gates import Spend
from bft.live.members import Crew
from bft.live.prompts import Form, Messages, Style, derived_numbers, fresh_numbers, judging, proposing
from bft.live.question import Question
from bft.live.replies import answer_by_rule, read_confidence, read_text, verdict_by_rule
from bft.live.replies.answers import ANSWER_CHARS
from bft.live.roles import Role
from bft.live.secrecy import Secrets
from bft.live.structured import read_value
from bft.live.transcript import Attempt, Call

Configure = Callable[[int, str, int], RunnableConfig]
"""Callbacks, tags and metadata of a call: from node, role and view."""

Reader = Callable[[str], str | None]
"""A user's own reader: from a reply to an answer; None: it cannot be read."""

NOBODY = -1
"""The node of a call that is no member's."""

A_TEXT = "the whole text"
"""The rule by which an answer in free words is read."""


class LlmCalls:
    """The members of a panel, for one question.

    Parameters
    ----------
    crew : Crew
        Who is asked.
    question : Question
        What is asked.
    form : Form
        How answers are asked for.
    roles : tuple of Role
        In which role a member answers, and in which it judges.
    reproducible : bool
        Whether the same question is put in the same words.
    reader : callable or None
        Reads answers in place of the panel's rules.
    compare : Described
        When two answers are the same.
    own : OwnComparison or None
        The user's object that says so.
    spend : Spend or None
        What may be spent; None: any.
    deadline_s : float
        For the whole question.
    configure : callable
        Gives each call its callbacks.
    secrets : Secrets
        What must not be in any text.
    tell : callable
        Is told the progress.
    keep : callable
        Is given each call at its end.

    Attributes
    ----------
    comparison : Comparison
        When two answers are the same.
    names : tuple of str
        What results call the members.
    calls : list of Call
        All that ended, cut-off ones included.
    """

    def __init__(
        self,
        crew: Crew,
        question: Question,
        form: Form,
        *,
        roles: tuple[Role, Role],
        reproducible: bool = False,
        reader: Reader | None = None,
        compare: Described = CANONICAL,
        own: OwnComparison | None = None,
        spend: Spend | None = None,
        deadline_s: float,
        configure: Configure,
        secrets: Secrets,
        tell: Callable[[Progress], None],
        keep: Callable[[Call], None],
    ) -> None:
        self._members = crew.members
        self._pair = crew.pair
        self.comparison = comparison_of(compare, own, self._same)
        self.names = tuple(member.name for member in crew.members)
        self._question = question
        self._form = form
        self._roles = roles
        self._reproducible = reproducible
        self._reader = reader
        self._spend = Spend() if spend is None else spend
        self._configure = configure
        self._secrets = secrets
        self._tell = tell
        self._keep = keep
        self._loop = asyncio.get_running_loop()
        self._started_s = self._loop.time()
        self._deadline_s = deadline_s
        self.calls: list[Call] = []

    def now_s(self) -> float:
        """Return how long ago the question was put."""
        return self._loop.time() - self._started_s

    def report(self, what: str, node: int | None = None, view: int = 0, detail: str = "") -> None:
        """Tell the progress."""
        name = "" if node is None else self.names[node]
        self._tell(Progress(at_s=self.now_s(), what=what, node=node, member=name, view=view, detail=detail))

    async def answer(self, node: int, view: int, until_s: float | None = None) -> Call:
        """Let a member answer; a call still under way `until_s` after the question was put has failed."""
        text, form = self._question.text, self._form

        def prompt(style: Style, number: str) -> Messages:
            return proposing(text, form, nonce=number, style=style)

        choices = self._members[node].roles.role(self._roles[0]).choices
        inquiry = self._inquiry(node, self._roles[0], form, prompt, partial(self._read_answer, choices))
        return await self._call(node, view, "answer", None, inquiry, until_s)

    async def judge(self, node: int, view: int, answer: str, until_s: float | None = None) -> Call:
        """Let a member judge an answer."""
        text = self._question.text

        def prompt(style: Style, number: str) -> Messages:
            return judging(text, answer, nonce=number, style=style)

        inquiry = self._inquiry(node, self._roles[1], "verdict", prompt, partial(_read_verdict, text, answer))
        return await self._call(node, view, "judge", answer, inquiry, until_s)

    async def survey(self, *, judging: bool, nodes: Collection[int] | None = None) -> None:
        """Let every member answer, or some, and where members judge, judge every answer that was given.

        What has no answer by the deadline has failed; it has not been cut off because it was no longer needed.
        """
        nodes = range(len(self._members)) if nodes is None else nodes
        given = await asyncio.gather(*(self.answer(node, 0, self._deadline_s) for node in nodes))
        if judging:
            answers = [call.answer for call in given if call.answer is not None]
            form = self.comparison.form
            distinct = {form(text) if len(text) <= ANSWER_CHARS else text: text for text in answers}
            await asyncio.gather(
                *(self.judge(node, 0, answer, self._deadline_s) for answer in distinct.values() for node in nodes)
            )

    def _inquiry(
        self,
        node: int,
        name: Role,
        what: What,
        prompt: Callable[[Style, str], Messages],
        read: Callable[[str], Reading],
    ) -> Inquiry:
        """Return what a member is asked in a role, in the forms in which it may reply."""
        role, judges = self._members[node].roles.role(name), what == "verdict"
        schema = None if judges else self._question.schema
        forms = tuple(
            Asked(
                what=what,
                form=form,
                reasoning=role.reasoning,
                choices=() if judges else role.choices,
                grammar=role.grammar,
                schema=schema,
                options=role.options,
            )
            for form in role.forms
        )
        styles = {form: role.style(form, judges=judges, schema=schema) for form in role.forms}
        text = self._question.text
        return Inquiry(
            forms=forms,
            prompt=lambda form, number: prompt(styles[form], number),
            numbers=partial(derived_numbers, text, node) if self._reproducible else fresh_numbers,
            read=read,
            spend=self._spend,
        )

    def _read_answer(self, choices: tuple[str, ...], text: str) -> Reading:
        if self._question.schema is not None:
            answer, rule = read_value(text, self._question.schema)
        elif self._reader is not None:
            answer, rule = _by_own(self._reader, text), named(self._reader)
        elif self._form == "free":
            answer, rule = read_free(text)
        else:
            answer, rule = answer_by_rule(text, self._question.text, choices)
        confidence = read_confidence(text) if self._form == "sure" else None
        compared = self._form == "free" or self.comparison.form(answer) is not None
        if answer is None or not compared or (self._form == "sure" and confidence is None):
            answer, rule = None, ""  # nobody knows what it says, or what such a vote weighs
        return {"answer": answer, "confidence": confidence, "read_by": rule}

    async def _same(self, one: str, other: str) -> bool:
        """Let the model that compares answers compare two; what it says is kept as a call of nobody's node."""
        assert self._pair is not None
        at_unix_s, began_s = time.time(), self.now_s()
        pair, compared, failure = self._pair, None, CANCELLED
        try:
            try:
                compared = await pair.ask(one, other)
            except Exception as error:
                failure = type(error).__name__
                raise
            return compared.same
        finally:
            took_s = self.now_s() - began_s
            read, written = (tokens(compared.tokens_in), tokens(compared.tokens_out)) if compared else (None, None)
            failed = None if compared is not None else failure
            known = read is not None and written is not None
            made = Attempt(
                model=pair.name,
                latency_s=took_s,
                failure=failed,
                tokens_in=read or 0,
                tokens_out=written or 0,
                cost=pair.cost(read, written) if known and read is not None and written is not None else None,
            )
            call = Call(
                node=NOBODY,
                member=pair.name,
                role="compare",
                view=0,
                proposal=other,
                text=None if compared is None else compared.told,
                verdict=None if compared is None else "accept" if compared.same else "reject",
                answer=one,
                failure=failed,
                model=pair.name,
                at_unix_s=at_unix_s,
                latency_s=took_s,
                attempts=(made,),
            )
            self.calls.append(call)
            self._keep(call)

    async def _call(
        self,
        node: int,
        view: int,
        role: str,
        proposal: str | None,
        inquiry: Inquiry,
        until_s: float | None,
    ) -> Call:
        member, heard = self._members[node], Heard()
        at_unix_s, began_s = time.time(), self.now_s()
        config = self._configure(node, role, view)
        over_s = self._started_s + min(self._deadline_s, until_s or self._deadline_s)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(None if until_s is None else over_s) as limit:
                    await ask(member, inquiry, config, self._secrets, heard, until_s=over_s)
            if limit.expired():
                heard.failure, heard.text = OUT_OF_TIME, None
        finally:
            call = Call(
                node=node,
                member=member.name,
                role=role,
                view=view,
                proposal=proposal,
                prompt=heard.prompt,
                text=heard.text,
                form=heard.form,
                failure=heard.failure,
                detail=heard.detail,
                model=heard.model,
                as_stated=heard.as_stated,
                at_unix_s=at_unix_s,
                latency_s=self.now_s() - began_s,
                attempts=tuple(heard.attempts),
            )
            if heard.text is not None and heard.reading is not None:
                call = replace(call, **heard.reading[1])
            self.calls.append(call)
            self._keep(call)
        return call


def read_free(text: str) -> tuple[str | None, str]:
    """Read an answer in free words, which may stand in a JSON object, and say by which rule."""
    answer, rule = answer_by_rule(text)
    if rule == "a JSON object" and answer is not None:
        return answer, rule
    whole = read_text(text)
    return whole, "" if whole is None else A_TEXT


def named(reader: Reader) -> str:
    """Return how a record calls a user's reader."""
    return f"reader {getattr(reader, '__name__', type(reader).__name__)}"[:80]


def _by_own(reader: Reader, text: str) -> str | None:
    """Read by a user's reader; whatever it raises, and whatever is no text, is nothing read."""
    try:
        answer = reader(text)
    except Exception as error:
        logging.getLogger(__name__).warning("bft: the reader raised %s: %s", type(error).__name__, error)
        return None
    return answer if isinstance(answer, str) and answer.strip() else None


def _read_verdict(question: str, proposal: str, text: str) -> Reading:
    verdict, rule = verdict_by_rule(text, proposal, question)
    return {"verdict": None, "read_by": ""} if verdict is None else {"verdict": verdict.value, "read_by": rule}
