"""The validators of PBFT: members propose and judge when the host asks, and where they stood in each view is kept.

A call that failed, or that nobody can read, is an abstention. A member repeats itself: asked about the same answer in a
later view it is not asked again, else a liar could have its proposal judged anew in every view. A call that failed is
made anew.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from bft.core.request import Proposal, Request
from bft.core.verdict import Verdict
from bft.live.answer import SPOKE, Stance
from bft.live.calls import UNCOMPARED
from bft.live.comparing import ComparisonError
from bft.live.host import CLOSING_S, Answered
from bft.live.llm_calls import LlmCalls
from bft.live.rule_settings import Check
from bft.live.transcript import Call

_STANCES = {Verdict.ACCEPT: Stance.ACCEPTED, Verdict.REJECT: Stance.REJECTED, Verdict.UNSURE: Stance.UNSURE}


@dataclass(slots=True, kw_only=True)
class StanceInView:
    """Where a node stood in a view, and the call that this rests on."""

    stance: Stance = Stance.LATE
    call: Call | None = None
    asked_at_s: float = 0.0


class PbftValidators:
    """The members of a panel, for one question.

    Parameters
    ----------
    llm_calls : LlmCalls
        How they are asked.
    check : {"judge", "same_answer"}
        How they check the answers of others.
    deadline_s : float
        For the whole question.

    Attributes
    ----------
    stood : dict
        Where each node stood, by view and node.
    proposals : dict
        Who proposed what, by view: node, answer, wording.
    """

    def __init__(self, llm_calls: LlmCalls, check: Check, deadline_s: float) -> None:
        del deadline_s  # a call has a time of its own
        self.llm_calls = llm_calls
        self.comparison = llm_calls.comparison
        self._compares = check == "same_answer"
        self._own: dict[int, asyncio.Task[Call]] = {}
        self._judged: dict[tuple[int, str], Call] = {}
        self.stood: dict[tuple[int, int], StanceInView] = {}
        self.proposals: dict[int, tuple[int, str | None, str]] = {}

    def begin(self) -> None:
        """Let all members answer at once where each needs an answer of its own."""
        if self._compares:
            for node in range(len(self.llm_calls.names)):
                self._begin_own(node, 0)

    @property
    def under_way(self) -> tuple[asyncio.Task[Call], ...]:
        """What members are still working out."""
        return tuple(task for task in self._own.values() if not task.done())

    async def close(self) -> None:
        """Cancel what members are still working out."""
        for task in self._own.values():
            task.cancel()
        if self._own:
            await asyncio.wait(self._own.values(), timeout=CLOSING_S)

    async def propose(self, node: int, view: int, request: Request) -> Answered | None:
        """Let a member answer; None: it has no answer."""
        stood = self._stand(node, view)
        self.proposals[view] = (node, None, "")
        call = await (self._own_answer(node, view) if self._compares else self.llm_calls.answer(node, view))
        stood.call, stood.stance = call, Stance.PROPOSED if call.answer is not None else without(call)
        self.llm_calls.report(stood.stance.value, node, view, call.answer or call.failure or "")
        if call.answer is None:
            return None
        self.proposals[view] = (node, call.answer, "")
        return Answered(call.answer)

    async def judge(self, node: int, view: int, proposal: Proposal) -> Verdict | None:
        """Let a member check a proposal; None: it abstains."""
        stood = self._stand(node, view)
        answer = proposal.answer or ""
        if self._compares:
            call = await self._own_answer(node, view)
            verdict = None
            if self.comparison.form(call.answer) is not None:
                call, verdict = await self._compared(call, answer)
        else:
            call = self._judged.get((node, answer)) or await self.llm_calls.judge(node, view, answer)
            verdict = None if call.verdict is None else Verdict(call.verdict)
            if verdict is not None:
                self._judged[node, answer] = call
        stood.call, stood.stance = call, without(call) if verdict is None else _STANCES[verdict]
        self.llm_calls.report(stood.stance.value, node, view, call.failure or "")
        return verdict

    async def _compared(self, call: Call, answer: str) -> tuple[Call, Verdict | None]:
        """Return a call and whether its answer is the same as another; if that cannot be found out, it has failed."""
        try:
            same = await self.comparison.same(call.answer or "", answer)
        except ComparisonError as error:
            return replace(call, failure=UNCOMPARED, detail=str(error)), None
        return call, Verdict.ACCEPT if same else Verdict.REJECT

    def standing(self, node: int, view: int) -> StanceInView:
        """Return where a node stands in a view; one that failed before and has not spoken since has failed."""
        stood = self.stood.get((view, node)) or StanceInView(stance=Stance.NOT_ASKED)
        if stood.stance not in (Stance.NOT_ASKED, Stance.LATE):
            return stood
        for earlier in range(view - 1, -1, -1):
            before = self.stood.get((earlier, node))
            if before is None or before.stance is Stance.LATE:
                continue
            return stood if before.stance in SPOKE else before
        return stood

    def _stand(self, node: int, view: int) -> StanceInView:
        stood = self.stood[view, node] = StanceInView(asked_at_s=self.llm_calls.now_s())
        self.llm_calls.report("asked", node, view)
        return stood

    async def _own_answer(self, node: int, view: int) -> Call:
        """Return a node's own answer, worked out once; whoever waits for it may go without ending it."""
        task = self._own.get(node)
        if task is None or (task.done() and (task.cancelled() or task.result().failure is not None)):
            task = self._begin_own(node, view)
        await asyncio.wait((task,))
        return task.result()

    def _begin_own(self, node: int, view: int) -> asyncio.Task[Call]:
        task = self._own[node] = asyncio.get_running_loop().create_task(self.llm_calls.answer(node, view))
        return task


def without(call: Call) -> Stance:
    """Why a call gave nothing: it failed, or nobody can read it."""
    return Stance.FAILED if call.failure is not None else Stance.UNPARSEABLE
