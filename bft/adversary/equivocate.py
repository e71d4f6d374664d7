"""Equivocation: a coalition tries to split the honest replicas by the strongest attack known on their protocol.

A protocol brings its attack in its description, or has a scripted one in `attacks`. On any other, each member runs two
honest replicas under its one key (`twins`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from bft.adversary.node import FaultyNode, Started
from bft.adversary.twins import Twins
from bft.core.inputs import Input
from bft.protocols.protocol import Protocol
from bft.protocols.registry import companion, load

TWINS = Twins()


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivocate:
    """Play the strongest known attack on the protocol.

    Against PBFT: withhold votes from honest primaries, move on to a primary of the coalition, and split there.

    Attributes
    ----------
    rush : bool
        Leave honest primaries at once even where honest replicas would decide without the coalition. A weak quorum of
        members can do that (they are joined, §4.5.2) and then splits every number of nodes for which two groups exist.
        Other attacks do not know it.
    """

    byzantine: ClassVar[bool] = True
    voice: ClassVar[str] = "silent"
    commits: ClassVar[bool] = True
    rush: bool = False

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Play the protocol's attack; without one, run twins."""
        attack = attack_of(node.protocol)
        if attack is None:
            return TWINS.bend(node, now, event, effects)
        return attack(self, node, now, event, effects)

    def alone(self, node: FaultyNode) -> bool:
        """Whether the node's honest replica is not run at all."""
        return attack_of(node.protocol) is None


@cache
def attack_of(protocol: Protocol) -> Callable[[Any, FaultyNode, float, Any, Sequence[object]], Iterable[object]] | None:
    """Return the scripted attack on a protocol: what it brings, or that of its package in `attacks`; None without."""
    given: Any = protocol.attack
    if isinstance(given, str):
        given = load(given, field=f"protocol {protocol.name}: attack")
    if given is None:
        given = getattr(companion("bft.adversary.attacks", protocol), "attack", None)
    return given  # type: ignore[no-any-return]
