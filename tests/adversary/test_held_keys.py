"""A faulty node signs with the keys that the adversary holds, and with no other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

import bft
from bft.adversary.node import FaultyNode
from bft.core.effects import Broadcast
from bft.errors import ScenarioError
from bft.protocols.pbft.messages import Prepare


@dataclass(frozen=True)
class SignsFor:
    """Sends its prepares in the name of a node."""

    name: int
    byzantine: ClassVar[bool] = True

    def bend(self, node: FaultyNode, now: float, event: object, effects: Sequence[object]) -> Iterable[object]:
        """Replace the sender of every prepare, and sign it."""
        bent: list[object] = []
        for effect in effects:
            if isinstance(effect, Broadcast) and isinstance(effect.message, Prepare):
                effect = Broadcast(node.keyring.sign(replace(effect.message, replica=self.name)))
                node.count("signed for another")
            bent.append(effect)
        return bent


def test_a_fellow_colluder_may_be_named() -> None:
    run = bft.simulate(bft.Scenario(n=7, faults=bft.Faults(nodes=(5, 6), behaviour=SignsFor(5))), seed=1)
    assert run.faults[6]["signed for another"] == 1


def test_a_signature_of_an_honest_node_is_not_forged() -> None:
    with pytest.raises(ScenarioError, match=r"signer = 2: must be a Byzantine node or node 6 itself"):
        bft.simulate(bft.Scenario(n=7, faults=bft.Faults(nodes=(6,), behaviour=SignsFor(2))), seed=1)
