"""One epoch's instance of PBFT, as the rest of the node sees it: in terms of nodes, and of numbers across epochs.

What the instance says goes out in envelopes. It is over at the first checkpoint whose state names other members for the
next epoch: nothing above is executed, and no vote above goes out. Which epoch follows is left to `replica`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from bft.core.effects import (
    Broadcast,
    CancelTimer,
    Execute,
    Forget,
    Persist,
    Reply,
    RequestProposal,
    RequestVerdict,
    Send,
    SetTimer,
)
from bft.core.events import Equivocation, Restarted, StateTransferred
from bft.core.inputs import ProposalReady, Restart, TimerFired, VerdictReady
from bft.core.request import Request, RequestKey
from bft.core.state_machine import Snapshot, StateMachine
from bft.core.verdict import Verdict
from bft.membership.disk import kind_in
from bft.membership.keys import EpochKeyring
from bft.membership.machine import MemberMachine, is_membership
from bft.membership.messages import EpochStart, InEpoch
from bft.membership.witness import VOTES
from bft.protocols.pbft import PbftConfig, PbftReplica
from bft.protocols.pbft.events import CheckpointStable
from bft.protocols.pbft.evidence import Evidence
from bft.protocols.pbft.messages import Checkpoint

ANSWER = "ordered"
"""What every validator says to a request about members: the machine decides, not the LLM."""

MakeInstance = Callable[..., PbftReplica]
"""Makes an instance's replica; takes what `PbftReplica` takes."""


def changing(machine: StateMachine) -> bool:
    """Return whether the state of a machine ends its epoch."""
    assert isinstance(machine, MemberMachine)
    return machine.changing


def _changed(event: Any, changes: Mapping[str, Any]) -> Any:
    """Return an event with other values in some fields: `dataclasses.replace` takes four times as long."""
    kind: Any = type(event)
    return kind(**{name: changes[name] if name in changes else getattr(event, name) for name in _names(kind)})


@cache
def _names(kind: Any) -> tuple[str, ...]:
    """Return the names of an event's fields."""
    return tuple(each.name for each in fields(kind))


class Instance:
    """The instance of a member.

    Parameters
    ----------
    node : int
        Whose it is.
    epoch, base : int
        Number of the epoch, and of the last operation before it.
    members : tuple of int
        The node at each place.
    config : PbftConfig
        With the quorum system of these members.
    ring : EpochKeyring
        Signs and verifies in this epoch.
    machine : MemberMachine
        What is replicated.
    genesis : Snapshot, optional
        What the epoch starts from.

    make : callable
        Makes the replica of PBFT.

    Attributes
    ----------
    executed : int
        The highest number executed, across epochs.
    done : list of RequestKey
        Requests executed or answered since the last look.
    claimed : list of Evidence
        What the instance itself took for equivocation since the last look.
    stable : int
        The last stable checkpoint, within the epoch.
    keys : set
        What this instance has persisted.
    """

    def __init__(
        self,
        node: int,
        *,
        epoch: int,
        base: int,
        members: tuple[int, ...],
        config: PbftConfig,
        ring: EpochKeyring,
        machine: MemberMachine,
        genesis: Snapshot | None,
        make: MakeInstance = PbftReplica,
    ) -> None:
        self._epoch = epoch
        self._base = base
        self._members = members
        self._replica = make(members.index(node), config, ring, machine, genesis=genesis, stops=changing)
        self._out: list[object] = []
        self._inputs: deque[Any] = deque()
        self._timers: set[str] = set()
        self.executed = base
        self.done: list[RequestKey] = []
        self.claimed: list[Evidence] = []
        self.stable = 0
        self.keys: set[tuple[object, ...]] = set()

    @property
    def end(self) -> int | None:
        """The number, within the epoch, that it ended with; None as long as nothing has ended it."""
        return self._replica.last_executed if self._replica.over else None

    @property
    def view(self) -> int:
        """The current view."""
        return self._replica.view

    @property
    def pending(self) -> list[Request]:
        """Requests that were not executed in this epoch."""
        return list(self._replica.pending.values())

    @property
    def stable_checkpoint(self) -> tuple[tuple[Checkpoint, ...], Snapshot | None]:
        """The proof of the last stable checkpoint, within the epoch, and its snapshot where this replica has it."""
        return self._replica.stable_checkpoint

    def step(self, now: float, event: Any) -> list[object]:
        """Give the instance an input in its own terms; return what it asks and reports, in everybody's."""
        if isinstance(event, TimerFired):
            self._timers.discard(event.name)
        self._inputs.append(event)
        while self._inputs:
            for effect in self._replica.step(now, self._inputs.popleft()):
                self._translate(effect)
        out, self._out = self._out, []
        return out

    def restart(self, now: float, stored: Mapping[tuple[object, ...], object]) -> list[object]:
        """Go on from what this instance had persisted before a crash."""
        own = {(kind, *key[1:]): value for key, value in stored.items() if (kind := kind_in(self._epoch, key))}
        self.keys = {self._key(key) for key in own}
        return self.step(now, Restart(own))

    def retire(self) -> list[object]:
        """Stop the timers and forget what was persisted: the epoch is over."""
        stopped: list[object] = [CancelTimer(name) for name in sorted(self._timers)]
        return [Persist(tuple((key, None) for key in sorted(self.keys, key=repr))), *stopped]

    def next_start(self) -> EpochStart | None:
        """Return how the next epoch starts, once a quorum vouches for the state at the end of this one."""
        if self.end is None:
            return None
        proof, snapshot = self._replica.stable_checkpoint
        if not proof or proof[0].seq != self.end or snapshot is None:
            return None
        return EpochStart(self._epoch + 1, self._base + self.end, proof, snapshot)

    def _translate(self, effect: Any) -> None:
        kind, out = effect.__class__, self._out
        if kind is Broadcast:
            if self._counts(effect.message):
                out.append(Broadcast(InEpoch(self._epoch, effect.message)))
        elif kind is Send:
            if self._counts(effect.message):
                out.append(Send(self._members[effect.recipient], InEpoch(self._epoch, effect.message)))
        elif kind is Persist:
            own = tuple([(self._key(key), value) for key, value in effect.entries])
            self.keys.update([key for key, _ in own])
            out.append(Persist(own))
        elif kind is SetTimer:
            self._timers.add(effect.name)
            out.append(effect)
        elif kind is CancelTimer:
            self._timers.discard(effect.name)
            out.append(effect)
        elif kind is Forget:
            own_kinds = tuple(f"{self._epoch}/{each}" for each in effect.kinds)
            self.keys = {key for key in self.keys if key[0] not in own_kinds or key[1] > effect.through}
            out.append(Forget(own_kinds, effect.through))
        elif kind is Reply:
            self.done.append((effect.client, effect.timestamp))
            out.append(effect)
        elif kind is RequestProposal or kind is RequestVerdict:
            self._ask(effect)
        else:
            self._report(effect)

    def _ask(self, question: RequestProposal | RequestVerdict) -> None:
        """Ask the validator, unless it is about members: then the answer is known."""
        if isinstance(question, RequestProposal):
            if is_membership(question.request):
                self._inputs.append(ProposalReady(question.view, question.request, ANSWER))
            else:
                self._out.append(question)
            return
        request = question.proposal.request
        if request is not None and is_membership(request):
            self._inputs.append(VerdictReady(question.view, question.seq, question.digest, Verdict.ACCEPT))
        else:
            seq = self._base + question.seq
            self._out.append(RequestVerdict(question.view, seq, question.digest, question.proposal))

    def _report(self, event: Any) -> None:
        """Report an event: with numbers across epochs, and nodes instead of places."""
        match event:
            case Execute(view, seq, digest, proposal, repeated, state_digest):
                self.executed = self._base + seq
                if proposal.request is not None:
                    self.done.append(proposal.request.key)
                self._out.append(Execute(view, self.executed, digest, proposal, repeated, state_digest))
            case Equivocation(place, first, second):
                self.claimed.append(Evidence(first, second))  # type: ignore[arg-type]
                self._out.append(Equivocation(self._members[place], first, second))
            case StateTransferred(seq, state_digest):
                self.executed = self._base + seq
                self._out.append(StateTransferred(self.executed, state_digest))
            case Restarted(view, last_executed):
                here = self._base + last_executed
                self.executed = max(self.executed, here)
                self._out.append(Restarted(view, here))
            case _:
                if isinstance(event, CheckpointStable):
                    self.stable = event.seq
                changes: dict[str, Any] = {}
                if hasattr(event, "seq"):
                    changes["seq"] = self._base + event.seq
                if hasattr(event, "voters"):
                    changes["voters"] = tuple([self._members[place] for place in event.voters])
                self._out.append(_changed(event, changes) if changes else event)

    def _counts(self, message: object) -> bool:
        """Whether a message may still count: nothing above the end of the epoch ever will."""
        replica = self._replica
        if not replica.over or message.__class__ not in VOTES:
            return True
        return message.seq <= replica.last_executed  # type: ignore[attr-defined, no-any-return]

    def _key(self, key: tuple[object, ...]) -> tuple[object, ...]:
        return (f"{self._epoch}/{key[0]}", *key[1:])
