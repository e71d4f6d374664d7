"""Calls that never answer: after a while the caller gives up, and what it gets is a failure, never an answer.

There is no trustworthy base rate; 1 % is an assumption, to be swept from 0 to 20 %. Retries and fallbacks are left to
the resilience policies.
"""

from __future__ import annotations

from bft.randomness import Randomness, Tape
from bft.settings import PositiveSeconds, Settings
from bft.validators.quantities import Probabilities, each_node

PURPOSE = "validators.timeouts"
CALLS_IN_BLOCK = 4


class TimeoutSettings(Settings):
    """How often calls time out; one value for all nodes or one for each."""

    share: Probabilities = 0.01
    """Probability that a call never answers."""

    after_s: PositiveSeconds = 30.0
    """After how many seconds the caller gives up."""

    def law(self, n: int) -> tuple[float, ...]:
        """Return each node's probability.

        Raises `ScenarioError` if a list has not one value for each node.
        """
        return each_node("validators.timeouts.share", self.share, n)


class Timeouts:
    """The timeouts of one replication; each node's calls take its own draws one after another."""

    __slots__ = ("_share", "_tape", "after_s")

    def __init__(self, share: tuple[float, ...], after_s: float, randomness: Randomness, replication: int) -> None:
        self.after_s = after_s
        self._share = share
        self._tape = Tape(randomness, PURPOSE, len(share), CALLS_IN_BLOCK, replication)

    def next(self, node: int) -> bool:
        """Return whether the node's next call never answers."""
        return self._tape.draw(node) < self._share[node]
