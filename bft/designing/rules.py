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
WEIGHED = ("log_odds", "stake", "confidence")


def rules_of(given: Sequence[str] | None, *, stakes: bool, stated: bool) -> tuple[str, ...]:
    """Return the rules to consider, the preferred ones first.

    Parameters
    ----------
    given : sequence of str or None
        Their names; None for all that have their input.
    stakes, stated : bool
        Whether there are stakes, and confidences that were stated with answers.

    Raises
    ------
    ScenarioError
        If a rule is unknown, or needs what is not there.
    """
    there = {"stake": stakes, "confidence": stated}
    if given is None:
        return ("quorum", "plurality", "log_odds", *(rule for rule, known in there.items() if known), *PROPOSED)
    if not given:
        raise ScenarioError("rules: must name at least one rule")
    for rule in given:
        if rule == "judge":
            allowed = "needs verdicts on the answers of others, which no table of answers and no fit holds"
            raise ScenarioError(bad_value("rules", rule, allowed))
        if rule not in (*COUNTED, *WEIGHED):
            known = ", ".join((*COUNTED, *WEIGHED))
            raise ScenarioError(bad_value("rules", rule, f"must be one of {known}"))
        if not there.get(rule, True):
            needed = (
                "stakes"
                if rule == "stake"
                else "stated confidences: a table with a column confidence, from 0 to 1 for every answer"
            )
            raise ScenarioError(bad_value("rules", rule, f"needs {needed}"))
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
