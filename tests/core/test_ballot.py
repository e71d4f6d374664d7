"""The ballot box: first votes only, in bounded memory, against a plain list of votes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bft.core.ballot import KEYS_PER_VOTER, BallotBox


def test_only_the_first_vote_under_a_key_counts():
    box: BallotBox[str] = BallotBox()
    assert box.add(3, 1, "first")
    assert not box.add(3, 1, "second")
    assert box.at(3) == {1: "first"}
    assert box.at(4) == {}


def test_a_voter_that_fills_the_box_loses_its_own_lowest_votes_alone():
    box: BallotBox[int] = BallotBox()
    box.add(1, 0, 0)
    for key in range(1, 1000):
        box.add(key, 1, key)
    assert box.at(1) == {0: 0}
    assert box.of(1) == list(range(1000 - KEYS_PER_VOTER, 1000))
    assert len(box.items()) == KEYS_PER_VOTER + 1


def test_an_emptied_key_leaves_nothing_behind():
    """A liar that votes under ever new keys must not fill the memory with empty ones."""
    box: BallotBox[int] = BallotBox()
    for key in range(10_000):
        box.add(key, 1, key)
    assert len(box._by_key) == KEYS_PER_VOTER


def test_a_low_key_of_a_full_voter_is_forgotten_at_once():
    box: BallotBox[int] = BallotBox()
    for key in range(10, 10 + KEYS_PER_VOTER):
        box.add(key, 1, key)
    box.add(1, 1, 1)
    assert box.at(1) == {}
    assert len(box.of(1)) == KEYS_PER_VOTER


operations = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 12), st.integers(0, 3)),
        st.tuples(st.just("forget"), st.integers(0, 12), st.just(0)),
    ),
    max_size=60,
)


@given(operations)
def test_the_box_agrees_with_a_plain_list(steps):
    box: BallotBox[int] = BallotBox()
    votes: list[tuple[int, int, int]] = []
    for number, (what, key, voter) in enumerate(steps):
        if what == "forget":
            box.forget_through(key)
            votes = [vote for vote in votes if vote[0] > key]
            continue
        fresh = not any(vote[:2] == (key, voter) for vote in votes)
        assert box.add(key, voter, number) == fresh
        if fresh:
            votes.append((key, voter, number))
            mine = sorted(vote for vote in votes if vote[1] == voter)
            if len(mine) > KEYS_PER_VOTER:
                votes.remove(mine[0])
    for key in range(13):
        assert box.at(key) == {voter: number for at, voter, number in votes if at == key}
        above = {}
        for at, voter, _ in votes:
            if at > key:
                above[voter] = max(at, above.get(voter, at))
        assert box.highest_above(key) == above
    assert box.items() == [(key, box.at(key)) for key in range(13) if box.at(key)]
    for voter in range(4):
        assert box.of(voter) == [number for at, who, number in sorted(votes) if who == voter]


def test_a_clone_goes_its_own_way():
    box: BallotBox[str] = BallotBox()
    box.add(1, 1, "x")
    twin = box.clone()
    twin.add(1, 2, "y")
    box.forget_through(1)
    assert twin.at(1) == {1: "x", 2: "y"}
    assert box.at(1) == {}
