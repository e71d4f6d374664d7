"""Who is faulty: the distribution of the number, the stake and the set of faulty nodes.

A fault law is one of two kinds, and every law of this room takes either:

- `ExchangeableFaults`: all sets of k nodes are equally likely, so that only the distribution of the number K matters
  (`independent` with one δ for all, `fraction`);
- `IndependentFaults`: every node has a δᵢ of its own (`heterogeneous`, `fixed`), and positions matter.

Joint probabilities with the first nodes are here too, because the first nodes are the primaries of the first views.
What faulty nodes *do* is left to the laws of the outcomes. Every sum is over positive terms, so that probabilities
keep their relative accuracy down to the smallest: no 1 − cdf.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, UnsupportedError, bad_value
from bft.theory import binomial
from bft.theory.ranges import Array, Values, node_count, plain, probabilities, total
from bft.theory.stake import Leading, StakeLaw, faulty_stake

MOST_NODES_TO_ENUMERATE = 16  # 65,536 sets
MOST_NODES_OF_A_FAIR_COIN = 1000  # 2⁻ⁿ leaves the range of floats soon after


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExchangeableFaults:
    """All sets of k nodes are equally likely to be the faulty ones.

    Attributes
    ----------
    counts : ndarray of shape (..., n + 1)
        P(K = k).
    """

    counts: Array

    @property
    def n(self) -> int:
        """Number of nodes."""
        return int(self.counts.shape[-1]) - 1

    def average(self, given: Array) -> Array:
        """Σ_k P(K = k) · given[k], over the last axis of `given`."""
        return np.asarray((self.counts * given).sum(axis=-1))

    def count(self, *, first: int = 0, leading: Leading = "any") -> Array:
        """P(K = k and the first `first` nodes are as asked), of shape (..., n + 1)."""
        if leading == "any":
            return self.counts
        faulty = np.arange(self.n + 1)
        alike = faulty if leading in ("all_faulty", "some_honest") else self.n - faulty
        position = np.arange(first)[:, np.newaxis]
        follows = np.clip(alike - position, 0, None) / (self.n - position)
        # Row i: P(the first i nodes are all alike, as asked | K).
        unbroken = np.cumprod(np.vstack([np.ones(self.n + 1), follows]), axis=0)
        if leading in ("all_faulty", "all_honest"):
            return np.asarray(self.counts * unbroken[first])
        # The first node that is not alike stands at one of the positions: a sum, where 1 − unbroken would cancel.
        breaks = unbroken[:first] * (self.n - alike) / (self.n - position)
        return np.asarray(self.counts * breaks.sum(axis=0))

    def leading_count(self, first: int) -> Array:
        """P(c of the first `first` nodes and d of the others are faulty), of shape (..., first + 1, n − first + 1)."""
        given = of_fair_coins(self.n)
        head, tail = _fair_coin(first), _fair_coin(self.n - first)
        number = np.add.outer(np.arange(first + 1), np.arange(self.n - first + 1))
        return np.asarray(np.multiply.outer(head, tail) * given[number] * self.counts[..., number])

    def stake(self, weights: Sequence[int], *, first: int = 0, leading: Leading = "any") -> StakeLaw:
        """Distribution of the faulty stake, jointly with what is asked of the first nodes."""
        given_count = of_fair_coins(self.n)[:, np.newaxis]
        coins = faulty_stake(weights, np.full(self.n, 0.5), first=first, leading=leading, by_count=True)
        return StakeLaw(support=coins.support, probability=self.counts @ (coins.probability * given_count))

    def over_subsets(self, outcome: Array) -> Array:
        """Σ_B P(B is the set of faulty nodes) · outcome[B], where bit i of B is node i."""
        enumerable(self.n)
        size = np.bitwise_count(np.arange(2**self.n))
        given = np.bincount(size, weights=outcome) / np.bincount(size)
        return self.average(given)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndependentFaults:
    """Node i is faulty with probability δᵢ, independently of the others.

    Attributes
    ----------
    deltas : ndarray of shape (..., n)
        δᵢ.
    """

    deltas: Array

    @property
    def n(self) -> int:
        """Number of nodes."""
        return int(self.deltas.shape[-1])

    def count(self, *, first: int = 0, leading: Leading = "any") -> Array:
        """P(K = k and the first `first` nodes are as asked), of shape (..., n + 1)."""
        spread = np.zeros((*self.deltas.shape[:-1], self.n + 1))
        law = self.stake((1,) * self.n, first=first, leading=leading)
        spread[..., law.support] = law.probability
        return spread

    def leading_count(self, first: int) -> Array:
        """P(c of the first `first` nodes and d of the others are faulty), of shape (..., first + 1, n − first + 1)."""
        head = IndependentFaults(deltas=self.deltas[..., :first]).count()
        tail = IndependentFaults(deltas=self.deltas[..., first:]).count()
        return head[..., :, np.newaxis] * tail[..., np.newaxis, :]

    def stake(self, weights: Sequence[int], *, first: int = 0, leading: Leading = "any") -> StakeLaw:
        """Distribution of the faulty stake, jointly with what is asked of the first nodes."""
        return faulty_stake(weights, self.deltas, first=first, leading=leading)

    def over_subsets(self, outcome: Array) -> Array:
        """Σ_B P(B is the set of faulty nodes) · outcome[B], where bit i of B is node i."""
        enumerable(self.n)
        probability = np.ones((*self.deltas.shape[:-1], 1))
        for delta in np.moveaxis(self.deltas, -1, 0):
            faulty = delta[..., np.newaxis]
            probability = np.concatenate([probability * (1.0 - faulty), probability * faulty], axis=-1)
        return np.asarray(probability @ outcome)


FaultLaw: TypeAlias = ExchangeableFaults | IndependentFaults


def independent(n: int, delta: ArrayLike) -> ExchangeableFaults:
    """Every node is faulty with the same probability δ, independently: K ~ Bin(n, δ).

    Parameters
    ----------
    n : int
        Number of nodes, at least 1.
    delta : float or array_like
        δ, between 0 and 1. The laws return arrays of this shape.
    """
    node_count(n)
    fault = probabilities("faults.delta", delta)[..., np.newaxis]
    return ExchangeableFaults(counts=binomial.pmf(np.arange(n + 1), n, fault))


def fraction(n: int, delta: ArrayLike) -> ExchangeableFaults:
    """Exactly ⌊δn⌋ nodes are faulty, drawn uniformly.

    δ is the decimal as written: 0.29 of 100 nodes are 29, though 0.29 * 100 < 29 in binary arithmetic.
    """
    node_count(n)
    share = probabilities("faults.delta", delta)
    number = [floor(Fraction(repr(float(one))) * n) for one in share.flat]
    return ExchangeableFaults(counts=np.eye(n + 1)[number].reshape(*share.shape, n + 1))


def heterogeneous(deltas: ArrayLike) -> IndependentFaults:
    """Node i is faulty with probability δᵢ, independently.

    Parameters
    ----------
    deltas : array_like of shape (..., n)
        δᵢ, between 0 and 1.
    """
    fault = probabilities("faults.deltas", deltas)
    if fault.ndim == 0 or fault.shape[-1] == 0:
        raise ScenarioError(bad_value("faults.deltas", deltas, "must have one δ for each node"))
    return IndependentFaults(deltas=fault)


def fixed(n: int, nodes: Sequence[int]) -> IndependentFaults:
    """Return the law in which exactly the listed nodes are faulty."""
    node_count(n)
    if len(set(nodes)) != len(nodes) or not all(0 <= node < n for node in nodes):
        raise ScenarioError(bad_value("faults.nodes", list(nodes), f"must be distinct nodes between 0 and {n - 1}"))
    deltas = np.zeros(n)
    deltas[list(nodes)] = 1.0
    return IndependentFaults(deltas=deltas)


def at_most(faults: FaultLaw, number: int) -> Values:
    """P(K ≤ number)."""
    return plain(total(faults.count()[..., : max(number + 1, 0)]))


def more_than(faults: FaultLaw, number: int) -> Values:
    """P(K > number), summed over the tail itself: accurate where it is tiny."""
    return plain(total(faults.count()[..., max(number + 1, 0) :]))


def faulty_weight(system: QuorumSystem, faults: FaultLaw, *, first: int = 0, leading: Leading = "any") -> StakeLaw:
    """Distribution of the faulty weight, by count where all nodes weigh the same."""
    if system.weighted:
        return faults.stake(system.weights, first=first, leading=leading)
    counts = faults.count(first=first, leading=leading)
    return StakeLaw(support=system.weights[0] * np.arange(system.n + 1), probability=counts)


def of_fair_coins(n: int) -> Array:
    """1 / P(k of n fair coins show heads).

    A uniformly drawn set of k nodes is n fair coins given k heads: this turns a law of independent nodes at δ = ½ into
    the law given K = k.
    """
    if n > MOST_NODES_OF_A_FAIR_COIN:
        raise UnsupportedError(bad_value("n", n, f"must be at most {MOST_NODES_OF_A_FAIR_COIN} for this law"))
    return 1.0 / _fair_coin(n)


def _fair_coin(n: int) -> Array:
    return binomial.pmf(np.arange(n + 1), n, 0.5)


def enumerable(n: int) -> None:
    """Refuse more nodes than whose faulty sets can be enumerated."""
    if n > MOST_NODES_TO_ENUMERATE:
        allowed = f"must be at most {MOST_NODES_TO_ENUMERATE} where every set of faulty nodes is enumerated"
        raise UnsupportedError(bad_value("n", n, allowed))
