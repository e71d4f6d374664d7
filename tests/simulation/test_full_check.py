"""Every invariant watched in the simulation: silent up to f faults of any kind, loud on a planted bug."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

import bft
from bft.adversary.settings import BEHAVIOURS
from bft.checking.ballot.mutants import MUTANTS
from bft.protocols.pbft import Rules
from bft.voting import Standing, State, additive_standing
from tests.simulation.test_ballot_runs import PANEL


@pytest.mark.parametrize("kind", BEHAVIOURS)
@pytest.mark.parametrize("loss", [0.0, 0.1])
def test_up_to_f_faults_break_no_invariant_and_watching_changes_nothing(kind: str, loss: float) -> None:
    scenario = bft.Scenario(
        n=7,
        faults=bft.Faults(nodes=(0, 3), behaviour=kind),
        network=bft.Network(loss=loss, duplication=loss),
        requests=bft.Requests(count=20, rate_per_s=0.5),
        horizon_s=600.0,
    )
    watched = bft.simulate(scenario, 3, check="full")
    assert not watched.breaches
    assert watched.trace_hash == bft.simulate(scenario, 3).trace_hash


def test_a_planted_bug_is_seen_before_it_splits_anything() -> None:
    hasty = Rules(commit_quorum=lambda _: 1)
    broken = {breach.invariant for breach in bft.simulate(bft.Scenario(n=4), 1, rules=hasty, check="full").breaches}
    assert "C5" in broken
    assert "S1" not in broken
    assert not bft.simulate(bft.Scenario(n=4), 1, rules=hasty).breaches


def test_an_unknown_check_is_refused() -> None:
    with pytest.raises(bft.BftError, match="check = 'most': must be 'basic' or 'full'"):
        bft.simulate(bft.Scenario(), 1, check="most")


@dataclass(frozen=True)
class TwoVotes:
    """A user's own rule: an answer needs two votes and more than any other; `hasty` takes the first for granted."""

    hasty: bool = False

    def standing(self, votes: Any, missing: Any) -> Standing:
        answers = [vote.answer for vote in votes if vote.answer is not None]
        if self.hasty and answers and missing:
            return Standing(state=State.DECIDED, answer=answers[0])
        return additive_standing(votes, missing, weigh=lambda _: 1, heaviest=lambda _: 1, need=2)


RULES: tuple[Any, ...] = (
    None,
    "plurality",
    {"kind": "plurality", "ties": "lowest_voter"},
    "stake",
    {"kind": "stake", "ties": "lowest_voter"},
    {"kind": "log_odds", "ties": "lowest_voter"},
    "log_odds",
    {"kind": "confidence", "ties": "lowest_voter"},
    "judge",
    TwoVotes(),
)


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("behaviour", ["crash", "crash_recover", "equivocate", "collude", "slow", "withhold"])
def test_ballots_are_watched_whole_and_watching_changes_nothing(rule: Any, behaviour: str) -> None:
    scenario = bft.Scenario(
        protocol="ballot",
        n=6,
        rule=rule,
        stakes=[1, 2, 3, 1, 2, 1] if rule not in ("plurality", "judge") else None,
        validators=PANEL,
        faults={"nodes": [0, 4], "behaviour": behaviour},
        network={"loss": 0.1},
    )
    for seed in range(4):
        watched = bft.simulate(scenario, seed, check="full")
        assert {breach.invariant for breach in watched.breaches} <= {"S1"}
        assert watched.trace_hash == bft.simulate(scenario, seed).trace_hash


@pytest.mark.parametrize(
    ("name", "invariant"),
    [("proof not shown", "B4"), ("restart forgets the decision", "B8"), ("votes with the crowd", "B2")],
)
def test_a_seeded_bug_of_a_ballot_is_seen_in_a_simulation(name: str, invariant: str) -> None:
    subject: Any = next(each.subject for each in MUTANTS if each.name == name)
    make = subject.keywords["make_replica"]
    faults = {"nodes": [1], "behaviour": {"kind": "crash_recover", "at_s": 3.0, "back_s": 6.0}}
    scenario = bft.Scenario(protocol="ballot", validators=PANEL, faults=faults, horizon_s=40.0)
    found = {
        each.invariant
        for seed in range(5)
        for each in bft.simulate(scenario, seed, make_replica=make, check="full").breaches
    }
    assert invariant in found


def test_a_rule_of_ones_own_that_decides_early_is_seen_in_a_simulation() -> None:
    def breaches(rule: Any) -> set[str]:
        scenario = bft.Scenario(protocol="ballot", rule=rule, validators=PANEL)
        return {each.invariant for seed in range(5) for each in bft.simulate(scenario, seed, check="full").breaches}

    assert "B4" in breaches(TwoVotes(hasty=True))
    assert not breaches(TwoVotes())
