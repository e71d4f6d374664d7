"""The messages of PBFT (Castro & Liskov, OSDI'99; § below refers to it) and the certificates made of them.

Every message names its signer in `replica`. Signatures take no part in equality: messages that say the same are equal.
"""

from __future__ import annotations

from bft.core.by_sender import BySender, signature_field
from bft.core.lean import lean
from bft.core.request import Proposal, Request
from bft.core.shape import Bits, Digest, checks
from bft.core.state_machine import Snapshot


@lean
class PrePrepare(BySender):
    """The primary assigns `seq` to a proposal (§4.2)."""

    view: int
    seq: int
    digest: Digest
    proposal: Proposal
    replica: int
    signature: bytes = signature_field()


@lean
class Prepare(BySender):
    """A backup, whose validator accepted the proposal, agrees to its place in the order (§4.2)."""

    view: int
    seq: int
    digest: Digest
    replica: int
    signature: bytes = signature_field()


@lean
class Commit(BySender):
    """A replica holds a prepared certificate (§4.2)."""

    view: int
    seq: int
    digest: Digest
    replica: int
    signature: bytes = signature_field()


@lean
class Checkpoint(BySender):
    """The digest of the state after executing `seq` (§4.3)."""

    seq: int
    state_digest: Digest
    replica: int
    signature: bytes = signature_field()


@lean
class PreparedCertificate:
    """A pre-prepare with the prepares that match it: the set P_m of §4.4."""

    preprepare: PrePrepare
    prepares: tuple[Prepare, ...]


@lean
class ViewChange(BySender):
    """A replica leaves for `view`, with its stable checkpoint and all that it prepared above it (§4.4)."""

    view: int
    low: int
    checkpoint_proof: tuple[Checkpoint, ...]
    prepared: tuple[PreparedCertificate, ...]
    replica: int
    signature: bytes = signature_field()


@lean
class NewView(BySender):
    """The primary of `view` shows why it may start and what the view carries over: V and O of §4.4."""

    view: int
    view_changes: tuple[ViewChange, ...]
    preprepares: tuple[PrePrepare, ...]
    replica: int
    signature: bytes = signature_field()


@lean
class Decision:
    """A proposal with the commits that make it final, provable to anyone."""

    view: int
    seq: int
    proposal: Proposal
    commits: tuple[Commit, ...]


@lean
class Held:
    """What a replica holds of one number in its view: the pre-prepare, and a bit for each voter heard."""

    seq: int
    preprepare: bool
    prepares: Bits
    commits: Bits


NOTHING_HELD = Held(0, False, 0, 0)


@lean
class Status(BySender):
    """A replica that waits tells the others how far it is and what it holds, so that they resend what it lacks.

    (Castro & Liskov, TOCS 2002, §5.2: retransmission driven by the receiver.)
    """

    view: int
    active: bool
    last_executed: int
    low: int
    held: tuple[Held, ...]
    replica: int
    signature: bytes = signature_field()


@lean
class CatchUp(BySender):
    """What a replica left behind lacks: a proved snapshot, decisions with their commits, or both."""

    checkpoint_proof: tuple[Checkpoint, ...]
    snapshot: Snapshot | None
    decisions: tuple[Decision, ...]
    replica: int
    signature: bytes = signature_field()


MESSAGES = (PrePrepare, Prepare, Commit, Checkpoint, ViewChange, NewView, Status, CatchUp, Request)
"""What one replica sends another."""

well_formed = checks(*MESSAGES)
"""The exact type of every field, see `bft.core.shape`. A replica's own votes, made of parts that it has checked, are
marked as well formed when they are made: the hot path looks at the mark alone, see `normal_case.on_prepare`."""
