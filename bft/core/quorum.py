"""Quorums: the only module that computes one.

With `n` replicas of which at most `f` are faulty, a quorum is a set of ⌈(n + f + 1) / 2⌉ replicas: any two quorums
share at least f + 1 replicas, hence an honest one. It equals 2f + 1 only when n = 3f + 1. With stakes, replicas weigh
what they stake and the same formula holds for weights: a quorum is a set whose stake exceeds (total + tolerated
faulty stake) / 2.

Unweighted systems are the special case in which every replica weighs 1, so protocols speak of weights only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

from bft.errors import ScenarioError, bad_value


def max_faults(n: int) -> int:
    """Return f = ⌊(n − 1) / 3⌋, the most Byzantine replicas that n replicas tolerate."""
    return (n - 1) // 3


def quorum_size(total: int, tolerated: int) -> int:
    """Return ⌈(total + tolerated + 1) / 2⌉: any two sets of this weight share more than `tolerated`."""
    return (total + tolerated) // 2 + 1


def two_thirds(total: int) -> int:
    """Return the least weight above two thirds, the quorum of CometBFT: equal to `quorum_size` for total = 3F + 1.

    Examples
    --------
    >>> [(total, two_thirds(total), quorum_size(total, max_faults(total))) for total in (4, 6, 7)]
    [(4, 3, 3), (6, 5, 4), (7, 5, 5)]
    """
    return 2 * total // 3 + 1


def integer_weights(stakes: Sequence[float | int | str]) -> tuple[int, ...]:
    """Scale positive stakes to the smallest whole numbers in the same proportion.

    Decimal stakes are read as written (0.1 is one tenth), so sums are exact and independent of order.

    Examples
    --------
    >>> integer_weights([0.5, 0.3, 0.2])
    (5, 3, 2)
    """
    whole = [stake for stake in stakes if type(stake) is int]
    if len(whole) < len(stakes):
        exact = [Fraction(str(stake)) for stake in stakes]
        scale = lcm(*(share.denominator for share in exact))
        whole = [int(share * scale) for share in exact]
    common = gcd(*whole) or 1
    return tuple(weight // common for weight in whole)


def _is_positive(stake: float | int | str) -> bool:
    try:
        return stake > 0 if type(stake) is int else Fraction(str(stake)) > 0
    except (ValueError, ZeroDivisionError):
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumSystem:
    """Who weighs what, and how much weight decides.

    Attributes
    ----------
    weights : tuple of int
        Weight of each replica; all 1 in an unweighted system.
    tolerated : int
        Faulty weight tolerated: f without stakes, F with them.
    quorum : int
        Weight that a set of replicas needs to be a quorum: q.
    """

    weights: tuple[int, ...]
    tolerated: int
    quorum: int

    def __post_init__(self) -> None:
        if not self.weights:
            raise ScenarioError(bad_value("n", 0, "must be at least 1"))
        if min(self.weights) < 1:
            raise ScenarioError(bad_value("stakes", self.weights, "every stake must be positive"))
        if not 0 <= self.tolerated < self.total:
            raise ScenarioError(bad_value("f", self.tolerated, f"must be between 0 and {self.total - 1}"))
        if not 1 <= self.quorum <= self.total:
            raise ScenarioError(bad_value("quorum", self.quorum, f"must be between 1 and {self.total}"))

    @classmethod
    def of(
        cls,
        n: int,
        *,
        f: int | None = None,
        quorum: int | None = None,
        stakes: Sequence[float | int | str] | None = None,
    ) -> QuorumSystem:
        """Build the system of `n` replicas; what is left out takes PBFT's value.

        Parameters
        ----------
        n : int
            Number of replicas, at least 1.
        f : int, optional
            Tolerated faulty weight; by default the largest below a third of the total.
        quorum : int, optional
            Quorum weight; by default ⌈(total + f + 1) / 2⌉. A smaller one may be unsafe, a larger one less live.
        stakes : sequence of number, optional
            Stake of each replica; by default each weighs 1. With stakes, `f` and `quorum` are in units of
            `integer_weights(stakes)`.

        Raises
        ------
        ScenarioError
            If a value is outside its range or the number of stakes is not `n`.
        """
        if n < 1:
            raise ScenarioError(bad_value("n", n, "must be at least 1"))
        if stakes is not None and len(stakes) != n:
            raise ScenarioError(bad_value("stakes", list(stakes), f"must have one stake for each of the n = {n} nodes"))
        if stakes is not None and not all(map(_is_positive, stakes)):
            raise ScenarioError(bad_value("stakes", list(stakes), "every stake must be a positive number"))
        weights = (1,) * n if stakes is None else integer_weights(stakes)
        total = sum(weights)
        tolerated = max_faults(total) if f is None else f
        return cls(
            weights=weights,
            tolerated=tolerated,
            quorum=quorum_size(total, tolerated) if quorum is None else quorum,
        )

    @property
    def n(self) -> int:
        """Number of replicas."""
        return len(self.weights)

    @property
    def total(self) -> int:
        """Weight of all replicas together."""
        return sum(self.weights)

    @property
    def weak(self) -> int:
        """Weight of a weak quorum, f + 1: at least one of its members is honest."""
        return self.tolerated + 1

    @property
    def weighted(self) -> bool:
        """Whether replicas weigh differently."""
        return len(set(self.weights)) > 1

    @property
    def safe_below(self) -> int:
        """Byzantine weight from which two quorums may share no honest replica: safety needs K < 2q − total."""
        return 2 * self.quorum - self.total

    @property
    def live_up_to(self) -> int:
        """Largest faulty weight with which the others still are a quorum: liveness needs K ≤ total − q."""
        return self.total - self.quorum

    def weight(self, replicas: Iterable[int]) -> int:
        """Return the weight of *distinct* replicas (a set, or the keys of a mapping); others weigh nothing."""
        weights = self.weights
        n = len(weights)
        total = 0
        for replica in replicas:  # mostly a handful: a list made of them would take longer than the sum
            if 0 <= replica < n:
                total += weights[replica]
        return total
