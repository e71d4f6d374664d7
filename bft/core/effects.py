"""Everything a replica can ask of its host, in the order in which it must be done.

`Persist` stands before the messages that depend on it: what was sent must survive a crash. A host that cannot persist
must not send.
"""

from __future__ import annotations

from bft.core.lean import lean
from bft.core.request import Proposal, Request


@lean
class Send:
    """Send a message to one other replica."""

    recipient: int
    message: object


@lean
class Broadcast:
    """Send a message to every other replica. The replica has counted it for itself already."""

    message: object


@lean
class SetTimer:
    """Start the named timer, or start it anew; answers with `TimerFired`."""

    name: str
    delay_s: float


@lean
class CancelTimer:
    """Stop the named timer if it runs."""

    name: str


@lean
class Persist:
    """Store values under their keys in what survives a crash, all or none; None forgets a key."""

    entries: tuple[tuple[tuple[object, ...], object | None], ...]


@lean
class Forget:
    """Drop what is persisted under (kind, number) for these kinds and all numbers up to `through`."""

    kinds: tuple[str, ...]
    through: int


@lean
class RequestProposal:
    """Ask this node's validator to answer a request; answers with `ProposalReady`."""

    view: int
    request: Request


@lean
class RequestVerdict:
    """Ask this node's validator to judge a proposal; answers with `VerdictReady`."""

    view: int
    seq: int
    digest: str
    proposal: Proposal


@lean
class Execute:
    """A proposal took effect at `seq`.

    Attributes
    ----------
    repeated : bool
        The request had been executed before: nothing changed, the cached reply was returned (§4.1).
    state_digest : str
        Digest of the state machine after this execution.
    """

    view: int
    seq: int
    digest: str
    proposal: Proposal
    repeated: bool
    state_digest: str


@lean
class Reply:
    """Answer a client; f + 1 equal replies convince it."""

    client: str
    timestamp: int
    result: str
