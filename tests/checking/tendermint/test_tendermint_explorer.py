"""The exhaustive search of one height of Tendermint: complete where the quorum is right, else a split."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bft.checking.tendermint.explorer import TendermintExplorerConfig, explore
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError
from bft.protocols.tendermint import Rules

ONE_ROUND: list[dict[str, Any]] = [{"n": 1}, {"n": 3}, {"n": 4}, *({"n": 4, "byzantine": (liar,)} for liar in (0, 3))]


def weak(system: QuorumSystem) -> int:
    return system.weak


@pytest.mark.parametrize("given", ONE_ROUND, ids=str)
def test_one_round_is_complete_and_nothing_breaks(given: dict[str, Any]) -> None:
    found = explore(TendermintExplorerConfig(**given))
    assert found.complete
    assert found.decided > 0


def test_symmetry_loses_nothing() -> None:
    every = explore(TendermintExplorerConfig(n=4, byzantine=(0,), symmetry=False))
    fewer = explore(TendermintExplorerConfig(n=4, byzantine=(0,)))
    assert every.complete
    assert fewer.complete
    assert every.depth == fewer.depth
    assert every.states > 3 * fewer.states


@pytest.mark.nightly
def test_a_faulty_proposer_splits_nobody_through_a_round_change() -> None:
    found = explore(TendermintExplorerConfig(n=4, byzantine=(0,), views=2))
    assert found.complete
    assert found.states > 50_000
    assert found.stalled > 0


def test_one_liar_too_many_splits_in_a_few_steps() -> None:
    found = explore(TendermintExplorerConfig(n=4, byzantine=(0, 1)))
    assert found.invariant == "S1"
    assert len(found.counterexample) <= 10
    assert "executes b" in str(found)


@pytest.mark.parametrize(
    ("rules", "views"),
    [
        ({"polka_quorum": weak, "decision_quorum": weak}, 1),
        pytest.param({"decision_quorum": weak}, 2, marks=pytest.mark.nightly),
        pytest.param({"may_prevote": lambda *_: True}, 2, marks=pytest.mark.nightly),
        pytest.param({"set_lock": False}, 2, marks=pytest.mark.nightly),
    ],
)
def test_a_seeded_bug_splits(rules: dict[str, Any], views: int) -> None:
    bent = replace(Rules(), **rules)
    found = explore(TendermintExplorerConfig(n=4, byzantine=(0,), views=views, rules=bent, max_states=60_000))
    assert found.invariant == "S1"


@pytest.mark.parametrize(
    ("given", "words"),
    [({"byzantine": (4,)}, "byzantine"), ({"views": 0}, "must be at least 1"), ({"max_states": 0}, "max_states")],
)
def test_what_cannot_be_explored_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        TendermintExplorerConfig(**given)


def test_a_bound_is_told() -> None:
    found = explore(TendermintExplorerConfig(n=4, max_states=50))
    assert (found.bound, found.complete) == ("max_states = 50", False)
