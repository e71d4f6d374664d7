"""What a replica has heard of one round: proposals, and the first prevote and the first precommit of each voter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from bft.core.replica_state import Clonable
from bft.protocols.tendermint.messages import Precommit, Prevote, Propose

V = TypeVar("V", bound=Prevote | Precommit)

PROPOSALS = 2
"""Proposals of one round that are kept for their own sake; others only once a weak quorum has voted for them. A correct
proposer makes one, and of a faulty one's the one that a quorum is for is needed (lines 36, 49)."""


class Tally(Clonable, Generic[V], copied="votes weights proofs"):
    """The votes of one type in one round.

    Attributes
    ----------
    votes : dict
        The first of each voter.
    weights : dict
        Their weight, by what they are for; None is nil.
    total : int
        Their weight together.
    proofs : dict
        By value, votes that came as a certificate: a quorum of distinct voters, some of whom may have voted otherwise
        before this replica's eyes.
    """

    __slots__ = ("proofs", "total", "votes", "weights")

    def __init__(self) -> None:
        self.votes: dict[int, V] = {}
        self.weights: dict[str | None, int] = {}
        self.total = 0
        self.proofs: dict[str, tuple[V, ...]] = {}

    def votes_for(self, digest: str) -> tuple[V, ...]:
        """Return the votes that make the quorum for a value, in the order in which they came."""
        proof = self.proofs.get(digest)
        return tuple([vote for vote in self.votes.values() if vote.digest == digest]) if proof is None else proof


class RoundLog(Clonable, copied="proposals polkas decided", cloned="prevotes precommits"):
    """One round of one height.

    Attributes
    ----------
    round : int
        Which.
    proposals : dict
        By id, in the order in which they came.
    prevotes, precommits : Tally
        The votes.
    polkas, decided : list of str
        Values with a quorum of prevotes, of precommits, in the order in which they got it.
    prevote_timer_set, precommit_timer_set : bool
        Whether lines 34 and 47, which hold for the first time only, have fired.
    followed : bool
        Whether line 36, likewise, has fired.
    """

    __slots__ = (
        "decided",
        "followed",
        "polkas",
        "precommit_timer_set",
        "precommits",
        "prevote_timer_set",
        "prevotes",
        "proposals",
        "round",
    )

    def __init__(self, round_: int) -> None:
        self.round = round_
        self.proposals: dict[str, Propose] = {}
        self.prevotes: Tally[Prevote] = Tally()
        self.precommits: Tally[Precommit] = Tally()
        self.polkas: list[str] = []
        self.decided: list[str] = []
        self.prevote_timer_set = self.precommit_timer_set = self.followed = False

    def senders(self) -> Iterable[int]:
        """Return the distinct senders of anything in this round (line 55)."""
        found = {*self.prevotes.votes, *self.precommits.votes}
        found.update([each.replica for each in self.proposals.values()])
        return found
