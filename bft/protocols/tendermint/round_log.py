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


class Tally(Clonable, Generic[V], copied="votes others proofs"):
    """The votes of one type in one round.

    Attributes
    ----------
    votes : dict
        The first of each voter.
    value, weight : str or None, int
        What the first vote is for, None being nil, and the weight of all votes for that: nearly always of all votes.
    others : dict
        The weight of votes for anything else.
    proofs : dict
        By value, votes that came as a certificate: a quorum of distinct voters, some of whom may have voted otherwise
        before this replica's eyes.
    """

    __slots__ = ("others", "proofs", "value", "votes", "weight")

    def __init__(self) -> None:
        self.votes: dict[int, V] = {}
        self.value: str | None = ""
        self.weight = 0
        self.others: dict[str | None, int] = {}
        self.proofs: dict[str, tuple[V, ...]] = {}

    def add(self, digest: str | None, weight: int) -> int:
        """Add the weight of a vote; return that of all votes for the same."""
        if not self.weight:
            self.value = digest
        if digest == self.value:
            self.weight += weight
            return self.weight
        self.others[digest] = weight = self.others.get(digest, 0) + weight
        return weight

    @property
    def weights(self) -> dict[str | None, int]:
        """The weight of votes by what they are for, in the order in which that was first voted for."""
        return {self.value: self.weight, **self.others} if self.weight else {}

    @property
    def total(self) -> int:
        """The weight of all votes together."""
        return self.weight + sum(self.others.values()) if self.others else self.weight

    def votes_for(self, digest: str) -> tuple[tuple[V, ...], tuple[int, ...]]:
        """Return the votes that make the quorum for a value, in the order in which they came, and their voters."""
        if not self.others and not self.proofs:  # all of them, as nearly always
            return tuple(self.votes.values()), tuple(self.votes)
        votes = self.proofs.get(digest)
        if votes is None:
            votes = tuple([vote for vote in self.votes.values() if vote.digest == digest])
        return votes, tuple([vote.replica for vote in votes])


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
