"""The distribution of faulty stake: an exact convolution over the nodes, sum by sum that can occur.

Who is faulty with which probability is left to `bft.theory.faults`, what a faulty stake does to the outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bft.errors import ScenarioError, UnsupportedError, bad_value
from bft.theory.ranges import Array

MOST_PROBABILITIES = 30_000_000  # 240 MB, a few of which are alive at once
LARGEST_TOTAL = 2**62  # sums are 64-bit integers

Leading: TypeAlias = Literal["any", "all_faulty", "all_honest", "some_faulty", "some_honest"]
"""What is asked of the first nodes, beside the number or the stake of all faulty ones."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StakeLaw:
    """Distribution of the faulty stake.

    Attributes
    ----------
    support : ndarray of int, shape (s,)
        The sums that can occur, increasing.
    probability : ndarray of shape (..., s)
        Their probabilities; they add up to less than 1 where something else is asked as well.
    """

    support: NDArray[np.int64]
    probability: Array


def faulty_stake(
    weights: Sequence[int],
    deltas: Array,
    *,
    first: int = 0,
    leading: Leading = "any",
    by_count: bool = False,
) -> StakeLaw:
    """Distribution of the faulty stake of independent nodes, jointly with what is asked of the first of them.

    Parameters
    ----------
    weights : sequence of int
        Stake of each node.
    deltas : ndarray of shape (..., n)
        Fault probability of each node.
    first : int
        How many nodes come first.
    leading : str
        What is asked of them.
    by_count : bool
        Whether a first axis of the probabilities tells the number of faulty nodes; `deltas` is of shape (n,) then.

    Raises
    ------
    UnsupportedError
        If the different sums times the δ asked for are too many, or the stakes exceed 64-bit integers.
    """
    if len(weights) != deltas.shape[-1]:
        allowed = f"must have one stake for each of the n = {deltas.shape[-1]} nodes"
        raise ScenarioError(bad_value("stakes", list(weights), allowed))
    whole_stakes(weights)
    support = np.zeros(1, dtype=np.int64)
    head = (len(weights) + 1,) if by_count else deltas.shape[:-1]
    # The middle axis: 0 while all of the first nodes are alike as asked, 1 once one of them is not.
    state = np.zeros((*head, 2, 1))
    state[(0 if by_count else ..., 0, 0)] = 1.0
    alike_is_faulty = leading in ("all_faulty", "some_honest")
    for node, weight in enumerate(weights):
        larger = np.union1d(support, support + weight)
        if prod(head) * 2 * len(larger) > MOST_PROBABILITIES:
            raise UnsupportedError(bad_value("stakes", list(weights), f"have too many different sums ({len(larger)})"))
        delta = deltas[..., node, np.newaxis, np.newaxis]
        faulty = _counted(state * delta) if by_count else state * delta
        honest = state * (1.0 - delta)
        if node < first and leading != "any":
            honest, faulty = (_broken(honest), faulty) if alike_is_faulty else (honest, _broken(faulty))
        state = np.zeros((*head, 2, len(larger)))
        state[..., np.searchsorted(larger, support)] += honest
        state[..., np.searchsorted(larger, support + weight)] += faulty
        support = larger
    if leading == "any":
        return StakeLaw(support=support, probability=state.sum(axis=-2))
    return StakeLaw(support=support, probability=state[..., 0 if leading.startswith("all") else 1, :])


def whole_stakes(weights: Sequence[int]) -> None:
    """Refuse stakes whose sums are no 64-bit integers."""
    if sum(weights) >= LARGEST_TOTAL:
        raise UnsupportedError(
            bad_value("stakes", list(weights), f"must add up to less than {LARGEST_TOTAL} whole units")
        )


def _counted(state: Array) -> Array:
    """Shift the first axis by one: one more node is faulty."""
    shifted = np.zeros_like(state)
    shifted[1:] = state[:-1]
    return shifted


def _broken(state: Array) -> Array:
    """Move everything to the state in which the first nodes are no longer alike."""
    moved = np.zeros_like(state)
    moved[..., 1, :] = state.sum(axis=-2)
    return moved
