"""The validators of a ballot: every member answers by itself and, where the rule wants it, judges those of others.

What is voted on is the form of an answer by the panel's comparison (`comparing`); its words travel with the vote. A
member without an answer abstains: its call failed, nobody can read it, or its time was up. For an answer that is the
whole time of the question, or half of it where a second round follows in which members judge.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bft.core.request import Proposal, Request
from bft.core.verdict import Verdict
from bft.live.answer import Seat, Stance, View
from bft.live.calls import OUT_OF_TIME, UNCOMPARED
from bft.live.certificate import Certificate
from bft.live.comparing import ComparisonError, Groups
from bft.live.host import Answered
from bft.live.llm_calls import LlmCalls
from bft.live.pbft_validators import without
from bft.live.rule_settings import Check
from bft.live.transcript import Call

COUNTING_S = 2.0
"""How long after the deadline the votes that are there by then may be counted."""

_SAID = {"accept": "approved", "reject": "rejected", "unsure": "unsure"}


class BallotValidators:
    """The members of a panel, for one question.

    Parameters
    ----------
    llm_calls : LlmCalls
        How they are asked.
    check : {"judge", "same_answer"}
        Whether they judge each other's answers before they vote.
    deadline_s : float
        For the whole question.
    """

    def __init__(self, llm_calls: LlmCalls, check: Check, deadline_s: float) -> None:
        self.llm_calls = llm_calls
        self.comparison = llm_calls.comparison
        self._groups = Groups(llm_calls.comparison)
        self._votes: dict[int, str | None] = {}
        self._judges = check == "judge"
        self._until_s = deadline_s
        self._answered: dict[int, Call] = {}
        self._judged: dict[int, dict[str, Call]] = {}

    def begin(self) -> None:
        """Nobody is asked before its replica asks; all do so at once."""

    @property
    def under_way(self) -> tuple[asyncio.Task[Call], ...]:
        """Nothing is, beside the host's calls."""
        return ()

    async def close(self) -> None:
        """Nothing is under way that the host has not ended."""

    async def propose(self, node: int, view: int, request: Request) -> Answered | None:
        """Let a member answer; None: it abstains."""
        self.llm_calls.report("asked", node)
        until_s = self._until_s / 2.0 if self._judges else self._until_s
        call = self._answered[node] = await self.llm_calls.answer(node, view, until_s)
        call, answer = await self._vote(node, call, until_s)
        what = without(call) if answer is None else Stance.ANSWERED
        self.llm_calls.report(what.value, node, view, call.answer or call.failure or "")
        if answer is None or call.answer is None:
            return None
        return Answered(answer, call.answer, 1.0 if call.confidence is None else call.confidence)

    async def _vote(self, node: int, call: Call, until_s: float) -> tuple[Call, str | None]:
        """Return a call and what its answer votes for; where that cannot be found out in time, the call has failed."""
        try:
            if self.comparison.asks and call.answer is not None:
                async with asyncio.timeout(max(0.0, until_s - self.llm_calls.now_s())):
                    vote = await self._groups.vote_for(call.answer)
            else:
                vote = await self._groups.vote_for(call.answer)
        except (ComparisonError, TimeoutError) as error:
            vote, reason = None, OUT_OF_TIME if isinstance(error, TimeoutError) else UNCOMPARED
            call = self._answered[node] = replace(call, failure=reason, detail=str(error))
        self._votes[node] = vote
        return call, vote

    async def judge(self, node: int, view: int, proposal: Proposal) -> Verdict | None:
        """Let a member judge the answer of another, in its words; None: it says nothing of it."""
        answer = proposal.answer or ""
        judged = self._judged.setdefault(node, {})
        call = judged[answer] = await self.llm_calls.judge(node, view, proposal.wording or answer, self._until_s)
        what = without(call).value if call.verdict is None else _SAID[call.verdict]
        self.llm_calls.report(what, node, view, call.proposal or "")
        return None if call.verdict is None else Verdict(call.verdict)

    def seat(self, node: int, certificate: Certificate | None, latency_s: float) -> Seat:
        """Return where a member stood; if its vote was not needed, running out of time is being late."""
        call, judged = self._answered.get(node), self._judged.get(node, {})
        if certificate is not None and node not in certificate.signers:
            judged = {answer: each for answer, each in judged.items() if each.failure != OUT_OF_TIME}
            if call is not None and call.failure == OUT_OF_TIME and not self._judges:  # judges wait for all answers
                call = None
        calls = [*(() if call is None else (call,)), *judged.values()]
        failed = next((each for each in calls if each.failure is not None), None)
        unread = any(self._nothing(each) for each in calls)
        return Seat(
            node=node,
            member=self.llm_calls.names[node],
            stance=self._stance(call, judged, None if certificate is None else certificate.answer),
            reason="" if not unread else "unparseable" if failed is None else failed.failure or "",
            detail="" if failed is None else failed.detail,
            signed=certificate is not None and node in certificate.signers,
            model="" if call is None else call.model,
            as_stated=all(each.as_stated for each in calls),
            latency_s=latency_s if call is None else calls[-1].latency_s,
            answer=None if call is None else call.answer,
            vote=None if call is None else self._votes.get(node),
            confidence=None if call is None else call.confidence,
            approved=tuple(each.proposal or "" for each in judged.values() if each.verdict == Verdict.ACCEPT.value),
        )

    def _stance(self, call: Call | None, judged: dict[str, Call], decided: str | None) -> Stance:
        if call is None:
            return Stance.LATE
        own = self._votes.get(call.node)
        if own is None:
            return without(call)
        if decided is None:
            return Stance.ANSWERED
        if own == decided:
            return Stance.AGREED
        if not self._judges:
            return Stance.DISSENTED
        verdict = judged.get(decided)
        if verdict is None:
            return Stance.LATE
        if verdict.verdict is None:
            return without(verdict)
        return {"accept": Stance.AGREED, "reject": Stance.DISSENTED}.get(verdict.verdict, Stance.UNSURE)

    def _nothing(self, call: Call) -> bool:
        return self._votes.get(call.node) is None if call.role == "answer" else call.verdict is None


def told(
    validators: BallotValidators, certificate: Certificate | None, latency_s: float, n: int
) -> tuple[tuple[Seat, ...], tuple[View, ...], int | None]:
    """Return where members stood, no views, and whose words the answer is in."""
    author = None if certificate is None or certificate.author is None else certificate.author.node
    return tuple(validators.seat(node, certificate, latency_s) for node in range(n)), (), author
