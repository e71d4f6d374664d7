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
COUNTED = ("quorum", "plurality", "judge", *PROPOSED)
STOPPING = ("quorum", "plurality")
WEIGHED = ("log_odds", "stake", "confidence")


_NEEDED = {
    "stake": "stakes",
    "confidence": "stated confidences: a table with a column confidence, from 0 to 1 for every answer",
    "judge": "how often a member accepts another's answer: accept-right and accept-wrong",
}


def rules_of(given: Sequence[str] | None, *, stakes: bool, stated: bool, judged: bool = False) -> tuple[str, ...]:
    """Return the rules to consider, the preferred ones first.

    Parameters
    ----------
    given : sequence of str or None
        Their names; None for all that have their input.
    stakes, stated, judged : bool
        Whether there are stakes, confidences that were stated with answers, and how members judge answers.

    Raises
    ------
    ScenarioError
        If a rule is unknown, or needs what is not there.
    """
    there = {"stake": stakes, "confidence": stated, "judge": judged}
    if given is None:
        return ("quorum", "plurality", "log_odds", *(rule for rule, known in there.items() if known), *PROPOSED)
    if not given:
        raise ScenarioError("rules: must name at least one rule")
    for rule in given:
        if rule not in (*COUNTED, *WEIGHED):
            known = ", ".join((*COUNTED, *WEIGHED))
            raise ScenarioError(bad_value("rules", rule, f"must be one of {known}"))
        if not there.get(rule, True):
            raise ScenarioError(bad_value("rules", rule, f"needs {_NEEDED[rule]}"))
    return tuple(dict.fromkeys(given))


def stopping_early(given: Sequence[str] | None) -> tuple[str, ...]:
    """Return the rules of ballots that end as soon as their answer is sure, those of them that are asked for.

    Raises
    ------
    ScenarioError
        If another rule is asked for.
    """
    for rule in given or ():
        if rule not in STOPPING:
            raise ScenarioError(bad_value("rules", rule, f"must be {' or '.join(STOPPING)} with early-stop"))
    return STOPPING if given is None else rules_of(given, stakes=False, stated=False)


def learnt_accuracy(codes_right: Floats, questions: float) -> tuple[float, ...]:
    """Return accuracies by Laplace's rule of succession, never 0 or 1."""
    return tuple(((codes_right + 1.0) / (questions + 2.0)).tolist())


def log_odds(accuracy: Sequence[float]) -> Ints:
    """Return what votes weigh by the log-odds of accuracies."""
    certain = 1e-9
    return np.array(
        known_log_odds_weights([min(max(each, certain), 1.0 - certain) for each in accuracy]), dtype=np.intp
    )
