"""Everything that can happen to a replica: the inputs of `step`."""

from __future__ import annotations

from collections.abc import Mapping

from bft.core.lean import lean
from bft.core.request import Request
from bft.core.verdict import Verdict


@lean
class Deliver:
    """A message arrived; the host has authenticated its sender."""

    sender: int
    message: object


@lean
class TimerFired:
    """A timer that the replica set ran out. Hosts drop timers that were cancelled or set anew."""

    name: str


@lean
class ClientRequest:
    """A client's request reached this replica."""

    request: Request


@lean
class ProposalReady:
    """The node's validator answered a `RequestProposal`; None means that it has no answer.

    `wording` is what its text says besides the answer, `confidence` how sure it says it is, between 0 and 1.
    """

    view: int
    request: Request
    answer: str | None
    wording: str = ""
    confidence: float = 1.0


@lean
class VerdictReady:
    """The node's validator judged a proposal; stale ones are dropped by the replica."""

    view: int
    seq: int
    digest: str
    verdict: Verdict


@lean(eq=False)
class Restart:
    """The node came back with what it had persisted, and nothing else."""

    stored: Mapping[tuple[object, ...], object]


Input = Deliver | TimerFired | ClientRequest | ProposalReady | VerdictReady | Restart
