"""A protocol runs live panels by its companion alone; one that has none is refused in a sentence."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError
from bft.live.rule_settings import NAMES, protocol_name, read_rule
from bft.live.rules import Rule, companion, rule_of
from bft.live.settings import panel_settings
from bft.protocols.registry import PROTOCOLS, protocol_of
from tests.protocols.echo_protocol import ECHO

MEMBERS = [{"model": f"m{number}"} for number in range(4)]


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_has_the_replicas_and_messages_of_its_protocol(name: str) -> None:
    given = {"kind": name, "accuracy": 0.9} if name == "log_odds" else name
    settings = read_rule(given)
    rule = rule_of(settings, QuorumSystem.of(4, stakes=(1, 1, 1, 1) if name == "stake" else None))
    assert isinstance(rule, Rule)
    described = protocol_of(protocol_name(settings))
    assert rule.vote in rule.messages
    assert {kind.type for kind in described.messages} <= set(rule.messages)
    assert set(rule.impatient_timers) <= set(described.timers)
    assert set(rule.entered + rule.moved + rule.undecided) <= {kind.type for kind in described.events}


@pytest.mark.parametrize("name", sorted(PROTOCOLS.keys() - NAMES - {"ballot"}))
def test_a_protocol_without_a_companion_cannot_run_live_panels(name: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        companion(name)
    assert str(refused.value) == f"rule = '{name}': {name} cannot run live panels"
    with pytest.raises(
        ScenarioError, match=f"^rule = '{name}': {name} cannot run live panels: must be one of pbft, te"
    ):
        panel_settings(members=MEMBERS, rule=name)


@pytest.mark.parametrize("given", ["package.module:NAME", ECHO])
def test_a_protocol_of_ones_own_cannot_run_live_panels(given: object) -> None:
    with pytest.raises(ScenarioError, match="cannot run live panels: must be one of pbft, tendermint, quorum"):
        panel_settings(members=MEMBERS, rule=given)


def test_a_ballot_is_named_by_its_rule() -> None:
    with pytest.raises(ScenarioError, match=r"^rule = 'ballot': must be one of pbft, tendermint, quorum"):
        panel_settings(members=MEMBERS, rule="ballot")


def test_every_companion_is_that_of_a_package() -> None:
    packages = {protocol_of(name).package for name in PROTOCOLS}
    live = {package for package in packages if find_spec(f"bft.live.protocols.{package}")}
    assert live == {"pbft", "tendermint", "ballot"}
