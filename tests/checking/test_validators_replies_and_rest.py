"""M8, S9 and LV6: validators gate prepares, replies are given again, and nobody times a view for nothing."""

from __future__ import annotations

from bft.checking import operations as ops
from bft.checking.counterexample import run
from bft.checking.mutant_runner import hunt
from bft.checking.pbft import mutant_functions as bent
from bft.checking.pbft.subject import pbft
from bft.checking.protocols import bug
from bft.checking.setting import Setting


def test_a_backup_that_prepares_what_its_validator_rejects_breaks_m8():
    kill = hunt(bug("pbft", "rejected proposals prepared"), schedules=200, oracle=("M8",))
    assert kill.finding is not None
    assert "prepared what its validator has not accepted" in kill.finding.breach.detail


def test_a_replica_that_does_not_answer_again_breaks_s9():
    kill = hunt(bug("pbft", "request asked again not answered again"), schedules=200, oracle=("S9",))
    assert kill.finding is not None
    assert "which was asked again" in kill.finding.breach.detail


def test_a_replica_that_waits_for_what_its_client_has_given_up_breaks_lv6():
    """It heard of the first request alone, and got the state after the second; for the first it would wait for ever."""
    without_3 = [ops.Exchange("", (15, 15, 15, 0), False)] * 6
    heal = [ops.Fire(3, "status"), ops.Settle(12), ops.Heal(6, 0)]
    schedule = (ops.Ask(0, 15), *without_3, ops.Ask(1, 7), *without_3, *heal)
    setting = Setting(clients=1, checkpoint_interval=1, window=2)
    _, right = run(pbft(), setting, schedule)
    assert "state transfer" in right.reached
    assert right.breaches == []
    _, wrong = run(pbft(make_replica=bent.waiting_for_the_superseded), setting, schedule)
    assert [each.invariant for each in wrong.breaches] == ["LV6"]
    assert "node 3 still waits for ('client-0', 1)" in wrong.breaches[0].detail
