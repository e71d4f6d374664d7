"""When those who wait ask for what they lack, and whether an answer could tell them anything sooner.

In a network that loses nothing every vote arrives by itself. An answer makes a difference only if it brings something
before that: somebody holds a vote, or a proof, when it is asked, that reaches the one who asks later still. Where that
could be, the replication is left to the event engine. What asking always does is to take a broadcast's delays.
"""

from __future__ import annotations

from math import inf

import numpy as np

from bft.protocols.ballot.catch_up import ASKS_AT_LEAST_EVERY
from bft.randomness import Floats
from bft.scenario import Scenario
from bft.vectorised.streams import Flags, Ints


class Patience:
    """The times at which an undecided node asks.

    Parameters
    ----------
    scenario : Scenario
        With or without retransmission.

    Attributes
    ----------
    asks_s : ndarray
        In ascending order, up to the end of the run.
    """

    def __init__(self, scenario: Scenario) -> None:
        times_s, number = [], 0
        at_s, wait_s = 0.0, scenario.retransmit_s
        while scenario.retransmission:
            at_s += wait_s
            if at_s > scenario.end_s:
                break
            times_s.append(at_s)
            number = min(number + 1, ASKS_AT_LEAST_EVERY)
            wait_s = scenario.retransmit_s * min(2**number, ASKS_AT_LEAST_EVERY)
        self.asks_s = np.array(times_s)

    @property
    def first_s(self) -> float:
        """When a node asks first; infinity for never."""
        return float(self.asks_s[0]) if len(self.asks_s) else inf

    def before(self, times_s: Floats) -> Ints:
        """Return how often a node has asked before each time."""
        if not len(self.asks_s):
            return np.zeros(times_s.shape, dtype=np.intp)
        return np.searchsorted(self.asks_s, times_s)

    def at(self, times_s: Floats) -> Flags:
        """Return which times are those of a question: what comes first then is not followed."""
        return np.isin(times_s, self.asks_s)
