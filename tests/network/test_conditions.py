"""Links that differ, partitions in one direction and in phases, and partial synchrony."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import bft
from bft.core.effects import Broadcast, Execute
from bft.core.inputs import Deliver
from bft.errors import ScenarioError
from bft.network.conditions import PartialSynchrony
from bft.network.plan import NetworkPlan
from bft.randomness import Randomness
from bft.simulation.environment import Clock
from bft.simulation.fabric import Fabric

TENTH = {"law": "constant", "delay_s": 0.1}


def flights(network: bft.Network, n: int, at_s: float = 0.0, broadcasts: int = 1, seed: int = 1) -> list[Any]:
    """(arrival, node) of broadcasts of node 0 over a network, all sent at one time."""
    clock: Any = Clock(at_s)
    got: list[tuple[float, int]] = []

    def receive(node: int, event: Deliver) -> None:
        assert event.sender == 0
        got.append((clock.now, node))

    def launched(event: Deliver, recipients: Sequence[int]) -> None:
        assert event.sender not in recipients

    do = Fabric(NetworkPlan(network, n), Randomness(seed), 0).carry(clock, receive, ["up"] * n, launched)
    for _ in range(broadcasts):
        do[Broadcast](None, 0, Broadcast("hello"))
    clock.run()
    return got


def test_the_last_link_that_has_a_value_decides() -> None:
    links = [
        {"senders": [0], "delay": {"law": "constant", "delay_s": 1.0}, "loss": 0.5},
        {"recipients": [2], "delay": {"law": "constant", "delay_s": 2.0}},
        {"senders": [0], "recipients": [2], "duplication": 1.0},
    ]
    plan = NetworkPlan(bft.Network(delay=TENTH, loss=0.1, links=links), 4)
    assert (plan.hop(1, 3).typical_s, plan.hop(1, 3).loss) == (0.1, 0.1)
    assert (plan.hop(0, 1).typical_s, plan.hop(0, 1).loss, plan.hop(0, 1).duplication) == (1.0, 0.5, 0.0)
    assert (plan.hop(0, 2).typical_s, plan.hop(0, 2).loss, plan.hop(0, 2).duplication) == (2.0, 0.5, 1.0)


def test_a_dead_link_loses_all_and_a_doubling_one_doubles_all() -> None:
    links = [
        {"senders": [0], "recipients": [1], "loss": 1.0},
        {"senders": [0], "recipients": [2], "duplication": 1.0},
    ]
    assert [node for _, node in flights(bft.Network(delay=TENTH, links=links), 4)] == [2, 2, 3]


def test_what_is_held_back_is_overtaken() -> None:
    """Of 400 messages half are held back: 400 · (1/2 ± 5/√1600), false alarm below 1e-6."""
    network = bft.Network(delay=TENTH, reordering=0.5, held_back_s=5.0)
    late = [time_s for time_s, _ in flights(network, 2, broadcasts=400) if time_s > 1]
    assert set(late) == {5.1}
    assert abs(len(late) - 200) < 50


def test_overrides_leave_the_draws_of_others_alone() -> None:
    plain = bft.Network(links=[{"senders": [3], "loss": 0.0}])
    lossy = bft.Network(links=[{"senders": [0], "recipients": [1], "loss": 1.0}])
    assert flights(lossy, 4, broadcasts=3) == [each for each in flights(plain, 4, broadcasts=3) if each[1] != 1]


def test_a_one_way_partition_silences_one_direction() -> None:
    deaf = bft.Partition(groups=((0,),), end_s=60.0, one_way=True)
    assert deaf.cuts(0, 1, 0.0)
    assert not deaf.cuts(1, 0, 0.0)
    assert not deaf.cuts(1, 2, 0.0)
    assert not deaf.cuts(0, 1, 60.0)
    run = bft.simulate(bft.Scenario(n=4, network=bft.Network(partitions=(deaf,))), 4)
    assert run.outcome.value == "agreed_correct"
    assert run.metrics.views > 1, "a primary that nobody hears is replaced"
    times = {node: time_s for time_s, node, _ in run.trace.of(Execute)}
    assert times[0] < 60.0, "it still hears the others"
    both = bft.simulate(
        bft.Scenario(n=4, network=bft.Network(partitions=(bft.Partition(groups=((0,),), end_s=60.0),))), 4
    )
    assert min(time_s for time_s, node, _ in both.trace.of(Execute) if node == 0) > 60.0


def test_with_three_groups_only_the_first_is_silenced() -> None:
    deaf = bft.Partition(groups=((0,), (1,), (2, 3)), end_s=1.0, one_way=True)
    assert [(a, b) for a in range(5) for b in range(5) if deaf.cuts(a, b, 0.5)] == [(0, b) for b in (1, 2, 3, 4)]


def test_partitions_follow_each_other_in_time() -> None:
    phases = (
        bft.Partition(groups=((0, 1),), end_s=30.0),
        bft.Partition(groups=((0, 2),), start_s=30.0, end_s=50.0),
    )
    run = bft.simulate(bft.Scenario(n=4, network=bft.Network(partitions=phases)), 2)
    assert min(time_s for time_s, _, _ in run.trace.of(Execute)) > 50.0
    assert run.outcome.value == "agreed_correct"


def test_partitions_cut_the_hops_of_a_route() -> None:
    cut = bft.Partition(groups=((0, 1, 2),), end_s=1.0)
    ring = bft.Network(delay=TENTH, topology="ring", partitions=(cut,))
    assert {node for _, node in flights(ring, 6)} == {1, 2}
    assert {node for _, node in flights(ring, 6, at_s=1.0)} == {1, 2, 3, 4, 5}


HEAVY = {"law": "pareto", "scale_s": 0.5, "shape": 0.3}


@pytest.mark.parametrize("before", ["adversarial", HEAVY, {"law": "uniform", "low_s": 0, "high_s": 20}])
@pytest.mark.parametrize("at_s", [0.0, 9.0, 10.0, 12.0])
def test_messages_keep_the_bound_of_partial_synchrony(before: object, at_s: float) -> None:
    """Sent before GST: there by GST + Δ. Sent after: there within Δ, whatever the law would have said."""
    network = bft.Network(
        delay={"law": "exponential", "mean_s": 2.0}, synchrony={"gst_s": 10.0, "delta_s": 1.5, "before": before}
    )
    times = np.array([time_s for time_s, _ in flights(network, 5, at_s=at_s, broadcasts=40)])
    assert len(times) == 160
    assert np.all(times <= max(at_s, 10.0) + 1.5)
    assert np.any(times == max(at_s, 10.0) + 1.5), "the bound is met by those that would have been later"
    if before == "adversarial" and at_s < 10.0:
        assert np.all(times == 11.5)
    else:
        assert len(set(times)) > 10


def test_nothing_is_decided_before_gst_against_the_adversary_and_everything_after() -> None:
    synchrony = PartialSynchrony(gst_s=100.0, delta_s=0.5, before="adversarial")  # type: ignore[arg-type]
    for seed in range(5):
        run = bft.simulate(bft.Scenario(n=4, views="unlimited", network=bft.Network(synchrony=synchrony)), seed)
        assert run.outcome.value == "agreed_correct"
        assert run.metrics.first_decided_at_s is not None
        assert run.metrics.first_decided_at_s > 100.0
        assert not run.breaches


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"links": [{"senders": [4]}]}, "network.links.senders = 4: must be a node between 0 and 3"),
        ({"links": [{"recipients": [-1]}]}, "network.links.recipients = -1: must be a node between 0 and 3"),
        ({"links": [{"loss": 2}]}, "network.links.0.loss = 2: must be between 0 and 1"),
        ({"links": [{"speed": 2}]}, "network.links.0.speed = 2: unknown key"),
        ({"links": [{"delay": {"law": "adversarial"}}]}, "must have 'law' among 'constant'"),
        ({"delay": "adversarial"}, "must have 'law' among 'constant', 'uniform'"),
        ({"delay": {"law": "pareto", "shape": 0}}, "network.delay.shape = 0: must be at least 0.1"),
        ({"reordering": 1.1}, "network.reordering = 1.1: must be between 0 and 1"),
        ({"held_back_s": 0}, "network.held_back_s = 0: must be more than 0"),
        ({"synchrony": {"gst_s": 1}}, "network.synchrony.delta_s: is needed and was not given"),
        ({"synchrony": {"gst_s": -1, "delta_s": 1}}, "network.synchrony.gst_s = -1: must be at least 0"),
        ({"synchrony": {"gst_s": 1, "delta_s": 0}}, "network.synchrony.delta_s = 0: must be more than 0"),
        ({"partitions": [{"groups": [], "end_s": 3, "one_way": True}]}, "must name the group that is not heard"),
    ],
)
def test_conditions_that_cannot_be_are_refused_by_name(network: dict[str, object], message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        bft.Scenario(network=network)
    assert message in str(refused.value)
