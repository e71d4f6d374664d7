"""HotStuff explored exhaustively: four replicas, two values, a faulty leader, through a change of view."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bft.checking.hotstuff.exploring import HotStuffExploration, _Search, explore
from bft.checking.hotstuff.mutants import one_less
from bft.errors import ScenarioError
from bft.protocols.hotstuff.rules import BASIC, CHAIN_OF_2, CHAIN_OF_3, TWO_PHASE, Rules, last_phase

VARIANTS = [BASIC, TWO_PHASE, CHAIN_OF_2, CHAIN_OF_3]


@pytest.mark.parametrize("rules", VARIANTS, ids=lambda rules: f"{rules.name}-{rules.chain}")
def test_a_view_of_a_faulty_leader_is_explored_completely_and_splits_nobody(rules: Rules) -> None:
    found = explore(HotStuffExploration(rules=rules, views=1))
    assert found.complete
    assert found.decided == (0 if rules.chain else 2)


def test_a_chain_of_two_is_explored_completely_through_a_change_of_view() -> None:
    found = explore(HotStuffExploration(rules=CHAIN_OF_2))
    assert found.complete
    assert found.decided > 1000
    assert found.states > 10_000


@pytest.mark.nightly
@pytest.mark.parametrize(("rules", "states"), [(BASIC, 200_000), (TWO_PHASE, 50_000), (CHAIN_OF_3, 2000)])
def test_the_other_variants_are_explored_completely_through_a_change_of_view(rules: Rules, states: int) -> None:
    found = explore(HotStuffExploration(rules=rules))
    assert found.complete
    assert found.states > states


def test_without_faults_everybody_decides_in_every_order() -> None:
    for rules in (BASIC, TWO_PHASE):
        found = explore(HotStuffExploration(rules=rules, faulty=False, views=1))
        assert found.complete
        assert (found.decided, found.stalled) == (1, 0)


@pytest.mark.parametrize(
    ("right", "bug", "views"),
    [
        (BASIC, {"certificate_quorum": one_less}, 1),
        (TWO_PHASE, {"certificate_quorum": one_less}, 1),
        (TWO_PHASE, {"commits": last_phase(0)}, 2),
    ],
)
def test_a_planted_bug_is_found_with_a_shortest_way_there(right: Rules, bug: dict[str, Any], views: int) -> None:
    found = explore(HotStuffExploration(rules=replace(right, **bug), views=views, max_states=300_000))
    assert found.invariant == "S1"
    assert 2 <= len(found.counterexample) <= 30
    assert {did for step in found.counterexample for did in step.did} >= {"executes a", "executes b"}


def test_a_quorum_of_two_of_four_splits_and_the_right_one_does_not() -> None:
    assert explore(HotStuffExploration(rules=TWO_PHASE, quorum=2, views=1)).invariant == "S1"
    assert explore(HotStuffExploration(rules=TWO_PHASE, quorum=4, views=1)).complete


def executions(config: HotStuffExploration) -> set[Any]:
    """Return every combination of what the replicas have executed, over all states that are reached."""
    search = _Search(config)
    level = [tuple(search._begun(replica) for replica in config.honest)]
    seen = set(level)
    while level:
        following = []
        for state in level:
            there = search._there(state)
            for place, local in enumerate(state):
                for _, after in search._moves(local, there & search.mailbox[config.honest[place]]):
                    reached = (*state[:place], after, *state[place + 1 :])
                    if reached not in seen:
                        seen.add(reached)
                        following.append(reached)
        level = following
    return {tuple((search.locals[local].sent != 0, search.locals[local].executed) for local in state) for state in seen}


@pytest.mark.parametrize("rules", VARIANTS, ids=lambda rules: f"{rules.name}-{rules.chain}")
def test_moves_reach_all_that_single_steps_reach(rules: Rules) -> None:
    plain = executions(HotStuffExploration(rules=rules, views=1, reduce=False))
    assert executions(HotStuffExploration(rules=rules, views=1)) == plain


def test_bounds_are_kept_and_nonsense_is_refused() -> None:
    assert explore(HotStuffExploration(max_states=100)).bound == "max_states = 100"
    with pytest.raises(ScenarioError, match="views = 0: must be at least 1"):
        HotStuffExploration(views=0)
    with pytest.raises(ScenarioError, match="n = 1: must be at least 2"):
        HotStuffExploration(n=1)
