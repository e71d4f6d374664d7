"""A service whose replies tell the order of execution, so that a client's history alone shows whether it is right."""

from __future__ import annotations

from bft.core.digest import digest_of
from bft.core.request import Proposal
from bft.core.state_machine import Snapshot


class Ledger:
    """Numbers the answers given; the reply to a request is its number and its answer."""

    __slots__ = ("_chain", "_count")

    def __init__(self) -> None:
        self._count = 0
        self._chain = digest_of("empty ledger")

    def apply(self, proposal: Proposal) -> str:
        """Append the proposal."""
        self._count += 1
        self._chain = digest_of(self._chain, proposal.digest)
        return f"{self._count}. {proposal.answer}"

    def digest(self) -> str:
        """Return a digest of the count and the chain."""
        return digest_of(self.snapshot())

    def snapshot(self) -> Snapshot:
        """Return the count and the head of the chain."""
        return (self._count, self._chain)

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from another replica's ledger."""
        assert isinstance(snapshot, tuple)
        self._count, self._chain = snapshot
