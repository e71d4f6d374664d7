"""Which crashes HotStuff survives: every faulty set of small systems, run and compared with the exact law."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

import bft
from bft.core.quorum import QuorumSystem
from bft.simulation.simulate import Simulator
from bft.theory.faults import fixed
from bft.theory.hotstuff import chained_crash_law, share_with_a_run


def outcome(protocol: str, n: int, crashed: tuple[int, ...], **fields: Any) -> str:
    scenario = bft.Scenario(protocol=protocol, n=n, faults={"nodes": crashed}, **fields)
    return Simulator(scenario, 3).run().outcome.value


def sets(n: int) -> Iterator[tuple[int, ...]]:
    """Yield all sets of crashed nodes up to one more than a quorum can miss."""
    for k in range(QuorumSystem.of(n).live_up_to + 2):
        yield from combinations(range(n), k)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("protocol", ["hotstuff", "hotstuff-2"])
def test_one_live_leader_and_a_quorum_decide_in_the_phased_variants(protocol: str, n: int) -> None:
    for crashed in sets(n):
        if len(crashed) == n:
            continue
        wanted = "agreed_correct" if len(crashed) <= QuorumSystem.of(n).live_up_to else "stalled"
        assert outcome(protocol, n, crashed) == wanted, crashed


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, pytest.param(8, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("chain", [2, 3])
def test_the_chained_variants_need_leaders_in_a_row_and_the_law_names_the_very_sets(chain: int, n: int) -> None:
    for crashed in sets(n):
        if len(crashed) == n:
            continue
        law = chained_crash_law(QuorumSystem.of(n), fixed(n, crashed), chain=chain)
        wanted = "agreed_correct" if law.agree == 1.0 else "stalled"
        assert outcome("hotstuff-chained", n, crashed, **{"hotstuff-chained": {"chain": chain}}) == wanted, crashed


def test_a_chain_of_three_never_commits_with_one_of_four_crashed() -> None:
    assert {outcome("hotstuff-chained", 4, (node,)) for node in range(4)} == {"stalled"}
    assert {outcome("hotstuff-chained", 4, (node,), views=40) for node in range(4)} == {"stalled"}


def test_two_thirds_of_the_placements_of_two_crashes_in_seven_commit() -> None:
    outcomes = [outcome("hotstuff-chained", 7, crashed) for crashed in combinations(range(7), 2)]
    assert outcomes.count("agreed_correct") / len(outcomes) == share_with_a_run(7, 2, 4) == 2 / 3


@pytest.mark.parametrize("views", [1, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("chain", [2, 3])
def test_with_few_views_the_last_collector_may_commit_alone_and_retransmission_tells_the_others(
    chain: int, views: int
) -> None:
    n = 4
    for crashed in sets(n):
        for told in (True, False):
            law = chained_crash_law(QuorumSystem.of(n), fixed(n, crashed), chain=chain, views=views, told=told)
            wanted = max(
                ("agreed_correct", law.agree),
                ("partial", law.partial),
                ("stalled", law.stalled),
                key=lambda each: each[1],
            )
            assert wanted[1] == 1.0
            settings = {"hotstuff-chained": {"chain": chain}}
            found = outcome("hotstuff-chained", n, crashed, views=views, retransmission=told, **settings)
            assert found == wanted[0], (crashed, told)


def test_an_isolated_dead_leader_costs_two_views_given_up_and_one_lost_proposal() -> None:
    scenario = bft.Scenario(protocol="hotstuff-chained", n=7, faults={"nodes": (2,)}, views=12)
    run = Simulator(scenario, 1, journal=True).run()
    assert run.journal is not None
    given_up = {message.body.vote.view for message in run.journal.messages if type(message.body).__name__ == "Timeout"}
    assert given_up == {1, 2}
