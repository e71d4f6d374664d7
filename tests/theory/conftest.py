"""Naive twins of the laws: every set of faulty nodes, view by view, in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import pytest

FaultySet = frozenset[int]


def faulty_sets(deltas: Sequence[float]) -> Iterator[tuple[FaultySet, float]]:
    """Every set of faulty nodes, with its probability."""
    nodes = range(len(deltas))
    for size in range(len(deltas) + 1):
        for chosen in combinations(nodes, size):
            chance = 1.0
            for node in nodes:
                chance *= deltas[node] if node in chosen else 1.0 - deltas[node]
            yield frozenset(chosen), chance


@pytest.fixture(scope="session")
def over_faulty_sets() -> Callable[[Sequence[float], Callable[[FaultySet], str]], dict[str, float]]:
    """Return a function that adds up the probability of each outcome of a rule."""

    def law(deltas: Sequence[float], outcome: Callable[[FaultySet], str]) -> dict[str, float]:
        chances: dict[str, float] = dict.fromkeys(("agree", "correct", "wrong", "stalled", "split"), 0.0)
        for faulty, chance in faulty_sets(deltas):
            chances[outcome(faulty)] += chance
        return chances

    return law
