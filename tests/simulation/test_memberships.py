"""Runs are assembled by one builder, whether members change or not; panels and calls are complete when handed over."""

from __future__ import annotations

import ast
import inspect

import pytest

import bft
from bft.adversary.node import Behaviour
from bft.core.state_machine import AnswerLog
from bft.membership.replica import EpochReplica
from bft.protocols.pbft import PbftReplica
from bft.randomness import Randomness
from bft.simulation import simulate
from bft.simulation.clients import Clients
from bft.simulation.memberships import Membership, PbftEpochs, membership_of
from bft.validators.panel import NO_VOICES

EPOCHS = bft.Scenario(n=6, membership={"members": 4}, requests={"count": 2, "rate_per_s": 1.0})


def test_simulate_knows_no_kind_of_membership() -> None:
    tree = ast.parse(inspect.getsource(simulate))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {each for each in imported if each and "membership" in each.split(".")}
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert "membership" not in names


def test_a_membership_that_never_changes_is_every_node() -> None:
    found = membership_of(bft.Scenario(n=5), None, "all")
    assert type(found) is Membership
    assert (found.epochs, found.changes, list(found.last([]))) == (False, (), [0, 1, 2, 3, 4])
    assert (found.enough(found.last([])), found.system.n) == (4, 5)
    assert found.maker(lambda _: AnswerLog()) is PbftReplica
    behaviour: Behaviour = bft.Scenario(faults={"behaviour": "lie"}).faults.behaviour[0]
    assert found.met(behaviour) is behaviour


def test_epochs_begin_with_the_members_named_and_end_with_those_of_the_last() -> None:
    found = membership_of(EPOCHS, None, "all")
    assert type(found) is PbftEpochs
    clients = Clients(EPOCHS.system)
    found.begin(clients)
    assert [set(who) for _, who in clients.epochs] == [{0, 1, 2, 3}]
    assert (found.epochs, found.system.n, found.enough(range(7))) == (True, 4, 5)
    run = bft.simulate(EPOCHS, 1)
    assert run.members == (0, 1, 2, 3)
    made = bft.Simulator(EPOCHS, 1).assemble(0).host.replicas
    assert all(isinstance(replica, EpochReplica) for replica in made)


@pytest.mark.parametrize(
    "validators",
    [
        "perfect",
        {"kind": "statistical", "debate": {"rounds": 2}},
        {"kind": "statistical", "latency": {}},
    ],
)
def test_a_panel_says_the_same_whether_voices_and_clock_are_the_usual_ones_or_named(validators: object) -> None:
    model = bft.Scenario(validators=validators).validators.model(4)
    told, usual = (model.panel(Randomness(3), 2, *more) for more in ((NO_VOICES, float), ()))
    assert [told.propose(node, 0) for node in range(4)] == [usual.propose(node, 0) for node in range(4)]


def test_a_host_is_made_with_the_calls_that_reach_its_validators() -> None:
    service = {"endpoints": {"m": {"time": {"law": "constant", "time_s": 0.5}}}}
    parts = bft.Simulator(bft.Scenario(service=service), 1).assemble(0)
    assert parts.calls is not None
    assert parts.host.calls is parts.calls
    assert bft.Simulator(bft.Scenario(), 1).assemble(0).host.calls is None
