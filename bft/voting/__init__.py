"""Voting rules: votes come one by one, and a rule says what they decide, or that they no longer can.

A rule is a frozen dataclass with one method, `standing`; `Rule` says what it must return. Rules that add up weights get
it from `additive_standing`, which is exact: they stop at the first vote after which nothing can change the decision. A
rule that is only known as a function of all votes becomes one through `Exhaustive`, and `gaps` tries any rule against
every completion of every small ballot.
"""

from __future__ import annotations

from bft.voting.additive import Ties, additive_standing
from bft.voting.approval import Approval
from bft.voting.completions import gaps
from bft.voting.confidence import ConfidenceWeighted
from bft.voting.counting import Counting, counting_of
from bft.voting.diverse import Diverse
from bft.voting.exhaustive import Exhaustive
from bft.voting.log_odds import known_log_odds_weights, log_odds_weights
from bft.voting.plurality import Plurality
from bft.voting.quorum import Quorum
from bft.voting.rule import IMPOSSIBLE, OPEN, Rule, Standing, State, decided
from bft.voting.vote import Vote
from bft.voting.weighted import Weighted

__all__ = [
    "IMPOSSIBLE",
    "OPEN",
    "Approval",
    "ConfidenceWeighted",
    "Counting",
    "Diverse",
    "Exhaustive",
    "Plurality",
    "Quorum",
    "Rule",
    "Standing",
    "State",
    "Ties",
    "Vote",
    "Weighted",
    "additive_standing",
    "counting_of",
    "decided",
    "gaps",
    "known_log_odds_weights",
    "log_odds_weights",
]
