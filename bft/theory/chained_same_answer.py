"""Exact laws of one decision of chained HotStuff when validators check by *same answer*.

Every validator has an answer of its own and accepts a proposal iff it equals that answer, as in
`bft.theory.same_answer`; an empty node asks nobody. So what happens is read off three things.

- The proposal of view v is certified, while none is, iff its leader and the next one, who collects the votes, are live,
  and q of the live nodes, the leader among them, gave its answer. There is at most one such answer, for q > n/2.
- From then on every branch extends that node, and all later nodes are empty. So it commits with the first run of L live
  leaders in a row that begins at v or later, in views 0 to t − 1, the collector of the last votes in view t at the
  latest (see `bft.theory.hotstuff`).
- Whoever commits tells the others.

So for every set of crashed nodes some leaders are *in time*: live ones, whose certificate comes before the last run of
live leaders begins. A decision falls iff a quorum of the live nodes gave one answer, and a leader in time is one of
them. Every set of crashed nodes is gone through. Without a bound on views the leaders in time are all live ones with a
live successor; fewer than q lack one, so a quorum's answer is always proposed by one of them.

- Validators that are all alike, however their errors go together: given the m live nodes, s of whom gave the answer,
  none of the j leaders in time gave it with probability C(m − j, s) / C(m, s), for who gave it is any s of the m.
- Validators that differ: given what their errors have in common (a case of `MixedErrors`) they err independently, and
  of w wrong ones, who are alike in which wrong answer they give, y of them no leaders in time, a class of u holds no
  leader in time with probability C(y, u) / C(w, u).
- Recorded answers: given the question all answers are known.
- Colluders all live, and follow certificates as honest replicas do: so all leaders of the first t − L + 2 views are in
  time, and the law is that of PBFT with so many views.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bft.core.quorum import QuorumSystem
from bft.errors import UnsupportedError, bad_value
from bft.theory.errors_in_common import ErrorLaw, ExchangeableErrors, MixedErrors
from bft.theory.faults import FaultLaw, enumerable
from bft.theory.hotstuff import run_of_leaders
from bft.theory.outcome_law import OutcomeLaw, outcome_law
from bft.theory.ranges import Array, equal_weights, same_nodes
from bft.theory.recorded import RIGHT, recorded_patterns
from bft.theory.wrong_answers import WrongAnswers

Sets = NDArray[np.int64]
"""Sets of nodes as numbers: bit i of each is node i."""
Shares = tuple[Array, Array]
"""For every set of crashed nodes, how likely the right answer is decided, and a wrong one."""


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
        Who is right.
    wrong_answers : WrongAnswers
        Which wrong answers are the same.
    chain : {2, 3}, optional
        Certificates of consecutive views that commit.
    views : int, optional
        t, the views allowed; by default no bound.

    Raises
    ------
    UnsupportedError
        If n is above 16, or if q ≤ n/2.

    Examples
    --------
    >>> from bft.theory.errors_in_common import independent_errors
    >>> from bft.theory.faults import independent
    >>> faults, errors = independent(4, 0.1), independent_errors(4, 0.8)
    >>> law = chained_same_answer_law(QuorumSystem.of(4), faults, errors, WrongAnswers(options=3), chain=2)
    >>> round(law.correct, 5), round(law.wrong, 5)  # as for PBFT: a chain of two decides with one of four crashed
    (0.68678, 0.00248)
    """
    same_nodes(system, errors.n, "accuracy")
    quorum, live, in_time = _leaders(system, faults, chain, views)
    classes = wrong_answers.classes_of(quorum, system.n)
    classes[:, 0] = 0.0  # no class
    if isinstance(errors, ExchangeableErrors):
        return _law(faults, _alike(quorum, errors, classes, live, in_time))
    return _law(faults, _different(quorum, errors, classes, live, in_time))


def chained_recorded_law(
    system: QuorumSystem,
    faults: FaultLaw,
    answers: ArrayLike,
    gold: ArrayLike,
    *,
    chain: int = 3,
    views: int | None = None,
) -> OutcomeLaw:
    """Return the law of a decision over recorded answers under chained HotStuff; see the top of this file.

    Parameters
    ----------
    system, faults, chain, views
        As for `chained_same_answer_law`.
    answers, gold : array_like of int
        As for `bft.theory.recorded.recorded_law`.

    Raises
    ------
    TableError
        If the table is empty, or its shape or codes are wrong.
    UnsupportedError
        If n is above 16, or if q ≤ n/2.
    """
    quorum, live, in_time = _leaders(system, faults, chain, views)
    right, wrong = np.zeros(len(live)), np.zeros(len(live))
    patterns, questions = recorded_patterns(answers, gold, system.n)
    bits = 1 << np.arange(system.n)
    for pattern, count in zip(patterns, questions, strict=True):
        for code in range(RIGHT, int(pattern.max()) + 1):
            gave = bits[pattern == code].sum()
            decided = (np.bitwise_count(live & gave) >= quorum) & (in_time & gave > 0)
            (right if code == RIGHT else wrong)[decided] += count / questions.sum()
    return _law(faults, (right, wrong))


def views_in_time(chain: int, views: int | None) -> int | None:
    """Return in how many views a certificate comes in time where all leaders live: t − L + 2, or None for any.

    Examples
    --------
    >>> views_in_time(3, 7), views_in_time(2, 1), views_in_time(3, None)
    (5, 0, None)
    """
    return None if views is None else max(0, views - run_of_leaders(chain) + 2)


def leaders_in_time(n: int, most: int, length: int, last: int) -> Sets:
    """Return for every set of crashed nodes the leaders whose proposals are certified in time to commit.

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
            so_far = so_far | (live[view] & live[view + 1]).astype(np.int64) << view
        run = np.logical_and.reduce(live[view : view + length])
        found = np.where(run, so_far, found)
    return np.where(np.bitwise_count(faulty) <= most, found, 0)


def _leaders(system: QuorumSystem, faults: FaultLaw, chain: int, views: int | None) -> tuple[int, Sets, Sets]:
    """Return how many nodes are a quorum and, for every set of crashed ones, who lives and who leads in time."""
    same_nodes(system, faults.n, "faults")
    equal_weights(system, "chained HotStuff")
    enumerable(system.n)
    n, length = system.n, run_of_leaders(chain)
    quorum = -(-system.quorum // system.weights[0])
    if 2 * quorum <= n:
        raise UnsupportedError(bad_value("quorum", quorum, f"must be above n/2 = {n / 2:g}"))
    in_time = leaders_in_time(n, n - quorum, length, 3 * n + length if views is None else views)
    return quorum, 2**n - 1 - np.arange(2**n), in_time


def _law(faults: FaultLaw, shares: Shares) -> OutcomeLaw:
    correct, wrong = (faults.over_subsets(share) for share in shares)
    return outcome_law(correct=correct, wrong=wrong, stalled=np.clip(1.0 - correct - wrong, 0.0, 1.0))


def _alike(quorum: int, errors: ExchangeableErrors, classes: Array, live: Sets, in_time: Sets) -> Shares:
    n = errors.n
    right, wrong = np.zeros((n + 1, n + 1)), np.zeros((n + 1, n + 1))
    for crashed, number_right in enumerate(errors.thinned()):
        alive = n - crashed
        hit = 1.0 - missed(alive)
        enough = np.arange(alive + 1) >= quorum
        right[alive, : alive + 1] = hit @ (number_right * enough)
        wrong[alive, : alive + 1] = hit @ (number_right[::-1] @ classes[: alive + 1, : alive + 1])
    place = np.bitwise_count(live), np.bitwise_count(in_time)
    return right[place], wrong[place]


def _different(quorum: int, errors: MixedErrors, classes: Array, live: Sets, in_time: Sets) -> Shares:
    n = errors.n
    # Row x, column y: a class of a quorum without any of the x wrong leaders in time, given y other wrong ones.
    apart = np.zeros((n + 1, n + 1))
    for leaders in range(n + 1):
        for others in range(n + 1 - leaders):
            number = leaders + others
            apart[leaders, others] = classes[number, : number + 1] @ missed(number)[leaders]
    right, wrong = np.zeros(len(live)), np.zeros(len(live))
    for weight, chances in zip(errors.weight, errors.right, strict=True):
        rights, wrongs = _numbers(chances), _numbers(1.0 - chances)
        enough = rights[:, quorum:].sum(axis=1)
        right += weight * (enough[live] - enough[live & ~in_time] * rights[in_time, 0])
        without = ((wrongs[in_time] @ apart) * wrongs[live & ~in_time]).sum(axis=1)
        wrong += weight * (wrongs[live] @ classes.sum(axis=1) - without)
    return np.clip(right, 0.0, 1.0), np.clip(wrong, 0.0, 1.0)


def _numbers(chances: Array) -> Array:
    """P(so many of a set are): a row for every set of nodes, each of which is with its own chance, independently."""
    n = len(chances)
    law = np.zeros((2**n, n + 1))
    law[0, 0] = 1.0
    for node, chance in enumerate(chances):
        smaller = law[: 2**node]
        law[2**node : 2 ** (node + 1)] = smaller * (1.0 - chance)
        law[2**node : 2 ** (node + 1), 1:] += smaller[:, :-1] * chance
    return law


def missed(live: int) -> Array:
    """P(none of j given nodes is among s of the `live` ones): C(live − j, s) / C(live, s), row j, column s."""
    given, chosen = np.arange(live + 1)[:, np.newaxis], np.arange(live + 1)
    factors = [np.clip(live - given - place, 0, None) / (live - place) for place in range(live)]
    table = np.ones((live + 1, live + 1))
    for place, factor in enumerate(factors):
        table = np.where(chosen > place, table * factor, table)
    return table
