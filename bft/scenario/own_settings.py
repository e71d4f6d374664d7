"""The table of a scenario that is its protocol's own, such as [tendermint]: only the protocol knows what it may say."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from bft.errors import ScenarioError, bad_value
from bft.protocols.protocol import Protocol
from bft.protocols.registry import PROTOCOLS
from bft.settings import Settings


def own_settings(
    protocol: Protocol, given: Mapping[str, Any], fields: Container[str]
) -> tuple[Settings | None, dict[str, Any]]:
    """Return the protocol's own settings, and what is left of a scenario without them.

    Parameters
    ----------
    protocol : Protocol
        Whose.
    given : mapping
        The scenario, as its author wrote it.
    fields : container of str
        The names of a scenario's own fields.

    Raises
    ------
    ScenarioError
        If the table says what the protocol does not know, the protocol has no settings, or the table is another
        protocol's.
    """
    name = protocol.name
    if name in fields:
        raise ScenarioError(bad_value("protocol.name", name, "is the name of a field of scenarios: choose another"))
    others = {key: value for key, value in given.items() if key != name}
    for key in others:
        if key in PROTOCOLS and key not in fields:
            needs = f"needs protocol = {key!r}; the scenario's is {name!r}"
            raise ScenarioError(bad_value(key, "given", needs))
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
