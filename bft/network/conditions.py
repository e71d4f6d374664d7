"""What can be wrong with single links, and for how long: overrides, partitions, partial synchrony."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, model_validator

from bft.network.delays import BoundedDelay, Crossing, Delay, LostCrossing, ParetoDelay
from bft.settings import PositiveSeconds, Probability, Seconds, Settings


class Partition(Settings):
    """For a while, groups of nodes cannot reach each other; messages sent across meanwhile are lost, or delayed.

    Attributes
    ----------
    groups : tuple of tuple of int
        Nodes that still reach each other. Nodes in no group form one more group together.
    start_s, end_s : float
        From when to when, in seconds; the partition heals at `end_s`.
    one_way : bool
        Only what the first group sends to others is cut off; what it is sent still arrives.
    crossing : {"lost", "held"} or Delay
        What becomes of a message that is sent across: it is lost; it is held back until the partition heals, and takes
        the link's delay from then on; or it takes a time of this law instead of the link's, whenever that ends.
    """

    _written_if_set: ClassVar[frozenset[str]] = frozenset({"one_way", "crossing"})

    groups: tuple[tuple[int, ...], ...]
    start_s: Seconds = 0.0
    end_s: float
    one_way: bool = False
    crossing: Crossing = LostCrossing()

    @model_validator(mode="after")
    def _sound(self) -> Partition:
        if not self.end_s > self.start_s:
            raise ValueError(f"end_s = {self.end_s}: must be later than start_s = {self.start_s}")
        members = [node for group in self.groups for node in group]
        if len(set(members)) != len(members):
            raise ValueError(f"groups = {self.groups}: must not name a node twice")
        if self.one_way and not self.groups:
            raise ValueError("groups = (): must name the group that is not heard")
        return self

    @property
    def delays(self) -> bool:
        """Whether messages arrive nevertheless, later."""
        return not isinstance(self.crossing, LostCrossing)

    def cuts(self, sender: int, recipient: int, now_s: float) -> bool:
        """Return whether what `sender` sends to `recipient` now has to cross the partition."""
        if not self.start_s <= now_s < self.end_s:
            return False
        sides = [
            next((index for index, group in enumerate(self.groups) if node in group), None)
            for node in (sender, recipient)
        ]
        return sides[0] != sides[1] and not (self.one_way and sides[0] != 0)


class Link(Settings):
    """What is different on some links; where several speak of one link, the last one that has a value decides.

    Attributes
    ----------
    senders, recipients : tuple of int, optional
        From whom and to whom, each to each; by default everybody.
    delay : Delay, optional
        Law of the delay; it takes the place of region, graph and `network.delay`.
    loss, duplication, reordering : float, optional
        Probability that a message is lost, arrives twice, or is held back so that later ones overtake it.
    """

    senders: tuple[int, ...] | None = None
    recipients: tuple[int, ...] | None = None
    delay: Delay | None = None
    loss: Probability | None = None
    duplication: Probability | None = None
    reordering: Probability | None = None

    def speaks_of(self, sender: int, recipient: int) -> bool:
        """Return whether a link is among those meant."""
        return (self.senders is None or sender in self.senders) and (
            self.recipients is None or recipient in self.recipients
        )


class PartialSynchrony(Settings):
    """Messages take any time before the global stabilisation time, and at most Δ after it.

    A message sent at t < GST takes a time of the law `before`, but arrives by GST + Δ; one that is sent later takes
    the link's own time, or Δ if that is less. Losses stay as they are set.

    Attributes
    ----------
    gst_s : float
        Global stabilisation time; the protocol does not know it.
    delta_s : float
        Δ, the bound on one link from then on.
    before : Delay or {law = "adversarial"}
        How long messages take before: by default a heavy tail; the adversary's law always uses the bound.

    References
    ----------
    Dwork, Lynch & Stockmeyer, *Consensus in the presence of partial synchrony*, JACM 35 (1988).
    """

    gst_s: Seconds
    delta_s: PositiveSeconds
    before: BoundedDelay = ParetoDelay(scale_s=0.5, shape=0.8)


def read_count(value: object) -> object:
    """Refuse true and false as numbers of nodes."""
    if isinstance(value, bool):
        raise ValueError("must be a whole number")
    return value


Count = Annotated[int, BeforeValidator(read_count), Field(ge=1)]
