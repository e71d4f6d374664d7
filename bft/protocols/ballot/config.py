"""What a replica of a ballot is told at its birth."""

from __future__ import annotations

from dataclasses import dataclass

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.voting import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotConfig:
    """Parameters of a ballot; equal at all replicas.

    Attributes
    ----------
    system : QuorumSystem
        The nodes and their weights; what decides is the rule.
    rule : Rule
        How votes become a decision.
    deadline_s : float
        After so many seconds whoever has not voted abstains. A ballot with judges has two rounds of that length.
    retransmit_s : float or None
        An undecided replica asks for what it lacks after so many seconds, then after twice as many, …, at last every 8
        times as many; None never.
    judged : bool
        Whether validators judge all answers before they vote.
    """

    system: QuorumSystem
    rule: Rule
    deadline_s: float = 10.0
    retransmit_s: float | None = 5.0
    judged: bool = False

    def __post_init__(self) -> None:
        if not self.deadline_s > 0:
            raise ScenarioError(bad_value("deadline_s", self.deadline_s, "must be more than 0 seconds"))
        if self.retransmit_s is not None and not self.retransmit_s > 0:
            raise ScenarioError(bad_value("retransmit_s", self.retransmit_s, "must be more than 0 seconds"))
