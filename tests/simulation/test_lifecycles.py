"""Lives of nodes against the closed forms.

Statistical comparisons are seeded and use 99.9 % intervals: a right simulation fails one with probability 0.001; there
are sixteen.
"""

from __future__ import annotations

import math
import random
from time import process_time

import pytest
from scipy import stats

from bft.durations import Lifetime
from bft.errors import ScenarioError
from bft.operations.beats import Heartbeats
from bft.operations.estimates import NodeRecord, reliability
from bft.operations.events import Acted, Failed, Repaired, Suspected
from bft.operations.heartbeat import HeartbeatTimeout, PhiAccrual
from bft.operations.intervals import Estimate, mean_estimate, ratio_estimate
from bft.operations.outages import DrawnRepair, ManagedRepair
from bft.operations.policies import AdaptivePolicy, FixedPolicy, expected_repair
from bft.operations.recovery import Action, Costs, FaultKind, Isolation, Snapshots
from bft.randomness import Randomness, Tape
from bft.simulation.lifecycles import Lifecycles
from bft.theory.reliability import availability, k_of_n, mean_up_time_s

SURE = 0.999
HOUR_S = 3600.0
MONTH_S = 30 * 24 * HOUR_S
MIX = {FaultKind.CRASH: 0.6, FaultKind.LEAK: 0.2, FaultKind.CORRUPTION: 0.15, FaultKind.HOST: 0.05}


def exponential(mtbf_s: float, mttr_s: float, *, n: int, seed: int, k: int | None = None) -> Lifecycles:
    return Lifecycles(n=n, up=Lifetime(mean_s=mtbf_s), repair=DrawnRepair(down=Lifetime(mean_s=mttr_s)), seed=seed, k=k)


def steady(record: NodeRecord) -> tuple[list[float], list[float]]:
    """Complete up stretches, and those cycles they begin, without the first: that one began with every node up."""
    return record.ups_s[1:], record.downs_s[1:]


def assert_holds(measured: Estimate, exact: float) -> None:
    assert measured.holds(exact), f"{measured} does not hold {exact}"


@pytest.mark.parametrize("shape", [1.0, 0.7, 3.0])
def test_availability_depends_on_the_means_alone(shape: float) -> None:
    lives = Lifecycles(
        n=10,
        up=Lifetime(mean_s=99.0, shape=shape),
        repair=DrawnRepair(down=Lifetime(mean_s=1.0, shape=shape)),
        seed=1,
    ).run(50_000.0)
    law = "exponential" if shape == 1.0 else "any"
    found = reliability(lives.nodes, end_s=lives.end_s, law=law, confidence=SURE)
    assert_holds(found.availability, availability(mtbf_s=99.0, mttr_s=1.0))
    # Stretches cut off by the end are left out of law="any": over 500 of them the bias is below a hundredth.
    assert_holds(found.mttr_s, 1.0)
    assert_holds(found.mtbf_s, 99.0)
    assert found.p_fault.value == 1.0


@pytest.mark.parametrize(
    ("k", "n", "exact"), [(3, 4, 0.99940797), (5, 7, 0.99996604), (7, 10, 0.99999800)], ids=["3of4", "5of7", "7of10"]
)
def test_k_of_n(k: int, n: int, exact: float) -> None:
    assert k_of_n(k=k, n=n, p_up=0.99) == pytest.approx(exact, abs=5e-9)
    # At .99, 5 of 7 and 7 of 10 are down too rarely for a test; at .9 they are down as often as 3 of 4 at .99.
    mtbf_s = 99.0 if n == 4 else 9.0
    lives = exponential(mtbf_s, 1.0, n=n, seed=3, k=k).run(1e6 if n == 4 else 25_000.0)
    ups, downs = steady(lives.system)
    cycles = [(up, up + down) for up, down in zip(ups, downs, strict=False)]
    measured = ratio_estimate([up for up, _ in cycles], [whole for _, whole in cycles], confidence=SURE)
    law = k_of_n(k=k, n=n, p_up=availability(mtbf_s=mtbf_s, mttr_s=1.0))
    assert_holds(measured, law)
    assert measured.high - measured.low < 0.4 * (1.0 - law), "an interval this wide shows nothing"
    assert_holds(mean_estimate(ups, confidence=SURE), mean_up_time_s(k=k, n=n, mtbf_s=mtbf_s, mttr_s=1.0))


def test_mean_up_time_of_three_of_four() -> None:
    lives = exponential(500.0, 5.0, n=4, seed=3, k=3).run(2.5e6)
    ups, downs = steady(lives.system)
    assert mean_up_time_s(k=3, n=4, mtbf_s=500.0, mttr_s=5.0) == pytest.approx(4333.33, abs=0.01)
    assert_holds(mean_estimate(ups, confidence=SURE), 4333.3333)
    wholes = [up + down for up, down in zip(ups, downs, strict=False)]
    assert_holds(ratio_estimate(ups[: len(wholes)], wholes, confidence=SURE), 0.99941956)


def test_repairs_of_drawn_faults_take_what_the_law_says() -> None:
    costs, accuracy = Costs(isolation=Isolation.PROCESS), 0.8
    repair = ManagedRepair(mix=MIX, costs=costs, accuracy=accuracy)
    lives = Lifecycles(n=20, up=Lifetime(mean_s=1000.0), repair=repair, seed=4).run(300_000.0)
    exact = expected_repair(AdaptivePolicy(), mix=MIX, costs=costs, accuracy=accuracy)
    downs = [stretch for record in lives.nodes for stretch in record.downs_s]
    assert_holds(mean_estimate(downs, confidence=SURE), exact.mttr_s)
    assert_holds(mean_estimate([len(outage.actions) for outage in lives.outages], confidence=SURE), exact.actions)


def test_the_loss_window_is_that_of_the_law() -> None:
    snapshots = Snapshots(interval_s=300.0)
    lives = Lifecycles(n=10, up=Lifetime(mean_s=1000.0), repair=ManagedRepair(snapshots=snapshots), seed=5).run(1e6)
    lost = [event.lost_s for _, _, event in lives.trace.of(Repaired)]
    assert_holds(mean_estimate(lost, confidence=SURE), snapshots.mean_loss_s(mtbf_s=1000.0))


def test_a_timeout_detects_after_its_time_less_the_last_beats_age() -> None:
    # Age of a renewal process: E[X²] / 2 E[X], which is more than half an interval.
    beats = Heartbeats(interval_s=1.0, jitter_s=1.0 / 6.0)
    repair = ManagedRepair(heartbeats=beats, detector=HeartbeatTimeout(timeout_s=5.0))
    tape = Tape(Randomness(6), "test", 1, 16, 0)
    times = [repair.detection_s(tape, 0, up_s=1000.0) for _ in range(30_000)]
    measured = mean_estimate(times, confidence=SURE)
    assert_holds(measured, 5.0 - (1.0 + 1.0 / 36.0) / 2.0)
    assert measured.high < 4.5


def one_by_one_s(rules: PhiAccrual, beats: Heartbeats, up_s: float, source: random.Random) -> float:
    """Detection time with every beat of a node's life simulated."""
    detector, at_s = rules.detector(), source.random() * beats.interval_s
    while at_s < up_s:
        detector.beat(at_s)
        at_s += source.gauss(beats.interval_s, beats.jitter_s)
    return max(0.0, detector.suspects_from_s - up_s)


def test_lazy_beats_detect_like_beats_simulated_one_by_one() -> None:
    # Two samples of 1500 by Kolmogorov and Smirnov, at 0.001; seeded.
    rules, beats, source = PhiAccrual(threshold=4.0, window=30), Heartbeats(jitter_s=0.15), random.Random(8)
    up_s = [300.0 + source.expovariate(0.01) for _ in range(1500)]
    direct = [one_by_one_s(rules, beats, each, source) for each in up_s]
    repair, tape = ManagedRepair(heartbeats=beats, detector=rules), Tape(Randomness(9), "test", 1, 16, 0)
    lazy = [repair.detection_s(tape, 0, up_s=each) for each in up_s]
    assert stats.ks_2samp(direct, lazy).pvalue > 0.001


def test_a_node_that_lived_too_briefly_is_noticed_by_its_supervisor() -> None:
    repair, tape = ManagedRepair(detector=PhiAccrual(window=20)), Tape(Randomness(1), "test", 1, 16, 0)
    assert repair.detection_s(tape, 0, up_s=3.0) == 21.0


def test_what_is_not_contained_takes_the_host_down() -> None:
    mix = {FaultKind.LEAK: 1.0}
    for isolation, together in ((Isolation.PROCESS, 3), (Isolation.CONTAINER, 1)):
        repair = ManagedRepair(mix=mix, costs=Costs(isolation=isolation))
        lives = Lifecycles(n=7, up=Lifetime(mean_s=1e4), repair=repair, seed=7, nodes_on_host=3).run(2e5)
        by_fault: dict[tuple[float, int], list[int]] = {}
        for at_s, node, event in lives.trace.of(Failed):
            by_fault.setdefault((at_s, event.cause), []).append(node)
        sizes = {len(nodes) for (_, cause), nodes in by_fault.items() if cause < 6}
        assert sizes == {together}
        assert all({node // 3 for node in nodes} == {cause // 3} for (_, cause), nodes in by_fault.items())


def test_actions_stand_in_the_trace_in_order() -> None:
    policy = FixedPolicy(ladder=(Action.RESTART, Action.MIGRATE, Action.REPLACE))
    repair = ManagedRepair(mix={FaultKind.HOST: 1.0}, policy=policy, detector=HeartbeatTimeout(timeout_s=3.0))
    lives = Lifecycles(n=1, up=Lifetime(mean_s=1e4), repair=repair, seed=1).run(1e5)
    kinds = [type(event) for _, _, event in lives.trace][:5]
    assert kinds == [Failed, Suspected, Acted, Acted, Repaired]
    failed, suspected, first, second, repaired = lives.trace[:5]
    assert suspected.time_s == pytest.approx(failed.time_s + suspected.event.after_s)
    assert (first.event.action, second.event.action) == (Action.RESTART, Action.MIGRATE)
    assert second.time_s == pytest.approx(first.time_s + 10.0)
    assert repaired.time_s == pytest.approx(second.time_s + 135.0)


def test_one_seed_gives_one_trace_and_another_another() -> None:
    def trace_hash(seed: int) -> str:
        repair = ManagedRepair(mix=MIX, detector=PhiAccrual(), snapshots=Snapshots(interval_s=60.0))
        lives = Lifecycles(n=7, up=Lifetime(mean_s=HOUR_S), repair=repair, seed=seed, nodes_on_host=2).run(100 * HOUR_S)
        return lives.trace.hash

    assert trace_hash(1) == trace_hash(1)
    assert trace_hash(1) != trace_hash(2)


def test_three_months_of_seven_nodes_with_heartbeats_every_second_take_seconds() -> None:
    repair = ManagedRepair(mix=MIX, detector=PhiAccrual(), snapshots=Snapshots(interval_s=300.0))
    started_s = process_time()
    lives = Lifecycles(n=7, up=Lifetime(mean_s=24 * HOUR_S), repair=repair, seed=1, k=5).run(3 * MONTH_S)
    assert process_time() - started_s < 5.0
    assert len(lives.outages) > 400


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Lifetime(mean_s=0.0), "lifetime.mean_s = 0.0"),
        (lambda: Lifetime(mean_s=1.0, shape=math.inf), "lifetime.shape = inf"),
        (lambda: Heartbeats(interval_s=1.0, jitter_s=0.2), "heartbeats.jitter_s = 0.2"),
        (lambda: ManagedRepair(accuracy=2.0), "repair.accuracy = 2.0"),
        (lambda: ManagedRepair(mix={FaultKind.CRASH: 0.4}), "must add up to 1"),
        (lambda: exponential(1.0, 1.0, n=4, seed=0, k=5), "lifecycles.k = 5: must be a whole number, between 1 and 4"),
    ],
)
def test_lives_that_cannot_be_are_refused(make, message) -> None:
    with pytest.raises(ScenarioError) as refusal:
        make()
    assert message in str(refusal.value)
