"""The proposers of a system: round robin, or by accumulated priority."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bft.core.quorum import QuorumSystem
from bft.protocols.tendermint.rotation import Rotation


def by_the_book(weights: list[int], turns: int) -> list[int]:
    """Return the proposers as CometBFT's specification words it: add weights, take the highest, subtract the total."""
    priorities = dict.fromkeys(range(len(weights)), 0)
    out = []
    for _ in range(turns):
        for node, weight in enumerate(weights):
            priorities[node] += weight
        highest = max(priorities.values())
        chosen = min(node for node, priority in priorities.items() if priority == highest)
        priorities[chosen] -= sum(weights)
        out.append(chosen)
    return out


@given(st.lists(st.integers(1, 30), min_size=1, max_size=7), st.integers(1, 200))
def test_the_proposers_are_those_of_accumulated_priority(stakes: list[int], turns: int) -> None:
    system = QuorumSystem.of(len(stakes), stakes=stakes)
    rotation = Rotation(system)
    expected = by_the_book(list(system.weights), turns)
    assert [rotation.proposer(1, turn) for turn in range(turns)] == expected
    assert [rotation.proposer(1 + turn, 0) for turn in range(turns)] == expected


def test_each_proposes_as_often_as_it_weighs() -> None:
    system = QuorumSystem.of(4, stakes=[1, 10, 3, 5])
    rotation = Rotation(system)
    for start in (0, 7, 100):
        turns = Counter(rotation.proposer(1 + start + turn, 0) for turn in range(system.total))
        assert turns == dict(enumerate(system.weights))


def test_a_height_far_away_costs_no_more_than_a_period() -> None:
    system = QuorumSystem.of(3, stakes=[3, 2, 1])
    assert Rotation(system).proposer(10**15, 0) == Rotation(system).proposer(1, (10**15 - 1) % 6)
