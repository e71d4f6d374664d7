"""Attacks that know no protocol: twins split where too few are honest and nowhere else; roles say what is kept back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import bft
from bft.adversary.twins import Aside, Twins
from bft.errors import ScenarioError
from bft.protocols.protocol import MessageKind, Protocol, Role
from bft.record.outcome import Outcome
from tests.protocols.echo_protocol import ECHO, Echo, Propose


def run(
    protocol: Any, n: int, nodes: tuple[int, ...], behaviour: Any = "twins", seed: int = 1, **given: Any
) -> bft.Run:
    return bft.simulate(
        bft.Scenario(protocol=protocol, n=n, faults={"nodes": nodes, "behaviour": behaviour}, **given), seed
    )


@pytest.mark.parametrize("protocol", ["pbft", ECHO])
@pytest.mark.parametrize(("n", "nodes"), [(4, (0, 1)), (4, (0, 3)), (6, (0, 1)), (7, (0, 1, 2)), (7, (0, 3, 6))])
def test_twins_of_2q_minus_n_nodes_split_where_one_of_them_leads(protocol: Any, n: int, nodes: tuple[int, ...]) -> None:
    assert len(nodes) == bft.Scenario(n=n).system.safe_below
    for seed in range(5):
        done = run(protocol, n, nodes, seed=seed)
        assert done.outcome is Outcome.SPLIT
        assert sum(told["equivocations"] for told in done.faults.values()) > 0


@pytest.mark.parametrize("nodes", [(2, 3), (1, 2), (4, 5, 6)])
def test_twins_leave_honest_leaders_who_need_them(nodes: tuple[int, ...]) -> None:
    n = 4 if len(nodes) == 2 else 7
    assert all(run("pbft", n, nodes, seed=seed).outcome is Outcome.SPLIT for seed in range(3))


@pytest.mark.parametrize("protocol", ["pbft", ECHO, "ballot"])
@pytest.mark.parametrize(("n", "nodes"), [(4, (0,)), (4, (3,)), (5, (0, 1)), (7, (0, 1)), (7, (5, 6)), (10, (0, 4, 9))])
def test_fewer_never_split_anybody(protocol: Any, n: int, nodes: tuple[int, ...]) -> None:
    assert len(nodes) < bft.Scenario(n=n).system.safe_below
    for seed in range(4):
        done = run(protocol, n, nodes, seed=seed, network={"loss": 0.1, "duplication": 0.1})
        assert done.outcome is not Outcome.SPLIT
        assert not done.breaches


def test_each_group_hears_one_twin_and_the_coalition_keeps_its_sides_apart() -> None:
    scenario = bft.Scenario(n=7, faults={"nodes": (0, 4, 5), "behaviour": {"kind": "twins", "first": [1, 6]}})
    done = bft.simulate(scenario, 3, journal=True)
    assert done.journal is not None
    proposals: dict[int, set[str]] = {node: set() for node in range(7)}
    for message in done.journal.messages:
        if message.sender == 0 and message.kind == "PrePrepare":
            proposals[message.recipient].add(message.body.digest)
        assert not isinstance(message.body, Aside) or {message.sender, message.recipient} <= {0, 4, 5}
    first, second = proposals[1], proposals[2]
    assert len(first) == len(second) == 1
    assert first != second
    assert (proposals[6], proposals[3]) == (first, second)


def test_an_attack_that_no_protocol_scripts_is_that_of_twins() -> None:
    scripted, twins = run("pbft", 4, (0, 1), "equivocate"), run("pbft", 4, (0, 1))
    assert scripted.trace_hash != twins.trace_hash
    assert run(ECHO, 4, (0, 1), "equivocate").trace_hash == run(ECHO, 4, (0, 1)).trace_hash


def own_attack(behaviour: Any, node: Any, now: float, event: Any, effects: Any) -> list[object]:
    """Say nothing at all."""
    del behaviour, now, event, effects
    node.count("silences")
    return []


@pytest.mark.parametrize("attack", [own_attack, f"{__name__}:own_attack"])
def test_a_protocol_brings_its_own_attack(attack: Any) -> None:
    quiet = replace(ECHO, name="quiet-echo", attack=attack)
    done = run(quiet, 4, (0,), "equivocate")
    assert done.outcome is Outcome.STALLED
    assert done.faults[0]["silences"] > 0
    with pytest.raises(ScenarioError, match=r"protocol lost-echo: attack = 'no.where:X': module no.where cannot be"):
        run(replace(ECHO, name="lost-echo", attack="no.where:X"), 4, (0,), "equivocate")


def test_what_is_kept_back_follows_from_the_roles_of_messages() -> None:
    kept = run(ECHO, 4, (0,), "silent_primary")
    assert kept.faults[0] == {"behaviour": "silent_primary", "proposals kept back": 1}
    assert kept.metrics.sent_by_kind == {"Echo": 3}
    silent = run(ECHO, 4, (3,), "withhold")
    assert silent.faults[3] == {"behaviour": "withhold", "votes withheld": 1}
    assert silent.outcome is Outcome.AGREED_CORRECT


def with_messages(*kinds: MessageKind, **given: Any) -> Protocol:
    return replace(ECHO, name="other-echo", messages=kinds, **given)


BARE = with_messages()
REPAIR = with_messages(MessageKind(Propose, Role.REPAIR), MessageKind(Echo, Role.REPAIR))
VOTES = with_messages(MessageKind(Echo, Role.VOTE))
MUTE = replace(ECHO, name="mute-echo", asks=frozenset({"verdicts"}))
DEAF = replace(ECHO, name="deaf-echo", asks=frozenset())


@pytest.mark.parametrize(
    ("protocol", "behaviour", "message"),
    [
        (
            VOTES,
            "silent_primary",
            "'silent_primary': other-echo has no messages with the role of a proposal or leadership",
        ),
        (REPAIR, "withhold", "'withhold': other-echo has no messages with the role of a proposal, vote or leadership"),
        (BARE, "equivocate", "'equivocate': other-echo has no messages that commit to a value in a slot"),
        (VOTES, "twins", "'twins': other-echo has no messages that commit to a value in a slot"),
        (MUTE, "inject", "'inject': replicas of mute-echo ask their validators for no answers"),
        (DEAF, "lie", "'lie': replicas of deaf-echo ask their validators for no answers or verdicts"),
        (DEAF, "collude", "'collude': replicas of deaf-echo ask their validators for no answers or verdicts"),
        ("ballot", "silent_primary", "'silent_primary': a ballot has no primary"),
        (ECHO, {"kind": "twins", "first": [1, 1]}, "faults.behaviour.first = [1, 1]: must be distinct node numbers"),
        (ECHO, {"kind": "twins", "first": ["a"]}, "faults.behaviour.first = ['a']: must be distinct node numbers"),
        (ECHO, {"kind": "twins", "first": 3}, "faults.behaviour.first = 3: must be a list of node numbers"),
        (ECHO, {"kind": "twins", "first": [9]}, "faults.behaviour.first = 9: must be a node between 0 and 3"),
        (ECHO, {"kind": "twins", "second": [1]}, "faults.behaviour.second = [1]: unknown; twins takes first"),
    ],
)
def test_a_behaviour_that_a_protocol_cannot_have_is_refused_by_name(
    protocol: Any, behaviour: Any, message: str
) -> None:
    with pytest.raises(ScenarioError) as refused:
        bft.Scenario(protocol=protocol, faults={"nodes": (0,), "behaviour": behaviour})
    assert message in str(refused.value)


def test_twins_follow_one_membership() -> None:
    with pytest.raises(ScenarioError, match=r"faults.behaviour = 'twins': must be left out where members change"):
        bft.Scenario(n=5, membership={"members": 4}, faults={"nodes": (0,), "behaviour": "twins"})


def test_a_description_of_twins_is_read_back() -> None:
    scenario = bft.Scenario(faults={"nodes": (0,), "behaviour": Twins(first=(1, 3))})
    assert bft.Scenario.from_dict(scenario.to_dict()) == scenario
    assert scenario.to_dict()["faults"]["behaviour"] == [{"kind": "twins", "first": [1, 3]}]
