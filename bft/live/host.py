"""The asyncio host: runs the replicas of one question on an event loop, as the SimPy host runs them in a simulation.

The same replicas, the same effects; what differs is that messages are signed for real (`post`), that timers run on
the loop's clock, and that a validator is a coroutine. Each node is asked once at a time and its result is keyed by
node; what a validator could not say never reaches its replica. Everything a question started ends with it.

This room, and no other besides the drivers of policies, reads clocks and draws from unseeded random sources.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from bft.core.disk import Disk
from bft.core.effects import (
    Broadcast,
    CancelTimer,
    Forget,
    Persist,
    Reply,
    RequestProposal,
    RequestVerdict,
    Send,
    SetTimer,
)
from bft.core.events import ViewsExhausted
from bft.core.inputs import ClientRequest, Deliver, ProposalReady, TimerFired, VerdictReady
from bft.core.quorum import QuorumSystem
from bft.core.replica import Replica
from bft.core.request import Proposal, Request
from bft.core.verdict import Verdict
from bft.live.post import Post
from bft.live.rules import Proof, Rule
from bft.live.view_viability import ViewViability

if TYPE_CHECKING:
    from bft.live.comparing import Comparison
    from bft.live.llm_calls import LlmCalls
    from bft.live.transcript import Call

CLOSING_S = 2.0
"""A call that does not end within so long after being cancelled is left to itself."""
QUIET_S = 0.05
"""Messages within the process have arrived after so long."""


class Ending(Enum):
    """How a question ended."""

    DECIDED = "decided"
    VIEWS_EXHAUSTED = "views exhausted"
    IMPOSSIBLE = "the votes decide nothing"
    DEADLINE = "deadline"


class Answered(NamedTuple):
    """A node's answer: what is compared, what else is said, and how sure the node says it is."""

    answer: str
    wording: str = ""
    confidence: float = 1.0


class Validators(Protocol):
    """Who proposes and judges, asked by the host; neither method raises because a call failed."""

    async def propose(self, node: int, view: int, request: Request) -> Answered | None:
        """Return the node's answer, or None: it has none to give."""

    async def judge(self, node: int, view: int, proposal: Proposal) -> Verdict | None:
        """Return the node's verdict, or None: it abstains."""


class PanelValidators(Validators, Protocol):
    """The members of a panel, for one question."""

    llm_calls: LlmCalls
    comparison: Comparison

    def begin(self) -> None:
        """Let members work out what they may be asked for anyway."""

    @property
    def under_way(self) -> tuple[asyncio.Task[Call], ...]:
        """What members are still working out, beside the host's calls."""

    async def close(self) -> None:
        """Cancel it."""


class AsyncioHost:
    """Runs the nodes of one question.

    Parameters
    ----------
    rule : Rule
        Where the proof of a decision lies, and which timer may be fired early.
    system : QuorumSystem
        Weights and quorum.
    replicas : sequence of Replica
        One for each node.
    posts : sequence of Post
        One for each node.
    validators : Validators
        Who proposes and judges.
    observe : callable, optional
        Is shown each event of each node.
    finish : bool
        Whether calls that are no longer needed run on, for the record, instead of being cancelled: `under_way`.

    Attributes
    ----------
    proof : Proof or None
        What makes the decision final.
    delivered : int
        Messages that were authentic.
    """

    def __init__(
        self,
        *,
        rule: Rule,
        system: QuorumSystem,
        replicas: Sequence[Replica],
        posts: Sequence[Post],
        validators: Validators,
        observe: Callable[[int, object], None] = lambda _node, _event: None,
        finish: bool = False,
    ) -> None:
        self.rule = rule
        self.system = system
        self.replicas = replicas
        self.posts = posts
        self.validators = validators
        self.observe = observe
        self._finish = finish
        self.proof: Proof | None = None
        self.delivered = 0
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[Ending] = self._loop.create_future()
        self._request: Request | None = None
        self._viability = ViewViability(system)
        self._view = [0] * system.n
        self._exhausted: set[int] = set()
        self._replied: dict[str, set[int]] = {}
        self._stored = [Disk() for _ in replicas]
        self._timers: list[dict[str, asyncio.TimerHandle]] = [{} for _ in replicas]
        self._calls: dict[asyncio.Task[None], tuple[int, int]] = {}
        self._do: dict[type, Callable[[int, Any], None]] = {
            Broadcast: self._broadcast,
            Send: self._send,
            SetTimer: self._set_timer,
            CancelTimer: self._cancel_timer,
            Persist: lambda node, effect: self._stored[node].persist(effect),
            Forget: lambda node, effect: self._stored[node].forget(effect),
            RequestProposal: self._request_proposal,
            RequestVerdict: self._request_verdict,
            Reply: self._reply,
            ViewsExhausted: self._out_of_views,
            **dict.fromkeys(rule.moved, self._moved),
            **dict.fromkeys(rule.entered, self._entered),
            **dict.fromkeys(rule.undecided, self._undecided),
        }

    async def run(
        self, request: Request, *, deadline_s: float, grace_s: float = 0.0, counting_s: float = 0.0
    ) -> Ending:
        """Let the nodes decide a request, and end all that was begun for it.

        Parameters
        ----------
        request : Request
            Signed by its client.
        deadline_s : float
            What is not decided by then is not decided.
        grace_s : float
            How long, after the decision and within the deadline, those may still speak who have been asked.
        counting_s : float
            How long after the deadline votes may be counted that were there by then.
        """
        self._request = request
        until_s = self._loop.time() + deadline_s
        finish = False
        try:
            for node in range(self.system.n):
                self._loop.call_soon(self._guarded, self._input, node, ClientRequest(request))
            done, _ = await asyncio.wait((self._ended,), timeout=deadline_s + counting_s)
            ending = self._ended.result() if done else Ending.DEADLINE
            if ending is Ending.DECIDED and grace_s > 0.0 and self._calls:
                await asyncio.wait(tuple(self._calls), timeout=max(0.0, min(grace_s, until_s - self._loop.time())))
            finish = self._finish
            return ending
        finally:
            await self._close(finish=finish)

    @property
    def under_way(self) -> tuple[asyncio.Task[None], ...]:
        """Calls that run on."""
        return tuple(self._calls)

    def receive(self, node: int, data: bytes) -> None:
        """Hand bytes from the network to a node."""
        event = self.posts[node].open(data)
        if event is not None:
            self.delivered += 1
            self._input(node, event)

    async def _close(self, *, finish: bool) -> None:
        if not self._ended.done():
            self._ended.cancel()
        for timers in self._timers:
            for timer in timers.values():
                timer.cancel()
            timers.clear()
        calls = () if finish else tuple(self._calls)
        for call in calls:
            call.cancel()
        if calls:
            await asyncio.wait(calls, timeout=CLOSING_S)

    def _guarded(self, act: Callable[..., None], *given: Any) -> None:
        """Act, unless all is over; an error of ours ends the question instead of vanishing in the loop."""
        if self._ended.done():
            return
        try:
            act(*given)
        except Exception as error:
            self._ended.set_exception(error)

    def _input(self, node: int, event: Any) -> None:
        for effect in self.replicas[node].step(self._loop.time(), event):
            act = self._do.get(effect.__class__)
            if act is not None:
                act(node, effect)
            self.observe(node, effect)

    def _broadcast(self, node: int, effect: Broadcast) -> None:
        data = self.posts[node].seal(effect.message)
        for other in range(self.system.n):
            if other != node:
                self._loop.call_soon(self._guarded, self.receive, other, data)

    def _send(self, node: int, effect: Send) -> None:
        if effect.recipient == node:
            self._loop.call_soon(self._guarded, self._input, node, Deliver(node, effect.message))
            return
        data = self.posts[node].seal(effect.message)
        self._loop.call_soon(self._guarded, self.receive, effect.recipient, data)

    def _set_timer(self, node: int, effect: SetTimer) -> None:
        self._cancel_timer(node, CancelTimer(effect.name))
        ring = self._loop.call_later(effect.delay_s, self._guarded, self._ring, node, effect.name)
        self._timers[node][effect.name] = ring

    def _cancel_timer(self, node: int, effect: CancelTimer) -> None:
        timer = self._timers[node].pop(effect.name, None)
        if timer is not None:
            timer.cancel()

    def _ring(self, node: int, name: str) -> None:
        if name in self._timers[node]:
            self._cancel_timer(node, CancelTimer(name))
            self._input(node, TimerFired(name))

    def _request_proposal(self, node: int, effect: RequestProposal) -> None:
        async def ask() -> None:
            said = await self.validators.propose(node, effect.view, effect.request)
            ready = ProposalReady(effect.view, effect.request, *(said or (None,)))
            self._guarded(self._input, node, ready)
            if said is None and self._viability.no_proposal(effect.view):
                self._give_up(effect.view)

        self._call(node, effect.view, ask())

    def _request_verdict(self, node: int, effect: RequestVerdict) -> None:
        async def ask() -> None:
            verdict = await self.validators.judge(node, effect.view, effect.proposal)
            counted = verdict or self.rule.unsaid
            if counted is not None:  # a call that failed is no vote
                ready = VerdictReady(effect.view, effect.seq, effect.digest, counted)
                self._guarded(self._input, node, ready)
            refused = verdict is not Verdict.ACCEPT
            if refused and self._viability.not_accepted(effect.view, effect.digest, node):
                self._give_up(effect.view)

        self._call(node, effect.view, ask())

    def _call(self, node: int, view: int, work: Coroutine[Any, Any, None]) -> None:
        call = self._loop.create_task(work)
        self._calls[call] = (node, view)
        call.add_done_callback(self._called)

    def _called(self, call: asyncio.Task[None]) -> None:
        del self._calls[call]
        error = None if call.cancelled() else call.exception()
        if error is not None and not self._ended.done():
            self._ended.set_exception(error)
        if self.rule.entered and not self._calls:
            self._loop.call_later(QUIET_S, self._guarded, self._quiet)

    def _quiet(self) -> None:
        """Nobody is asked anything, and messages have arrived: what is missing will not come in these views."""
        if not self._calls:
            for view in set(self._view):
                self._ring_all(view, self.rule.impatient_timers)

    def _give_up(self, view: int) -> None:
        """The view is lost: fire the timers of those who are still in it."""
        self._ring_all(view, self.rule.impatient_timers)

    def _ring_all(self, view: int, timers: Sequence[str]) -> None:
        """Fire one timer after the other, each when all have heard what came of the one before."""
        if not timers:
            return
        for node in range(self.system.n):
            if self._view[node] == view:
                self._loop.call_soon(self._guarded, self._ring, node, timers[0])
        self._loop.call_soon(self._loop.call_soon, self._guarded, self._ring_all, view, timers[1:])

    def _entered(self, node: int, event: Any) -> None:
        self._view[node] = event.view

    def _moved(self, node: int, event: Any) -> None:
        """A node is in a later view: what it was asked for an earlier one is no longer needed."""
        self._view[node] = event.view
        if self._finish:
            return
        for call, (caller, view) in self._calls.items():
            if caller == node and view < event.view:
                call.cancel()

    def _out_of_views(self, node: int, event: ViewsExhausted) -> None:
        self._exhausted.add(node)
        if self.system.weight(self._exhausted) > self.system.live_up_to and not self._ended.done():
            self._ended.set_result(Ending.VIEWS_EXHAUSTED)

    def _undecided(self, _: int, event: Any) -> None:
        """Whatever the missing votes say, they decide nothing: nobody needs to wait for them."""
        if event.proved and not self._ended.done():
            self._ended.set_result(Ending.IMPOSSIBLE)

    def _reply(self, node: int, effect: Reply) -> None:
        """Enough equal replies, and votes that decide to show for it, are a decision."""
        request = self._request
        if request is None or (effect.client, effect.timestamp) != request.key:
            return
        replied = self._replied.setdefault(effect.result, set())
        replied.add(node)
        if self.proof is None:
            self.proof = self.rule.proof(self._stored, request.key)
        enough = self.system.weight(replied) >= self.rule.replies
        if enough and self.proof is not None and not self._ended.done():
            self._ended.set_result(Ending.DECIDED)
