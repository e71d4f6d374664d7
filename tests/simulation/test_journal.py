"""The journal of a run: it changes nothing, and misses nothing."""

from __future__ import annotations

from collections import Counter

import pytest

import bft
from bft.simulation.journal import Journal, Message

HARD = bft.Scenario(
    n=4,
    faults={"nodes": [0], "behaviour": "equivocate"},
    validators={"kind": "statistical"},
    network={
        "loss": 0.1,
        "duplication": 0.1,
        "partitions": [{"groups": [[0, 1], [2, 3]], "start_s": 0.1, "end_s": 3.0}],
    },
)
CRASHING = bft.Scenario(
    n=7, faults={"nodes": [0, 2], "behaviour": "crash"}, validators={"kind": "statistical", "latency": {}}
)
SCENARIOS = [bft.Scenario(n=1), bft.Scenario(), HARD, CRASHING]


def journalled(scenario: bft.Scenario, seed: int) -> tuple[bft.Run, Journal]:
    run = bft.simulate(scenario, seed, journal=True)
    assert run.journal is not None
    return run, run.journal


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("seed", range(5))
def test_a_run_that_is_watched_is_the_same_run(scenario: bft.Scenario, seed: int) -> None:
    plain, (watched, journal) = bft.simulate(scenario, seed), journalled(scenario, seed)
    assert plain.journal is None
    assert plain.trace_hash == watched.trace_hash
    assert plain.metrics == watched.metrics
    assert [(*entry[:2], entry.item) for entry in journal.log if entry.kind == "report"] == list(watched.trace)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("seed", range(5))
def test_every_copy_is_accounted_for(scenario: bft.Scenario, seed: int) -> None:
    run, journal = journalled(scenario, seed)
    fates = Counter(each.fate for each in journal.messages)
    assert fates["delivered"] == run.metrics.messages_delivered
    # What is lost on links or at crashed nodes; the rest was still travelling when everything ended.
    assert fates["recipient down"] + fates["not delivered"] >= run.metrics.messages_lost
    assert [each.number for each in journal.messages] == list(range(len(journal.messages)))
    kinds = Counter(each.kind for each in journal.messages)
    doubled = len(journal.messages) - run.metrics.messages_sent
    assert 0 <= doubled <= (0 if scenario.network.duplication == 0 else len(journal.messages) / 3)
    assert set(kinds) == {kind for kind, copies in run.metrics.sent_by_kind.items() if copies}


@pytest.mark.parametrize("seed", range(10))
def test_a_lost_message_is_told_from_its_retransmission(seed: int) -> None:
    """Each sending has a fate of its own: delays are those of the law, never a retransmission interval longer."""
    _, journal = journalled(HARD.replace("retransmit_s", 50.0), seed)
    arrived = [each for each in journal.messages if each.arrived_at_s is not None]
    assert arrived
    assert max(_delay_s(each) for each in arrived) < 5.0  # lognormal link delays have a median of 50 ms
    assert min(_delay_s(each) for each in arrived) > 0.0


def _delay_s(message: Message) -> float:
    assert message.arrived_at_s is not None
    return message.arrived_at_s - message.sent_at_s


def test_messages_to_a_crashed_node_find_it_down() -> None:
    _, journal = journalled(CRASHING, 1)
    down = {each.recipient for each in journal.messages if each.fate == "recipient down"}
    assert down == {0, 2}
    assert not [each for each in journal.messages if each.sender in (0, 2) and each.sent_at_s > 0]


def test_calls_take_the_time_of_the_validator() -> None:
    _, journal = journalled(CRASHING, 3)
    said = [each for each in journal.calls if each.said_at_s is not None]
    assert {each.kind for each in said} == {"propose", "judge"}
    assert all(each.said_at_s is not None and each.said_at_s > each.asked_at_s for each in said)
    assert {each.said for each in said if each.kind == "judge"} <= {"accept", "reject", "unsure"}


def test_timers_fire_when_they_are_due_or_not_at_all() -> None:
    _, journal = journalled(CRASHING, 1)
    assert any(each.fired for each in journal.timers)
    for each in journal.timers:
        if each.fired:
            assert each.ended_at_s == each.due_at_s
        elif each.ended_at_s is not None:
            assert each.ended_at_s <= each.due_at_s


def test_the_diagram_ends_where_it_is_cut() -> None:
    run, journal = journalled(HARD, 2)
    whole, start = journal.diagram("all"), journal.diagram("start", until_s=0.1)
    assert whole.title == "all"
    assert [lane.honest for lane in whole.lanes] == [False, True, True, True]
    assert 0 < len(start.arrows) < len(whole.arrows)
    assert max(each.at for each in start.marks) <= 0.1
    assert all(each.received is None or each.received <= 0.1 for each in start.arrows)
    assert whole.breach is None
    assert not run.breaches


def test_a_broken_invariant_is_in_the_diagram() -> None:
    scenario = bft.Scenario(n=4, faults={"nodes": [0, 1], "behaviour": "equivocate"})
    run, journal = journalled(scenario, 1)
    assert run.breaches
    breach = journal.diagram().breach
    assert breach is not None
    assert (breach.words, breach.at) == (run.breaches[0].invariant, run.breaches[0].time_s)
