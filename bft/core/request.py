"""What clients ask and what replicas agree on.

A request is a question put by a client. A proposal is the request with an answer: the value that replicas order, vote
on and execute.
"""

from __future__ import annotations

from dataclasses import field

from bft.core.digest import digest_of
from bft.core.lean import lean
from bft.core.shape import Natural

RequestKey = tuple[str, int]


class _Held:
    """What a ring may remember for just as long as somebody holds it, and `bft.core.shape` marks when it is good."""

    __slots__ = ("__weakref__", "_well_formed", "key")
    _well_formed: bool
    key: RequestKey
    _derived = {"key": "(client, timestamp)"}  # noqa: RUF012 (a dataclass takes an annotated one for a field)


@lean(kw_only=True)
class Request(_Held):
    """A client's signed request.

    Attributes
    ----------
    client : str
        Who asks, and who signs.
    timestamp : int
        Strictly increasing per client; makes execution exactly-once (§4.1).
    key : tuple of str and int
        Client and timestamp: what makes two requests the same. Made with the request: it is asked for again and again.
    operation : str
        The question, or any operation the state machine understands.
    """

    client: str
    timestamp: Natural
    operation: str
    signature: bytes = field(default=b"", compare=False, repr=False)

    @property
    def signer(self) -> str:
        """The client."""
        return self.client


@lean(kw_only=True)
class Proposal:
    """A request with the answer proposed for it; without a request, the null request of a view change (§4.4).

    Attributes
    ----------
    request : Request or None
        None for the null request, which executes as a no-op.
    answer : str or None
        What the proposing validator answered.
    wording : str
        Tells apart proposals that give the same answer in different words: they are different values.
    """

    request: Request | None
    answer: str | None = None
    wording: str = ""
    _digest: str = field(default="", init=False, compare=False, repr=False)

    @property
    def digest(self) -> str:
        """The name under which replicas vote on this proposal, computed once."""
        if not self._digest:
            object.__setattr__(self, "_digest", self._compute_digest())
        return self._digest

    def _compute_digest(self) -> str:
        if self.request is None:
            return NULL_DIGEST
        asked = self.request
        return digest_of(asked.client, asked.timestamp, asked.operation, self.answer, self.wording)


NULL_DIGEST = digest_of("null request")
NULL_PROPOSAL = Proposal(request=None)
