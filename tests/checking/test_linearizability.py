"""Linearizability: histories with and without an order that explains them, and clients that wait."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from bft.checking import operations as ops
from bft.checking.clients import outstanding
from bft.checking.counterexample import run
from bft.checking.generators import generate
from bft.checking.linearizability import Call, fault_in, ledger_accepts
from bft.checking.mutant_runner import hunt
from bft.checking.play import play
from bft.checking.protocols import bug
from bft.checking.setting import Setting
from bft.checking.subjects import pbft
from bft.checking.watching import watched
from bft.core.quorum import QuorumSystem
from bft.protocols.pbft import PbftConfig

ALL = 0b1111
PRODUCTION = PbftConfig(system=QuorumSystem.of(4))


def call(answered=None, number=None):
    return Call(name="a request", answered=answered, result=None if number is None else f"{number}. yes")


def explained(*history):
    return fault_in(history, ledger_accepts, 0) is None


def test_answers_in_the_order_of_the_requests_are_linearizable():
    assert explained(call(1, 1), call(2, 2), call(3, 3))


def test_requests_at_the_same_time_may_take_effect_in_any_order():
    assert explained(call(2, 2), call(2, 1))


def test_a_request_made_after_an_answer_may_not_come_before_it():
    assert not explained(call(1, 2), call(2, 1))


def test_two_requests_may_not_get_one_number():
    assert not explained(call(2, 1), call(2, 1))


def test_a_request_without_an_answer_may_have_taken_effect_or_not():
    assert explained(call(), call(2, 2))
    assert explained(call(), call(2, 1))
    assert not explained(call(), call(2, 3))


def naively(history):
    """Try every order of every subset that holds all the answered requests."""
    places = range(len(history))
    answered = {place for place in places if history[place].answered is not None}
    for size in range(len(answered), len(history) + 1):
        for order in permutations(places, size):
            if answered <= set(order) and _fits(history, order):
                return True
    return False


def _fits(history, order):
    for count, place in enumerate(order, 1):
        result = history[place].result
        if result is not None and not result.startswith(f"{count}. "):
            return False
        missing = set(range(len(history))) - set(order[:count])
        for other in missing:
            at = history[other].answered
            if at is not None and at <= place:
                return False
    return True


@st.composite
def histories(draw):
    size = draw(st.integers(0, 5))
    history = []
    for place in range(size):
        answered = draw(st.none() | st.integers(place + 1, size))
        history.append(call(answered, None if answered is None else draw(st.integers(1, size))))
    return history


@given(histories())
def test_the_search_agrees_with_trying_every_order(history):
    assert (fault_in(history, ledger_accepts, 0) is None) == naively(history)


def test_a_client_that_waits_asks_its_next_question_only_after_an_answer():
    world, _ = watched(pbft(), Setting(ledger=True))
    play(world, [ops.Call(0, ALL), ops.Call(0, ALL), ops.Call(1, ALL)])
    assert sorted(world.requests) == [0, 1]
    play(world, [ops.Settle(12)])
    assert [outstanding(world, client) for client in (0, 1)] == [2, 3]


def test_a_long_stream_is_linearizable():
    world, monitor = run(pbft(), Setting(ledger=True, checkpoint_interval=16, window=64), (ops.Work(150),))
    assert world.reach == [150] * 4
    assert monitor.breaches == []
    assert len(monitor.facts.answered) == 150


def test_the_answers_alone_tell_that_a_new_view_loses_what_was_executed():
    found = hunt(bug("pbft", "max-s one too low"), schedules=60, oracle=("S8",), generators=("clients",))
    assert found.finding is not None
    assert found.finding.breach.detail.startswith("no order of the requests explains these answers")


def test_a_long_schedule_runs_at_the_interval_and_window_of_scenarios():
    made = generate("long", 0, 0, pbft())
    assert (made.setting.checkpoint_interval, made.setting.window) == (
        PRODUCTION.checkpoint_interval,
        PRODUCTION.window,
    )
    world, monitor = run(pbft(), made.setting, made.operations)
    assert monitor.breaches == []
    assert len(monitor.facts.answered) > 400
    assert min(world.reach[node] for node in world.watchable) > 400


def test_clients_of_another_oracle_stand_in_no_history() -> None:
    """Whether a client can be starved is asked with clients of its own, which no order of the others explains."""
    setting = Setting(n=4, byzantine=(0,), clients=1, prompt_validators=True, ledger=True)
    schedule = (ops.Heal(6, 6), ops.Call(0, 13), ops.Heal(6, 3))
    assert not run(pbft(), setting, schedule)[1].breaches
