"""The links of one replication: delays, losses and copies, drawn from named streams.

The k-th broadcast of a node has a row of delays of its own, whatever else happens, so that engines which see the same
broadcasts see the same delays. Rows of many replications are drawn, transformed and sorted at once.
"""

from __future__ import annotations

from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bft.network.delays import DelayLaw
from bft.network.draws import BROADCASTS, CHUNK_ELEMENTS, SENDS
from bft.network.settings import Network
from bft.randomness import Floats, ReplicationStreams, Tape
from bft.stream_starts import StreamStarts

CONVERTED_AT_ONCE = 16
"""Nodes up to which it costs less to convert the usual rows of all at once than each when it is needed."""
USUAL = 2
"""Broadcasts that every node makes in the normal case."""


class Links:
    """Draws how the messages of one replication travel.

    Parameters
    ----------
    network : Network
        Laws and partitions.
    n : int
        Number of nodes.
    streams : ReplicationStreams
        The streams of the replication.
    """

    def __init__(self, network: Network, n: int, streams: ReplicationStreams) -> None:
        self.network = network
        self._n = n
        self._delay = network.delay
        self._loss = network.loss
        self._duplication = network.duplication
        self._partitions = network.partitions
        self._randomness, self._replication = streams
        self._broadcasts = [0] * n
        self._chunk = max(1, CHUNK_ELEMENTS // n)
        self._chunks: dict[int, tuple[list[list[int]], list[list[float]]]] = {}
        self._rows: tuple[Any, ...] | None = None
        self._usual: tuple[Any, ...] = ()
        self._converted = 0
        self._starts: StreamStarts | None = None
        self._send_delays: Tape | None = None
        self._losses: Tape | None = None
        self.perfect = not (self._loss or self._duplication or self._partitions)
        self.only_lossy = not (self._duplication or self._partitions)

    def broadcast(self, sender: int) -> tuple[list[int], list[float]]:
        """Return the other nodes and their delays in seconds, soonest first, for the sender's next broadcast."""
        index = self._broadcasts[sender]
        self._broadcasts[sender] = index + 1
        if index < self._converted:
            order, delays = self._usual
            return order[sender][index], delays[sender][index]
        if index >= BROADCASTS:
            return self._own_row(sender, index - BROADCASTS)
        if self._rows is None:
            self._rows = self._randomness.rows(
                "broadcast delays", (self._n, BROADCASTS, self._n), self._replication, self._sorted_rows
            )
            if self._n <= CONVERTED_AT_ONCE:
                self._usual = tuple([row[:, :USUAL].tolist() for row in self._rows])
                self._converted = USUAL
        order, delays = self._rows
        return order[sender, index].tolist(), delays[sender, index].tolist()

    def _sorted_rows(self, uniforms: Floats) -> tuple[NDArray[Any], ...]:
        delays = self._delay.sample(uniforms)
        nodes = np.arange(self._n)
        delays[:, nodes, :, nodes] = np.inf  # nobody sends to itself: last in order, and cut off
        return sort_delays(delays)

    def _own_row(self, sender: int, index: int) -> tuple[list[int], list[float]]:
        chunk, row = divmod(index, self._chunk)
        if row == 0:
            if self._starts is None:
                self._starts = self._randomness.starts("broadcast delays", 1, self._replication, nodes=self._n)
            delays = self._delay.sample(self._starts.generator(sender, chunk).random((self._chunk, self._n)))
            delays[:, sender] = np.inf
            recipients, times = sort_delays(delays)
            self._chunks[sender] = recipients.tolist(), times.tolist()
        own = self._chunks[sender]
        return own[0][row], own[1][row]

    def send_delay_s(self, sender: int) -> float:
        """Return the delay of the sender's next message to a single node, in seconds."""
        if self._send_delays is None:
            law: DelayLaw = self._delay
            self._send_delays = Tape(self._randomness, "send delays", self._n, SENDS, self._replication, law.sample)
        return self._send_delays.draw(sender)

    def copies(self, sender: int, recipient: int, now_s: float) -> int:
        """Return how often a message sent now arrives: 0 when lost or cut off, 2 when duplicated."""
        losses = self._losses or self._tape()
        lost = self._loss > 0 and losses.draw(sender) < self._loss
        twice = self._duplication > 0 and losses.draw(sender) < self._duplication
        if lost or (self._partitions and any(each.cuts(sender, recipient, now_s) for each in self._partitions)):
            return 0
        return 2 if twice else 1

    def copies_to_all(self, sender: int, now_s: float) -> list[int]:
        """Return the same for each node, one after the other; of the sender itself 1."""
        return [1 if other == sender else self.copies(sender, other, now_s) for other in range(self._n)]

    def survivors(self, sender: int, recipients: list[int], delays_s: list[float]) -> tuple[list[int], list[float]]:
        """Return whom a broadcast reaches, and when, over links that lose messages and do nothing else to them."""
        loss, drawn = self._loss, (self._losses or self._tape()).draws(sender, self._n - 1)
        if min(drawn, default=1.0) >= loss:
            return recipients, delays_s
        drawn.insert(sender, 0.0)  # one number for each node, as `copies_to_all` draws them
        arrives = [drawn[other] >= loss for other in recipients]
        return list(compress(recipients, arrives)), list(compress(delays_s, arrives))

    def _tape(self) -> Tape:
        """Return the draws of losses and copies."""
        self._losses = Tape(self._randomness, "loss and duplication", self._n, SENDS * self._n, self._replication)
        return self._losses


def sort_delays(delays: Floats) -> tuple[NDArray[Any], ...]:
    """Return recipients and delays, soonest first along the last axis, without the last (the sender itself)."""
    order = np.argsort(delays, axis=-1, kind="stable")
    return order[..., :-1], np.sort(delays, axis=-1)[..., :-1]
