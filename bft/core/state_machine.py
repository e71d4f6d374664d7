"""The replicated state machine: what executing a proposal does.

Replicas that execute the same proposals in the same order are in the same state, and can prove it with one digest.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from bft.core.digest import digest_of
from bft.core.request import Proposal

Snapshot = object


class StateMachine(Protocol):
    """Deterministic application state; a snapshot is built from str, int, None and tuples."""

    def apply(self, proposal: Proposal) -> str:
        """Execute a proposal and return the reply to its client."""

    def digest(self) -> str:
        """Return a digest of the whole state."""

    def snapshot(self) -> Snapshot:
        """Return the whole state as a value."""

    def restore(self, snapshot: Snapshot) -> None:
        """Replace the state by a snapshot."""


GENESIS = digest_of("genesis")


@lru_cache(maxsize=256)
def _link(chain: str, digest: str) -> str:
    """Return the head of a chain after one more value; all replicas of a system compute the same."""
    return digest_of(chain, digest)


class AnswerLog:
    """Default state: a hash chain over the answers given, so that any difference in value or order shows for ever."""

    __slots__ = ("_chain",)

    def __init__(self) -> None:
        self._chain = GENESIS

    def apply(self, proposal: Proposal) -> str:
        """Append the proposal; the reply is its answer."""
        self._chain = _link(self._chain, proposal.digest)
        return proposal.answer or ""

    def digest(self) -> str:
        """Return the head of the chain."""
        return self._chain

    def __deepcopy__(self, memo: object) -> AnswerLog:
        twin = AnswerLog.__new__(AnswerLog)
        twin._chain = self._chain
        return twin

    def snapshot(self) -> Snapshot:
        """Return the head of the chain."""
        return self._chain

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from another replica's head."""
        self._chain = str(snapshot)
