"""After any partition everything is executed within a time that depends on timeouts and delays alone."""

from __future__ import annotations

from typing import Any

import pytest

import bft
from bft.core.effects import Execute
from bft.network.settings import Network, Partition
from bft.protocols.pbft.events import ViewChangeStarted
from bft.record.outcome import Outcome

MESSAGE_S = 0.1
"""What every message takes here; validators answer at once."""


def partitioned(until_s: float, *groups: tuple[int, ...], from_s: float = 0.01, **given: Any) -> Partition:
    return Partition(start_s=from_s, end_s=until_s, groups=groups, **given)


def healing(n: int, *partitions: Partition, crashed: tuple[int, ...] = (), seed: int = 7) -> tuple[float, float]:
    """Return how long after the last partition the last correct node had executed everything, and what is promised."""
    healed_s = max(each.end_s for each in partitions)
    scenario = bft.Scenario(
        n=n,
        views="unlimited",
        network=Network(delay={"law": "constant", "delay_s": MESSAGE_S}, partitions=partitions),
        faults=bft.Faults(nodes=crashed) if crashed else bft.Faults(),
        horizon_s=healed_s + 20_000.0,
    )
    run = bft.simulate(scenario, seed)
    assert run.outcome is Outcome.AGREED_CORRECT
    done = [record.time_s for record in run.trace.records if isinstance(record.event, Execute)]
    assert len(done) == n - len(crashed)
    left = [each.event.view for each in run.trace.records if isinstance(each.event, ViewChangeStarted)]
    promised_s = scenario.configuration().healing_s(max(left, default=0), MESSAGE_S)
    return max(done) - healed_s, promised_s


TWO_AND_TWO = ((0, 1), (2, 3))


@pytest.mark.parametrize("length_s", [30.0, 700.0, 10_300.0])
@pytest.mark.parametrize("groups", [TWO_AND_TWO, ((0,), (1,), (2,), (3,)), ((0, 3), (1,), (2,))])
def test_healing_takes_no_longer_after_a_longer_partition(length_s, groups):
    took_s, promised_s = healing(4, partitioned(length_s, *groups))
    assert took_s <= promised_s
    assert took_s <= 60.0, "eight times retransmit_s, and a view"


def test_a_minority_that_was_away_catches_up_soon():
    took_s, promised_s = healing(4, partitioned(10_300.0, (0, 1, 2), (3,)))
    assert took_s <= min(promised_s, 45.0)


@pytest.mark.parametrize("unheard", [(0,), (0, 1), (1, 2, 3)])
def test_what_one_side_could_hear_all_the_time_changes_nothing(unheard):
    took_s, promised_s = healing(4, partitioned(10_300.0, unheard, one_way=True))
    assert took_s <= promised_s
    assert took_s <= 100.0


def test_partitions_in_a_row_add_nothing():
    row = [
        partitioned(700.0, (0, 1), (2, 3)),
        partitioned(1_400.0, (0, 2), (1, 3), from_s=700.2),
        partitioned(10_300.0, (0, 3), (1, 2), from_s=1_400.1),
    ]
    took_s, promised_s = healing(4, *row)
    assert took_s <= promised_s
    assert took_s <= 100.0


@pytest.mark.parametrize("crashed", [(0, 1), (1, 2), (2, 6)])
def test_f_crashed_nodes_besides_cost_a_timeout_each(crashed):
    took_s, promised_s = healing(7, partitioned(10_300.0, (0, 1, 2, 3), (4, 5, 6)), crashed=crashed)
    assert took_s <= promised_s
    assert took_s <= 200.0
