"""The messages of Tendermint (Algorithm 1 of arXiv 1807.04938) and the certificates made of them.

A value is a `Proposal` of `bft.core`: a request with an answer. Its id is its digest; a vote without one is for nil.
Every message names its signer in `replica`, so that anybody may pass it on. Signatures take no part in equality:
messages that say the same are equal.
"""

from __future__ import annotations

from bft.core.by_sender import BySender, signature_field
from bft.core.lean import lean
from bft.core.request import Proposal, Request
from bft.core.shape import Bits, Digest, Natural, checks

NO_ROUND = -1
"""The round of a lock, or of a valid value, where there is none."""


@lean
class Propose(BySender):
    """PROPOSAL(h, r, v, vr): the proposer's value, and the round in which it had a polka, or -1 (line 19)."""

    height: Natural
    round: Natural
    proposal: Proposal
    valid_round: int
    replica: int
    signature: bytes = signature_field()

    @property
    def digest(self) -> str:
        """The id of the value."""
        return self.proposal.digest


@lean
class Prevote(BySender):
    """PREVOTE(h, r, id(v) or nil)."""

    height: Natural
    round: Natural
    digest: Digest | None
    replica: int
    signature: bytes = signature_field()


@lean
class Precommit(BySender):
    """PRECOMMIT(h, r, id(v) or nil)."""

    height: Natural
    round: Natural
    digest: Digest | None
    replica: int
    signature: bytes = signature_field()


Vote = Prevote | Precommit


@lean
class Polka:
    """A quorum of prevotes for one value in one round, provable to anyone."""

    height: Natural
    round: Natural
    digest: Digest
    prevotes: tuple[Prevote, ...]


@lean
class Decision:
    """A value with the precommits that decide it, provable to anyone."""

    height: Natural
    round: Natural
    proposal: Proposal
    precommits: tuple[Precommit, ...]


@lean
class Held:
    """What a replica holds of one round: ids of proposals, a bit for each voter heard, whether it has a polka."""

    round: Natural
    proposals: tuple[Digest, ...]
    prevotes: Bits
    precommits: Bits
    polka: bool


@lean
class Status(BySender):
    """A replica that waits tells the others where it is and what it holds, so that they send what it lacks."""

    height: Natural
    round: int
    held: tuple[Held, ...]
    replica: int
    signature: bytes = signature_field()


@lean
class CatchUp(BySender):
    """What a replica lacks: decisions of the heights that it has missed, and messages of its own height."""

    decisions: tuple[Decision, ...]
    proposals: tuple[Propose, ...]
    prevotes: tuple[Prevote, ...]
    precommits: tuple[Precommit, ...]
    polkas: tuple[Polka, ...]
    replica: int
    signature: bytes = signature_field()


MESSAGES = (Propose, Prevote, Precommit, Status, CatchUp, Request)
"""What one replica sends another."""

well_formed = checks(*MESSAGES)
"""The exact type of every field, see `bft.core.shape`."""
