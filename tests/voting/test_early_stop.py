"""Early stop is exact: decided or impossible iff every completion of the ballot agrees, tried for all small ballots."""

from __future__ import annotations

import doctest
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bft.voting.completions
import bft.voting.exhaustive
import bft.voting.log_odds
import bft.voting.rule
from bft.core.quorum import QuorumSystem
from bft.voting import (
    OPEN,
    Approval,
    ConfidenceWeighted,
    Exhaustive,
    Plurality,
    Quorum,
    Vote,
    Weighted,
    decided,
    gaps,
)
from bft.voting.completions import completions

ANSWERS = ("A", "B", None)

RULES = [
    Plurality(),
    Plurality(ties="lowest_voter"),
    *(Quorum(system=QuorumSystem.of(4, quorum=quorum)) for quorum in (1, 2, 3, 4)),
    Quorum(system=QuorumSystem.of(4, stakes=(0.4, 0.3, 0.2, 0.1))),
    Weighted(weights=(3, 2, 1, 0)),
    Weighted(weights=(3, 2, 2, 1), ties="lowest_voter"),
    Weighted(weights=(0, 1, 1, 2), need=2, ties="lowest_voter"),
    Weighted(weights=(2, 2, 1, 1), need=5),
    Weighted(weights=(1, 1, 1, 1), need=5),
    ConfidenceWeighted(),
    ConfidenceWeighted(ties="lowest_voter"),
    Approval(system=QuorumSystem.of(4)),
    Exhaustive(lambda ballot: Plurality().standing(ballot, ()).answer, voters=4),
]


@pytest.mark.parametrize("rule", RULES, ids=[f"{type(each).__name__}-{place}" for place, each in enumerate(RULES)])
def test_every_rule_stops_exactly_when_all_completions_agree(rule):
    for answers in product(ANSWERS, repeat=4):
        ballot = [Vote(voter=voter, answer=answer) for voter, answer in enumerate(answers)]
        assert list(gaps(rule, ballot)) == []


def test_a_single_voter_is_a_ballot():
    for rule in (Plurality(), Quorum(system=QuorumSystem.of(1)), ConfidenceWeighted()):
        assert rule.standing([], [0]) == OPEN
        assert list(gaps(rule, [Vote(voter=0, answer="A")])) == []


ballots = st.lists(
    st.builds(
        lambda answer, also, tenths: (answer, also if answer else (), tenths / 10),
        st.sampled_from(("A", "B", "C", None)),
        st.sets(st.sampled_from("ABC"), max_size=2).map(lambda each: tuple(sorted(each))),
        st.integers(0, 10),
    ),
    min_size=1,
    max_size=5,
)


@given(
    ballot=ballots,
    weights=st.lists(st.integers(0, 4), min_size=5, max_size=5),
    need=st.integers(1, 9),
    ties=st.sampled_from(("undecided", "lowest_voter")),
)
def test_any_weights_confidences_and_approvals(ballot, weights, need, ties):
    votes = [
        Vote(voter=voter, answer=answer, confidence=sure, also=also)
        for voter, (answer, also, sure) in enumerate(ballot)
    ]
    assert list(gaps(Weighted(weights=tuple(weights), need=need, ties=ties), votes)) == []
    assert list(gaps(ConfidenceWeighted(ties=ties), votes)) == []


def test_the_completions_of_nobody_are_the_partitions_of_the_voters():
    bell = {0: 1, 1: 2, 2: 5, 3: 15, 4: 52, 5: 203}  # of one more, since the abstaining are a class of their own
    for voters, number in bell.items():
        assert len(list(completions([], range(voters)))) == number


@dataclass(frozen=True)
class TooEager:
    """Decides once an answer has two votes."""

    def standing(self, votes, missing):
        del missing
        named = [vote.answer for vote in votes if vote.answer is not None]
        return next((decided(each) for each in sorted(set(named)) if named.count(each) > 1), OPEN)


@dataclass(frozen=True)
class TooPatient:
    """Waits for the last vote."""

    def standing(self, votes, missing):
        return OPEN if missing else Plurality().standing(votes, missing)


@dataclass(frozen=True)
class FirstHeard:
    """Takes the first answer that came."""

    def standing(self, votes, missing):
        return decided(votes[0].answer) if votes and not missing and votes[0].answer else OPEN


@pytest.mark.parametrize(
    ("rule", "answers", "said"),
    [
        (TooEager(), "AABB", "may still make it"),
        (TooPatient(), "AAAB", "open, but whatever"),
        (FirstHeard(), "AABB", "order of the votes"),
    ],
)
def test_a_rule_that_stops_wrongly_is_found(rule, answers, said):
    ballot = [Vote(voter=voter, answer=answer) for voter, answer in enumerate(answers)]
    assert any(said in gap for gap in gaps(rule, ballot))


@pytest.mark.parametrize(
    "module", [bft.voting.completions, bft.voting.exhaustive, bft.voting.log_odds, bft.voting.rule]
)
def test_examples_in_docstrings(module):
    assert doctest.testmod(module).failed == 0
