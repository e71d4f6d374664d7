"""Every rule decides as its name says, whatever the order of the votes; ties and abstentions have a meaning."""

from __future__ import annotations

from itertools import permutations, product
from math import log

import pytest

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError
from bft.voting import (
    IMPOSSIBLE,
    OPEN,
    Approval,
    ConfidenceWeighted,
    Exhaustive,
    Plurality,
    Quorum,
    Rule,
    Vote,
    Weighted,
    decided,
    known_log_odds_weights,
    log_odds_weights,
)


def votes(*answers: str | None) -> list[Vote]:
    return [Vote(voter=voter, answer=answer) for voter, answer in enumerate(answers)]


def test_the_most_votes_win_however_few():
    assert Plurality().standing(votes("A", "B", "A", "C", "D"), ()) == decided("A")


def test_a_tie_is_no_decision_unless_the_lowest_voter_breaks_it():
    tied = votes("B", "A", "A", "B")
    assert Plurality().standing(tied, ()) == IMPOSSIBLE
    assert Plurality(ties="lowest_voter").standing(tied, ()) == decided("B")
    assert Plurality(ties="lowest_voter").standing(tied[::-1], ()) == decided("B")


def test_an_abstention_was_heard_and_counts_for_nobody():
    assert Plurality().standing(votes(None, None, "A"), ()) == decided("A")
    assert Plurality().standing(votes(None, None, None), ()) == IMPOSSIBLE
    assert Quorum(system=QuorumSystem.of(4)).standing(votes("A", "A", None, None), ()) == IMPOSSIBLE


def test_without_any_voter_nothing_is_decided():
    assert Plurality().standing([], ()) == IMPOSSIBLE
    assert Plurality().standing([], [0]) == OPEN


def test_a_quorum_decides_at_its_last_vote_and_is_given_up_at_the_last_hope():
    rule = Quorum(system=QuorumSystem.of(7))  # q = 5
    heard = votes("A", "A", "A", "A", "B", "A")
    assert rule.standing(heard[:5], [5, 6]) == OPEN
    assert rule.standing(heard, [6]) == decided("A")
    torn = votes("A", "B", "C", "A", "B")
    assert rule.standing(torn[:4], [4, 5, 6]) == OPEN
    assert rule.standing(torn, [5, 6]) == IMPOSSIBLE


def test_a_quorum_of_at_most_half_takes_the_heavier_of_two():
    rule = Quorum(system=QuorumSystem.of(6, quorum=2))
    assert rule.standing(votes("A", "A", "B", "B", "B"), [5]) == OPEN
    assert rule.standing(votes("A", "A", "B", "B", "B", None), ()) == decided("B")


def test_weights_outvote_heads():
    rule = Weighted(weights=(5, 1, 1, 1))
    assert rule.standing(votes("A", "B", "B", "B"), ()) == decided("A")
    assert rule.standing(votes("A"), [1, 2, 3]) == decided("A")
    assert Weighted(weights=(0, 0)).standing([], [0, 1]) == IMPOSSIBLE


def test_stated_confidence_is_believed():
    sure = Vote(voter=0, answer="B", confidence=1.0)
    unsure = [Vote(voter=voter, answer="A", confidence=0.3) for voter in (1, 2, 3)]
    assert ConfidenceWeighted().standing([sure, *unsure], ()) == decided("B")
    assert ConfidenceWeighted().standing([sure, *unsure], [4]) == OPEN
    assert ConfidenceWeighted().standing([Vote(voter=0, answer="A", confidence=0.0)], ()) == IMPOSSIBLE


def test_approval_counts_every_answer_that_a_voter_accepts_once():
    rule = Approval(system=QuorumSystem.of(4))
    ballots = [Vote(voter=0, answer="A", also=("B", "B")), Vote(voter=1, answer="B"), Vote(voter=2, answer="B")]
    assert rule.standing(ballots, [3]) == decided("B")
    assert Plurality().standing([Vote(voter=0, answer="A")], ()) == decided("A")


def test_known_accuracies_weigh_what_learnt_ones_tend_to():
    assert known_log_odds_weights([0.8, 0.5, 0.2]) == (round(1e6 * log(4)), 0, 0)
    assert known_log_odds_weights([0.25], options=9) == (round(1e6 * log(3)),)
    learnt = log_odds_weights([800_000, 600_000], 1_000_000)
    assert all(abs(one - other) < 10 for one, other in zip(learnt, known_log_odds_weights([0.8, 0.6]), strict=True))


def test_log_odds_follow_accuracy_and_chance_has_no_say():
    weights = log_odds_weights([80, 50, 20], 100)
    assert weights[0] > 0 == weights[1] == weights[2]
    assert log_odds_weights([20], 100, options=9)[0] > 0
    assert log_odds_weights([0, 0], 0) == (0, 0)


def test_a_rule_from_a_function_stops_when_all_completions_agree():
    def half_or_more(ballot):
        named = [vote.answer for vote in ballot if vote.answer is not None]
        return next((each for each in sorted(set(named)) if 2 * named.count(each) > len(ballot)), None)

    rule = Exhaustive(half_or_more, voters=5)
    assert rule.standing(votes("A", "A"), [2, 3, 4]) == OPEN
    assert rule.standing(votes("A", "A", "A"), [3, 4]) == decided("A")
    assert rule.standing(votes("A", "B", "C", "A"), [4]) == OPEN
    assert rule.standing(votes("A", "B", "C", "D"), [4]) == IMPOSSIBLE


SYSTEM = QuorumSystem.of(4)
RULES: list[Rule] = [
    Plurality(),
    Plurality(ties="lowest_voter"),
    Quorum(system=SYSTEM),
    Weighted(weights=(4, 2, 1, 1)),
    ConfidenceWeighted(),
    Approval(system=SYSTEM),
]


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_the_order_of_the_votes_does_not_matter(rule):
    for answers in product(("A", "B", None), repeat=4):
        ballot = votes(*answers)
        assert len({rule.standing(order, ()) for order in permutations(ballot)}) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Plurality(ties="first"), r"ties = 'first': must be 'undecided' or 'lowest_voter'"),
        (lambda: Weighted(weights=(1, -1)), "weights"),
        (lambda: Weighted(weights=(1, 1), need=0), "need = 0: must be at least 1"),
        (lambda: Vote(voter=0, answer="A", confidence=1.5), r"confidence = 1\.5: must be between 0 and 1"),
        (lambda: Vote(voter=0, answer="A", confidence=float("nan")), "confidence = nan"),
        (lambda: log_odds_weights([3], 2), "right"),
        (lambda: known_log_odds_weights([0.9, 1.0]), "accuracy"),
        (lambda: known_log_odds_weights([0.9], options=-1), "options = -1"),
        (lambda: log_odds_weights([1], 2, options=0), "options = 0"),
        (lambda: Exhaustive(lambda ballot: None, voters=9), "voters = 9: must be between 1 and 8"),  # noqa: ARG005
    ],
)
def test_nonsense_is_refused(make, message):
    with pytest.raises(ScenarioError, match=message):
        make()
