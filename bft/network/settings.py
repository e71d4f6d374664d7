"""The network of a scenario: delay law, loss, duplication, partitions."""

from __future__ import annotations

from pydantic import model_validator

from bft.network.delays import Delay, LognormalDelay
from bft.settings import Probability, Seconds, Settings


class Partition(Settings):
    """For a while, groups of nodes cannot reach each other; messages sent across meanwhile are lost.

    Attributes
    ----------
    groups : tuple of tuple of int
        Nodes that still reach each other. Nodes in no group form one more group together.
    start_s, end_s : float
        From when to when, in seconds; the partition heals at `end_s`.
    """

    groups: tuple[tuple[int, ...], ...]
    start_s: Seconds = 0.0
    end_s: float

    @model_validator(mode="after")
    def _sound(self) -> Partition:
        if not self.end_s > self.start_s:
            raise ValueError(f"end_s = {self.end_s}: must be later than start_s = {self.start_s}")
        members = [node for group in self.groups for node in group]
        if len(set(members)) != len(members):
            raise ValueError(f"groups = {self.groups}: must not name a node twice")
        return self


class Network(Settings):
    """How messages travel.

    Attributes
    ----------
    delay : Delay
        Law of the delay of each message on each link.
    loss, duplication : float
        Probability that a message is lost, or delivered a second time, independently.
    partitions : tuple of Partition
        Times at which groups are cut off from each other.
    """

    delay: Delay = LognormalDelay()
    loss: Probability = 0.0
    duplication: Probability = 0.0
    partitions: tuple[Partition, ...] = ()
