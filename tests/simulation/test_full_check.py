"""Every invariant watched in the simulation: silent up to f faults of any kind, loud on a planted bug."""

from __future__ import annotations

import pytest

import bft
from bft.adversary.settings import BEHAVIOURS
from bft.protocols.pbft import Rules


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
