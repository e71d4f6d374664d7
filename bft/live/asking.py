"""The validators of one question: members propose and judge when the host asks, and everything they say is kept.

Each node is asked by itself and its result is its own; a call that failed, or that nobody can read, is an abstention.
A member repeats itself: asked about the same answer in a later view it is not asked again, else a liar could try its
luck in every view. A call that failed is made anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from langchain_core.runnables import RunnableConfig

from bft.core.request import Proposal, Request
from bft.core.verdict import Verdict
from bft.live.answer import SPOKE, Call, Progress, Stance
from bft.live.calls import Heard, ask
from bft.live.host import CLOSING_S
from bft.live.members import Crew
from bft.live.prompts import Messages, judging, proposing
from bft.live.replies import read_answer, read_text, read_verdict
from bft.live.secrecy import Secrets
from bft.live.settings import PanelSettings
from bft.validators.canonical import canonical

Configure = Callable[[int, str, int], RunnableConfig]
"""Callbacks, tags and metadata of a call: from node, role and view."""

_STANCES = {Verdict.ACCEPT: Stance.ACCEPTED, Verdict.REJECT: Stance.REJECTED, Verdict.UNSURE: Stance.UNSURE}


@dataclass(slots=True, kw_only=True)
class Stood:
    """Where a node stood in a view, and the call that this rests on."""

    stance: Stance = Stance.LATE
    call: Call | None = None
    asked_at_s: float = 0.0


class Asking:
    """The members of a panel, for one question.

    Parameters
    ----------
    crew : Crew
        Who is asked.
    settings : PanelSettings
        How answers are checked.
    question : str
        What is asked.
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
    stood : dict
        Where each node stood, by view and node.
    proposals : dict
        Who proposed what, by view: node, answer, wording.
    """

    def __init__(
        self,
        crew: Crew,
        settings: PanelSettings,
        question: str,
        *,
        configure: Configure,
        secrets: Secrets,
        tell: Callable[[Progress], None],
        keep: Callable[[Call], None],
    ) -> None:
        self._members = crew.members
        self.names = tuple(member.name for member in crew.members)
        self._check = settings.check
        self._question = question
        self._configure = configure
        self._secrets = secrets
        self._tell = tell
        self._keep = keep
        self._loop = asyncio.get_running_loop()
        self._started_s = self._loop.time()
        self._own: dict[int, asyncio.Task[Call]] = {}
        self._judged: dict[tuple[int, str], Call] = {}
        self.calls: list[Call] = []
        self.stood: dict[tuple[int, int], Stood] = {}
        self.proposals: dict[int, tuple[int, str | None, str]] = {}

    def begin(self) -> None:
        """Let all members answer at once where each needs an answer of its own."""
        if self._check == "same_answer":
            for member in self._members:
                self._begin_own(member.node, 0)

    async def close(self) -> None:
        """Cancel what members are still working out."""
        for task in self._own.values():
            task.cancel()
        if self._own:
            await asyncio.wait(self._own.values(), timeout=CLOSING_S)

    async def propose(self, node: int, view: int, request: Request) -> tuple[str, str] | None:
        """Let a member answer; None: it has no answer."""
        stood = self._stand(node, view)
        self.proposals[view] = (node, None, "")
        call = await (self._own_answer(node, view) if self._check == "same_answer" else self._answer(node, view))
        stood.call, stood.stance = call, Stance.PROPOSED if call.answer is not None else _without(call)
        self.report(stood.stance.value, node, view, call.answer or call.failure or "")
        if call.answer is None:
            return None
        self.proposals[view] = (node, call.answer, "")
        return call.answer, ""

    async def judge(self, node: int, view: int, proposal: Proposal) -> Verdict | None:
        """Let a member check a proposal; None: it abstains."""
        stood = self._stand(node, view)
        answer = proposal.answer or ""
        if self._check == "same_answer":
            call = await self._own_answer(node, view)
            verdict = None
            if call.answer is not None:
                same = canonical(call.answer) == canonical(answer)
                verdict = Verdict.ACCEPT if same else Verdict.REJECT
        else:
            call = self._judged.get((node, answer)) or await self._judge(node, view, answer)
            verdict = None if call.verdict is None else Verdict(call.verdict)
            if verdict is not None:
                self._judged[node, answer] = call
        stood.call, stood.stance = call, _without(call) if verdict is None else _STANCES[verdict]
        self.report(stood.stance.value, node, view, call.failure or "")
        return verdict

    async def survey(self) -> None:
        """Let every member answer, and where members judge, judge every answer that was given."""
        nodes = range(len(self._members))
        given = await asyncio.gather(*(self._answer(node, 0) for node in nodes))
        if self._check == "judge":
            distinct = {canonical(call.answer): call.answer for call in given if call.answer is not None}
            await asyncio.gather(*(self._judge(node, 0, answer) for answer in distinct.values() for node in nodes))

    def report(self, what: str, node: int | None = None, view: int = 0, detail: str = "") -> None:
        """Tell the progress."""
        name = "" if node is None else self._members[node].name
        at_s = self._loop.time() - self._started_s
        self._tell(Progress(at_s=at_s, what=what, node=node, member=name, view=view, detail=detail))

    def standing(self, node: int, view: int) -> Stood:
        """Return where a node stands in a view; one that failed before and has not spoken since has failed."""
        stood = self.stood.get((view, node)) or Stood(stance=Stance.NOT_ASKED)
        if stood.stance not in (Stance.NOT_ASKED, Stance.LATE):
            return stood
        for earlier in range(view - 1, -1, -1):
            before = self.stood.get((earlier, node))
            if before is None or before.stance is Stance.LATE:
                continue
            return stood if before.stance in SPOKE else before
        return stood

    def _stand(self, node: int, view: int) -> Stood:
        stood = self.stood[view, node] = Stood(asked_at_s=self._loop.time() - self._started_s)
        self.report("asked", node, view)
        return stood

    async def _own_answer(self, node: int, view: int) -> Call:
        """Return a node's own answer, worked out once; whoever waits for it may go without ending it."""
        task = self._own.get(node)
        if task is None or (task.done() and (task.cancelled() or task.result().failure is not None)):
            task = self._begin_own(node, view)
        await asyncio.wait((task,))
        return task.result()

    def _begin_own(self, node: int, view: int) -> asyncio.Task[Call]:
        task = self._own[node] = self._loop.create_task(self._answer(node, view))
        return task

    async def _answer(self, node: int, view: int) -> Call:
        def read(call: Call, text: str) -> Call:
            answer = read_text(text) if self._check == "judge" else read_answer(text)
            return _with(call, answer=answer)

        prompt = partial(_proposing, self._question, self._check)
        return await self._call(node, view, "answer", None, prompt, read)

    async def _judge(self, node: int, view: int, answer: str) -> Call:
        def read(call: Call, text: str) -> Call:
            verdict = read_verdict(text)
            return _with(call, verdict=None if verdict is None else verdict.value)

        prompt = partial(_judging, self._question, answer)
        return await self._call(node, view, "judge", answer, prompt, read)

    async def _call(
        self,
        node: int,
        view: int,
        role: str,
        proposal: str | None,
        prompt: Callable[[str], Messages],
        read: Callable[[Call, str], Call],
    ) -> Call:
        member, heard = self._members[node], Heard()
        at_unix_s, started_s = time.time(), self._loop.time()
        try:
            await ask(member, prompt, self._configure(node, role, view), self._secrets, heard)
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
                latency_s=self._loop.time() - started_s,
                attempts=tuple(heard.attempts),
            )
            if heard.text is not None:
                call = read(call, heard.text)
            self.calls.append(call)
            self._keep(call)
        return call


def _proposing(question: str, check: str, nonce: str) -> Messages:
    return proposing(question, "judge" if check == "judge" else "same_answer", nonce=nonce)


def _judging(question: str, proposal: str, nonce: str) -> Messages:
    return judging(question, proposal, nonce=nonce)


def _with(call: Call, **read: str | None) -> Call:
    return replace(call, **read)  # type: ignore[arg-type]


def _without(call: Call) -> Stance:
    """Why a call gave nothing: it failed, or nobody can read it."""
    return Stance.FAILED if call.failure is not None else Stance.UNPARSEABLE
