"""What a new view carries over: the set O of §4.4, a pure function of the view-changes in V.

Backups compute it again from the same V, so it must not depend on their order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bft.core.request import NULL_PROPOSAL, Proposal
from bft.protocols.pbft.messages import Checkpoint, PrePrepare, ViewChange


@dataclass(frozen=True, slots=True)
class Carried:
    """The sequence numbers min-s (a proved stable checkpoint) to max-s, and what stands at each between them."""

    min_seq: int
    max_seq: int
    checkpoint_proof: tuple[Checkpoint, ...]
    proposals: tuple[tuple[int, Proposal], ...]

    def preprepares(self, view: int, primary: int) -> tuple[PrePrepare, ...]:
        """Return the unsigned pre-prepares of O for the new view."""
        return tuple(PrePrepare(view, seq, proposal.digest, proposal, primary) for seq, proposal in self.proposals)


def carry_over(view_changes: Iterable[ViewChange]) -> Carried:
    """Choose what the new view starts with.

    For each number above the latest stable checkpoint that any view-change proves, the proposal prepared in the
    *highest* view; where nothing was prepared, the null request, so that no gap remains (§4.4).

    Parameters
    ----------
    view_changes : iterable of ViewChange
        Valid view-changes of distinct senders, in any order.
    """
    by_sender = sorted(view_changes, key=lambda message: message.replica)
    base = max(by_sender, key=lambda message: message.low)  # §4.4: min-s, the latest stable checkpoint in V
    latest: dict[int, PrePrepare] = {}
    for message in by_sender:
        for certificate in message.prepared:
            new = certificate.preprepare
            kept = latest.get(new.seq)
            if kept is None or new.view > kept.view:  # §4.4: the highest view number in V
                latest[new.seq] = new
    max_seq = max([base.low, *latest])  # §4.4: max-s, the highest number in a prepare in V
    return Carried(
        min_seq=base.low,
        max_seq=max_seq,
        checkpoint_proof=base.checkpoint_proof,
        proposals=tuple(
            (seq, latest[seq].proposal if seq in latest else NULL_PROPOSAL) for seq in range(base.low + 1, max_seq + 1)
        ),
    )
