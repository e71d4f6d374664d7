"""The same-answer decision where nodes differ, in accuracy or in fault probability, and it matters who comes first.

The nodes are divided into the primaries of the views allowed and the others; a state counts the faulty and the wrong
nodes of either part. Given its state and the case of the error law, a decision no longer depends on who is who, so
the law is a sum over states, polynomial in n. The law itself, and what the votes mean, is `bft.theory.same_answer`.

It needs q > n/2, where at most one answer has a quorum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bft.errors import UnsupportedError, bad_value
from bft.theory.errors_in_common import ErrorLaw, ExchangeableErrors, MixedErrors
from bft.theory.faults import ExchangeableFaults, FaultLaw, of_fair_coins
from bft.theory.ranges import Array

MOST_NODES = 128
MOST_STATES = 5_000_000
STATES_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a decision needs."""

    n: int
    """Number of nodes."""
    quorum: int
    """Votes that decide."""
    turns: int
    """How many of the first nodes are primaries in the views allowed."""
    colluding: bool
    """Whether faulty nodes back the most popular wrong answer; else they crashed."""


def by_position(
    decision: Decision, faults: FaultLaw, errors: ErrorLaw, wrong_quorum: list[Array]
) -> tuple[Array, Array, Array]:
    """P(correct), P(wrong), P(stalled), each in the shape of the δ asked for.

    Parameters
    ----------
    decision : Decision
        Whose outcome.
    faults : FaultLaw
        Who is faulty.
    errors : ErrorLaw
        Who is right.
    wrong_quorum : list of ndarray
        For K = 0 … n: P(a wrong answer has a quorum, with l honest votes | w honest nodes are wrong), row w, column l.
    """
    n, turns = decision.n, decision.turns
    if 2 * decision.quorum <= n:
        raise UnsupportedError(bad_value("quorum", decision.quorum, "must be above n/2 where nodes differ"))
    if n > MOST_NODES or ((turns + 1) * (n - turns + 1)) ** 2 > MOST_STATES:
        raise UnsupportedError(bad_value("n", n, f"is too large for {turns} views where nodes differ"))
    outcomes = _outcomes(decision, wrong_quorum)
    if isinstance(faults, ExchangeableFaults):
        joint = _states(np.full(n, 0.5), errors, turns)
        given = (_by_count(joint * outcome, n) * of_fair_coins(n) for outcome in outcomes)
        correct, wrong, stalled = (faults.average(one) for one in given)
        return correct, wrong, stalled
    rows = faults.deltas.reshape(-1, n)
    chances = np.empty((3, len(rows)))
    for column, deltas in enumerate(rows):
        joint = _states(deltas, errors, turns)
        chances[:, column] = [(joint * outcome).sum() for outcome in outcomes]
    shape = faults.deltas.shape[:-1]
    return chances[0].reshape(shape), chances[1].reshape(shape), chances[2].reshape(shape)


def _outcomes(decision: Decision, wrong_quorum: list[Array]) -> tuple[Array, Array, Array]:
    """P(correct), P(wrong), P(stalled) given the state: faulty and wrong primaries, faulty and wrong others."""
    n, turns = decision.n, decision.turns
    first_faulty, first_wrong, faulty, wrong = _counts(n, turns)
    right = n - faulty - wrong
    first_right = turns - first_faulty - first_wrong
    correct = ((right >= decision.quorum) & (first_right >= 1)).astype(np.float64)
    table = np.zeros((n + 1, n + 1, n + 1))
    for k, given in enumerate(wrong_quorum):
        table[k, : n - k + 1, : n - k + 1] = given
    # P(a wrong quorum with an honest member among the first | K, w, how many of the first are wrong)
    reached = np.einsum("kwl,bwl->kwb", table, 1.0 - _miss(n, turns))
    wrong_decides = reached[faulty, wrong, first_wrong]
    if decision.colluding:
        wrong_decides = np.where(first_faulty >= 1, table.sum(axis=2)[faulty, wrong], wrong_decides)
    return correct, wrong_decides, 1.0 - correct - wrong_decides


def _miss(n: int, turns: int) -> Array:
    """P(none of l uniformly chosen among w wrong nodes is one of the b that come first): axes b, w, l."""
    wrong = np.arange(n + 1)[:, np.newaxis]
    others = np.clip(wrong - np.arange(n + 1), 0, None)
    rows = [np.ones((n + 1, n + 1))]
    for first in range(turns):
        rows.append(rows[-1] * np.clip(others - first, 0, None) / np.maximum(wrong - first, 1))
    return np.array(rows)


def _states(deltas: Array, errors: ErrorLaw, turns: int) -> Array:
    """P(state), averaged over the cases of the error law."""
    n = errors.n
    if isinstance(errors, ExchangeableErrors):
        # Equally accurate validators are fair coins given the number of right ones among those that are honest.
        coins = MixedErrors(weight=np.ones(1), right=np.full((1, n), 0.5))
        _, _, faulty, wrong = _counts(n, turns)
        odds = np.zeros((n + 1, n + 1))
        for k, law in enumerate(errors.thinned()):
            odds[k, : n - k + 1] = (law * of_fair_coins(n - k))[::-1]
        return _states(deltas, coins, turns) * odds[faulty, wrong]
    size = (turns + 1, turns + 1, n - turns + 1, n - turns + 1)
    joint = np.zeros((size[0] * size[1], size[2] * size[3]))
    block = max(1, STATES_AT_ONCE // max(joint.shape))
    for start in range(0, len(errors.weight), block):
        cases = slice(start, start + block)
        first = _part(deltas[:turns], errors.right[cases, :turns]) * errors.weight[cases, np.newaxis, np.newaxis]
        other = _part(deltas[turns:], errors.right[cases, turns:])
        joint += first.reshape(len(first), -1).T @ other.reshape(len(other), -1)
    return joint.reshape(size)


def _part(deltas: Array, right: Array) -> Array:
    """P(a of these nodes are faulty and b are wrong), for every case: of shape (g, nodes + 1, nodes + 1)."""
    law = np.zeros((len(right), len(deltas) + 1, len(deltas) + 1))
    law[:, 0, 0] = 1.0
    for delta, one in zip(deltas, right.T, strict=True):
        chance = one[:, np.newaxis, np.newaxis]
        grown = law * ((1.0 - delta) * chance)
        grown[:, 1:, :] += law[:, :-1, :] * delta
        grown[:, :, 1:] += law[:, :, :-1] * ((1.0 - delta) * (1.0 - chance))
        law = grown
    return law


def _counts(n: int, turns: int) -> tuple[NDArray[np.int64], ...]:
    """Faulty and wrong nodes among the first, and among all, for every state."""
    sizes = (turns + 1, turns + 1, n - turns + 1, n - turns + 1)
    first_faulty, first_wrong, other_faulty, other_wrong = np.indices(sizes)
    return first_faulty, first_wrong, first_faulty + other_faulty, first_wrong + other_wrong


def _by_count(joint: Array, n: int) -> Array:
    """Sum over the states with K = 0 … n faulty nodes."""
    by_parts = joint.sum(axis=(1, 3))
    number = np.add.outer(*(np.arange(size) for size in by_parts.shape))
    return np.asarray(np.bincount(number.ravel(), weights=by_parts.ravel(), minlength=n + 1), dtype=np.float64)
