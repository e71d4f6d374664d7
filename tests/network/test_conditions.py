"""Links that differ, partitions in one direction and in phases, and partial synchrony."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import bft
from bft.clock import Clock
from bft.core.effects import Broadcast, Execute
from bft.core.inputs import Deliver
from bft.errors import ScenarioError
from bft.experiments.laws import law_of
from bft.network.conditions import PartialSynchrony
from bft.network.plan import NetworkPlan
from bft.randomness import Randomness, ReplicationStreams
from bft.simulation.fabric import Fabric
from bft.vectorised import supported

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

    do = Fabric(NetworkPlan(network, n), ReplicationStreams(Randomness(seed), 0)).carry(
        clock, receive, ["up"] * n, launched
    )
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


HALVES = {"groups": [[0, 1]], "end_s": 10.0}
FIVE = {"law": "constant", "delay_s": 5.0}


def parted(*parts: dict[str, object], **given: object) -> bft.Scenario:
    return bft.Scenario(
        network={"delay": TENTH, "partitions": parts}, pbft={"view_timeout_s": 500.0}, retransmission=False, **given
    )


def test_what_a_partition_holds_back_arrives_when_it_heals_and_is_not_lost() -> None:
    run = bft.simulate(parted({**HALVES, "crossing": "held"}), 1)
    assert run.outcome.value == "agreed_correct"
    # The other half gets the proposal and a prepare at 10.1; its commits arrive at 10.2, those of the first at 10.3.
    assert run.metrics.first_decided_at_s == pytest.approx(10.2)
    assert run.metrics.last_decided_at_s == pytest.approx(10.3)
    assert run.metrics.messages_lost == 0
    assert run.metrics.network is not None
    assert run.metrics.network.delayed == 2 + 2, "the proposal, and node 1's prepare, each to two nodes"
    assert "4 delayed by partitions" in str(run.metrics.network)
    lost = bft.simulate(parted(HALVES), 1).metrics.first_decided_at_s
    assert lost is not None
    assert lost > 500.0, "in the second view"


def test_what_a_partition_delays_by_a_law_takes_that_time_and_no_other() -> None:
    run = bft.simulate(parted({**HALVES, "end_s": 60.0, "crossing": FIVE}), 1)
    # Across at 5, back at 10, across again at 15: the first half has its quorum of commits at 10.1, the other at 15.
    assert run.metrics.first_decided_at_s == pytest.approx(10.1)
    assert run.metrics.last_decided_at_s == pytest.approx(15.0)


def test_held_messages_meet_the_next_partition_and_a_partition_that_loses_goes_first() -> None:
    held = bft.Network(delay=TENTH, partitions=[{**HALVES, "crossing": "held"}])
    assert flights(held, 4) == [(pytest.approx(0.1), 1), (pytest.approx(10.1), 2), (pytest.approx(10.1), 3)]
    later = {"groups": [[0, 1, 2]], "start_s": 10.0, "end_s": 20.0}
    again = bft.Network(delay=TENTH, partitions=[{**HALVES, "crossing": "held"}, {**later, "crossing": "held"}])
    assert flights(again, 4) == [(pytest.approx(0.1), 1), (pytest.approx(10.1), 2), (pytest.approx(20.1), 3)]
    lost = bft.Network(delay=TENTH, partitions=[{**HALVES, "crossing": "held"}, later])
    assert [node for _, node in flights(lost, 4)] == [1, 2]
    both = bft.Network(delay=TENTH, partitions=[{**HALVES, "crossing": FIVE}, HALVES])
    assert [node for _, node in flights(both, 4)] == [1]
    deaf = bft.Network(delay=TENTH, partitions=[{**HALVES, "one_way": True, "crossing": FIVE}])
    assert flights(deaf, 4) == [(pytest.approx(0.1), 1), (pytest.approx(5.0), 2), (pytest.approx(5.0), 3)]


def test_partitions_that_delay_are_refused_by_name_elsewhere_and_say_so_only_where_they_do() -> None:
    scenario = parted({**HALVES, "crossing": "held"})
    assert scenario.network.beyond_delays == ("partitions",)
    assert str(supported(scenario)).startswith("network.partitions.crossing = ")
    assert law_of(scenario) is None
    assert bft.Scenario.from_dict(scenario.to_dict()) == scenario
    assert "crossing" not in parted(HALVES).to_dict()["network"]["partitions"][0]
    assert parted({**HALVES, "crossing": "lost"}).network.beyond_delays == ()


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
        (
            {"partitions": [{"groups": [[0]], "end_s": 3, "crossing": "teleported"}]},
            "network.partitions.0.crossing = 'teleported': must have 'law' among 'lost', 'held', 'constant'",
        ),
        (
            {"partitions": [{"groups": [[0]], "end_s": 3, "crossing": {"law": "constant", "delay_s": -1}}]},
            "network.partitions.0.crossing.delay_s = -1: must be at least 0",
        ),
    ],
)
def test_conditions_that_cannot_be_are_refused_by_name(network: dict[str, object], message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        bft.Scenario(network=network)
    assert message in str(refused.value)
