"""HotStuff in the laboratory: no alarm on the right rules, every seeded bug seen, splits beyond the bound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from bft.checking import operations as ops
from bft.checking.campaign import reached_shares, search
from bft.checking.counterexample import finding_of, run
from bft.checking.generators import generate
from bft.checking.hotstuff.forging import Knowledge, Said
from bft.checking.hotstuff.mutants import mutants
from bft.checking.hotstuff.subject import MILESTONES, VARIANTS, run_of
from bft.checking.mutant_runner import hunt
from bft.checking.plan import Plan
from bft.checking.play import play
from bft.checking.protocols import bug, subject_of
from bft.checking.seeded_bug import HARMLESS
from bft.checking.setting import Setting
from bft.checking.strategies import assert_safe, schedules
from bft.checking.watching import watched
from bft.protocols.hotstuff import HotStuffConfig
from bft.protocols.hotstuff.rules import BASIC, newer, newer_or_as_new

SEEN = json.loads((Path(__file__).parent / "hotstuff_bugs.json").read_text())
"""Of each seeded bug a short schedule that shows it."""


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_right_rules_raise_no_alarm_and_get_everywhere(variant: str) -> None:
    found = search(Plan(protocol=variant, schedules=150, sizes=(4, 7, 1, 2), seed=9))
    assert found.found is None
    reached = reached_shares(found.rows)
    for name, _ in MILESTONES:
        assert reached.get(name, 0) > 0, name


@pytest.mark.parametrize("seen", SEEN, ids=lambda seen: f"{seen['variant']} {seen['mutant']}")
def test_every_seeded_bug_is_seen_on_its_schedule_and_the_right_rules_are_not_blamed(seen: Any) -> None:
    setting, operations = Setting.from_json(seen["setting"]), tuple(ops.from_json(seen["operations"]))
    assert len(operations) <= 30
    _, watched = run(bug(seen["variant"], seen["mutant"]).subject(), setting, operations)
    assert seen["invariant"] in {breach.invariant for breach in watched.breaches}
    _, right = run(subject_of(seen["variant"]), setting, operations)
    assert finding_of(right) is None


def test_there_is_a_schedule_for_every_harmful_bug() -> None:
    for variant in VARIANTS:
        harmful = {each.name for each in mutants(variant) if each.breaks != HARMLESS}
        assert {seen["mutant"] for seen in SEEN if seen["variant"] == variant} == harmful
        assert len(harmful) >= 18
        assert all(len(each.argument) > 50 for each in mutants(variant) if each.breaks == HARMLESS)


@pytest.mark.parametrize("variant", ["hotstuff", "hotstuff-2", "hotstuff-chained"])
def test_the_liveness_rule_with_equal_views_raises_no_alarm_and_lets_no_other_certificate_pass(variant: str) -> None:
    assert hunt(bug(variant, "liveness rule with ≥"), schedules=60).finding is None
    assert newer is not newer_or_as_new


@pytest.mark.parametrize("variant", ["hotstuff", "hotstuff-2", "hotstuff-chained-2"])
def test_as_many_twins_as_two_quorums_may_share_split_four_replicas(variant: str) -> None:
    plan = Plan(
        protocol=variant, sizes=(4,), byzantine=2, oracle=("S1",), generators=("twins",), schedules=2000, seed=0
    )
    found = search(plan).found
    assert found is not None
    assert found.finding is not None
    assert found.finding.split
    assert len(found.operations) <= 30


def static_halves(n: int, first: tuple[int, ...], byzantine: tuple[int, ...], rounds: int) -> Any:
    """Return a schedule of two sides that never hear each other; each has its own instance of every faulty node."""
    size = n + len(byzantine)
    twins = tuple(range(n, size))
    side = sum(1 << node for node in (*first, *byzantine))
    other = (1 << size) - 1 & ~side
    groups = tuple(side if side >> node & 1 else other for node in range(size))
    step: list[ops.Operation] = [ops.Exchange("", groups, False)] * 9
    leave: list[ops.Operation] = [ops.Fire(node, "view") for node in range(size)]
    leave += [ops.Exchange("Timeout", groups, False), *(ops.Fire(node, "wait") for node in range(size))]
    assert set(twins) <= {node for node in range(size) if other >> node & 1}
    setting = Setting(n=n, byzantine=byzantine, twins=byzantine)
    return setting, (ops.Ask(0, (1 << size) - 1), *((*step, *leave) * rounds))


@pytest.mark.parametrize(
    ("variant", "n", "first", "byzantine", "splits"),
    [
        ("hotstuff", 4, (0,), (2, 3), True),
        ("hotstuff-2", 4, (0,), (2, 3), True),
        ("hotstuff-chained-2", 4, (0,), (2, 3), True),
        ("hotstuff-chained", 4, (0,), (2, 3), False),
        ("hotstuff-chained", 7, (0, 1), (4, 5, 6), True),
        ("hotstuff-chained-2", 7, (0, 1), (4, 5, 6), True),
        ("hotstuff-chained", 7, (0, 4), (1, 3, 5), False),
    ],
)
def test_static_halves_split_exactly_where_either_has_leaders_enough_in_a_row(
    variant: str, n: int, first: tuple[int, ...], byzantine: tuple[int, ...], splits: bool
) -> None:
    """The number of faulty nodes is 2q − n, and either side with its twins is just a quorum."""
    setting, schedule = static_halves(n, first, byzantine, 3 * n)
    _, monitor = run(subject_of(variant), setting, schedule)
    assert monitor.split == splits
    length = VARIANTS[variant].run_of_leaders
    sides = [{*first, *byzantine}, {*range(n)} - set(first)]
    assert all(len(side) == setting.system().quorum for side in sides)
    assert all(run_of(length, side, n) for side in sides) == splits


def test_three_of_seven_split_a_chain_of_three_in_two_dozen_operations() -> None:
    """Shrunk from static halves: nodes 4, 5 and 6 have twins, so that either side has four leaders in a row."""
    saved = json.loads((Path(__file__).parent / "hotstuff_chain_of_3_split.json").read_text())
    setting, operations = Setting.from_json(saved["setting"]), tuple(ops.from_json(saved["operations"]))
    assert len(setting.byzantine) == setting.system().safe_below == 3
    assert len(operations) == 24
    _, monitor = run(subject_of("hotstuff-chained"), setting, operations)
    assert monitor.split


@pytest.mark.nightly
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_harmful_bug_is_found_within_a_minute_and_most_within_ten_seconds(variant: str) -> None:
    kills = [hunt(each, seconds=60.0, seed=2) for each in mutants(variant) if each.breaks != HARMLESS]
    assert all(kill.as_expected for kill in kills)
    assert sum(kill.cpu_s <= 10.0 for kill in kills) >= 0.9 * len(kills)


@given(schedules(subject_of("hotstuff"), sizes=(4, 5)))
def test_basic_hotstuff_is_safe_on_whatever_hypothesis_makes_of_it(schedule: Any) -> None:
    assert_safe(subject_of("hotstuff"), *schedule)


@given(schedules(subject_of("hotstuff-chained-2"), sizes=(4, 7)))
def test_a_chain_of_two_is_safe_on_whatever_hypothesis_makes_of_it(schedule: Any) -> None:
    assert_safe(subject_of("hotstuff-chained-2"), *schedule)


def test_liveness_is_demanded_only_where_leaders_enough_are_live_in_a_row() -> None:
    assert run_of(4, range(4), 4)
    assert not run_of(4, (0, 1, 2), 4)
    assert run_of(3, (0, 1, 3), 4)
    assert run_of(4, (0, 1, 2), 3)
    assert not run_of(3, (0, 2, 4), 6)


def test_healing_is_promised_from_the_timeouts_alone() -> None:
    config = HotStuffConfig(system=Setting(n=4).system(), view_timeout_s=2.0, timeout_cap_s=8.0, retransmit_s=1.0)
    assert config.healing_s(0, 0, 0.0) == 24.0 + 2.0 + 4.0 + 8.0 + 8.0
    assert config.healing_s(3, 0, 0.0) == 24.0 + 4 * 8.0
    assert config.healing_s(0, 1, 0.1) > config.healing_s(0, 0, 0.1)


def test_what_liars_have_read_of_a_world_is_all_that_was_signed():
    subject = subject_of("hotstuff")
    for index in range(12):
        made = generate("knowledge", 4, index, subject)
        world, _ = watched(subject, made.setting)
        for operation in made.operations:
            play(world, (operation,))
            if isinstance(operation, ops.Forge):
                known, anew = Knowledge(world, BASIC), Said()
                anew.read(world.keyring.signed)
                for name in ("nodes", "votes", "timeouts"):
                    assert list(getattr(known, name).items()) == list(getattr(anew, name).items())
                assert known.view == anew.view
