"""The replicated machine that knows who its members are, around the one that does the work.

    member remove 3          →  ok, from the next epoch on
    member add 7
    member replace 3 7
    accuse 0 EVIDENCE        →  convicts whoever the evidence of epoch 0 convicts, and nobody else

Members are changed by the operator, a client, or by evidence of equivocation, from anybody. A convicted member is
replaced by a spare, or removed where there is none and enough remain; it never returns. An operation that is malformed,
not allowed or without effect is answered with an error and changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bft.core.digest import digest_of
from bft.core.request import Proposal, Request
from bft.core.state_machine import Snapshot, StateMachine
from bft.protocols.pbft import evidence

OPERATOR = "operator"
_REMOVE = re.compile(r"member remove ([0-9]{1,9})")
_ADD = re.compile(r"member add ([0-9]{1,9})")
_REPLACE = re.compile(r"member replace ([0-9]{1,9}) ([0-9]{1,9})")
_ACCUSE = re.compile(r"accuse ([0-9]{1,9}) (\[.*\])", re.DOTALL)

Convicts = Callable[[int, evidence.Evidence], int | None]
"""Returns the node that evidence of an epoch convicts; None: nobody."""


def is_membership(request: Request) -> bool:
    """Return whether a request is about members; what it does is decided when it is executed."""
    return request.operation.startswith(("member ", "accuse "))


class MemberMachine:
    """Members, and the machine that they replicate.

    Parameters
    ----------
    inner : StateMachine
        Executes everything else.
    members, spares : tuple of int
        Nodes of the first epoch, and those that may take the place of convicted ones, in order.
    convicts : callable
        Judges evidence; equal at all replicas.
    least : int
        With no more members than this a convicted one is not removed without a successor.
    """

    def __init__(
        self,
        inner: StateMachine,
        *,
        members: tuple[int, ...],
        spares: tuple[int, ...] = (),
        convicts: Convicts,
        least: int = 4,
    ) -> None:
        self.inner = inner
        self.members = self.next_members = members
        self.spares = spares
        self.convicted: tuple[int, ...] = ()
        self.epoch = 0
        self._convicts = convicts
        self._least = least

    @property
    def changing(self) -> bool:
        """Whether the epoch ends at the next checkpoint, if nothing is undone until then."""
        return self.next_members != self.members

    def begin_epoch(self) -> None:
        """The change takes effect."""
        self.members = self.next_members
        self.epoch += 1

    def apply(self, proposal: Proposal) -> str:
        """Execute the operation of a proposal's request."""
        request = proposal.request
        if request is None or not is_membership(request):
            return self.inner.apply(proposal)
        return self._execute(request)

    def _execute(self, request: Request) -> str:
        """Execute a request about members."""
        operation = request.operation
        if accusation := _ACCUSE.fullmatch(operation):
            return self._accuse(int(accusation[1]), accusation[2])
        if request.client != OPERATOR:
            return f"error: only {OPERATOR} changes members"
        if asked := _REMOVE.fullmatch(operation):
            return self._change(leaving=int(asked[1]))
        if asked := _ADD.fullmatch(operation):
            return self._change(coming=int(asked[1]))
        if asked := _REPLACE.fullmatch(operation):
            return self._change(leaving=int(asked[1]), coming=int(asked[2]))
        return "error: must be 'member remove NODE', 'member add NODE' or 'member replace NODE NODE'"

    def digest(self) -> str:
        """Return a digest of the members and of the inner state."""
        return digest_of("members", *self._own(), self.inner.digest())

    def snapshot(self) -> Snapshot:
        """Return everything."""
        return (*self._own(), self.inner.snapshot())

    def restore(self, snapshot: Snapshot) -> None:
        """Replace everything by a snapshot."""
        assert isinstance(snapshot, tuple)
        self.members, self.next_members, self.spares, self.convicted, self.epoch, inner = snapshot
        self.inner.restore(inner)

    def _own(self) -> tuple[object, ...]:
        return (self.members, self.next_members, self.spares, self.convicted, self.epoch)

    def _accuse(self, epoch: int, text: str) -> str:
        """Convict whoever the evidence convicts."""
        read = evidence.from_text(text)
        culprit = None if read is None else self._convicts(epoch, read)
        if culprit is None:
            return "error: this convicts nobody"
        if culprit in self.convicted:
            return f"error: {culprit} is convicted already"
        self.convicted = (*self.convicted, culprit)
        self.spares = tuple(spare for spare in self.spares if spare != culprit)
        if culprit not in self.next_members:
            return f"ok {culprit} is convicted"
        successor = next((spare for spare in self.spares if spare not in self.next_members), None)
        if successor is None and len(self.next_members) <= self._least:
            return f"ok {culprit} is convicted, and stays for want of a successor"
        return self._change(leaving=culprit, coming=successor)

    def _change(self, *, leaving: int | None = None, coming: int | None = None) -> str:
        """Set the members of the next epoch; a successor takes its predecessor's place."""
        members = self.next_members
        if leaving is not None and leaving not in members:
            return f"error: {leaving} is no member"
        if coming is not None and (coming in members or coming in self.convicted):
            return f"error: {coming} is {'a member already' if coming in members else 'convicted'}"
        if coming is None:
            if len(members) == 1:
                return "error: the last member stays"
            self.next_members = tuple(member for member in members if member != leaving)
        elif leaving is None:
            self.next_members = (*members, coming)
        else:
            self.next_members = tuple(coming if member == leaving else member for member in members)
        self.spares = tuple(spare for spare in self.spares if spare != coming)
        return f"ok {' '.join(map(str, self.next_members))}"
