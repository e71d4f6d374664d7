"""The untimed host: total, deterministic, replayable."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.checking import operations as ops
from bft.checking import strategies as bst
from bft.checking.counterexample import run
from bft.checking.generators import GENERATORS, generate
from bft.checking.play import play
from bft.checking.setting import Setting
from bft.checking.subjects import pbft
from bft.checking.watching import watched
from bft.checking.world import World
from bft.core.effects import Execute
from bft.errors import ScenarioError

PBFT = pbft()
ALL = 0b1111


def executed(world):
    return [(each.node, each.event.seq) for each in world.trace.of(Execute)]


def test_asking_and_settling_executes_everywhere_in_order():
    world = World(PBFT, Setting(), record=True)
    play(world, [ops.Ask(0, ALL), ops.Ask(1, ALL), ops.Settle(8)])
    assert sorted(executed(world)) == [(node, seq) for node in range(4) for seq in (1, 2)]
    assert world.reach == [2, 2, 2, 2]


def test_what_is_dropped_is_not_delivered():
    world = World(PBFT, Setting(), record=True)
    play(world, [ops.Ask(0, ALL), *[ops.Drop(0)] * 3, ops.Settle(8)])
    assert executed(world) == []


def test_a_crashed_node_hears_nothing_and_comes_back_with_what_it_stored():
    world = World(PBFT, Setting(), record=True)
    play(world, [ops.Ask(0, ALL), ops.Settle(1), ops.Crash(3), ops.Settle(8)])
    assert {node for node, _ in executed(world)} == {0, 1, 2}
    play(world, [ops.Restart(3), ops.Settle(8)])
    assert world.reach == [1, 1, 1, 1]


def test_a_delivery_graph_decides_who_hears_whom():
    world = World(PBFT, Setting())
    play(world, [ops.Ask(0, ALL), ops.Exchange("PrePrepare", (0, 1, 0, 0), True)])
    kinds = [(receiver, type(event.message).__name__) for receiver, event, _ in world.pending]
    assert [receiver for receiver, kind in kinds if kind == "PrePrepare"] == [2, 3]
    play(world, [ops.Exchange("PrePrepare", (0, 0, 0, 0), False)])
    assert {type(event.message).__name__ for _, event, _ in world.pending} == {"Prepare"}


def test_corruption_is_limited_by_the_budget():
    world = World(PBFT, Setting(corruptions=1))
    play(world, [ops.Corrupt(2), ops.Corrupt(1)])
    assert world.corrupted == {2}
    assert world.honest == [True, True, False, True]


def test_twins_share_a_name_and_say_different_things():
    world = World(PBFT, Setting(byzantine=(0,), twins=(0,)))
    play(world, [ops.Ask(0, 0b10001)])
    digests = {event.message.digest for _, event, _ in world.pending}
    senders = {event.sender for _, event, _ in world.pending}
    assert len(digests) == 2
    assert senders == {0}


@pytest.mark.parametrize("name", GENERATORS)
def test_a_schedule_survives_json_and_gives_the_same_trace(name):
    for index in range(10):
        made = generate(name, 7, index, PBFT, n=4)
        text = json.dumps([made.setting.to_json(), ops.to_json(made.operations)])
        setting, schedule = json.loads(text)
        first, _ = run(PBFT, made.setting, made.operations, record=True)
        again, _ = run(PBFT, Setting.from_json(setting), tuple(ops.from_json(schedule)), record=True)
        assert tuple(ops.from_json(schedule)) == made.operations
        assert first.trace.hash == again.trace.hash
        assert first.steps == again.steps


@given(st.data())
def test_every_list_of_operations_can_be_run(data):
    setting = data.draw(bst.settings((3, 4), byzantine=2))
    schedule = data.draw(st.lists(bst.operations(PBFT, setting), max_size=30))
    world, _ = watched(PBFT, setting)
    play(world, schedule)
    assert len(world.replicas) == setting.instances


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("deliver", "operations = 'deliver': must be a list"),
        ([["fly", 1]], r"operations\[0\] = \['fly', 1\]: must be a list that starts with one of"),
        ([["deliver"]], r"operations\[0\] = \['deliver'\]: deliver takes"),
        ([["deliver", "x"]], r"operations\[0\] = \['deliver', 'x'\]: deliver takes"),
        ([["exchange", "Commit", [1, "x"], True]], r"operations\[0\] = .*: exchange takes"),
    ],
)
def test_what_is_no_operation_is_refused(values, message):
    with pytest.raises(ScenarioError, match=message):
        ops.from_json(values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n": 0}, "n = 0: must be at least 1"),
        ({"byzantine": [4]}, r"byzantine = \(4,\): must be different nodes between 0 and 3"),
        ({"twins": [0]}, r"twins = \(0,\): must be among byzantine"),
        ({"corruptions": -1}, "corruptions = -1: must be 0 or more"),
        ({"clients": 0}, "clients = 0: must be at least 1"),
        ({"m": 4}, "setting = .*: must be an object with keys among"),
        ({"n": "four"}, "setting = "),
    ],
)
def test_what_is_no_setting_is_refused(values, message):
    with pytest.raises(ScenarioError, match=message):
        Setting.from_json(values)


@pytest.mark.parametrize("subject", ["pbft", pbft, None], ids=["its name", "what makes it", "nothing"])
def test_what_is_no_subject_is_refused_in_a_sentence(subject):
    for use in (bst.operations, bst.lies, bst.byzantine_scripts, lambda *given: bst.assert_safe(*given, [])):
        with pytest.raises(ScenarioError, match=r"must be a bft\.checking\.subject\.Subject"):
            use(subject, Setting())
        with pytest.raises(ScenarioError, match=r"must be a bft\.checking\.setting\.Setting"):
            use(PBFT, None)
