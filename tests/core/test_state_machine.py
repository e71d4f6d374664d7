"""The answer log: its digest shows every difference in value or order, for ever."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from bft.core.request import Proposal, Request
from bft.core.state_machine import AnswerLog

histories = st.lists(st.tuples(st.integers(0, 2), st.sampled_from("ab")), max_size=5)


def log(history):
    machine = AnswerLog()
    for timestamp, answer in history:
        machine.apply(Proposal(request=Request(client="c", timestamp=timestamp, operation="x"), answer=answer))
    return machine


@given(histories, histories)
def test_digests_are_equal_iff_the_histories_are(one, other):
    assert (log(one).digest() == log(other).digest()) == (one == other)


@given(histories, histories)
def test_a_restored_log_goes_on_like_the_original(one, more):
    twin = AnswerLog()
    twin.restore(log(one).snapshot())
    for timestamp, answer in more:
        twin.apply(Proposal(request=Request(client="c", timestamp=timestamp, operation="x"), answer=answer))
    assert twin.digest() == log(one + more).digest()


def test_the_reply_is_the_answer():
    request = Request(client="c", timestamp=1, operation="x")
    assert AnswerLog().apply(Proposal(request=request, answer="42")) == "42"
    assert AnswerLog().apply(Proposal(request=request)) == ""


def test_a_copy_is_independent():
    machine = log([(0, "a")])
    twin = deepcopy(machine)
    twin.apply(Proposal(request=Request(client="c", timestamp=1, operation="x"), answer="b"))
    assert machine.digest() == log([(0, "a")]).digest()
    assert twin.digest() == log([(0, "a"), (1, "b")]).digest()
