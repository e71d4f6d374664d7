"""Judge, then vote: every voter approves of all the answers that it accepts, and the most approved one wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from bft.core.quorum import QuorumSystem
from bft.voting.additive import additive_standing
from bft.voting.rule import Standing
from bft.voting.vote import Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """An answer needs the approval of a quorum; of several that have it, the one with the most weight wins.

    A voter may approve of several answers, so two answers can have a quorum without anybody voting twice. Then a single
    voter that does vote twice may put one ahead at some replicas and the other elsewhere: this quorum protects less
    than that of `Quorum`.

    Attributes
    ----------
    system : QuorumSystem
        Weights and quorum.
    """

    judged: ClassVar[bool] = True
    """Voters judge the answers of all before they vote."""

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
