"""The monitors: a second judge of every proof, and alarms on events that no mutant produces."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft import Faults, Scenario
from bft.checking import operations as ops
from bft.checking import strategies as bst
from bft.checking.choices import Choices
from bft.checking.counterexample import run
from bft.checking.full_check import FullCheck
from bft.checking.generators import generate
from bft.checking.invariants.facts import Facts
from bft.checking.pbft.forging import Knowledge, certificate, new_view, view_change
from bft.checking.pbft.invariants.proofs import (
    carried_over,
    certificate_fault,
    checkpoint_fault,
    decision_fault,
    judge_new_view,
    view_change_fault,
)
from bft.checking.pbft.monitor import INVARIANTS, PbftMonitor
from bft.checking.play import play
from bft.checking.setting import Setting
from bft.checking.subjects import pbft
from bft.checking.watching import watched
from bft.core.effects import Broadcast, Execute, Forget, Reply
from bft.core.events import StateTransferred
from bft.core.quorum import QuorumSystem
from bft.core.request import NULL_DIGEST, NULL_PROPOSAL, Proposal, Request
from bft.protocols.pbft import Rules
from bft.protocols.pbft.certificates import Verifier
from bft.protocols.pbft.events import CheckpointStable, Committed, Prepared, ViewChangeStarted
from bft.protocols.pbft.messages import Checkpoint, Prepare
from bft.protocols.pbft.new_view import carry_over
from bft.record.safety import Breach
from bft.simulation.simulate import simulate

PBFT = pbft()


def monitor(*, window=4, interval=2, genuine=lambda _: True):
    return PbftMonitor(QuorumSystem.of(4), genuine, range(4), checkpoint_interval=interval, window=window)


def alarms(*seen, **options):
    watch = monitor(**options)
    for node, event in seen:
        watch.observe(0.0, node, event)
    return [each.invariant for each in watch.breaches]


def execute(seq, answer="a", *, view=0, repeated=False, state="s", timestamp=1):
    proposal = Proposal(request=Request(client="c", timestamp=timestamp, operation="o"), answer=answer)
    return Execute(view, seq, proposal.digest, proposal, repeated, state)


def test_two_values_at_one_number_are_a_split():
    assert alarms((0, execute(1, "a")), (1, execute(1, "b"))) == ["S1"]


def test_a_gap_is_noticed():
    assert alarms((0, execute(2))) == ["S2"]


def test_a_request_that_nobody_signed_is_noticed():
    assert alarms((0, execute(1)), genuine=lambda _: False) == ["S3"]


def test_executing_twice_is_noticed():
    assert alarms((0, execute(1)), (0, execute(2, state="t"))) == ["S4"]
    assert alarms((0, execute(1)), (0, execute(2, repeated=True, state="t"))) == ["S4"]
    assert alarms((0, execute(1)), (0, execute(2, repeated=True))) == []


def test_different_replies_are_noticed():
    assert alarms((0, Reply("c", 1, "yes")), (1, Reply("c", 1, "no"))) == ["S5"]


def test_different_states_are_noticed():
    assert alarms((0, execute(1, state="s")), (1, execute(1, state="t"))) == ["S6"]
    assert alarms((0, execute(1, state="s")), (1, StateTransferred(1, "t"))) == ["S6"]
    assert alarms((1, StateTransferred(1, "t"))) == ["S6"]


def test_the_low_watermark_only_grows_by_intervals():
    votes = [(node, Broadcast(Checkpoint(seq, "d", node))) for seq in (2, 3, 4) for node in range(3)]
    stable = {seq: CheckpointStable(seq, "d", (0, 1, 2)) for seq in (2, 3, 4)}
    assert alarms(*votes, (0, stable[2]), (0, stable[4])) == []
    assert alarms(*votes, (0, stable[4]), (0, stable[2])) == ["K2"]
    assert alarms(*votes, (0, stable[3])) == ["K2"]


def test_a_window_no_larger_than_the_interval_is_noticed():
    votes = [(node, Broadcast(Checkpoint(2, "d", node))) for node in range(3)]
    assert alarms(*votes, (0, CheckpointStable(2, "d", (0, 1, 2))), window=2) == ["K3"]


def test_a_checkpoint_needs_votes_that_were_cast():
    assert alarms((0, CheckpointStable(2, "d", (0, 1, 2)))) == ["K1"]


def test_discarding_the_window_is_noticed():
    assert alarms((0, Forget(("prepare",), 1))) == ["K2"]


def test_a_commit_without_prepared_nodes_is_noticed():
    assert alarms((0, Committed(0, 1, "d", (0, 1, 2)))) == ["C5", "C2"]


def test_a_later_view_that_prepares_something_else_is_noticed():
    assert "C3" in alarms((0, execute(1, "a")), (1, Prepared(1, 1, "other", (2, 3))))


def test_a_vote_for_two_digests_is_noticed():
    first, second = Prepare(0, 1, "d", 1), Prepare(0, 1, "e", 1)
    assert "M1" in alarms((1, Broadcast(first)), (1, Broadcast(second)))


def test_a_view_that_shrinks_is_noticed():
    assert "M6" in alarms((1, ViewChangeStarted(2)), (1, ViewChangeStarted(1)))


def test_a_corrupted_node_is_judged_no_longer():
    watch = monitor()
    watch.corrupt(0)
    watch.observe(0.0, 0, execute(7))
    assert watch.breaches == []


def test_every_section_of_the_specification_has_a_monitor():
    names = {each.name for each in INVARIANTS}
    wanted = [("S", 6), ("C", 5), ("M", 6), ("V", 10), ("K", 3)]
    assert {f"{letter}{number}" for letter, last in wanted for number in range(1, last + 1)} <= names


def test_the_first_split_is_told_however_many_breaches_came_before():
    watch = monitor()
    for _ in range(100):
        watch.observe(0.0, 0, Forget(("prepare",), 1))
    watch.observe(0.0, 0, execute(1, "a"))
    watch.observe(1.0, 1, execute(1, "b"))
    assert watch.split
    assert Breach("S1", 1.0, 1, watch.breaches[-1].detail) == watch.breaches[-1]


@pytest.mark.parametrize("index", range(40))
def test_the_naive_judge_and_the_protocol_agree_on_every_proof(index):
    """Certificates, view-changes, new-views, checkpoints and decisions, forged and true, after a random run."""
    made = generate("knowledge", 23, index, PBFT, n=4)
    setting = replace(made.setting, byzantine=(index % 4,), corruptions=0, twins=())
    world, _ = watched(PBFT, setting)
    play(world, made.operations)
    system = setting.system()
    verifier = Verifier(system, Rules(), world.keyring, setting.window, setting.checkpoint_interval)
    facts = Facts(
        system,
        world.keyring.verify,
        (),
        checkpoint_interval=setting.checkpoint_interval,
        window=setting.window,
    )
    numbers = random.Random(index)
    judged = {True: 0, False: 0}
    for _ in range(30):
        choices = tuple(numbers.randrange(840) for _ in range(14))
        change, start = view_change(world, index % 4, choices), new_view(world, index % 4, choices)
        right = view_change_fault(facts, change) is None
        assert right == verifier.view_change(change)
        judged[right] += 1
        assert (checkpoint_fault(facts, change.low, change.checkpoint_proof) is None) == verifier.checkpoint(
            change.low, change.checkpoint_proof
        )
        if start is not None:
            assert (not judge_new_view(facts, start).faults) == verifier.new_view(start)
        built = certificate(Knowledge(world), sorted(world.corrupted), Choices(choices))
        if built is not None:
            assert (certificate_fault(facts, built) is None) == verifier.prepared(built)
    for replica in world.replicas:
        for decision in replica._state.decisions.values():
            assert decision_fault(facts, decision) is None
            assert verifier.decision(decision)
            fewer = replace(decision, commits=decision.commits[:2])
            assert decision_fault(facts, fewer) is not None
            assert not verifier.decision(fewer)
    assert judged[True] > 0
    assert judged[False] > 0


@given(st.data())
def test_what_a_new_view_carries_over_does_not_depend_on_the_order_of_v(data):
    index = data.draw(st.integers(0, 30))
    made = generate("views", 29, index, PBFT, n=4)
    world, _ = run(PBFT, made.setting, made.operations)
    changes = world.sent.get("ViewChange", [])
    by_sender = {message.replica: message for message in changes}
    order = data.draw(st.permutations(list(by_sender.values())))
    if not order:
        return
    low, high, naive = carried_over(tuple(order))
    carried = carry_over(order)
    assert (carried.min_seq, carried.max_seq) == (low, high)
    assert {seq: proposal.digest for seq, proposal in carried.proposals} == naive
    assert carry_over(reversed(order)) == carried
    nulls = {seq for seq, proposal in carried.proposals if proposal == NULL_PROPOSAL}
    assert nulls == {seq for seq, digest in naive.items() if digest == NULL_DIGEST}


@given(bst.schedules(PBFT, sizes=(4, 5, 7)))
def test_pbft_is_safe_on_any_schedule(schedule):
    bst.assert_safe(PBFT, *schedule)


@given(st.data())
def test_pbft_with_stakes_is_safe_on_any_schedule(data):
    setting = data.draw(bst.settings((4, 5), stakes=True))
    bst.assert_safe(PBFT, *data.draw(bst.schedules(PBFT, setting=setting)))


@given(st.data())
def test_pbft_is_safe_against_any_script_of_lies(data):
    setting = data.draw(bst.settings((4,), corruptions=False, prompt_validators=True))
    schedule = [ops.Ask(0, 31)]
    for lie in data.draw(bst.byzantine_scripts(PBFT, setting)):
        schedule += [lie, ops.Exchange("", data.draw(bst.delivery_graphs(setting.instances)), True)]
    bst.assert_safe(PBFT, setting, [*schedule, ops.Settle(8)])


@given(bst.quorum_systems())
def test_quorums_of_the_strategy_share_more_than_the_faulty(system):
    assert 2 * system.quorum - system.total > system.tolerated


@pytest.mark.parametrize("behaviour", ["crash", "equivocate", "lie", "withhold", "crash_recover"])
def test_the_monitor_watches_the_simulation_too(behaviour):
    reached = set()
    for seed in range(10):
        check = FullCheck()
        scenario = Scenario(n=4, faults=Faults(nodes=(seed % 4,), behaviour=behaviour))
        outcome = simulate(scenario, seed, make_replica=check)
        assert check.monitor.breaches == []
        assert outcome.breaches == ()
        reached |= check.monitor.reached
    assert "executed" in reached


def test_the_monitor_sees_a_seeded_bug_in_the_simulation():
    check = FullCheck()
    bug = replace(Rules(), commit_quorum=lambda system: system.weak)
    simulate(Scenario(n=4), 1, make_replica=check, rules=bug)
    assert check.monitor.breaches[0].invariant == "C5"


def test_default_setting_has_room_to_move():
    assert Setting().window > Setting().checkpoint_interval
