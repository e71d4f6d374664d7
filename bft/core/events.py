"""What replicas of any protocol report of themselves, for traces and monitors; a protocol's own events are its own.

An event asks nothing of the host.
"""

from __future__ import annotations

from bft.core.lean import lean
from bft.core.verdict import Verdict


@lean
class Judgement:
    """The validator's verdict on the accepted proposal arrived in time."""

    view: int
    seq: int
    verdict: Verdict


@lean
class ProposalMissing:
    """The primary's validator had no answer; the view will time out."""

    view: int


@lean
class ViewsExhausted:
    """The last view allowed has failed; the replica waits, and starts no further one."""

    view: int


@lean
class StateTransferred:
    """A proved snapshot replaced the state up to `seq`; `state_digest` is the state machine's afterwards."""

    seq: int
    state_digest: str


@lean
class Restarted:
    """The replica came back from what it had persisted."""

    view: int
    last_executed: int


@lean
class Equivocation:
    """Evidence: `culprit` signed two conflicting messages."""

    culprit: int
    first: object
    second: object
