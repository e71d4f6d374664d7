"""What must fit together in a scenario: fields that are each right may still not go with one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bft.adversary.crash import CrashRecover
from bft.adversary.fitting import check_behaviour
from bft.adversary.twins import Twins
from bft.errors import ScenarioError, bad_value
from bft.membership.settings import Membership
from bft.network.settings import check_nodes
from bft.protocols.protocol import READ
from bft.protocols.registry import PROTOCOLS
from bft.protocols.replica_check import try_replica
from bft.validators.rule_settings import check_rule

if TYPE_CHECKING:
    from bft.scenario.description import Scenario

RETRANSMISSION = ("retransmission", "retransmit_s")
"""Fields that always have a value; both are "retransmission" in `READ`."""


def check_consistency(scenario: Scenario) -> None:
    """Refuse a scenario whose fields do not fit together.

    Raises
    ------
    ScenarioError
        With the field that does not fit, its value and what is allowed.
    """
    system, faults = scenario.system, scenario.faults
    check_nodes("faults.nodes", faults.nodes, scenario.n)
    if isinstance(faults.delta, tuple) and len(faults.delta) != scenario.n:
        raise ScenarioError(
            bad_value("faults.delta", faults.delta, f"must have one value for each of the n = {scenario.n} nodes")
        )
    scenario.network.check(scenario.n)
    scenario.validators.model(scenario.n)
    _check_protocol(scenario)
    config = scenario.protocol.configure(scenario.setup(system))
    if scenario.protocol.name not in PROTOCOLS:
        try_replica(scenario.protocol, config, scenario.n)
    _check_operations(scenario)


def _check_protocol(scenario: Scenario) -> None:
    """Refuse what the protocol has no place for."""
    protocol = scenario.protocol
    for field, path, value in _set_fields(scenario):
        if field not in protocol.reads:
            allowed = f"must be left out: {protocol.name} has no place for {READ[field]}"
            if protocol.settings is not None:
                allowed += f"; its own settings stand under {protocol.name}"
            raise ScenarioError(bad_value(path, value, protocol.without.get(field, allowed)))
    for behaviour in scenario.faults.behaviour:
        check_behaviour(behaviour, protocol)
        if isinstance(behaviour, Twins):
            check_nodes("faults.behaviour.first", behaviour.first, scenario.n)
    if "rule" in protocol.reads:
        check_rule(scenario.rule, scenario.validators, scenario.stakes, scenario.n)


def _set_fields(scenario: Scenario) -> Iterator[tuple[str, str, object]]:
    """Yield each field of `READ` that is set to something, with its path and its value."""
    requests = scenario.requests
    if requests.count != 1:
        yield "requests", "requests.count", requests.count
    if requests.operations == "account":
        yield "operations", "requests.operations", requests.operations
    if scenario.rule is not None:
        yield "rule", "rule", scenario.rule.kind
    if any(isinstance(behaviour, CrashRecover) for behaviour in scenario.faults.behaviour):
        yield "restart", "faults.behaviour", "crash_recover"
    for name in ("machine", "service", "membership"):
        if getattr(scenario, name) is not None:
            yield name, name, "given"
    for name in ("stakes", "views"):
        if getattr(scenario, name) is not None:
            yield name, name, getattr(scenario, name)
    for name in RETRANSMISSION:
        value = getattr(scenario, name)
        if value != type(scenario).model_fields[name].default:
            yield "retransmission", name, value


def _check_operations(scenario: Scenario) -> None:
    """Refuse machines and services that do not fit the nodes."""
    if scenario.machine is not None and scenario.machine.nodes_on_host > scenario.n:
        allowed = f"must be at most n = {scenario.n}"
        raise ScenarioError(bad_value("machine.nodes_on_host", scenario.machine.nodes_on_host, allowed))
    if scenario.membership is not None:
        _check_membership(scenario, scenario.membership)
    for behaviour in scenario.faults.behaviour:
        if isinstance(behaviour, CrashRecover) and scenario.machine is not None and scenario.machine.up is not None:
            allowed = "must be left out with machine.up, which says who comes back when"
            raise ScenarioError(bad_value("faults.behaviour", "crash_recover", allowed))
    if scenario.service is not None:
        scenario.service.check_nodes(scenario.n)
        if getattr(scenario.validators, "latency", None) is not None:
            allowed = "must be left out with a service, whose endpoints say how long calls take"
            raise ScenarioError(bad_value("validators.latency", "given", allowed))


def _check_membership(scenario: Scenario, membership: Membership) -> None:
    """Refuse members and changes that do not fit the nodes."""
    if any(isinstance(behaviour, Twins) for behaviour in scenario.faults.behaviour):
        allowed = "must be left out where members change: twins follow one membership"
        raise ScenarioError(bad_value("faults.behaviour", "twins", allowed))
    if membership.members > scenario.n:
        raise ScenarioError(bad_value("membership.members", membership.members, f"must be at most n = {scenario.n}"))
    for change in membership.changes:
        check_nodes("membership.changes.remove", (change.remove or 0,), scenario.n)
        check_nodes("membership.changes.add", (change.add or 0,), scenario.n)
    for name in ("f", "quorum", "stakes"):
        if getattr(scenario, name) is not None:
            allowed = "must be left out: every membership has the quorums of its own size"
            raise ScenarioError(bad_value(name, getattr(scenario, name), allowed))
