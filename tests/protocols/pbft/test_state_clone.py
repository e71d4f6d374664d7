"""A cloned state is whole, and goes its own way."""

from __future__ import annotations

from copy import copy

from bft.core.inputs import ClientRequest
from bft.core.quorum import QuorumSystem
from bft.core.request import Request
from bft.core.signatures import SymbolicKeyring
from bft.protocols.pbft import PbftConfig, PbftReplica
from bft.protocols.pbft.state import State

SHARED = {"config", "rules", "keyring", "system", "weights", "verifier"}
OWN = {"machine", "checkpoints", "view_changes", "emit", "persist"}


def test_every_attribute_is_cloned_and_no_container_is_shared() -> None:
    keyring = SymbolicKeyring()
    replica = PbftReplica(1, PbftConfig(system=QuorumSystem.of(4)), keyring)
    replica.step(0.0, ClientRequest(keyring.sign(Request(client="c", timestamp=1, operation="o"))))
    before = replica._state
    twin = replica.clone()._state
    for name in State.__slots__:
        own, other = getattr(before, name), getattr(twin, name)
        if name in SHARED:
            assert own is other, name
        elif isinstance(own, dict | set | list) or name in OWN:
            assert own is not other, name
        else:
            assert own == other, name
    kept = {name: copy(getattr(before, name)) for name in ("pending", "slots", "effects", "unsaved")}
    twin.pending.clear()
    twin.slot(7)
    twin.emit("said")
    twin.persist(("key",), 1)
    assert twin.effects == ["said"]
    assert twin.unsaved == {("key",): 1}
    assert {name: getattr(before, name) for name in kept} == kept
