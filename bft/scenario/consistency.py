"""What must fit together in a scenario: fields that are each right may still not go with one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bft.adversary.crash import CrashRecover
from bft.adversary.silence import SilentPrimary
from bft.errors import ScenarioError, bad_value
from bft.membership.settings import Membership
from bft.network.settings import check_nodes
from bft.validators.rule_settings import check_rule

if TYPE_CHECKING:
    from bft.scenario.description import Scenario


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
    scenario.pbft_config(system)
    scenario.validators.model(scenario.n)
    _check_protocol(scenario)
    _check_operations(scenario)


def _check_protocol(scenario: Scenario) -> None:
    """Refuse what the protocol has no place for."""
    if scenario.protocol == "pbft":
        if scenario.rule is not None:
            raise ScenarioError(bad_value("rule", scenario.rule.kind, 'needs protocol = "ballot"'))
        return
    for name in ("machine", "service", "membership"):
        if getattr(scenario, name) is not None:
            raise ScenarioError(bad_value(name, "given", 'needs protocol = "pbft"'))
    if scenario.requests.count != 1:
        raise ScenarioError(bad_value("requests.count", scenario.requests.count, "must be 1: a ballot orders nothing"))
    if scenario.views is not None:
        raise ScenarioError(bad_value("views", scenario.views, "must be left out: a ballot has no views"))
    if any(isinstance(behaviour, SilentPrimary) for behaviour in scenario.faults.behaviour):
        raise ScenarioError(bad_value("faults.behaviour", "silent_primary", "a ballot has no primary"))
    check_rule(scenario.rule, scenario.validators, scenario.stakes, scenario.n)


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
    if membership.members > scenario.n:
        raise ScenarioError(bad_value("membership.members", membership.members, f"must be at most n = {scenario.n}"))
    for change in membership.changes:
        check_nodes("membership.changes.remove", (change.remove or 0,), scenario.n)
        check_nodes("membership.changes.add", (change.add or 0,), scenario.n)
    for name in ("f", "quorum", "stakes"):
        if getattr(scenario, name) is not None:
            allowed = "must be left out: every membership has the quorums of its own size"
            raise ScenarioError(bad_value(name, getattr(scenario, name), allowed))
