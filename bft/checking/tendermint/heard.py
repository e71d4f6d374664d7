"""What one node has heard of a height, counted anew and naively: who sent anything in which round, and for what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bft.core.inputs import Deliver
from bft.protocols.tendermint.messages import CatchUp, Precommit, Prevote, Propose, well_formed

Said = Propose | Prevote | Precommit


class Heard:
    """The log of one node, by height and round; what it forgets at a crash stays here.

    Attributes
    ----------
    senders : dict
        Per (height, round) the distinct senders of anything.
    prevotes, precommits : dict
        Per (height, round) and value (None is nil) the distinct voters.
    proposed : dict
        Per (height, round) the proposals that were heard, as (digest, valid round, sender).
    """

    def __init__(self) -> None:
        self.senders: dict[tuple[int, int], set[int]] = {}
        self.prevotes: dict[tuple[int, int], dict[str | None, set[int]]] = {}
        self.precommits: dict[tuple[int, int], dict[str | None, set[int]]] = {}
        self.proposed: dict[tuple[int, int], set[tuple[str, int, int]]] = {}

    def take(self, message: Said) -> None:
        """Take in a message."""
        place = (message.height, message.round)
        self.senders.setdefault(place, set()).add(message.replica)
        if isinstance(message, Propose):
            self.proposed.setdefault(place, set()).add((message.digest, message.valid_round, message.replica))
            return
        votes = self.prevotes if isinstance(message, Prevote) else self.precommits
        votes.setdefault(place, {}).setdefault(message.digest, set()).add(message.replica)

    def voters(self, place: tuple[int, int]) -> set[int]:
        """Return who precommitted anything in a round."""
        return set().union(*self.precommits.get(place, {}).values())

    def forget_below(self, height: int) -> None:
        """Drop what is of heights below."""
        tables: tuple[dict[tuple[int, int], Any], ...] = (self.senders, self.prevotes, self.precommits, self.proposed)
        for table in tables:
            for place in [place for place in table if place[0] < height]:
                del table[place]


def messages_in(event: Deliver) -> Iterator[tuple[Said, bool]]:
    """Yield the proposals and votes that an input brings, and whether they come from their own sender."""
    message: Any = event.message
    if not isinstance(message, Propose | Prevote | Precommit | CatchUp) or not well_formed(message):
        return
    if not isinstance(message, CatchUp):
        yield message, message.replica == event.sender
        return
    if message.replica != event.sender:
        return
    passed: list[Said] = [*message.proposals, *message.prevotes, *message.precommits]
    for each in passed:
        yield each, False
    for polka in message.polkas:
        for prevote in polka.prevotes:
            yield prevote, False
    for decision in message.decisions:
        for precommit in decision.precommits:
            yield precommit, False
