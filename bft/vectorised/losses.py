"""Which copies of broadcasts are lost, drawn from the same tapes as in the event engine.

Every sender takes one uniform a copy, in ascending order of the recipients. In a single view without retransmission
nobody broadcasts more than twice, so the tapes do not run out.
"""

from __future__ import annotations

import numpy as np

from bft.network.draws import SENDS
from bft.scenario import Scenario
from bft.vectorised.streams import Flags, Ints, Streams


class Losses:
    """The losses of some replications.

    Parameters
    ----------
    scenario : Scenario
        With losses, but no copies: a copy's draw would stand between.
    streams : Streams
        The streams of the seed.
    replications : range
        Successive ones.
    first : int
        Position of the first.
    """

    def __init__(self, scenario: Scenario, streams: Streams, replications: range, first: int) -> None:
        n = scenario.n
        drawn = streams.uniforms("loss and duplication", (n, SENDS * n), replications)
        self._first = first
        self._lost = drawn < scenario.network.loss
        nodes = np.arange(n)
        # Nobody sends to itself: a recipient above the sender has a place less.
        self._place = np.minimum(nodes[:, None] - (nodes[:, None] > nodes), n - 2)

    def lost(self, which: Ints, row: Ints) -> Flags:
        """Return which copies of one broadcast of every node are lost, shape (which, recipient, sender)."""
        n = row.shape[1]
        place = row[:, None, :] * (n - 1) + self._place
        return np.asarray(self._lost[which[:, None, None] - self._first, np.arange(n), place])

    def copies(self, which: Ints, sender: Ints, row: Ints) -> Flags:
        """Return which copies of single broadcasts are lost, shape (broadcasts, recipient)."""
        n = len(self._place)
        place = row[:, None] * (n - 1) + self._place[:, sender].T
        return np.asarray(self._lost[which[:, None] - self._first, sender[:, None], place])
