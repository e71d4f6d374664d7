"""Exact law of a ballot over recorded answers in which validators judge the answers of all before they vote.

Every honest node accepts its own answer, and each other candidate with a probability that depends on the node, on
whether its own answer is right, and on whether the candidate is; all verdicts are independent. The candidate with the
most weight behind it wins if that is a quorum, and nothing is decided where two are ahead together. Faulty nodes crash,
or collude: they propose and accept the wrong answer that most honest nodes give, and nothing else. No vote is late.

With independent verdicts the weights Wₐ behind the candidates a are independent given the answers, and
P(a wins) = Σ_{w ≥ q} P(Wₐ = w) · Π_{b ≠ a} P(W_b < w). Each Wₐ is a sum over nodes, found by convolution, for all
sets of faulty nodes at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bft.core.quorum import QuorumSystem
from bft.errors import TableError, UnsupportedError, bad_value
from bft.theory.ballots import RIGHT, backers, in_order
from bft.theory.faults import FaultLaw
from bft.theory.outcome_law import OutcomeLaw, outcome_law
from bft.theory.ranges import Array, same_nodes
from bft.theory.same_answer import FaultyVote

MOST_NODES = 12  # 4,096 sets of faulty nodes, for each candidate of each pattern of answers
MOST_WEIGHT = 1000


def judged_ballot_law(
    system: QuorumSystem,
    faults: FaultLaw,
    codes: ArrayLike,
    accept: ArrayLike,
    *,
    faulty_vote: FaultyVote = "crash",
) -> OutcomeLaw:
    """Return how a ballot with judges ends; see the top of this file.

    Parameters
    ----------
    system : QuorumSystem
        Weights and quorum.
    faults : FaultLaw
        Who is faulty, independently of the question.
    codes : array_like of int, shape (questions, n)
        What each model answered, as for `ballot_law`.
    accept : array_like, shape (2, 2, n)
        accept[own answer right, candidate right, node] in [0, 1]; index 1 is right.
    faulty_vote : {"crash", "collude_popular"}
        What faulty nodes do. Of equally popular wrong answers colluders take that of the first node.

    Raises
    ------
    TableError
        If the table is empty or has another number of nodes.
    UnsupportedError
        If n is above 12, or the weights add up to more than 1000.

    Examples
    --------
    >>> from bft.theory.faults import fixed
    >>> law = judged_ballot_law(QuorumSystem.of(4), fixed(4, ()), [[0, 0, 0, 1]], np.full((2, 2, 4), 0.5))
    >>> f"{law.correct:.4f} {law.wrong:.4f}"
    '0.6875 0.0625'
    """
    given, chances = np.asarray(codes), np.asarray(accept, dtype=np.float64)
    n = system.n
    same_nodes(system, faults.n, "faults")
    if n > MOST_NODES:
        raise UnsupportedError(bad_value("n", n, f"must be at most {MOST_NODES} where every verdict is enumerated"))
    if system.total > MOST_WEIGHT:
        raise UnsupportedError(bad_value("stakes", system.weights, f"must add up to at most {MOST_WEIGHT}"))
    if given.ndim != 2 or given.shape[0] == 0 or given.shape[1] != n:
        raise TableError(bad_value("answers.shape", given.shape, f"must be (at least one question, {n} models)"))
    patterns, questions = np.unique(in_order(given), axis=0, return_counts=True)
    correct, wrong = np.zeros(2**n), np.zeros(2**n)
    for pattern, share in zip(patterns, questions / len(given), strict=True):
        wins = _wins(system, pattern, chances, colluding=faulty_vote == "collude_popular")
        correct += share * wins[RIGHT]
        wrong += share * wins[RIGHT + 1 :].sum(axis=0)
    return outcome_law(
        correct=faults.over_subsets(correct),
        wrong=faults.over_subsets(wrong),
        stalled=faults.over_subsets(np.maximum(0.0, 1.0 - correct - wrong)),
    )


def _wins(system: QuorumSystem, pattern: NDArray[np.intp], accept: Array, *, colluding: bool) -> Array:
    """Return the probability that each candidate wins, for every set of faulty nodes, shape (answers, 2ⁿ)."""
    faulty = np.arange(2**system.n)
    sets = backers(pattern, faulty, colluding=colluding)
    laws = np.stack([_weight_law(system, pattern, answer, members, accept) for answer, members in enumerate(sets)])
    below = np.cumsum(laws, axis=2) - laws
    found = np.zeros(sets.shape)
    for answer in range(len(sets)):
        others = np.delete(below, answer, axis=0).prod(axis=0)
        found[answer] = (laws[answer] * others)[:, system.quorum :].sum(axis=1)
    return found


def _weight_law(
    system: QuorumSystem, pattern: NDArray[np.intp], answer: int, members: NDArray[np.intp], accept: Array
) -> Array:
    """Return the law of the weight behind a candidate, for every set of faulty nodes, shape (2ⁿ, total + 1)."""
    faulty = np.arange(len(members))
    law = np.zeros((len(members), system.total + 1))
    law[:, 0] = 1.0
    for node, weight in enumerate(system.weights):
        chance = np.where(faulty >> node & 1, 0.0, accept[int(pattern[node] == RIGHT), int(answer == RIGHT), node])
        chance = np.where(members == 0, 0.0, np.where(members >> node & 1, 1.0, chance))[:, np.newaxis]
        accepted = law * chance
        law -= accepted
        law[:, weight:] += accepted[:, :-weight]
    return law
