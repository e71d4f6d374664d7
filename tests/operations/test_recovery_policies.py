"""Recovery: what actions cure and cost, what policies choose, what that comes to."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest

from bft.errors import ScenarioError
from bft.operations.intervals import mean_estimate
from bft.operations.policies import (
    CHEAPEST,
    AdaptivePolicy,
    Attended,
    FixedPolicy,
    Incident,
    actions_for,
    diagnoses,
    expected_repair,
)
from bft.operations.recovery import CURES, Action, Costs, FaultKind, Isolation, Snapshots

MIX = {FaultKind.CRASH: 0.6, FaultKind.LEAK: 0.2, FaultKind.CORRUPTION: 0.15, FaultKind.HOST: 0.05}
LADDER = FixedPolicy(ladder=(Action.RESTART, Action.RESTORE, Action.MIGRATE, Action.REPLACE))
REPLACE = FixedPolicy(ladder=(Action.REPLACE,))


def test_each_stronger_action_cures_all_that_the_weaker_cure() -> None:
    actions = list(Action)
    for weaker, stronger in pairwise(actions):
        assert CURES[weaker] < CURES[stronger]
    assert CURES[Action.REPLACE] == frozenset(FaultKind)
    assert all(kind in CURES[action] for kind, action in CHEAPEST.items())


def test_only_a_membership_change_cures_a_byzantine_node() -> None:
    assert [action for action in Action if FaultKind.BYZANTINE in CURES[action]] == [Action.REPLACE]


def test_stronger_isolation_restarts_slower_and_contains_more() -> None:
    levels = list(Isolation)
    for weaker, stronger in pairwise(levels):
        assert weaker.restart_s < stronger.restart_s
        assert weaker.contained < stronger.contained
    assert Isolation.PROCESS.blast_radius(FaultKind.LEAK, nodes_on_host=4) == 4
    assert Isolation.CONTAINER.blast_radius(FaultKind.LEAK, nodes_on_host=4) == 1
    assert Isolation.CONTAINER.blast_radius(FaultKind.HOST, nodes_on_host=4) == 4
    assert Isolation.VM.blast_radius(FaultKind.HOST, nodes_on_host=4) == 1


def test_the_adaptive_policy_takes_the_rule_then_escalates() -> None:
    policy = AdaptivePolicy()
    assert actions_for(policy, FaultKind.HOST, diagnosis=FaultKind.HOST) == (Action.MIGRATE,)
    assert actions_for(policy, FaultKind.HOST, diagnosis=FaultKind.CRASH) == (
        Action.RESTART, Action.RESTORE, Action.MIGRATE,
    )  # fmt: skip


def test_the_operator_is_asked_first() -> None:
    shown: list[Incident] = []

    def operator(incident: Incident) -> Action | None:
        shown.append(incident)
        return Action.MIGRATE if incident.diagnosis is FaultKind.HANG else None

    policy = Attended(policy=LADDER, operator=operator)
    assert policy.choose(Incident(node=3, diagnosis=FaultKind.HANG)) is Action.MIGRATE
    assert policy.choose(Incident(node=3, diagnosis=FaultKind.CRASH)) is Action.RESTART
    assert [incident.node for incident in shown] == [3, 3]


def test_the_exact_cost_of_repairs() -> None:
    costs = Costs(isolation=Isolation.CONTAINER)
    # restart 10, restore 25, migrate 135, replace 140 seconds
    adaptive = expected_repair(AdaptivePolicy(), mix=MIX, costs=costs)
    assert adaptive.mttr_s == pytest.approx(0.8 * 10 + 0.15 * 25 + 0.05 * 135)
    assert adaptive.actions == 1.0
    ladder = expected_repair(LADDER, mix=MIX, costs=costs)
    assert ladder.mttr_s == pytest.approx(0.8 * 10 + 0.15 * 35 + 0.05 * 170)
    assert ladder.price == pytest.approx(0.05)
    always = expected_repair(REPLACE, mix=MIX, costs=costs)
    assert (always.mttr_s, always.price) == (pytest.approx(140.0), pytest.approx(1.0))
    assert adaptive.mttr_s < ladder.mttr_s < always.mttr_s


@pytest.mark.parametrize("policy", [AdaptivePolicy(), LADDER], ids=["adaptive", "ladder"])
def test_the_mean_time_to_repair_of_drawn_faults(policy) -> None:
    # 99.9 % interval, seeded, two cases.
    source, costs, times_s = random.Random(4), Costs(), []
    kinds = list(MIX)
    for kind in source.choices(kinds, weights=list(MIX.values()), k=20_000):
        weights = diagnoses(kind, MIX, 0.8)
        diagnosis = source.choices(list(weights), weights=list(weights.values()))[0]
        times_s.append(math.fsum(map(costs.duration_s, actions_for(policy, kind, diagnosis=diagnosis))))
    exact = expected_repair(policy, mix=MIX, costs=costs, accuracy=0.8).mttr_s
    assert mean_estimate(times_s, confidence=0.999).holds(exact)


def test_a_bad_diagnosis_costs_more_than_a_ladder_that_asks_for_none() -> None:
    costs = Costs()
    repairs = [expected_repair(AdaptivePolicy(), mix=MIX, costs=costs, accuracy=a).mttr_s for a in (0.0, 0.5, 1.0)]
    assert repairs == sorted(repairs, reverse=True)
    assert repairs[0] > expected_repair(LADDER, mix=MIX, costs=costs).mttr_s > repairs[-1]


def test_the_loss_window_of_snapshots() -> None:
    # 99.9 % interval, seeded.
    source, snapshots = random.Random(6), Snapshots(interval_s=100.0)
    losses = [snapshots.loss_s(source.expovariate(1.0 / 150.0)) for _ in range(20_000)]
    exact = snapshots.mean_loss_s(mtbf_s=150.0)
    assert mean_estimate(losses, confidence=0.999).holds(exact)
    assert exact < 50.0
    near, far = (
        Snapshots(interval_s=1.0).mean_loss_s(mtbf_s=0.99e5),
        Snapshots(interval_s=1.0).mean_loss_s(mtbf_s=1.01e5),
    )
    assert near == pytest.approx(far, abs=1e-7), "series and formula meet"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Snapshots(interval_s=0.0), "snapshots.interval_s = 0.0: must be positive"),
        (lambda: FixedPolicy(ladder=()), "fixed_policy.ladder = (): must have at least one action"),
        (lambda: FixedPolicy(ladder=(Action.RESTART,)), "must come to an action that cures corruption"),
        (lambda: FixedPolicy(ladder=(Action.MIGRATE,)), "must come to an action that cures byzantine"),
        (lambda: AdaptivePolicy(rules={FaultKind.CRASH: Action.RESTART}), "must have an action for every kind"),
        (lambda: Costs(transfer_s=-1.0), "costs.transfer_s = -1.0"),
        (lambda: Costs(price=((Action.RESTART, math.nan),)), "costs.price.restart = nan"),
        (lambda: expected_repair(REPLACE, mix={FaultKind.CRASH: 0.5}, costs=Costs()), "must add up to 1, not 0.5"),
        (lambda: expected_repair(REPLACE, mix=MIX, costs=Costs(), accuracy=1.1), "accuracy = 1.1"),
    ],
)
def test_policies_that_cannot_work_are_refused(make, message) -> None:
    with pytest.raises(ScenarioError) as refusal:
        make()
    assert message in str(refusal.value)
