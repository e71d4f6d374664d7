"""Exact law of one PBFT decision when validators check by *same answer*: right, wrong, or stalled.

Every validator has an answer of its own and accepts a proposal iff it equals that answer. So a proposal gets exactly
the votes of the class of validators that answered the same, and the decision falls in the first view whose primary
belongs to a class of q or more. An honest replica follows a prepared certificate whether or not it accepted. Answers
do not change between views; the network is lossless, primary(v) = v mod n, and t views are allowed.

Faulty nodes either crash, and neither propose nor vote, or collude: all of them propose and back the honest nodes'
most popular wrong answer (some wrong answer where no honest node is wrong). Their replicas are honest: with K = n
they decide on a wrong answer, while n crashed nodes decide nothing.

How errors go together is left to `bft.theory.errors_in_common`, how wrong answers coincide to
`bft.theory.wrong_answers`, and the conditioning on positions, where nodes differ, to `bft.theory.positions`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.theory.errors_in_common import ErrorLaw, ExchangeableErrors
from bft.theory.faults import ExchangeableFaults, FaultLaw
from bft.theory.outcome_law import OutcomeLaw, outcome_law
from bft.theory.positions import Decision, by_position
from bft.theory.ranges import Array, equal_weights, same_nodes, views_allowed
from bft.theory.wrong_answers import WrongAnswers

FaultyVote: TypeAlias = Literal["crash", "collude_popular"]


def same_answer_law(
    system: QuorumSystem,
    faults: FaultLaw,
    errors: ErrorLaw,
    wrong_answers: WrongAnswers,
    *,
    faulty_vote: FaultyVote = "crash",
    views: int | None = None,
) -> OutcomeLaw:
    """Return the law of a panel that checks by same answer; see the top of this file.

    Parameters
    ----------
    system : QuorumSystem
        Of equal weights.
    faults : FaultLaw
        Who is faulty, independently of who is right.
    errors : ErrorLaw
        Who is right.
    wrong_answers : WrongAnswers
        Which wrong answers are the same.
    faulty_vote : {"crash", "collude_popular"}
        What faulty nodes do.
    views : int, optional
        Views allowed; by default n.

    Raises
    ------
    UnsupportedError
        If the nodes differ and q ≤ n/2, where several answers may have a quorum at once; or if n is too large.

    Examples
    --------
    >>> from bft.theory.errors_in_common import independent_errors
    >>> from bft.theory.faults import independent
    >>> faults, errors = independent(4, 0.1), independent_errors(4, 0.8)
    >>> law = same_answer_law(QuorumSystem.of(4), faults, errors, WrongAnswers(options=3))
    >>> round(law.correct, 5), round(law.wrong, 5)
    (0.68678, 0.00248)
    """
    same_nodes(system, faults.n, "faults")
    same_nodes(system, errors.n, "accuracy")
    equal_weights(system, "the same-answer check")
    if faulty_vote not in ("crash", "collude_popular"):
        raise ScenarioError(bad_value("faulty_vote", faulty_vote, "must be 'crash' or 'collude_popular'"))
    decision = Decision(
        n=system.n,
        quorum=-(-system.quorum // system.weights[0]),
        turns=min(views_allowed(views, system.n), system.n),
        colluding=faulty_vote == "collude_popular",
    )
    wrong_quorum = _wrong_quorum(wrong_answers, decision)
    if not (isinstance(faults, ExchangeableFaults) and isinstance(errors, ExchangeableErrors)):
        correct, wrong, stalled = by_position(decision, faults, errors, wrong_quorum)
    else:
        given = [_given(decision, k, law, wrong_quorum[k]) for k, law in enumerate(errors.thinned())]
        correct, wrong, stalled = (faults.average(np.array(case)) for case in zip(*given, strict=True))
    return outcome_law(correct=correct, wrong=wrong, stalled=stalled)


def _wrong_quorum(answers: WrongAnswers, decision: Decision) -> list[Array]:
    """For K = 0 … n faulty nodes: P(wrong answers have a quorum, with l honest votes | w honest nodes are wrong).

    Entry K is of shape (n − K + 1, n − K + 1): row w, column l. Where several wrong answers have a quorum, l counts
    all their votes.
    """
    n, quorum = decision.n, decision.quorum
    alone = answers.classes_of(quorum, n)
    alone[:, 0] = 0.0  # no class
    if not decision.colluding:
        tables = [alone[: n - k + 1, : n - k + 1] for k in range(n)]
    else:
        popular = answers.largest_class(n)
        size = np.arange(n + 1)
        backed = [alone + popular * ((size < quorum) & (size + k >= quorum)) for k in range(n)]
        tables = [table[: n - k + 1, : n - k + 1] for k, table in enumerate(backed)]
    return [*tables, np.full((1, 1), float(decision.colluding))]  # K = n: colluders decide, crashed nodes do not


def _given(decision: Decision, k: int, number_right: Array, wrong_quorum: Array) -> tuple[float, float, float]:
    """P(correct), P(wrong), P(stalled) given K = k, when all nodes are alike."""
    right = np.arange(decision.n - k + 1)
    right_votes = np.where(right >= decision.quorum, right, 0)[:, np.newaxis]
    wrong_of = wrong_quorum[::-1]  # row R: n − K − R honest nodes are wrong
    wrong_votes = right + (k if decision.colluding else 0)
    miss = _miss(decision)
    both = right_votes + wrong_votes
    hit = 1.0 - miss[np.minimum(both, decision.n)]
    with np.errstate(invalid="ignore"):
        right_first = np.where(both > 0, right_votes / both, 0.0)
    no_wrong = 1.0 - wrong_of.sum(axis=1)
    right_alone = miss[right_votes[:, 0]]
    correct = no_wrong * (1.0 - right_alone) + (wrong_of * right_first * hit).sum(axis=1)
    wrong = (wrong_of * (1.0 - right_first) * hit).sum(axis=1)
    stalled = no_wrong * right_alone + (wrong_of * (1.0 - hit)).sum(axis=1)
    return float(number_right @ correct), float(number_right @ wrong), float(number_right @ stalled)


def _miss(decision: Decision) -> Array:
    """P(none of s given nodes is among the first t), for s = 0 … n."""
    members = np.arange(decision.n + 1)
    turn = np.arange(decision.turns)[:, np.newaxis]
    return np.asarray(np.prod(np.clip(decision.n - members - turn, 0, None) / (decision.n - turn), axis=0))
