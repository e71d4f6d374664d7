"""Symbolic signatures: what was signed verifies, what was not does not, and nothing raises."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.core.request import Request
from bft.core.signatures import SymbolicKeyring
from bft.protocols.pbft.messages import Commit, Prepare

vote = Prepare(0, 1, "d", 2)


def test_a_signed_body_verifies_also_as_an_equal_copy():
    keyring = SymbolicKeyring()
    assert keyring.sign(vote) is vote
    assert keyring.verify(vote)
    assert keyring.verify(Prepare(0, 1, "d", 2))


@pytest.mark.parametrize("change", [{"view": 1}, {"seq": 2}, {"digest": "e"}, {"replica": 3}])
def test_a_changed_body_does_not_verify(change):
    keyring = SymbolicKeyring()
    keyring.sign(vote)
    assert not keyring.verify(replace(vote, **change))


def test_the_same_words_in_another_message_are_not_signed():
    keyring = SymbolicKeyring()
    keyring.sign(vote)
    assert not keyring.verify(Commit(0, 1, "d", 2))


def test_the_adversary_signs_for_the_corrupted_alone():
    keyring = SymbolicKeyring({2, "mallory"})
    assert keyring.verify(vote)
    assert keyring.verify(Request(client="mallory", timestamp=1, operation="x"))
    assert not keyring.verify(replace(vote, replica=1))
    assert not keyring.verify(Request(client="alice", timestamp=1, operation="x"))
    keyring.corrupted.add(1)
    assert keyring.verify(replace(vote, replica=1))


def test_a_number_is_no_name():
    """Replica 1 corrupted does not make a client called "1" corrupted."""
    keyring = SymbolicKeyring({1})
    assert not keyring.verify(Request(client="1", timestamp=1, operation="x"))


@pytest.mark.parametrize("body", [replace(vote, digest=["d"]), replace(vote, replica=[2]), replace(vote, seq={})])
def test_an_unhashable_body_was_signed_by_nobody(body):
    keyring = SymbolicKeyring({1})
    keyring.sign(vote)
    assert not keyring.verify(body)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from("de"), st.integers(0, 3)), max_size=8),
    st.data(),
)
def test_the_pool_agrees_with_a_plain_set(signed, data):
    keyring, plain = SymbolicKeyring(), set()
    for each in signed:
        body = Prepare(*each)
        keyring.sign(body)
        plain.add(each)
        probe = data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from("de"), st.integers(0, 3)))
        assert keyring.verify(Prepare(*probe)) == (probe in plain)
