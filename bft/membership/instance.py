"""One epoch's instance of PBFT, as the rest of the node sees it: in terms of nodes, and of numbers across epochs.

What the instance says goes out in envelopes; what it executes above the end of its epoch never happened. Which epoch
follows is left to `replica`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
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
from bft.core.events import CheckpointStable, Equivocation, Restarted, StateTransferred
from bft.core.inputs import ProposalReady, Restart, VerdictReady
from bft.core.request import RequestKey
from bft.core.state_machine import Snapshot
from bft.core.verdict import Verdict
from bft.membership.keys import EpochKeyring
from bft.membership.machine import MemberMachine, is_membership
from bft.membership.messages import EpochStart, InEpoch
from bft.protocols.pbft import PbftConfig, PbftReplica
from bft.protocols.pbft.evidence import Evidence
from bft.protocols.pbft.messages import Checkpoint, Commit, Prepare, PrePrepare

ANSWER = "ordered"
"""What every validator says to a request about members: the machine decides, not the LLM."""


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

    Attributes
    ----------
    end : int or None
        The number, within the epoch, that it ends with; None as long as nothing ends it.
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
    ) -> None:
        self._epoch = epoch
        self._base = base
        self._members = members
        self._interval = config.checkpoint_interval
        self._machine = machine
        self._replica = PbftReplica(members.index(node), config, ring, machine, genesis=genesis)
        self._beyond = False
        self._out: list[object] = []
        self._inputs: deque[Any] = deque()
        self.end: int | None = None
        self.executed = base
        self.done: list[RequestKey] = []
        self.claimed: list[Evidence] = []
        self.stable = 0
        self.keys: set[tuple[object, ...]] = set()

    def step(self, now: float, event: Any) -> list[object]:
        """Give the instance an input in its own terms; return what it asks and reports, in everybody's."""
        self._inputs.append(event)
        while self._inputs:
            for effect in self._replica.step(now, self._inputs.popleft()):
                self._translate(effect)
        out, self._out = self._out, []
        return out

    def restart(self, now: float, stored: Mapping[tuple[object, ...], object]) -> list[object]:
        """Go on from what this instance had persisted before a crash."""
        prefix = f"{self._epoch}/"
        own = {
            (str(key[0]).removeprefix(prefix), *key[1:]): value
            for key, value in stored.items()
            if str(key[0]).startswith(prefix)
        }
        self.keys = {self._key(key) for key in own}
        end = own.pop(("end",), None)
        self.end = end if isinstance(end, int) else None
        return self.step(now, Restart(own))

    def next_start(self) -> EpochStart | None:
        """Return how the next epoch starts, once a quorum vouches for the state at the end of this one."""
        if self.end is None:
            return None
        proof, snapshot = self._replica.stable_checkpoint
        if not proof or proof[0].seq != self.end or snapshot is None:
            return None
        return EpochStart(self._epoch + 1, self._base + self.end, proof, snapshot)

    def _translate(self, effect: Any) -> None:
        match effect:
            case Broadcast(message):
                if self._counts(message):
                    self._out.append(Broadcast(InEpoch(self._epoch, message)))
            case Send(place, message):
                if self._counts(message):
                    self._out.append(Send(self._members[place], InEpoch(self._epoch, message)))
            case SetTimer(name, delay_s):
                self._out.append(SetTimer(f"{self._epoch}/{name}", delay_s))
            case CancelTimer(name):
                self._out.append(CancelTimer(f"{self._epoch}/{name}"))
            case Persist(entries):
                self._persist([(self._key(key), value) for key, value in entries])
            case Forget(kinds, through):
                self._out.append(Forget(tuple(f"{self._epoch}/{kind}" for kind in kinds), through))
            case RequestProposal(view, request) if is_membership(request):
                self._inputs.append(ProposalReady(view, request, ANSWER))
            case RequestVerdict(view, seq, digest, proposal):
                if proposal.request is not None and is_membership(proposal.request):
                    self._inputs.append(VerdictReady(view, seq, digest, Verdict.ACCEPT))
                else:
                    self._out.append(replace(effect, seq=self._base + seq))
            case Reply(client, timestamp):
                if not self._beyond:
                    self.done.append((client, timestamp))
                    self._out.append(effect)
            case _:
                self._report(effect)

    def _report(self, event: Any) -> None:
        """Report an event: with numbers across epochs, and nodes instead of places."""
        match event:
            case Execute():
                self._note_executed(event)
            case Equivocation(place, first, second):
                self.claimed.append(Evidence(first, second))  # type: ignore[arg-type]
                self._out.append(replace(event, culprit=self._members[place]))
            case StateTransferred(seq):
                self.executed = self._base + seq
                if self._machine.changing and self.end is None:
                    self._set_end(seq)
                self._out.append(replace(event, seq=self._base + seq))
            case Restarted(_, last_executed):
                self.executed = max(self.executed, self._base + last_executed)
                self._out.append(replace(event, last_executed=self._base + last_executed))
            case _:
                if isinstance(event, CheckpointStable):
                    self.stable = event.seq
                changes: dict[str, Any] = {}
                if hasattr(event, "seq"):
                    changes["seq"] = self._base + event.seq
                if hasattr(event, "voters"):
                    changes["voters"] = tuple(self._members[place] for place in event.voters)
                self._out.append(replace(event, **changes) if changes else event)

    def _note_executed(self, event: Execute) -> None:
        """Report an execution, unless the epoch had ended before it: then it never happened."""
        self._beyond = self.end is not None and event.seq > self.end
        if self._beyond:
            return
        self.executed = self._base + event.seq
        request = event.proposal.request
        if request is not None:
            self.done.append(request.key)
            if self.end is None and request.key == self._machine.changed_by:
                self._set_end(event.seq)
        self._out.append(replace(event, seq=self._base + event.seq))

    def _set_end(self, seq: int) -> None:
        """The epoch ends at the first checkpoint at or after the change."""
        self.end = -(-seq // self._interval) * self._interval
        self._persist([(self._key(("end",)), self.end)])

    def _counts(self, message: object) -> bool:
        """Whether a message may still count: nothing above the end of the epoch ever will."""
        if self.end is None or not isinstance(message, PrePrepare | Prepare | Commit | Checkpoint):
            return True
        return message.seq <= self.end

    def _key(self, key: tuple[object, ...]) -> tuple[object, ...]:
        return (f"{self._epoch}/{key[0]}", *key[1:])

    def _persist(self, entries: list[tuple[tuple[object, ...], object | None]]) -> None:
        self.keys.update(key for key, _ in entries)
        self._out.append(Persist(tuple(entries)))
