"""What a member has seen others sign: the place where equivocation comes to light.

An equivocating primary tells each half of the members another value, so nobody hears both from it. But who votes for a
value that is not the one I was shown has been shown another; so I show it mine. One of us two then holds both, each
with the primary's signature.
"""

from __future__ import annotations

from bft.protocols.pbft.evidence import Evidence, Vote, place_of, said_by, well_formed
from bft.protocols.pbft.messages import Checkpoint, Commit, Prepare, PrePrepare

VOTES = frozenset({PrePrepare, Prepare, Commit, Checkpoint})
LARGEST = 1 << 12
"""Votes that are remembered; the oldest go first."""


class Witnessed:
    """The first vote of each member at each place, as far as it was heard from the member itself."""

    def __init__(self) -> None:
        self._votes: dict[tuple[object, ...], Vote] = {}
        self._shown: set[tuple[int, int, int]] = set()
        self._forgotten = 0

    def hear(self, vote: object) -> Evidence | None:
        """Take in a vote; return it with an earlier one that it contradicts. Signatures are left to the caller."""
        if vote.__class__ not in VOTES or not well_formed(vote):
            return None
        first = self._votes.setdefault(place_of(vote), vote)  # type: ignore[arg-type]
        if first is not vote:
            return _contradiction(first, vote)  # type: ignore[arg-type]
        if len(self._votes) > LARGEST:
            del self._votes[next(iter(self._votes))]
        return None

    def compare(self, vote: object) -> Evidence | None:
        """Return a vote with what was heard from its signer and contradicts it; what others pass on is not kept."""
        if vote.__class__ not in VOTES or not well_formed(vote):
            return None
        first = self._votes.get(place_of(vote))  # type: ignore[arg-type]
        return None if first is None else _contradiction(first, vote)  # type: ignore[arg-type]

    def to_show(self, vote: Prepare | Commit, sender: int, primary: int) -> PrePrepare | None:
        """Return the pre-prepare to show to somebody who votes for another value than the one shown to me; once."""
        mine = self._votes.get(("PrePrepare", vote.view, vote.seq, primary))
        if not isinstance(mine, PrePrepare) or mine.digest == vote.digest:
            return None
        shown = (sender, vote.view, vote.seq)
        if shown in self._shown:
            return None
        self._shown.add(shown)
        return mine

    def forget_through(self, seq: int) -> None:
        """Drop what lies at or below a number."""
        if seq <= self._forgotten:
            return
        self._forgotten = seq
        self._votes = {place: vote for place, vote in self._votes.items() if vote.seq > seq}
        self._shown = {shown for shown in self._shown if shown[2] > seq}


def _contradiction(first: Vote, second: Vote) -> Evidence | None:
    """Return two votes of one place together, if they say different things."""
    return None if said_by(first) == said_by(second) else Evidence(first, second)
