"""The liveness oracle: no false alarm on the correct core, an alarm on what is stuck."""

from __future__ import annotations

import pytest

from bft.checking import operations as ops
from bft.checking.counterexample import run
from bft.checking.generators import generate
from bft.checking.mutant_runner import hunt
from bft.checking.pbft.mutants import MUTANTS
from bft.checking.protocols import bug
from bft.checking.seeded_bug import LIVENESS
from bft.checking.setting import Setting
from bft.checking.subjects import pbft

PBFT = pbft()
ALL = 0b1111
LOST = ops.Exchange("", (0, 0, 0, 0), False)


@pytest.mark.parametrize("n", [4, 5, 7])
def test_after_stabilisation_everything_executes(n):
    for index in range(150):
        made = generate("healed", 17, index, PBFT, n=n)
        world, monitor = run(PBFT, made.setting, made.operations)
        assert world.stalled is None, (index, world.stalled)
        assert not monitor.breaches, (index, monitor.breaches[0])


@pytest.mark.parametrize("each", [each for each in MUTANTS if each.breaks == LIVENESS], ids=lambda each: each.name)
def test_what_is_stuck_is_noticed(each):
    kill = hunt(each, schedules=2000, oracle=("LV1", "LV3", "LV5", "LV6", "S9"))
    assert kill.finding is not None


def test_a_silent_leader_costs_one_view():
    world, _ = run(PBFT, Setting(), (ops.Ask(0, ALL), LOST, ops.Crash(0), ops.Heal(1, 0b0001)))
    assert world.stalled is None
    assert world.reach[1:] == [1, 1, 1]


def test_no_more_than_f_stay_down():
    world, _ = run(PBFT, Setting(), (ops.Ask(0, ALL), ops.Crash(0), ops.Crash(1), ops.Heal(4, 0b0011)))
    assert world.stalled is None
    assert world.reach == [0, 1, 1, 1]


def test_a_view_budget_of_zero_is_noticed():
    world, _ = run(PBFT, Setting(), (ops.Ask(0, ALL), LOST, ops.Crash(0), ops.Heal(0, 0b0001)))
    assert world.stalled is not None
    assert "views have failed" in world.stalled


def test_a_view_change_lost_after_its_sender_moved_on_does_not_block_the_others():
    schedule = (
        ops.Ask(1, ALL),
        *(ops.Fire(node, "view") for node in (1, 0, 3)),
        ops.Exchange("ViewChange", (0, 0, 0, ALL), False),
        ops.Corrupt(0),
        ops.Fire(3, "view"),
        ops.Heal(6, 0b0001),
    )
    world, _ = run(PBFT, Setting(corruptions=1), schedule)
    assert world.stalled is None


def test_without_a_correct_node_nothing_is_owed():
    setting = Setting(byzantine=(0, 1, 2, 3))
    world, _ = run(PBFT, setting, (ops.Ask(0, ALL), ops.Heal(4, 0)))
    assert world.stalled is None


def test_lv5_a_primary_that_starves_a_client_loses_its_view_and_a_timer_that_starts_anew_lets_it():
    setting, schedule = Setting(byzantine=(0,)), (ops.Ask(0, ALL), ops.Heal(6, 0))
    world, monitor = run(PBFT, setting, schedule)
    assert world.starved is None
    assert not monitor.breaches
    assert world.replicas[1].view == 1
    assert ("starved", 1) in world.done
    world, monitor = run(bug("pbft", "view timer started anew at every execution").subject(), setting, schedule)
    assert world.starved.startswith("a request of starved is not executed by")
    assert [each.invariant for each in monitor.breaches] == ["LV5"]
