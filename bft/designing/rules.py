"""The rules that a panel may be designed for, and what their votes weigh."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bft.designing.fault_cases import Ints
from bft.errors import ScenarioError, bad_value
from bft.randomness import Floats
from bft.voting.log_odds import known_log_odds_weights

PROPOSED = ("pbft", "tendermint")
"""Rules by which one member proposes, view after view; each member leads once, so that every quorum is found."""

MAJORITIES = PROPOSED
COUNTED = ("quorum", "plurality", *PROPOSED)
WEIGHED = ("log_odds", "stake")
_REFUSED = {
    "confidence": "needs stated confidences, which tables of answers and fitted numbers do not hold",
    "judge": "needs verdicts on the answers of others, which tables of answers and fitted numbers do not hold",
}


def rules_of(given: Sequence[str] | None, *, stakes: bool) -> tuple[str, ...]:
    """Return the rules to consider, the preferred ones first.

    Raises
    ------
    ScenarioError
        If a rule is unknown, or needs what is not there.
    """
    if given is None:
        return ("quorum", "plurality", "log_odds", *(("stake",) if stakes else ()), *PROPOSED)
    if not given:
        raise ScenarioError("rules: must name at least one rule")
    for rule in given:
        if rule in _REFUSED:
            raise ScenarioError(bad_value("rules", rule, _REFUSED[rule]))
        if rule not in (*COUNTED, *WEIGHED):
            known = ", ".join((*COUNTED, *WEIGHED))
            raise ScenarioError(bad_value("rules", rule, f"must be one of {known}"))
        if rule == "stake" and not stakes:
            raise ScenarioError(bad_value("rules", rule, "needs stakes"))
    return tuple(dict.fromkeys(given))


def learnt_accuracy(codes_right: Floats, questions: float) -> tuple[float, ...]:
    """Return accuracies by Laplace's rule of succession, never 0 or 1."""
    return tuple(((codes_right + 1.0) / (questions + 2.0)).tolist())


def log_odds(accuracy: Sequence[float]) -> Ints:
    """Return what votes weigh by the log-odds of accuracies."""
    certain = 1e-9
    return np.array(
        known_log_odds_weights([min(max(each, certain), 1.0 - certain) for each in accuracy]), dtype=np.intp
    )
