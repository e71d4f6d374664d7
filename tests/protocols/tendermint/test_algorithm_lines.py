"""The rules of Algorithm 1, each by its line. Replica 3 of four is watched; the proposer of round r is r mod 4."""

from __future__ import annotations

import pytest

from bft.core.effects import Broadcast, Execute
from bft.core.inputs import VerdictReady
from bft.core.quorum import QuorumSystem
from bft.core.verdict import Verdict
from bft.protocols.tendermint.messages import Precommit, Prevote, Propose
from bft.protocols.tendermint.state import PRECOMMIT, PREVOTE, PROPOSE
from tests.protocols.tendermint.conftest import Network


def votes(network: Network, kind: type) -> list[tuple[int, str | None]]:
    """Return what replica 3 voted: round and digest."""
    return [(each.round, each.digest) for each in network.said(kind, of=3)]


def lock(network: Network, answer: str = "a") -> None:
    """Let replica 3 lock a value in round 0, and go to round 1."""
    value = network.value(answer)
    network.ask()
    network.tell(3, network.propose(value, by=0))
    for voter in (0, 1):
        network.tell(3, network.prevote(value, by=voter))
    for voter in (0, 1):
        network.tell(3, network.precommit(None, by=voter))
    network.fire("precommit", 3)
    assert (network.state(3).locked_round, network.state(3).round) == (0, 1)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 10])
def test_without_faults_all_decide_in_round_0_with_the_messages_of_the_paper(n: int) -> None:
    network = Network(QuorumSystem.of(n))
    network.ask()
    network.deliver()
    assert all(network.executed(replica) == ["0 in 0"] for replica in range(n))
    sent = [each for each in network.effects if isinstance(each, Broadcast)]
    assert len(sent) * (n - 1) == (n - 1) * (2 * n + 1)
    assert not any(network.timers)


def test_line_14_the_proposer_rotates_with_the_height(four: Network) -> None:
    four.ask(0)
    four.deliver()
    four.ask(1)
    four.deliver()
    assert four.executed(2) == ["0 in 0", "1 in 0"]
    assert [each.replica for each in four.said(Propose)] == [0, 1]


def test_line_16_a_proposer_proposes_its_valid_value_again(alone: Network) -> None:
    lock(alone)
    for round_ in (1, 2):
        for voter in (0, 1, 2):
            alone.tell(3, alone.precommit(None, by=voter, round_=round_))
        alone.fire("precommit", 3)
    (own,) = alone.said(Propose, of=3)
    assert (own.round, own.digest, own.valid_round) == (3, alone.value("a").digest, 0)


def test_line_22_a_valid_value_is_prevoted_and_one_that_is_not_is_answered_with_nil(alone: Network) -> None:
    alone.ask()
    alone.judge = lambda _, proposal: Verdict.ACCEPT if proposal.answer == "good" else Verdict.REJECT
    alone.tell(3, alone.propose(alone.value("bad"), by=0))
    assert votes(alone, Prevote) == [(0, None)]
    assert alone.state(3).step == PREVOTE


def test_line_23_a_lock_refuses_another_value_without_asking_the_validator(alone: Network) -> None:
    lock(alone)
    alone.asked.clear()
    alone.tell(3, alone.propose(alone.value("b"), by=1, round_=1))
    assert votes(alone, Prevote)[-1] == (1, None)
    assert not alone.asked


def test_line_28_a_value_proposed_again_needs_the_polka_of_its_round(alone: Network) -> None:
    lock(alone)
    value = alone.value("b")
    for voter in (0, 1, 2):
        alone.tell(3, alone.precommit(None, by=voter, round_=1))
    alone.fire("precommit", 3)
    alone.tell(3, alone.propose(value, by=2, round_=2, valid_round=1))
    assert alone.state(3).step == PROPOSE
    for voter in (0, 1):
        alone.tell(3, alone.prevote(value, by=voter, round_=1))
    assert alone.state(3).step == PROPOSE
    alone.tell(3, alone.prevote(value, by=2, round_=1))
    assert votes(alone, Prevote)[-1] == (2, value.digest)


def test_line_29_a_lock_newer_than_the_polka_holds(alone: Network) -> None:
    """Locked on a in round 0; b has a polka of an earlier round only if there were one: there is none before 0."""
    network = alone
    first, second = network.value("a"), network.value("b")
    network.ask()
    network.tell(3, network.propose(first, by=0))
    for voter in (0, 1, 2):
        network.tell(3, network.prevote(second, by=voter))
        network.tell(3, network.precommit(None, by=voter))
    network.fire("precommit", 3)
    network.tell(3, network.propose(first, by=1, round_=1))
    for voter in (0, 1):
        network.tell(3, network.prevote(first, by=voter, round_=1))
    assert (network.state(3).locked, network.state(3).locked_round) == (first.digest, 1)
    for voter in (0, 1, 2):
        network.tell(3, network.precommit(None, by=voter, round_=1))
    network.fire("precommit", 3)
    network.tell(3, network.propose(second, by=2, round_=2, valid_round=0))
    assert votes(network, Prevote)[-1] == (2, None)


def test_line_34_a_quorum_of_prevotes_for_whatever_starts_a_timer_once(alone: Network) -> None:
    alone.ask()
    alone.fire("propose", 3)
    alone.tell(3, alone.prevote(alone.value("a"), by=0))
    assert "prevote" not in alone.timers[3]
    alone.tell(3, alone.prevote(alone.value("b"), by=1))
    assert alone.timers[3]["prevote"] == alone.config.prevote_s
    alone.fire("prevote", 3)
    assert votes(alone, Precommit) == [(0, None)]
    assert alone.state(3).step == PRECOMMIT


def test_line_36_a_polka_without_its_proposal_locks_nothing(alone: Network) -> None:
    value = alone.value("a")
    alone.ask()
    alone.fire("propose", 3)
    for voter in (0, 1, 2):
        alone.tell(3, alone.prevote(value, by=voter))
    assert not votes(alone, Precommit)
    alone.tell(3, alone.propose(value, by=0))
    assert votes(alone, Precommit) == [(0, value.digest)]
    assert (alone.state(3).locked_round, alone.state(3).valid_round) == (0, 0)


def test_line_42_a_polka_after_the_precommit_makes_a_valid_value_and_no_lock() -> None:
    network = Network(QuorumSystem.of(7), byzantine=range(6))
    network.ask()
    network.fire("propose", 6)
    value = network.value("a")
    for voter in (0, 1, 2, 3):
        network.tell(6, network.prevote(value, by=voter))
    network.fire("prevote", 6)
    network.tell(6, network.propose(value, by=0))
    network.tell(6, network.prevote(value, by=4))
    assert (network.state(6).locked_round, network.state(6).valid_round) == (-1, 0)
    assert [each.digest for each in network.said(Precommit, of=6)] == [None]


def test_line_44_a_quorum_for_nil_precommits_nil_at_once(alone: Network) -> None:
    alone.ask()
    alone.fire("propose", 3)
    for voter in (0, 1):
        alone.tell(3, alone.prevote(None, by=voter))
    assert votes(alone, Precommit) == [(0, None)]
    assert "prevote" not in alone.timers[3]


def test_line_49_decides_a_round_that_was_left(alone: Network) -> None:
    value = alone.value("a")
    alone.ask()
    alone.tell(3, alone.propose(value, by=0))
    for voter in (0, 1):
        alone.tell(3, alone.precommit(value, by=voter))
    for voter in (0, 1):
        alone.tell(3, alone.prevote(None, by=voter, round_=1))
    assert alone.state(3).round == 1
    assert not alone.executed(3)
    alone.tell(3, alone.precommit(value, by=2))
    assert alone.executed(3) == ["a"]


def test_line_55_needs_more_than_f_of_exactly_one_round(alone: Network) -> None:
    alone.ask()
    alone.tell(3, alone.prevote(None, by=0, round_=4))
    alone.tell(3, alone.precommit(None, by=0, round_=4))
    alone.tell(3, alone.prevote(None, by=1, round_=5))
    assert alone.state(3).round == 0
    alone.tell(3, alone.precommit(None, by=2, round_=5))
    assert alone.state(3).round == 5


def test_line_55_counts_a_proposal_as_its_senders(alone: Network) -> None:
    alone.ask()
    alone.tell(3, alone.propose(alone.value("a"), by=2, round_=2))
    assert alone.state(3).round == 0
    alone.tell(3, alone.prevote(None, by=0, round_=2))
    assert alone.state(3).round == 2


def test_line_55_reaches_a_round_far_ahead(alone: Network) -> None:
    alone.ask()
    alone.tell(3, alone.prevote(None, by=0, round_=500))
    alone.tell(3, alone.precommit(None, by=1, round_=500))
    assert alone.state(3).round == 500


def test_line_65_the_next_round_starts_after_timeout_precommit(four: Network) -> None:
    four.answer = lambda replica, view, _: None if view == 0 else f"{replica} in {view}"
    four.ask()
    assert all("propose" in timers for timers in four.timers)
    four.fire("propose")
    four.deliver()
    assert all("precommit" in timers for timers in four.timers)
    four.fire("precommit")
    four.deliver()
    assert all(four.executed(replica) == ["1 in 1"] for replica in range(4))


def test_timeouts_grow_by_delta_with_every_round_and_start_anew_with_the_height(alone: Network) -> None:
    alone.ask()
    assert alone.timers[3]["propose"] == alone.config.propose_s
    for voter in (0, 1):
        alone.tell(3, alone.prevote(None, by=voter, round_=2))
    assert alone.timers[3]["propose"] == alone.config.propose_s + 2 * alone.config.delta_s


def test_a_stale_timer_does_nothing(alone: Network) -> None:
    alone.ask()
    for voter in (0, 1):
        alone.tell(3, alone.prevote(None, by=voter, round_=1))
    alone.state(3).timers["precommit"] = (1, 0)
    alone.timers[3]["precommit"] = 1.0
    alone.fire("precommit", 3)
    assert (alone.state(3).round, alone.replicas[3].drops["stale timer"]) == (1, 1)


def test_a_late_verdict_sends_no_second_prevote_and_may_enable_line_36(alone: Network) -> None:
    alone.prompt = False
    value = alone.value("a")
    alone.ask()
    alone.tell(3, alone.propose(value, by=0))
    alone.fire("propose", 3)
    for voter in (0, 1, 2):
        alone.tell(3, alone.prevote(value, by=voter))
    assert votes(alone, Prevote) == [(0, None)]
    assert not votes(alone, Precommit)
    alone.give(3, VerdictReady(0, 1, value.digest, Verdict.ACCEPT))
    assert votes(alone, Prevote) == [(0, None)]
    assert votes(alone, Precommit) == [(0, value.digest)]
    assert [replica for replica, _ in alone.asked] == [3]


def test_heights_follow_one_another_and_each_request_executes_once(four: Network) -> None:
    for number in range(5):
        four.ask(number)
    four.deliver()
    executed = [event for node, event in four.events if node == 0 and isinstance(event, Execute)]
    assert [event.seq for event in executed] == list(range(1, len(executed) + 1))
    keys = [event.proposal.request.key for event in executed if event.proposal.request]
    assert len(set(keys)) == len(keys)


def test_a_value_whose_request_was_executed_is_not_valid(alone: Network) -> None:
    value = alone.value("a")
    alone.ask()
    alone.tell(3, alone.propose(value, by=0))
    for voter in (0, 1, 2):
        alone.tell(3, alone.precommit(value, by=voter))
    alone.ask(1)
    alone.tell(3, alone.propose(alone.value("again"), by=1, height=2))
    assert [(each.height, each.digest) for each in alone.said(Prevote, of=3)][-1] == (2, None)
