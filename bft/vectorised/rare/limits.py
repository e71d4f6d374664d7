"""Numbers of faulty nodes and of failing validators with which an outcome is impossible, whoever they are.

Every argument is about votes. A node that is honest, right, and accepts the right answer is good. Where the good are a
quorum and one of them leads, its view decides unless one before it did: nothing stalls. A wrong answer needs a quorum
that accept it. The worst case is that those who fail are the heaviest, and no two of the numbers count the same node.
"""

from __future__ import annotations

import numpy as np

from bft.adversary.equivocate import Equivocate
from bft.adversary.lie import Collude, Lie
from bft.adversary.silence import SilentPrimary, Withhold
from bft.randomness import Floats
from bft.record.outcome import Outcome
from bft.scenario import Scenario
from bft.validators.check_settings import JudgeSettings


class Limits:
    """What can happen in a scenario.

    Parameters
    ----------
    scenario : Scenario
        One that the vectorised engine supports without timing.
    outcomes : tuple of Outcome
        The event.
    alike : ndarray
        How many of j failing validators may give one wrong answer.
    counted : bool
        Whether all who fail are counted in j.
    """

    def __init__(self, scenario: Scenario, outcomes: tuple[Outcome, ...], alike: Floats, *, counted: bool) -> None:
        system, kinds = scenario.system, scenario.faults.behaviour
        self._outcomes, self._alike, self._counted = outcomes, alike, counted
        self._heaviest = np.concatenate([[0], np.cumsum(sorted(system.weights, reverse=True))])
        self._lightest = np.concatenate([[0], np.cumsum(sorted(system.weights))])
        self._n, self._quorum, self._total = system.n, system.quorum, system.total
        self._turns = min(system.n, scenario.view_limit or system.n)
        self._judges = isinstance(getattr(scenario.validators, "check", None), JudgeSettings)
        self._equivocate = any(isinstance(kind, Equivocate) for kind in kinds)
        self._liars = any(isinstance(kind, Lie | Collude) for kind in kinds)
        self._all_vote = all(isinstance(kind, SilentPrimary) for kind in kinds)
        quorum_alone = max(system.weights) >= system.quorum
        quiet = (Withhold, SilentPrimary) if quorum_alone else (Withhold,)
        self._private = any(isinstance(kind, quiet) for kind in kinds)

    def possible(self, faulty: int, failing: int) -> bool:
        """Whether the event can happen with so many faulty nodes and failing validators."""
        return any(self._can(outcome, faulty, failing) for outcome in self._outcomes)

    def _can(self, outcome: Outcome, faulty: int, failing: int) -> bool:
        if self._equivocate and faulty:
            return outcome in (Outcome.STALLED, Outcome.SPLIT, Outcome.AGREED_CORRECT)
        if outcome is Outcome.STALLED:
            return not self._counted or not self._right_decided(faulty, failing)
        if outcome is Outcome.AGREED_CORRECT:
            most = self._total - int(self._lightest[failing])
            return not self._counted or self._judges or most >= self._quorum
        if outcome is Outcome.AGREED_WRONG:
            if self._judges or not self._counted:
                return not self._counted or faulty * self._liars + failing > 0
            alike = min(self._n, int(self._alike[failing]) + faulty * self._liars)
            return int(self._heaviest[alike]) >= self._quorum
        # Without votes in private all who are honest decide together, or nobody; and there is always a right answer.
        return outcome is not Outcome.AGREED and self._private and faulty > 0

    def _right_decided(self, faulty: int, failing: int) -> bool:
        bad = min(self._n, faulty + failing)
        silent = failing if self._all_vote else bad
        certain = self._total - int(self._heaviest[silent]) >= self._quorum and bad < self._turns
        alone = self._private and faulty and int(self._heaviest[bad]) >= self._quorum
        return certain and not alone
