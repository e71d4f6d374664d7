"""Plurality with a quorum: an answer wins with the votes of a quorum, else nothing does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bft.core.quorum import QuorumSystem
from bft.voting.additive import additive_standing
from bft.voting.rule import Standing
from bft.voting.vote import Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """Votes weigh what their voters weigh; an answer needs q.

    Two sets of votes that decide differently share 2q − total of weight, all of it voters that voted twice. So replicas
    cannot be split by less. A quorum of at most half of the total may be held by two answers; the heavier one wins.

    Attributes
    ----------
    system : QuorumSystem
        Weights and quorum.
    """

    system: QuorumSystem

    def standing(self, votes: Sequence[Vote], missing: Sequence[int]) -> Standing:
        """Return what the votes mean; see `Rule.standing`."""
        weights = self.system.weights
        return additive_standing(
            votes,
            missing,
            weigh=lambda vote: weights[vote.voter],
            heaviest=lambda voter: weights[voter],
            need=self.system.quorum,
        )
