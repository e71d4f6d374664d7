"""Loss, duplication, partitions and the horizon, as the replicas meet them."""

from __future__ import annotations

import pytest

import bft
from bft.core.effects import Execute
from bft.record.outcome import Outcome


def outcomes(scenario: bft.Scenario, runs: int, seed: int = 1) -> list[Outcome]:
    simulator = bft.Simulator(scenario, seed)
    return [simulator.run(replication).outcome for replication in range(runs)]


def test_with_retransmission_and_all_views_lossy_links_agree_almost_surely() -> None:
    lossy = bft.Network(loss=0.3)
    assert set(outcomes(bft.Scenario(n=4, network=lossy), 100)) == {Outcome.AGREED_CORRECT}
    alone = bft.Scenario(n=4, network=lossy, views=1, retransmission=False)
    assert outcomes(alone, 100).count(Outcome.AGREED_CORRECT) < 30


def test_everything_twice_changes_nothing_but_the_count() -> None:
    run = bft.simulate(bft.Scenario(n=4, network=bft.Network(duplication=1.0)), 2)
    assert run.outcome is Outcome.AGREED_CORRECT
    assert run.metrics.messages_sent == 24
    assert run.metrics.messages_delivered == 48
    assert not run.breaches


def test_losing_everything_stalls_and_is_not_unsafe() -> None:
    run = bft.simulate(bft.Scenario(n=4, network=bft.Network(loss=1.0)), 2)
    assert run.outcome is Outcome.STALLED
    assert run.metrics.messages_delivered == 0
    assert run.metrics.messages_lost == run.metrics.messages_sent > 0
    assert not run.breaches


def halves(end_s: float) -> bft.Network:
    return bft.Network(partitions=(bft.Partition(groups=((0, 1), (2, 3)), end_s=end_s),))


def test_a_partition_without_a_quorum_decides_nothing_and_heals() -> None:
    run = bft.simulate(bft.Scenario(n=4, network=halves(60.0)), 4)
    assert run.outcome is Outcome.AGREED_CORRECT
    assert min(time_s for time_s, _, _ in run.trace.of(Execute)) > 60.0


def test_the_side_with_a_quorum_goes_on_and_the_other_catches_up() -> None:
    network = bft.Network(partitions=(bft.Partition(groups=((0, 1, 2),), end_s=60.0),))
    run = bft.simulate(bft.Scenario(n=4, network=network), 4)
    times = {node: time_s for time_s, node, _ in run.trace.of(Execute)}
    assert all(times[node] < 1.0 for node in (0, 1, 2))
    assert times[3] > 60.0
    assert run.outcome is Outcome.AGREED_CORRECT


def test_before_the_partition_heals_the_horizon_leaves_it_partial() -> None:
    network = bft.Network(partitions=(bft.Partition(groups=((0, 1, 2),), end_s=60.0),))
    assert bft.simulate(bft.Scenario(n=4, network=network, horizon_s=30.0), 4).outcome is Outcome.PARTIAL


def test_nothing_happens_after_the_horizon() -> None:
    run = bft.simulate(bft.Scenario(n=4, network=bft.Network(loss=1.0), horizon_s=17.0), 4)
    assert max(time_s for time_s, _, _ in run.trace) <= 17.0


@pytest.mark.parametrize("seed", range(5))
def test_a_stream_of_requests_is_executed_everywhere_in_one_order(seed: int) -> None:
    scenario = bft.Scenario(
        n=4,
        requests=bft.Requests(count=100, rate_per_s=20.0),
        network=bft.Network(loss=0.02, duplication=0.02),
        horizon_s=2000.0,
    )
    run = bft.simulate(scenario, seed)
    assert run.outcome is Outcome.AGREED_CORRECT
    by_seq = [
        {event.seq: event.digest for _, node, event in run.trace.of(Execute) if node == each} for each in range(4)
    ]
    for one in by_seq:
        assert all(by_seq[0][seq] == digest for seq, digest in one.items() if seq in by_seq[0])
    assert not run.breaches
    assert len(run.metrics.client_latency_s) == 100


def test_poisson_arrivals_have_their_rate() -> None:
    """Mean of 400 exponential gaps of mean 0.5 s lies within 4.4 standard errors: false alarm below 1e-5."""
    scenario = bft.Scenario(n=1, requests=bft.Requests(count=401, rate_per_s=2.0))
    run = bft.simulate(scenario, 8)
    times = sorted(time_s for time_s, _, _ in run.trace.of(Execute))
    assert len(times) == 401
    assert abs(times[-1] / 400 - 0.5) < 4.4 * 0.5 / 20
