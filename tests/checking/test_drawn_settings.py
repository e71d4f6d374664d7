"""Drawn settings: the adversary stays within what is tolerated, and every generator and size meets tuned quorums."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bft.checking import operations as ops
from bft.checking.counterexample import Counterexample, run
from bft.checking.generators import GENERATORS, STEERED, generate
from bft.checking.generators.drawn_settings import TUNED_EVERY
from bft.checking.mutant_runner import hunt
from bft.checking.plan import SIZES, Plan, address
from bft.checking.protocols import bug
from bft.checking.setting import Setting
from bft.checking.shrink import _simpler_settings, shrink
from bft.checking.subjects import pbft
from bft.checking.transcript import transcript

PBFT = pbft()
TUNED = range(TUNED_EVERY - 1, 60 * TUNED_EVERY, TUNED_EVERY)


@pytest.mark.parametrize("name", GENERATORS)
def test_tuned_settings_are_safe_and_live_and_the_adversary_stays_within_them(name):
    seen = set()
    for n in (1, 4, 7):
        for index in TUNED:
            setting = generate(name, 41, index, PBFT, n=n).setting
            system, told = setting.system(), setting.replica_system()
            assert setting.within_bounds
            assert system.tolerated < told.safe_below
            assert system.tolerated <= told.live_up_to
            seen |= {field for field in ("stakes", "f", "quorum") if getattr(setting, field) is not None}
            if system.weighted:
                seen.add("weighted")
                assert system.weight(set(setting.byzantine)) <= system.tolerated
    assert seen == {"stakes", "f", "quorum", "weighted"}


def test_every_generator_meets_stakes_at_every_size_of_a_campaign():
    plan = Plan(schedules=1)
    met = {
        address(plan, index)
        for index in range(3000)
        if generate(address(plan, index)[0], 0, index, PBFT, n=address(plan, index)[1]).setting.stakes is not None
    }
    assert met == {(name, n) for name in (*GENERATORS, STEERED) for n in SIZES}


def test_a_number_of_liars_or_a_planted_quorum_is_taken_as_it_is():
    for index in TUNED:
        assert generate("views", 0, index, PBFT, n=4, byzantine=2).setting.stakes is None
        planted = generate("views", 0, index, PBFT, n=4, quorum=2).setting
        assert (planted.stakes, planted.f, planted.quorum) == (None, None, 2)


def test_no_alarm_on_the_correct_core_with_stakes():
    for index in TUNED:
        for name in GENERATORS:
            made = generate(name, 43, index, PBFT, n=5)
            world, monitor = run(PBFT, made.setting, made.operations)
            assert world.stalled is None
            assert not monitor.breaches, (name, index, monitor.breaches[0])


def test_who_counts_heads_is_found_and_the_counterexample_keeps_the_stakes():
    seeded = bug("pbft", "heads counted instead of stakes")
    kill = hunt(seeded, schedules=500)
    assert kill.finding is not None
    made = generate(kill.generator, 0, kill.index, PBFT, n=4)
    assert made.setting.stakes is not None
    found = Counterexample(setting=made.setting, operations=made.operations, mutant=seeded.name, finding=kill.finding)
    short = shrink(found)
    assert short.setting.stakes is not None
    assert short.setting.within_bounds
    assert "weights (" in transcript(seeded.subject(), short.setting, short.operations)[0]


def test_shrinking_never_makes_the_adversary_too_strong():
    setting = Setting(n=4, byzantine=(0, 1), stakes=(1, 1, 5, 5))
    assert setting.within_bounds
    assert not replace(setting, stakes=None).within_bounds
    candidates = [candidate for candidate, _ in _simpler_settings(setting, ())]
    assert candidates
    assert all(candidate.within_bounds for candidate in candidates)
    beyond = replace(setting, stakes=None)
    assert any(not candidate.within_bounds for candidate, _ in _simpler_settings(replace(beyond, clients=2), ()))


def test_stakes_need_not_be_whole_and_f_counts_in_their_units():
    setting = Setting(n=3, stakes=(5, 3, 2), f=1, quorum=7)
    assert (setting.system().tolerated, setting.system().quorum) == (1, 7)
    assert Setting(n=3, stakes=(5, 3, 2), quorum=2).system().quorum == 7
    assert Setting.from_json(setting.to_json()) == setting


def test_a_heavy_voter_that_goes_further_is_followed_all_the_way():
    """Found by the generators: with weights (1, 3, 2), node 1 alone is a weak quorum for view 2 (LV3)."""
    setting = Setting(n=3, stakes=(1, 3, 2))
    world, monitor = run(
        PBFT,
        setting,
        (
            ops.Ask(0, 0b111),
            ops.Exchange("", (0, 0, 0), False),
            ops.Fire(0, "view"),
            ops.Exchange("ViewChange", (0, 0b001, 0b001), False),
            ops.Fire(1, "view"),
            ops.Exchange("", (0, 0, 0), False),
            ops.Fire(1, "view"),
            ops.Exchange("ViewChange", (0, 0, 0b010), False),
            ops.Settle(2),
        ),
    )
    assert not monitor.breaches
    assert world.replicas[2].view == 2


def test_without_retransmission_nothing_is_lost_and_the_correct_core_gets_everything_done():
    patient = [index for index in range(700) if not generate("healed", 47, index, PBFT, n=4).setting.retransmit]
    assert len(patient) == 100
    for index in patient:
        made = generate("healed", 47, index, PBFT, n=4)
        assert not any(isinstance(each, ops.Drop | ops.Crash | ops.Fire) for each in made.operations)
        assert all(each.keep for each in made.operations if isinstance(each, ops.Exchange))
        world, _ = run(PBFT, made.setting, made.operations)
        assert world.stalled is None, (index, world.stalled)


def test_with_retransmission_a_discarded_pre_prepare_comes_again():
    seeded = bug("pbft", "early pre-prepare discarded")
    kill = hunt(seeded, schedules=2000, oracle=("LV1",))
    made = generate(kill.generator, 0, kill.index, PBFT, n=4)
    assert not made.setting.retransmit
    world, _ = run(seeded.subject(), replace(made.setting, retransmit=True), made.operations)
    assert world.stalled is None
