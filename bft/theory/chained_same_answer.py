"""Exact law of one decision of chained HotStuff when validators check by *same answer*, and nodes have crashed.

Every validator has an answer of its own and accepts a proposal iff it equals that answer, as in
`bft.theory.same_answer`; an empty node asks nobody. So what happens is read off three things.

- The proposal of view v is certified, while none is, iff its leader and the next one, who collects the votes, are live,
  and q of the live nodes, the leader among them, gave its answer. There is at most one such answer, for q > n/2.
- From then on every branch extends that node, and all later nodes are empty. So it commits with the first run of L live
  leaders in a row that begins at v or later, in views 0 to t − 1, the collector of the last votes in view t at the
  latest (see `bft.theory.hotstuff`).
- Whoever commits tells the others.

Given the m live nodes, s of whom gave the answer, and j leaders among the live ones whose certificate comes before the
last such run begins, none of the j gave it with probability C(m − j, s) / C(m, s), for who gave it is any s of the m.
Every set of crashed nodes is gone through. Without a bound on views j is the number of live leaders with a live
successor; fewer than q lack one, so a quorum's answer is always proposed by one of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bft.core.quorum import QuorumSystem
from bft.errors import UnsupportedError, bad_value
from bft.theory.errors_in_common import ErrorLaw, ExchangeableErrors
from bft.theory.faults import FaultLaw, enumerable
from bft.theory.hotstuff import run_of_leaders
from bft.theory.outcome_law import OutcomeLaw, outcome_law
from bft.theory.ranges import Array, equal_weights, same_nodes
from bft.theory.wrong_answers import WrongAnswers


def chained_same_answer_law(
    system: QuorumSystem,
    faults: FaultLaw,
    errors: ErrorLaw,
    wrong_answers: WrongAnswers,
    *,
    chain: int = 3,
    views: int | None = None,
) -> OutcomeLaw:
    """Return the law of a panel that checks by same answer under chained HotStuff; see the top of this file.

    Parameters
    ----------
    system : QuorumSystem
        Of equal weights, with q > n/2.
    faults : FaultLaw
        Who has crashed, before the start and independently of who is right.
    errors : ErrorLaw
        Who is right: validators that are all alike.
    wrong_answers : WrongAnswers
        Which wrong answers are the same.
    chain : {2, 3}, optional
        Certificates of consecutive views that commit.
    views : int, optional
        t, the views allowed; by default no bound.

    Raises
    ------
    UnsupportedError
        If n is above 16, if q ≤ n/2, or if the validators differ.

    Examples
    --------
    >>> from bft.theory.errors_in_common import independent_errors
    >>> from bft.theory.faults import independent
    >>> faults, errors = independent(4, 0.1), independent_errors(4, 0.8)
    >>> law = chained_same_answer_law(QuorumSystem.of(4), faults, errors, WrongAnswers(options=3), chain=2)
    >>> round(law.correct, 5), round(law.wrong, 5)  # as for PBFT: a chain of two decides with one of four crashed
    (0.68678, 0.00248)
    """
    same_nodes(system, faults.n, "faults")
    same_nodes(system, errors.n, "accuracy")
    equal_weights(system, "chained HotStuff")
    enumerable(system.n)
    if not isinstance(errors, ExchangeableErrors):
        raise UnsupportedError(bad_value("accuracy", "one for each node", "must be the same for all nodes"))
    n, length = system.n, run_of_leaders(chain)
    quorum = -(-system.quorum // system.weights[0])
    if 2 * quorum <= n:
        raise UnsupportedError(bad_value("quorum", quorum, f"must be above n/2 = {n / 2:g}"))
    leaders = leaders_in_time(n, n - quorum, length, 3 * n + length if views is None else views)
    classes = wrong_answers.classes_of(quorum, n)
    classes[:, 0] = 0.0  # no class
    right, wrong = np.zeros((n + 1, n + 1)), np.zeros((n + 1, n + 1))
    for crashed, number_right in enumerate(errors.thinned()):
        live = n - crashed
        hit = 1.0 - missed(live)
        enough = np.arange(live + 1) >= quorum
        right[crashed, : live + 1] = hit @ (number_right * enough)
        wrong[crashed, : live + 1] = hit @ (number_right[::-1] @ classes[: live + 1, : live + 1])
    size = np.bitwise_count(np.arange(2**n))
    correct, false = (faults.over_subsets(table[size, leaders]) for table in (right, wrong))
    return outcome_law(correct=correct, wrong=false, stalled=np.clip(1.0 - correct - false, 0.0, 1.0))


def leaders_in_time(n: int, most: int, length: int, last: int) -> NDArray[np.int64]:
    """Return for every set of crashed nodes how many leaders' proposals are certified in time to commit.

    Parameters
    ----------
    n : int
        Nodes.
    most : int
        How many may have crashed; of a larger set nothing commits.
    length : int
        L, leaders in a row.
    last : int
        t, the view whose leader may still collect votes.
    """
    faulty = np.arange(2**n)
    live = [(faulty >> view % n & 1) == 0 for view in range(last + 1)]
    so_far, found = np.zeros(2**n, dtype=np.int64), np.zeros(2**n, dtype=np.int64)
    for view in range(last - length + 2):
        if view < n:
            so_far = so_far + (live[view] & live[view + 1])
        run = np.logical_and.reduce(live[view : view + length])
        found = np.where(run, so_far, found)
    return np.where(np.bitwise_count(faulty) <= most, found, 0)


def missed(live: int) -> Array:
    """P(none of j given nodes is among s of the `live` ones): C(live − j, s) / C(live, s), row j, column s."""
    given, chosen = np.arange(live + 1)[:, np.newaxis], np.arange(live + 1)
    factors = [np.clip(live - given - place, 0, None) / (live - place) for place in range(live)]
    table = np.ones((live + 1, live + 1))
    for place, factor in enumerate(factors):
        table = np.where(chosen > place, table * factor, table)
    return table
