"""Crashes in the middle of a step leave a node correct; a disk that lies makes it one of the faulty."""

from __future__ import annotations

import pytest

from bft.checking import operations as ops
from bft.checking.counterexample import run
from bft.checking.mutant_runner import hunt
from bft.checking.play import play
from bft.checking.protocols import bug
from bft.checking.setting import Setting
from bft.checking.subjects import pbft
from bft.checking.watching import watched

ALL = 0b1111
ACCEPTED = [ops.Ask(0, ALL), ops.Exchange("PrePrepare", (ALL,) * 4, False)]


def votes_under_way(world, node):
    return [event.message for _, event, source in world.pending if source == node]


@pytest.mark.parametrize(("actions", "stored", "sent"), [(0, False, 0), (1, True, 0), (2, True, 3)])
def test_a_crash_in_a_step_keeps_the_write_before_the_messages(actions, stored, sent):
    world, _ = watched(pbft(), Setting(prompt_validators=False))
    play(world, [ops.Ask(0, ALL), ops.Consult(0, 0), ops.Exchange("PrePrepare", (ALL,) * 4, False)])
    consult = next(place for place, (node, _) in enumerate(world.open) if node == 2)
    play(world, [ops.Cut(2, actions), ops.Consult(consult, 0)])
    assert world.replicas[2] is None
    assert (("prepare", 1) in world.stored[2]) is stored
    assert len(votes_under_way(world, 2)) == sent


def test_a_node_that_crashes_in_every_step_is_still_correct():
    crashes = [each for actions in range(3) for each in (ops.Cut(1, actions), ops.Settle(1), ops.Restart(1))]
    world, monitor = run(pbft(), Setting(), (*ACCEPTED, *crashes, ops.Heal(6, 0)))
    assert monitor.breaches == []
    assert world.honest == [True] * 4
    assert world.reach[1] >= 1


@pytest.mark.parametrize("fault", [0, 1])
def test_a_lost_or_torn_write_needs_a_faulty_node(fault):
    for setting, lies in ((Setting(), False), (Setting(byzantine=(2,)), True)):
        world, _ = watched(pbft(), setting)
        play(world, [ops.Ask(0, ALL), ops.Disk(2, fault), ops.Exchange("PrePrepare", (ALL,) * 4, False)])
        assert (("prepare", 1) not in world.stored[2] or ("pre-prepare", 1) not in world.stored[2]) is lies


def test_an_old_image_brings_back_what_the_disk_held():
    world, _ = watched(pbft(), Setting(byzantine=(2,)))
    play(world, [ops.Disk(2, 2), *ACCEPTED, ops.Disk(2, 3)])
    assert world.stored[2] == {}


def test_stabilisation_spares_those_who_were_to_crash():
    world, monitor = run(pbft(), Setting(), (ops.Ask(0, ALL), ops.Cut(1, 0), ops.Heal(6, 0)))
    assert monitor.breaches == []
    assert world.reach == [1, 1, 1, 1]


def test_only_a_crash_in_a_step_shows_that_votes_leave_before_they_are_stored():
    found = hunt(
        bug("pbft", "messages sent before they are stored"), schedules=600, oracle=("M1", "M6"), generators=("crashes",)
    )
    assert found.finding is not None
