"""The strongest attacks known on Tendermint: a split from 2q − n on, and a stall that the honest recover from."""

from __future__ import annotations

import pytest

import bft
from bft.core.quorum import QuorumSystem
from bft.record.outcome import Outcome

SIZES = (4, 5, 6, 7, 8, 10)


def attacked(n: int, nodes: int, behaviour: str = "equivocate", first: int = 0, **given: object) -> bft.Scenario:
    liars = tuple((first + place) % n for place in range(nodes))
    return bft.Scenario(n=n, protocol="tendermint", faults={"nodes": liars, "behaviour": behaviour}, **given)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("behaviour", ["equivocate", "twins"])
def test_so_many_that_two_quorums_share_no_honest_node_split(n: int, behaviour: str) -> None:
    scenario = attacked(n, QuorumSystem.of(n).safe_below, behaviour)
    assert bft.simulate(scenario, 1).outcome is Outcome.SPLIT


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("behaviour", ["equivocate", "twins"])
def test_one_fewer_never_split(n: int, behaviour: str) -> None:
    scenario = attacked(n, QuorumSystem.of(n).safe_below - 1, behaviour)
    simulator = bft.Simulator(scenario, 1, check="full")
    for replication in range(5):
        run = simulator.run(replication)
        assert run.outcome in (Outcome.AGREED_CORRECT, Outcome.STALLED)
        assert not run.breaches


def test_a_coalition_whose_turn_comes_later_moves_the_honest_on_and_splits_there() -> None:
    run = bft.simulate(attacked(4, 2, first=2), 1)
    assert run.outcome is Outcome.SPLIT
    assert run.faults[2]["rounds left"] == 2


@pytest.mark.parametrize(("n", "f"), [(4, 1), (7, 2), (10, 3)])
def test_within_the_bound_the_stall_outlasts_crashed_proposers_and_is_recovered_from(n: int, f: int) -> None:
    stalled = bft.simulate(attacked(n, f), 1, check="full")
    crashed = bft.simulate(attacked(n, f, "crash"), 1)
    assert stalled.outcome is Outcome.AGREED_CORRECT
    assert not stalled.breaches
    assert stalled.faults[0]["locks hidden"] == 1
    assert stalled.metrics.decided_at_s is not None
    assert crashed.metrics.decided_at_s is not None
    assert stalled.metrics.decided_at_s > 1.2 * crashed.metrics.decided_at_s


def test_where_nobody_tells_of_the_polka_a_hidden_lock_holds() -> None:
    slowly = attacked(4, 1, retransmit_s=300.0, views="unlimited", horizon_s=2000.0)
    soon = attacked(4, 1, views="unlimited", horizon_s=2000.0)
    views = [bft.simulate(scenario, 1, check="full").metrics.views for scenario in (slowly, soon)]
    assert views[0] > 4
    assert views[1] == 2


def test_every_height_of_a_stream_is_attacked() -> None:
    scenario = attacked(7, 2, requests={"count": 4, "rate_per_s": 1.0})
    run = bft.simulate(scenario, 1, check="full")
    assert run.outcome is Outcome.AGREED_CORRECT
    assert not run.breaches
    assert run.faults[0]["equivocations"] >= 1
    assert run.faults[1]["equivocations"] >= 1
