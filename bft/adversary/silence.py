"""Nodes that say less than they should: a primary that does not lead, a voter that does not vote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from bft.adversary.node import FaultyNode, Started
from bft.core.effects import Broadcast, Send
from bft.core.inputs import Input
from bft.protocols.protocol import Role


def _without(node: FaultyNode, effects: Sequence[object], roles: tuple[Role, ...], what: str) -> list[object]:
    """Return the effects without messages of these roles, counting what was kept back."""
    kinds = node.kinds(roles)
    kept: list[object] = []
    for effect in effects:
        if isinstance(effect, (Send, Broadcast)) and isinstance(effect.message, kinds):
            node.count(what)
        else:
            kept.append(effect)
    return kept


@dataclass(frozen=True, slots=True)
class SilentPrimary:
    """As a backup the node is honest; as a primary it proposes nothing and starts no view."""

    byzantine: ClassVar[bool] = True
    memoryless: ClassVar[bool] = True
    takes: ClassVar[tuple[Role, ...]] = (Role.PROPOSAL, Role.LEADERSHIP)

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Keep back proposals, and what starts a view."""
        del now, event
        return _without(node, effects, self.takes, "proposals kept back") if effects else effects


@dataclass(frozen=True, slots=True)
class Withhold:
    """The node follows everything and never votes, proposes or starts a view; it does help to leave one."""

    byzantine: ClassVar[bool] = True
    memoryless: ClassVar[bool] = True
    voice: ClassVar[str] = "silent"
    takes: ClassVar[tuple[Role, ...]] = (Role.PROPOSAL, Role.VOTE, Role.LEADERSHIP)

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Keep back proposals, votes, and what starts a view."""
        del now, event
        return _without(node, effects, self.takes, "votes withheld") if effects else effects
