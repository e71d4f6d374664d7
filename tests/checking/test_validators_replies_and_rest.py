"""M8, S9 and LV6: validators gate prepares, replies are given again, and nobody times a view for nothing."""

from __future__ import annotations

from bft.checking.mutant_runner import hunt
from bft.checking.protocols import bug


def test_a_backup_that_prepares_what_its_validator_rejects_breaks_m8():
    kill = hunt(bug("pbft", "rejected proposals prepared"), schedules=200, oracle=("M8",))
    assert kill.finding is not None
    assert "prepared what its validator has not accepted" in kill.finding.breach.detail


def test_a_replica_that_does_not_answer_again_breaks_s9():
    kill = hunt(bug("pbft", "request asked again not answered again"), schedules=200, oracle=("S9",))
    assert kill.finding is not None
    assert "which was asked again" in kill.finding.breach.detail
