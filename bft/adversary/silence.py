"""Nodes that say less than they should: a primary that does not lead, a voter that does not vote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from bft.adversary.node import FaultyNode, Started
from bft.core.effects import Broadcast, Send
from bft.core.inputs import Input
from bft.protocols.ballot.messages import Approve, Cast, Certificate
from bft.protocols.pbft.messages import Commit, NewView, Prepare, PrePrepare


def _without(node: FaultyNode, effects: Sequence[object], kinds: tuple[type, ...], what: str) -> list[object]:
    """Return the effects without messages of these kinds, counting what was kept back."""
    kept: list[object] = []
    for effect in effects:
        if isinstance(effect, Send | Broadcast) and isinstance(effect.message, kinds):
            node.count(what)
        else:
            kept.append(effect)
    return kept


@dataclass(frozen=True, slots=True)
class SilentPrimary:
    """As a backup the node is honest; as a primary it proposes nothing and starts no view."""

    byzantine: ClassVar[bool] = True
    memoryless: ClassVar[bool] = True

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Keep back pre-prepares and new-views."""
        del now, event
        return _without(node, effects, (PrePrepare, NewView), "proposals kept back")


@dataclass(frozen=True, slots=True)
class Withhold:
    """The node follows everything and never votes, proposes or starts a view; it does help to leave one."""

    byzantine: ClassVar[bool] = True
    memoryless: ClassVar[bool] = True
    voice: ClassVar[str] = "silent"

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Keep back pre-prepares, prepares, commits and new-views, and all votes of a ballot."""
        del now, event
        votes = (PrePrepare, Prepare, Commit, NewView, Cast, Approve, Certificate)
        return _without(node, effects, votes, "votes withheld")
