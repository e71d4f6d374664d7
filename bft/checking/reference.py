"""Services as their specifications say: trivial sequential machines, against which every reply and state is checked.

Replicas run machines of their own (`bft.core.state_machine`, `bft.checking.ledger`); what stands here is written apart
from them, so that a mistake that all replicas make alike shows. A state is a plain value, and nothing here changes one.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

from bft.core.digest import digest_of
from bft.core.request import Proposal, RequestKey

Entry = tuple[str, int, str]
"""A client, the timestamp of its last executed request, and the reply to it."""


class Specification(Protocol):
    """What a service does with one request after the other."""

    @property
    def initial(self) -> Hashable:
        """The state before the first request."""

    def apply(self, state: Hashable, proposal: Proposal) -> tuple[Hashable, str]:
        """Return the next state, and the reply to the client."""

    def digest(self, state: Hashable) -> str:
        """Return the digest by which replicas name the state."""


GENESIS = digest_of("genesis")
EMPTY_LEDGER = (0, digest_of("empty ledger"))


@dataclass(frozen=True, slots=True)
class LogSpecification:
    """The service of `AnswerLog`: each answer is appended to a hash chain, and is the reply."""

    initial: Hashable = GENESIS

    def apply(self, state: Hashable, proposal: Proposal) -> tuple[Hashable, str]:
        """Append the answer."""
        return digest_of(state, proposal.digest), proposal.answer or ""

    def digest(self, state: Hashable) -> str:
        """Return the head of the chain."""
        return str(state)


@dataclass(frozen=True, slots=True)
class LedgerSpecification:
    """The service of `Ledger`: answers are numbered, and the reply begins with the number."""

    initial: Hashable = EMPTY_LEDGER

    def apply(self, state: Hashable, proposal: Proposal) -> tuple[Hashable, str]:
        """Number the answer and append it."""
        assert isinstance(state, tuple)
        count, chain = state
        return (count + 1, digest_of(chain, proposal.digest)), f"{count + 1}. {proposal.answer}"

    def digest(self, state: Hashable) -> str:
        """Return the digest of the count and the chain."""
        return digest_of(state)


class ReferenceService:
    """A service that executes what honest replicas execute, each number once, and remembers what should come of it.

    Parameters
    ----------
    specification : Specification
        What executing does.
    interval : int
        The reply table is kept at each multiple of this number; 0 for never.

    Attributes
    ----------
    seq : int
        Last number executed.
    after : dict
        Per number the digest of what was executed, and the digest of the state afterwards.
    replies : dict
        Per request the number at which it was executed first, and the reply.
    tables : dict
        Per checkpoint the last reply to each client, in the order of their names.
    """

    __slots__ = ("_clients", "_interval", "_specification", "_state", "after", "replies", "seq", "tables")

    def __init__(self, specification: Specification, interval: int = 0) -> None:
        self._specification = specification
        self._state = specification.initial
        self._interval = interval
        self._clients: dict[str, tuple[int, str]] = {}
        self.seq = 0
        self.after: dict[int, tuple[str, str]] = {}
        self.replies: dict[RequestKey, tuple[int, str]] = {}
        self.tables: dict[int, tuple[Entry, ...]] = {0: ()}

    def execute(self, proposal: Proposal) -> None:
        """Execute the next number: null changes nothing, and neither does what a client has asked before (§4.1)."""
        self.seq += 1
        request = proposal.request
        if request is not None and request.timestamp > self._clients.get(request.client, (-1, ""))[0]:
            self._state, reply = self._specification.apply(self._state, proposal)
            self._clients[request.client] = (request.timestamp, reply)
            self.replies[request.key] = (self.seq, reply)
        self.after[self.seq] = (proposal.digest, self._specification.digest(self._state))
        if self._interval and self.seq % self._interval == 0:
            self.tables[self.seq] = tuple((client, *self._clients[client]) for client in sorted(self._clients))
