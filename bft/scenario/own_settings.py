"""The table of a scenario that is its protocol's own, such as [tendermint]: only the protocol knows what it may say."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from bft.errors import ScenarioError, bad_value
from bft.protocols.protocol import Protocol
from bft.protocols.registry import PROTOCOLS, protocol_of
from bft.settings import Settings


def own_settings(
    protocol: Protocol, given: Mapping[str, Any], fields: Container[str]
) -> tuple[Settings | None, dict[str, Any]]:
    """Return the protocol's own settings, and what is left of a scenario without them.

    Raises `ScenarioError` if the table says what the protocol does not know, the protocol has no settings, the table is
    another protocol's, or a setting of a protocol stands outside its table.
    """
    name = protocol.name
    if name in fields:
        raise ScenarioError(bad_value("protocol.name", name, "is the name of a field of scenarios: choose another"))
    others = {key: value for key, value in given.items() if key != name}
    for key, value in others.items():
        if key in PROTOCOLS and key not in fields:
            needs = f"needs protocol = {key!r}; the scenario's is {name!r}"
            raise ScenarioError(bad_value(key, "given", needs))
        if key not in fields:
            _refuse_without_table(key, value, protocol)
    if name not in given:
        return (None if protocol.settings is None else protocol.settings()), others
    table = given[name]
    if protocol.settings is None:
        raise ScenarioError(bad_value(name, "given", f"must be left out: {name} has no settings of its own"))
    if isinstance(table, protocol.settings):
        return table, others
    if not isinstance(table, Mapping):
        raise ScenarioError(bad_value(name, table, "must be a table"))
    try:
        return protocol.settings(**table), others
    except ScenarioError as error:
        known = str(error).startswith(f"{name}.")
        raise ScenarioError(str(error) if known else f"{name}.{error}") from None


def _refuse_without_table(key: str, value: object, protocol: Protocol) -> None:
    """Refuse a protocol's own setting that stands among those of the scenario, where all once stood."""
    for owner in (protocol, *map(protocol_of, PROTOCOLS)):
        if owner.settings is None:
            continue
        path = {former: name for name, former in owner.settings.former_names.items()}.get(key, key)
        if path in owner.settings.model_fields:
            allowed = f"must stand in the table of {owner.name}'s own settings: {owner.name}.{path}"
            if owner is not protocol:
                allowed = f"is a setting of another protocol, {owner.name}.{path}; the scenario's is {protocol.name}"
            raise ScenarioError(bad_value(key, value, allowed))
