"""Seeded bugs in what no rule names: a function of the protocol is another one while a replica steps.

Replicas of one world step one after another, so the function is put in its place before a step and back after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from bft.checking.pbft.mutant_replicas import Make, Wrapped, hearing, saying
from bft.core.digest import digest_of
from bft.core.effects import Persist, Reply
from bft.core.inputs import ClientRequest, Deliver, Input, VerdictReady
from bft.core.quorum import QuorumSystem
from bft.core.verdict import Verdict
from bft.protocols.pbft import catch_up, checkpoints, execution
from bft.protocols.pbft.certificates import Verifier
from bft.protocols.pbft.events import Prepared
from bft.protocols.pbft.messages import Checkpoint, Commit, Decision, Prepare
from bft.protocols.pbft.state import State

NOBODY = (-1, "")


def while_stepping(*swaps: tuple[ModuleType, str, Callable[..., Any]]) -> Make:
    """Put functions in the place of others of their modules, by name, while a replica steps."""

    class WhileStepping(Wrapped):
        __slots__ = ()

        def step(self, now: float, event: Input) -> Sequence[object]:
            right = [(module, name, getattr(module, name)) for module, name, _ in swaps]
            for module, name, wrong in swaps:
                setattr(module, name, wrong)
            try:
                return super().step(now, event)
            finally:
                for module, name, function in right:
                    setattr(module, name, function)

    return WhileStepping


_apply, _decide, _take_checkpoint, _restore, _adopt, _forget_through = (
    execution.apply,
    execution.decide,
    execution.take_checkpoint,
    execution.restore,
    catch_up.adopt_snapshot,
    checkpoints.forget_through,
)


def _apply_keeping_the_first_reply(state: State, decision: Decision) -> bool:
    request = decision.proposal.request
    before = NOBODY if request is None else state.clients.get(request.client, NOBODY)
    repeated = _apply(state, decision)
    if request is not None and not repeated and before != NOBODY:
        state.clients[request.client] = (request.timestamp, before[1])
    return repeated


def _apply_null_too(state: State, decision: Decision) -> bool:
    if decision.proposal.request is None:
        state.machine.apply(decision.proposal)
    return _apply(state, decision)


def _apply_repeated_too(state: State, decision: Decision) -> bool:
    repeated = _apply(state, decision)
    if repeated:
        state.machine.apply(decision.proposal)
    return repeated


def _decide_the_last_one_too(state: State, decision: Decision) -> None:
    if decision.seq != state.last_executed or state.over:
        return _decide(state, decision)
    state.unexecuted.setdefault(decision.seq, decision)
    return execution.wait_for_the_gap(state)


def _take_no_checkpoint_of_null(state: State, seq: int) -> None:
    if state.decisions[seq].proposal.request is not None:
        _take_checkpoint(state, seq)


def _restore_without_replies(state: State, saved: object) -> None:
    kept = dict(state.clients)
    _restore(state, saved)
    state.clients = kept


def _restore_without_state(state: State, saved: object) -> None:
    machine = state.machine.snapshot()
    _restore(state, saved)
    state.machine.restore(machine)


def _digest_of_the_state_alone(saved: object) -> str:
    return digest_of(saved[0] if isinstance(saved, tuple) and saved else saved)


def _adopt_by(enough: Callable[[QuorumSystem], int]) -> Callable[[State, tuple[Checkpoint, ...], object], None]:
    """Return a state transfer that asks for fewer equal votes."""

    def adopt(state: State, proof: tuple[Checkpoint, ...], snapshot: object) -> None:
        right = state.verifier
        rules = replace(right.rules, checkpoint_quorum=enough)
        state.verifier = Verifier(right.system, rules, right.keyring, right.window, right.checkpoint_interval)
        try:
            _adopt(state, proof, snapshot)
        finally:
            state.verifier = right

    return adopt


def _settle_only_the_executed(state: State, client: str) -> None:
    held = state.pending.get(client)
    if held is not None and held.timestamp == state.clients[client][0]:
        del state.pending[client]
        state.persist(("request", client), None)


def _restore_and_merge(state: State, saved: object) -> None:
    before = state.clients
    _restore(state, saved)
    state.clients = {**before, **state.clients}


def _forget_all_snapshots_below(state: State, seq: int) -> None:
    kept = state.last_executed
    state.last_executed = max(kept, seq)
    _forget_through(state, seq)
    state.last_executed = kept


def _forget_all_but_early(state: State, seq: int) -> None:
    kept = state.early
    _forget_through(state, seq)
    state.early = kept


waiting_for_the_superseded = while_stepping((execution, "settle_requests", _settle_only_the_executed))
merging_replies = while_stepping((execution, "restore", _restore_and_merge))
forgetting_the_last_snapshot = while_stepping((checkpoints, "forget_through", _forget_all_snapshots_below))
keeping_early_ones = while_stepping((checkpoints, "forget_through", _forget_all_but_early))
keeping_the_first_reply = while_stepping((execution, "apply", _apply_keeping_the_first_reply))
applying_null = while_stepping((execution, "apply", _apply_null_too))
applying_repeated = while_stepping((execution, "apply", _apply_repeated_too))
keeping_the_last_decision = while_stepping((execution, "decide", _decide_the_last_one_too))
no_checkpoint_of_null = while_stepping((execution, "take_checkpoint", _take_no_checkpoint_of_null))
restoring_no_replies = while_stepping((execution, "restore", _restore_without_replies))
restoring_no_state = while_stepping((execution, "restore", _restore_without_state))
digest_without_replies = while_stepping(
    (execution, "digest_of", _digest_of_the_state_alone), (catch_up, "digest_of", _digest_of_the_state_alone)
)
unchecked_snapshot = while_stepping((catch_up, "digest_of", lambda saved: _Equal(digest_of(saved))))
snapshot_by_f = while_stepping((catch_up, "adopt_snapshot", _adopt_by(lambda system: max(1, system.tolerated))))
snapshot_by_weak = while_stepping((catch_up, "adopt_snapshot", _adopt_by(lambda system: system.weak)))


class _Equal(str):
    """A digest that equals every other."""

    __slots__ = ()

    def __ne__(self, other: object) -> bool:
        return False

    __eq__ = str.__eq__
    __hash__ = str.__hash__


def _answered(replica: Wrapped, effect: object) -> Sequence[object]:
    """Answer clients as soon as it is prepared (tentative execution, without the quorum that it needs)."""
    if isinstance(effect, Prepared):
        request = (proposal := replica.state.certificates[effect.seq].preprepare.proposal).request
        if request is not None:
            return (effect, Reply(request.client, request.timestamp, proposal.answer or ""))
    return (effect,)


def _accepted(_: Wrapped, event: Input) -> Input:
    """Take every verdict for acceptance."""
    return replace(event, verdict=Verdict.ACCEPT) if isinstance(event, VerdictReady) else event


def _not_below_zero(_: Wrapped, event: Input) -> Input | None:
    """Look into a message, and compare a number in it, before it is known what it is."""
    is_vote = isinstance(event, Deliver) and isinstance(event.message, Prepare | Commit)
    return None if is_vote and event.message.seq < 0 else event  # type: ignore[union-attr]


replies_when_prepared = saying(_answered)
prepares_rejected = hearing(_accepted)
compares_before_types = hearing(_not_below_zero)


class AnswersOldRequests(Wrapped):
    """Answers a request that it has long executed with the reply to the client's latest one."""

    __slots__ = ()

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input; answer old requests as if they were the last one."""
        effects = super().step(now, event)
        if isinstance(event, ClientRequest):
            request = event.request
            timestamp, result = self.state.clients.get(request.client, NOBODY)
            if request.timestamp < timestamp:
                return [*effects, Reply(request.client, request.timestamp, result)]
        return effects


class AnswersOnce(Wrapped):
    """Says nothing to a client that asks again for what it has executed."""

    __slots__ = ()

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input; a reply that was lost stays lost."""
        if isinstance(event, ClientRequest):
            request = event.request
            if request.timestamp == self.state.clients.get(request.client, NOBODY)[0]:
                return [each for each in super().step(now, event) if not isinstance(each, Reply)]
        return super().step(now, event)


class LateWriter(Wrapped):
    """Stores what a step must keep after it has sent the messages that depend on it."""

    __slots__ = ()

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input; store last."""
        effects = super().step(now, event)
        writes = [each for each in effects if isinstance(each, Persist)]
        return [*(each for each in effects if not isinstance(each, Persist)), *writes]


class PiecemealWriter(Wrapped):
    """Stores half of what a step must keep before it sends, and the other half afterwards."""

    __slots__ = ()

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input; store in two pieces."""
        effects = list(super().step(now, event))
        for write in [each for each in effects if isinstance(each, Persist)]:
            half = len(write.entries) // 2
            place = effects.index(write)
            effects[place] = Persist(write.entries[:half])
            effects.append(Persist(write.entries[half:]))
        return effects


class ComparesByEquality(Wrapped):
    """Compares a vote's replica with its sender by equality alone, so that True and 3.0 get into certificates.

    The vote is counted as the number that it equals, and what was counted then becomes what was sent.
    """

    __slots__ = ()

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input; let a vote pass whose replica only equals its sender."""
        if isinstance(event, Deliver) and isinstance(event.message, Prepare | Commit):
            vote = event.message
            if vote.replica.__class__ is not int and vote.replica == event.sender:
                kind = type(vote)
                taken = kind(vote.view, vote.seq, vote.digest, event.sender)
                effects = super().step(now, Deliver(event.sender, taken))
                object.__setattr__(taken, "replica", vote.replica)
                return effects
        return super().step(now, event)
