"""Which behaviours a protocol's nodes can have: one that would bend nothing of what they do is refused."""

from __future__ import annotations

from bft.adversary.equivocate import Equivocate, attack_of
from bft.adversary.node import Behaviour
from bft.adversary.settings import describe
from bft.errors import ScenarioError, bad_value
from bft.protocols.protocol import Protocol


def check_behaviour(behaviour: Behaviour, protocol: Protocol) -> None:
    """Refuse a behaviour that bends messages or calls of validators which the protocol has not.

    Raises
    ------
    ScenarioError
        With the behaviour's name, and what the protocol lacks.
    """
    lacks = _lacking(behaviour, protocol)
    if lacks is not None:
        kind = describe(behaviour)["kind"]
        raise ScenarioError(bad_value("faults.behaviour", kind, protocol.without.get(kind, lacks)))


def _lacking(behaviour: Behaviour, protocol: Protocol) -> str | None:
    """Return what the protocol has not got and the behaviour needs."""
    takes = getattr(behaviour, "takes", ())
    if takes and not protocol.kinds(*takes):
        roles = [role.value for role in takes]
        return f"{protocol.name} has no messages with the role of a {', '.join(roles[:-1])} or {roles[-1]}"
    asks = getattr(behaviour, "asks", ())
    if asks and not protocol.asks.intersection(asks):
        return f"replicas of {protocol.name} ask their validators for no {' or '.join(asks)}"
    scripted = isinstance(behaviour, Equivocate) and attack_of(protocol) is not None
    commits = getattr(behaviour, "commits", False) and not scripted
    if commits and not any(kind.slot is not None for kind in protocol.messages):
        return f"{protocol.name} has no messages that commit to a value in a slot"
    return None
