"""What a run cost the network, where more than delays are simulated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkMetrics:
    """Counts and times of links, relays and queues.

    Attributes
    ----------
    transmissions : int
        Messages put on links, each link on the way counted.
    bytes_sent : int
        Their bytes.
    bytes_by_kind : mapping of str to int
        The same by type of message.
    relayed : int
        Transmissions by nodes that passed on what others had sent.
    duplicates : int
        Copies that were dropped because the message had arrived before.
    delayed : int
        Transmissions across a partition that arrive nevertheless, later.
    lost_by : mapping of str to int
        Transmissions that came to nothing, by reason: link, partition, crashed node, Byzantine relay, altered, queue
        full.
    uplink_wait_s, uplink_longest_wait_s : float
        Mean and longest time for which a message waited for its sender's uplink.
    queue_wait_s, queue_longest_wait_s : float
        Mean and longest time for which work waited for a processor.
    uplink_busy_s, processor_busy_s : float
        Time for which the busiest uplink, and the busiest processor, were in use.
    """

    transmissions: int
    bytes_sent: int
    bytes_by_kind: Mapping[str, int]
    relayed: int
    duplicates: int
    delayed: int
    lost_by: Mapping[str, int]
    uplink_wait_s: float
    uplink_longest_wait_s: float
    queue_wait_s: float
    queue_longest_wait_s: float
    uplink_busy_s: float
    processor_busy_s: float

    def to_json(self) -> dict[str, Any]:
        """Return the metrics as JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        lost = ", ".join(f"{count} {reason}" for reason, count in self.lost_by.items()) or "none"
        return (
            f"{self.transmissions} transmissions of {self.bytes_sent} bytes, {self.relayed} by relays, "
            f"{self.duplicates} duplicates; lost: {lost}"
            + (f"; {self.delayed} delayed by partitions" if self.delayed else "")
        )
