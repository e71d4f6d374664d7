"""The seeded bugs of Tendermint: every harmful one is found, no harmless one is; the right replica raises no alarm."""

from __future__ import annotations

import pytest

from bft.checking.campaign import search
from bft.checking.mutant_runner import hunt
from bft.checking.plan import SIZES, Plan
from bft.checking.seeded_bug import HARMLESS, SeededBug
from bft.checking.tendermint.mutants import MUTANTS

SLOW = ("whatever the lock", "restart forgets its lock", "changes state twice", "own messages", "without the polka")
"""Found after hundreds of schedules; the others within some hundred."""
HARMFUL = [each for each in MUTANTS if each.breaks != HARMLESS]


def slow(bug: SeededBug) -> bool:
    return any(words in bug.name for words in SLOW)


@pytest.mark.parametrize(
    "bug",
    [pytest.param(each, marks=pytest.mark.nightly) if slow(each) else each for each in HARMFUL],
    ids=lambda each: each.name,
)
def test_every_harmful_bug_is_found(bug: SeededBug) -> None:
    kill = hunt(bug, schedules=6000 if slow(bug) else 1000, seconds=60)
    assert kill.finding is not None
    assert kill.cpu_s < 60


@pytest.mark.parametrize("bug", [each for each in MUTANTS if each.breaks == HARMLESS], ids=lambda each: each.name)
def test_a_harmless_bug_says_why_and_survives(bug: SeededBug) -> None:
    assert len(bug.argument) > 50
    assert hunt(bug, schedules=150, seconds=60).finding is None


@pytest.mark.parametrize("protocol", ["tendermint", "tendermint-follow-polka"])
def test_the_right_replica_raises_no_alarm(protocol: str) -> None:
    result = search(Plan(protocol=protocol, schedules=192, seed=3))
    assert result.found is None
    reached = {name for row in result.rows for name in row.reached}
    assert {"polka", "executed", "round 2 or later", "round skipped", "decision of a past round"} <= reached


@pytest.mark.nightly
@pytest.mark.parametrize("protocol", ["tendermint", "tendermint-follow-polka"])
def test_a_long_campaign_raises_no_alarm(protocol: str) -> None:
    assert search(Plan(protocol=protocol, schedules=20_000, seed=29)).found is None


@pytest.mark.parametrize("n", SIZES)
def test_one_liar_too_many_splits_and_the_votes_name_the_culprits(n: int) -> None:
    """At K = 2q − n Twins alone find the split; AC, which watches accountability, raises no alarm in any schedule."""
    from bft.core.quorum import QuorumSystem

    liars = QuorumSystem.of(n).safe_below
    plan = Plan(
        protocol="tendermint", sizes=(n,), byzantine=liars, generators=("twins",), schedules=3000, oracle=("S1", "AC")
    )
    result = search(plan)
    assert result.found is not None
    assert result.found.finding is not None
    assert result.found.finding.breach.invariant == "S1"
    assert len(result.found.operations) <= 30
