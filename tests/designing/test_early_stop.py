"""Ballots that wait for nobody whose vote cannot change them: against the voting rules themselves, vote by vote."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bft.core.quorum import QuorumSystem
from bft.designing.early_stop import mean_decision_times
from bft.designing.search import design
from bft.errors import BftError
from bft.voting import Plurality, Quorum, Rule, Vote
from bft.voting.rule import OPEN
from tests.designing.conftest import WriteCodes, drawn_codes

LATENCIES_S = (3.0, 0.5, 2.0, 1.0, 2.0)


def ended_s(rule: Rule, row: list[int]) -> float:
    """Return when a rule's standing is no longer open, as members answer one after the other."""
    order = sorted(range(len(row)), key=lambda node: LATENCIES_S[node])
    for heard in range(1, len(row) + 1):
        votes = [Vote(voter=node, answer=str(row[node]) if row[node] >= 0 else None) for node in order[:heard]]
        if rule.standing(votes, order[heard:]) != OPEN:
            return LATENCIES_S[order[heard - 1]]
    raise AssertionError("nobody is missing")


def test_every_ballot_ends_when_its_rule_says_so() -> None:
    codes = drawn_codes(80, (0.7, 0.6, 0.6, 0.5, 0.4), seed=1, missing=0.15, options=2)
    weight = np.arange(1.0, 81.0)
    found = mean_decision_times(codes, weight, LATENCIES_S)
    for quorum, mean_s in enumerate(found, start=1):
        rule = Plurality() if quorum == 1 else Quorum(system=QuorumSystem.of(5, quorum=quorum))
        each = [ended_s(rule, row) for row in codes.tolist()]
        assert mean_s == pytest.approx(np.average(each, weights=weight), abs=1e-12), quorum
    assert max(found) < 3.0, "the slowest member is not always waited for"


def test_a_panel_with_a_slow_member_is_quick_enough_where_it_is_rarely_waited_for(write_codes: WriteCodes) -> None:
    names = ("ann", "bob", "cat")
    file = write_codes(drawn_codes(400, (0.95, 0.95, 0.95), seed=2), names)
    prices = {name: {"price": 1.0, "latency_s": each} for name, each in zip(names, (1.0, 1.0, 10.0), strict=True)}
    given: dict[str, Any] = {"prices": prices, "max_latency_s": 3.0, "sizes": [3]}
    assert design(file, **given).recommended is None
    found = design(file, **given, early_stop=True)
    assert found.recommended is not None
    assert found.to_dict()["early_stop"] is True
    assert set(found.rules) == {"quorum", "plurality"}
    both = float((drawn_codes(400, (0.95, 0.95, 0.95), seed=2)[:, :2] == 0).all(axis=1).mean())
    assert found.recommended.latency_s == pytest.approx(1.0 + 9.0 * (1.0 - both), abs=0.1)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"rules": ["log_odds"]}, "rules = 'log_odds': must be quorum or plurality with early-stop"),
        ({"liars": 1}, "early-stop = True: must be left out where members may be faulty"),
        ({"prices": None}, "early-stop = True: needs the latency_s of every model; missing for model-1, model-2"),
    ],
)
def test_what_has_no_time_of_decision_is_refused(given: dict[str, Any], told: str) -> None:
    known = {"prices": {f"model-{k + 1}": {"latency_s": 1.0} for k in range(3)}}
    with pytest.raises(BftError) as refused:
        design(accuracies=[0.9, 0.8, 0.8], **{**known, **given}, early_stop=True)
    assert told in str(refused.value)
