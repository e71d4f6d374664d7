"""A protocol is a value: named, loaded from a module or given; what lacks a part is refused in one sentence."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import Any

import pytest

import bft
from bft.errors import ScenarioError
from bft.protocols.protocol import READ, EventKind, MessageKind, Protocol, Role
from bft.protocols.registry import PROTOCOLS, protocol_of, spelling
from bft.record.outcome import Outcome
from tests.protocols.echo_protocol import ECHO, Echo, Propose

PLACE = "tests.protocols.echo_protocol:ECHO"
NOT_A_PROTOCOL = 7


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_of_the_package_is_found_by_its_name(name: str) -> None:
    found = protocol_of(name)
    assert (found.name, spelling(found)) == (name, name)
    assert protocol_of(PROTOCOLS[name]) is found
    assert found.package in PROTOCOLS[name]
    assert bft.Scenario(protocol=name).protocol is found
    assert bft.Scenario(protocol=name).to_dict()["protocol"] == name


def test_a_protocol_is_given_as_a_value_or_by_the_place_where_it_stands() -> None:
    given, written = bft.Scenario(protocol=ECHO), bft.Scenario(protocol=PLACE)
    assert given == written
    assert given.to_dict()["protocol"] == PLACE
    assert bft.Scenario.from_dict(given.to_dict()) == given
    assert pickle.loads(pickle.dumps(given)) == given
    run = bft.simulate(given, 3)
    assert run.outcome is Outcome.AGREED_CORRECT
    assert run.metrics.sent_by_kind == {"Propose": 3, "Echo": 12}


def test_a_protocol_without_a_place_travels_part_by_part() -> None:
    local = replace(ECHO, name="local", end_s=ECHO.configure)
    assert spelling(local) is None
    again = pickle.loads(pickle.dumps(replace(ECHO, name="local", end_s=pickle.dumps, events=(), messages=())))
    assert (again.name, again.replica) == ("local", ECHO.replica)


def test_its_own_settings_stand_in_a_table_of_its_name() -> None:
    scenario = bft.Scenario(protocol=ECHO, echo={"leader": 2})
    assert scenario.own.leader == 2
    assert scenario.to_dict()["echo"] == {"leader": 2}
    assert bft.Scenario.from_dict(scenario.to_dict()) == scenario
    assert scenario.replace("echo.leader", 1).own.leader == 1
    assert scenario.replace("n", 7).own.leader == 2
    assert bft.Scenario(protocol=ECHO).replace("echo.leader", 3).own.leader == 3
    assert bft.Scenario(protocol=ECHO).own.leader == 0
    assert bft.Scenario(protocol=ECHO) != scenario
    assert bft.Scenario().own.window == 64
    assert "echo" not in bft.Scenario().to_dict()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"echo": {"leader": -1}}, "echo.leader = -1: must be at least 0"),
        ({"echo": {"follower": 1}}, "echo.follower = 1: unknown key; the keys here are leader"),
        ({"echo": {"leader": 4}}, "echo.leader = 4: must be below n = 4"),
        ({"echo": 3}, "echo = 3: must be a table"),
        ({"protocol": "pbft", "echo": {"leader": 1}}, "echo"),
        ({"pbft": {"window": 4}}, "pbft = 'given': needs protocol = 'pbft'; the scenario's is 'echo'"),
        ({"views": 3}, "views = 3: must be left out: echo has no place for a bound on views"),
        ({"window": 128}, "window = 128: is a setting of another protocol, pbft.window; the scenario's is echo"),
        ({"leader": 2}, "leader = 2: must stand in the table of echo's own settings: echo.leader"),
        ({"machine": {}}, "machine = 'given': must be left out: echo has no place for machines"),
        ({"rule": "plurality"}, "rule = 'plurality': must be left out: echo has no place for a voting rule"),
        (
            {"faults": {"behaviour": "crash_recover"}},
            "faults.behaviour = 'crash_recover': must be left out: echo has no place for nodes that come back",
        ),
    ],
)
def test_what_a_protocol_has_no_place_for_is_refused_by_name(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        bft.Scenario(**{"protocol": ECHO, **given})
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("raft", "protocol = 'raft': must be 'pbft', 'ballot'"),
        (3, "protocol = 3: must be 'pbft', 'ballot'"),
        ("no.such.module:ECHO", "module no.such.module cannot be imported: ModuleNotFoundError"),
        ("tests.protocols.echo_protocol:NOTHING", "module tests.protocols.echo_protocol has no NOTHING"),
        ("tests.protocols.echo_protocol", "protocol = 'tests.protocols.echo_protocol': must be 'pbft', 'ballot'"),
        ("tests.protocols.echo_protocol:", "must be written as package.module:NAME"),
        ("os; import sys:x", "must be written as package.module:NAME"),
        (f"{__name__}:NOT_A_PROTOCOL", "must be a Protocol; it is of type int"),
        (f"{__name__}:IMPOSTOR", "its name 'pbft' is that of another protocol"),
    ],
)
def test_what_is_no_protocol_is_refused_in_one_sentence(given: object, message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        bft.Scenario(protocol=given)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@dataclass
class Unhashable:
    view: int


@pytest.mark.parametrize(
    ("part", "given", "message"),
    [
        ("name", "My protocol", "protocol.name = 'My protocol': must be a name of small letters"),
        ("name", "pbft", "its name 'pbft' is that of another protocol"),
        ("name", "network", "protocol.name = 'network': is the name of a field of scenarios"),
        ("replica", None, "protocol echo: replica = None: must be callable"),
        ("configure", 3, "protocol echo: configure = 3: must be callable"),
        ("settled", 3, "protocol echo: settled = 3: must be callable, or left out"),
        ("attack", 3, "protocol echo: attack = 3: must be callable, 'package.module:NAME', or left out"),
        ("messages", [Propose], "protocol echo: messages = "),
        ("messages", (Propose,), "must be a tuple of MessageKind"),
        ("messages", (MessageKind(Echo, Role.VOTE),) * 2, "must list each class once"),
        ("events", (Echo,), "must be a tuple of EventKind"),
        ("settings", dict, "must be a subclass of bft.settings.Settings, or left out"),
        ("reads", frozenset({"weather"}), "protocol echo: reads = 'weather': must be among stakes, requests"),
    ],
)
def test_a_protocol_that_lacks_a_part_is_refused_in_one_sentence(part: str, given: Any, message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        bft.Scenario(protocol=replace(ECHO, **{part: given}))
    assert message in str(refused.value)


def test_messages_must_be_hashable_classes_with_a_role() -> None:
    with pytest.raises(ScenarioError, match=r"messages.type = 'Unhashable': must be hashable: a dataclass with frozen"):
        MessageKind(Unhashable, Role.VOTE)
    with pytest.raises(ScenarioError, match=r"messages.role = 'vote': must be one of Role.PROPOSAL"):
        MessageKind(Echo, "vote")  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match=r"messages.type = 3: must be a class"):
        MessageKind(3, Role.VOTE)  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match=r"events.type = 3: must be a class"):
        EventKind(3)  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match=r"messages.slot = 'Echo': needs value as well, or neither"):
        MessageKind(Echo, Role.VOTE, slot=lambda told: told.seq)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_an_honest_sender_has_one_value_for_each_slot_of_a_phase(name: str) -> None:
    protocol = protocol_of(name)
    scenario = bft.Scenario(protocol=protocol, n=7, faults={"nodes": [0, 3]})
    committed: dict[Any, Any] = {}
    kinds = {kind.type.__name__: kind for kind in protocol.messages}
    for entry in bft.simulate(scenario, 5, journal=True).journal.messages:
        kind = kinds[type(entry.body).__name__]
        if kind.slot is not None and kind.value is not None:
            place = (entry.sender, kind.phase, kind.slot(entry.body))
            assert committed.setdefault(place, kind.value(entry.body)) == kind.value(entry.body)
    assert len(committed) >= 5


def test_rules_are_replaced_only_where_a_protocol_keeps_them_as_data() -> None:
    with pytest.raises(ScenarioError, match=r"rules = 3: must be of type Rules where the protocol is pbft"):
        bft.simulate(bft.Scenario(), rules=3)
    with pytest.raises(ScenarioError, match=r"rules = 3: must be left out where the protocol is ballot"):
        bft.simulate(bft.Scenario(protocol="ballot"), rules=3)


def test_what_protocols_may_read_are_fields_of_scenarios() -> None:
    named = set(READ) - {"operations", "restart", "requests"}
    assert named <= set(bft.Scenario.model_fields)
    assert set(protocol_of("pbft").reads) == set(READ) - {"rule"}


IMPOSTOR = replace(ECHO, name="pbft")
assert isinstance(IMPOSTOR, Protocol)
