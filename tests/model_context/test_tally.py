"""What so many equal answers are worth, by arithmetic and by every assignment of liars."""

from __future__ import annotations

import itertools

import pytest

from bft.errors import ScenarioError
from bft.model_context.tally import check_tally


def test_three_of_five_with_one_failed_call_is_not_safe_and_four_are() -> None:
    found = check_tally(5, 3, failed=1)
    assert (found.safe, found.decides, found.quorum, found.tolerated, found.missing) == (False, False, 4, 1, 1)
    assert (found.shared, found.liars_withstood, found.rival, found.others, found.reachable) == (1, 0, 2, 1, True)
    assert found.verdict.startswith("Not safe: 3 of 5 are no quorum. With f = 1 it takes 4 of 5, one more.")
    assert "With 1 failed, the others can still be a quorum." in found.verdict
    assert check_tally(5, 4, failed=1).safe
    assert not check_tally(5, 0, failed=2).reachable


def test_a_small_quorum_that_was_asked_for_decides_and_is_not_safe() -> None:
    found = check_tally(5, 3, quorum=3)
    assert (found.decides, found.safe) == (True, False)
    assert "1 member that votes twice can give another answer as many votes" in found.verdict
    half = check_tally(4, 2, faulty=0, quorum=2)
    assert "another answer may have as many votes though nobody lies" in half.verdict
    assert half.liars_withstood == -1
    assert check_tally(5, 3, faulty=0, quorum=3).safe


@pytest.mark.parametrize("members", range(1, 8))
def test_safe_is_that_no_liars_can_give_another_answer_as_many_votes(members: int) -> None:
    """Enumerated: who agrees, who lies; a liar votes for both answers, and all others for the second."""
    for agreeing in range(members + 1):
        found = check_tally(members, agreeing)
        first = set(range(agreeing))
        split = any(
            len((set(range(members)) - first) | set(liars)) >= max(agreeing, found.quorum)
            for liars in itertools.combinations(range(members), found.tolerated)
        )
        assert found.safe == (found.decides and not split)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((0, 0), "members = 0: must be at least 1"),
        ((5, 6), "agreeing = 6: must be at most 5"),
        ((5, -1), "agreeing = -1: must be at least 0"),
        ((5, 2.5), "agreeing = 2.5: must be a whole number"),
        ((5, True), "agreeing = True: must be a whole number"),
    ],
)
def test_what_is_no_tally_is_refused(given: tuple[int, int], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        check_tally(*given)
    with pytest.raises(ScenarioError, match="failed = 3: must be at most 2: 3 of 5 members agree"):
        check_tally(5, 3, failed=3)
    with pytest.raises(ScenarioError, match="f"):
        check_tally(5, 3, faulty=9)
