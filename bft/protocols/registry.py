"""Where protocols are found: by their names, and by "package.module:NAME" those that stand anywhere else.

A protocol is loaded when it is first asked for. Pickled, it is named instead of copied, where it has a place.
"""

from __future__ import annotations

import copyreg
import os
import sys
from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from bft.errors import ScenarioError, bad_value
from bft.protocols.protocol import Protocol

PROTOCOLS: Mapping[str, str] = {
    "pbft": "bft.protocols.pbft.protocol:PBFT",
    "ballot": "bft.protocols.ballot.protocol:BALLOT",
    "tendermint": "bft.protocols.tendermint.protocol:TENDERMINT",
    "hotstuff": "bft.protocols.hotstuff.protocol:HOTSTUFF",
    "hotstuff-2": "bft.protocols.hotstuff.protocol:HOTSTUFF_2",
    "hotstuff-chained": "bft.protocols.hotstuff.protocol:HOTSTUFF_CHAINED",
}
"""The protocols of this package and where each stands; the one place in which they are listed."""

_loaded: dict[str, Protocol] = {}
"""Protocols by how they were asked for."""


def protocol_of(given: object) -> Protocol:
    """Return the protocol that a name, a "package.module:NAME", or a protocol itself stands for.

    Raises `ScenarioError` if there is none.
    """
    if isinstance(given, Protocol):
        return _own_name(given, given.name)
    if isinstance(given, str) and given in _loaded:
        return _loaded[given]
    if not isinstance(given, str) or (":" not in given and given not in PROTOCOLS):
        names = ", ".join(map(repr, PROTOCOLS))
        allowed = f"must be {names}, a bft.protocols.protocol.Protocol, or where one stands: 'package.module:NAME'"
        raise ScenarioError(bad_value("protocol", given, allowed))
    found = load(PROTOCOLS.get(given, given), field="protocol")
    if not isinstance(found, Protocol):
        raise ScenarioError(bad_value("protocol", given, f"must be a Protocol; it is of type {type(found).__name__}"))
    _loaded[given] = _own_name(found, given)
    return found


def _own_name(protocol: Protocol, given: str) -> Protocol:
    """Refuse a protocol that bears the name of one of this package."""
    place = PROTOCOLS.get(protocol.name)
    if place is not None and load(place, field="protocol") is not protocol:
        raise ScenarioError(bad_value("protocol", given, f"its name {protocol.name!r} is that of another protocol"))
    return protocol


def load(place: str, *, field: str) -> Any:
    """Return the object at "package.module:NAME", among what is installed or in the folder where the process runs.

    Raises
    ------
    ScenarioError
        If the module cannot be imported, or has no such name.
    """
    module, _, name = place.partition(":")
    if not all(part.isidentifier() for part in module.split(".")) or not all(
        part.isidentifier() for part in name.split(".")
    ):
        raise ScenarioError(bad_value(field, place, "must be written as package.module:NAME"))
    if (here := os.getcwd()) not in sys.path:
        sys.path.append(here)  # a command finds what stands beside it, behind all that is installed
    try:
        found: Any = import_module(module)
    except (Exception, SystemExit) as error:  # whatever a user's module does while it is loaded
        told = f"{type(error).__name__}: {error}"
        raise ScenarioError(bad_value(field, place, f"module {module} cannot be imported: {told}")) from error
    for part in name.split("."):
        if not hasattr(found, part):
            raise ScenarioError(bad_value(field, place, f"module {module} has no {name}"))
        found = getattr(found, part)
    return found


def companion(room: str, protocol: Protocol) -> Any:
    """Return what a room knows of a protocol: the module there that is named as its package; None if there is none."""
    place = f"{room}.{protocol.package}"
    return import_module(place) if protocol.package and find_spec(place) is not None else None


def spelling(protocol: Protocol) -> str | None:
    """Return how a protocol is written in a scenario, so that it is found again; None if it has no place.

    A protocol that was given as an object is looked for in the modules where its parts stand.
    """
    if protocol.name in PROTOCOLS:
        return protocol.name
    for written, known in _loaded.items():
        if known is protocol:
            return written
    for home in homes(protocol):
        for name, value in vars(sys.modules[home]).items():
            if value is protocol:
                return f"{home}:{name}"
    return None


def homes(protocol: Protocol) -> tuple[str, ...]:
    """Return the modules in which the parts of a protocol stand, in the order of the parts."""
    parts = [getattr(protocol, each.name) for each in fields(protocol)]
    parts += [kind.type for kind in protocol.messages] + [kind.type for kind in protocol.events]
    found = (getattr(part, "__module__", None) for part in parts if not isinstance(part, str))
    return tuple(dict.fromkeys(home for home in found if isinstance(home, str) and home in sys.modules))


def _reduced(protocol: Protocol) -> tuple[Any, ...]:
    """Return how a protocol travels to other processes: by name, or part by part."""
    written = spelling(protocol)
    parts = {each.name: getattr(protocol, each.name) for each in fields(protocol)}
    return _made_again, (parts if written is None else written,)


def _made_again(written: str | Mapping[str, Any]) -> Protocol:
    """Return a protocol that came from another process."""
    return protocol_of(written) if isinstance(written, str) else Protocol(**written)


copyreg.pickle(Protocol, _reduced)
