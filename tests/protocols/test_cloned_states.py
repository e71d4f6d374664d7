"""A cloned state of any protocol is whole, and goes its own way."""

from __future__ import annotations

from copy import copy
from typing import Any

import pytest

from bft.core.inputs import ClientRequest
from bft.core.quorum import QuorumSystem
from bft.core.request import Request
from bft.core.signatures import SymbolicKeyring
from bft.protocols.hotstuff import HotStuffConfig, HotStuffReplica
from bft.protocols.hotstuff.rules import BASIC
from bft.protocols.pbft import PbftConfig, PbftReplica
from bft.protocols.tendermint import TendermintConfig, TendermintReplica

SYSTEM = QuorumSystem.of(4)
REPLICAS: dict[str, Any] = {
    "pbft": lambda ring: PbftReplica(1, PbftConfig(system=SYSTEM), ring),
    "tendermint": lambda ring: TendermintReplica(1, TendermintConfig(system=SYSTEM), ring),
    "hotstuff": lambda ring: HotStuffReplica(1, HotStuffConfig(system=SYSTEM, rules=BASIC), ring),
}
SHARED = {"config", "rules", "keyring", "system", "weights", "verifier", "rotation"}
OWN = {"machine", "checkpoints", "view_changes", "emit", "persist", "far", "votes", "timeouts", "new_views", "tree"}
REPLACED = {"current"}
"""What a clone finds again among its own parts."""


@pytest.mark.parametrize("protocol", REPLICAS)
def test_every_attribute_is_cloned_and_no_container_is_shared(protocol: str) -> None:
    ring = SymbolicKeyring()
    replica = REPLICAS[protocol](ring)
    replica.step(0.0, ClientRequest(ring.sign(Request(client="c", timestamp=1, operation="o"))))
    before, twin = replica._state, replica.clone()._state
    slots = [name for each in type(before).__mro__ for name in getattr(each, "__slots__", ())]
    assert len(slots) > 40
    for name in slots:
        own, other = getattr(before, name), getattr(twin, name)
        if name in SHARED:
            assert own is other, name
        elif hasattr(own, "copy") or name in OWN:
            assert own is not other, name
        elif name not in REPLACED:
            assert own == other, name
    changed = [name for name in ("pending", "effects", "unsaved", "drops", "slots", "rounds") if name in slots]
    kept = {name: copy(getattr(before, name)) for name in changed}
    twin.pending.clear()
    twin.drop("a reason")
    if protocol == "pbft":
        twin.slot(7)
    twin.emit("said")
    twin.persist(("key",), 1)
    assert twin.effects == ["said"]
    assert twin.unsaved == {("key",): 1}
    assert {name: getattr(before, name) for name in kept} == kept
