"""Calls of members: how they are asked for answers and verdicts, what could be read of it, and who is told.

Each node is asked by itself and its result is its own. Nothing here decides whether it is asked at all, or what it
means that nothing came of a call: that is left to the validators of PBFT (`asking`) and of ballots (`polling`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from functools import partial

from langchain_core.runnables import RunnableConfig

from bft.live.answer import Progress
from bft.live.calls import OUT_OF_TIME, Heard, Reading, ask
from bft.live.members import Crew
from bft.live.prompts import Form, Messages, judging, proposing
from bft.live.replies import read_answer, read_confidence, read_text, read_verdict
from bft.live.replies.answers import ANSWER_CHARS
from bft.live.secrecy import Secrets
from bft.live.transcript import Call
from bft.validators.canonical import canonical

Configure = Callable[[int, str, int], RunnableConfig]
"""Callbacks, tags and metadata of a call: from node, role and view."""


class Consulting:
    """The members of a panel, for one question.

    Parameters
    ----------
    crew : Crew
        Who is asked.
    question : str
        What is asked.
    form : Form
        How answers are asked for.
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
    names : tuple of str
        What results call the members.
    calls : list of Call
        All that ended, cut-off ones included.
    """

    def __init__(
        self,
        crew: Crew,
        question: str,
        form: Form,
        *,
        deadline_s: float,
        configure: Configure,
        secrets: Secrets,
        tell: Callable[[Progress], None],
        keep: Callable[[Call], None],
    ) -> None:
        self._members = crew.members
        self.names = tuple(member.name for member in crew.members)
        self._question = question
        self._form = form
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
        prompt = partial(_proposing, self._question, self._form)
        return await self._call(node, view, "answer", None, prompt, self._read_answer, until_s)

    async def judge(self, node: int, view: int, answer: str, until_s: float | None = None) -> Call:
        """Let a member judge an answer."""
        prompt = partial(_judging, self._question, answer)
        return await self._call(node, view, "judge", answer, prompt, partial(_read_verdict, answer), until_s)

    async def survey(self, *, judging: bool, nodes: Collection[int] | None = None) -> None:
        """Let every member answer, or some, and where members judge, judge every answer that was given.

        What has no answer by the deadline has failed; it has not been cut off because it was no longer needed.
        """
        nodes = range(len(self._members)) if nodes is None else nodes
        given = await asyncio.gather(*(self.answer(node, 0, self._deadline_s) for node in nodes))
        if judging:
            answers = [call.answer for call in given if call.answer is not None]
            distinct = {canonical(text) if len(text) <= ANSWER_CHARS else text: text for text in answers}
            await asyncio.gather(
                *(self.judge(node, 0, answer, self._deadline_s) for answer in distinct.values() for node in nodes)
            )

    def _read_answer(self, text: str) -> Reading:
        if self._form == "free":
            return {"answer": read_text(text)}
        answer, confidence = read_answer(text), read_confidence(text) if self._form == "sure" else None
        if canonical(answer) is None or (self._form == "sure" and confidence is None):
            answer = None  # nobody knows what it says, or what such a vote weighs
        return {"answer": answer, "confidence": confidence}

    async def _call(
        self,
        node: int,
        view: int,
        role: str,
        proposal: str | None,
        prompt: Callable[[str], Messages],
        read: Callable[[str], Reading],
        until_s: float | None,
    ) -> Call:
        member, heard = self._members[node], Heard()
        at_unix_s, began_s = time.time(), self.now_s()
        config = self._configure(node, role, view)
        over_s = self._started_s + min(self._deadline_s, until_s or self._deadline_s)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(None if until_s is None else over_s) as limit:
                    await ask(member, prompt, read, config, self._secrets, heard, until_s=over_s)
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


def _proposing(question: str, form: Form, nonce: str) -> Messages:
    return proposing(question, form, nonce=nonce)


def _judging(question: str, proposal: str, nonce: str) -> Messages:
    return judging(question, proposal, nonce=nonce)


def _read_verdict(proposal: str, text: str) -> Reading:
    verdict = read_verdict(text, proposal)
    return {"verdict": None if verdict is None else verdict.value}
