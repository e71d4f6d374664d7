"""The reliability formulas of the source document on fault tolerance, under their own names, and what is true of each.

They are kept as they stand there so that figures can show them beside the exact laws. None of them is used by a law of
this package. The document's missing formula, P(at most f of n faulty), is here too.

References
----------
The source document on Byzantine fault tolerance, summarised row by row in the project's requirements.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from bft.core.quorum import QuorumSystem
from bft.errors import UnsupportedError, bad_value
from bft.theory import binomial
from bft.theory.ranges import Values, node_count, plain, probabilities

MOST_NODES_OF_P_T = 1000  # beyond about 1500 nodes the "probability" exceeds the largest float


def alpha(n: int, delta: ArrayLike) -> Values:
    """α = 1 − (1 − δ)ⁿ, which the document offers as the failure probability of the system.

    What it is: the probability that *at least one* of n nodes is faulty. PBFT is built to survive that, so α says
    nothing about agreement; it grows with n where the exact law improves.

    Parameters
    ----------
    n : int
        Number of nodes, at least 1.
    delta : float or array_like
        Per-node fault probability δ, between 0 and 1.

    Examples
    --------
    >>> round(alpha(10, 0.05), 5)
    0.40126
    """
    node_count(n)
    fault = probabilities("faults.delta", delta)
    with np.errstate(divide="ignore"):
        return plain(np.asarray(-np.expm1(n * np.log1p(-fault))))


def reliability(delta: ArrayLike) -> Values:
    """R = 1 / (1 + δ/(1 − δ)), which the document offers as the reliability of the system.

    What it is: algebraically 1 − δ, the reliability of one node, whatever n. The document prints 0.9842 for n = 10 and
    δ = 0.05; its own formula gives 0.95. At δ = 1 the value is the limit 0.

    Examples
    --------
    >>> round(reliability(0.05), 5)
    0.95
    """
    fault = probabilities("faults.delta", delta)
    with np.errstate(divide="ignore"):
        return plain(np.asarray(1.0 / (1.0 + fault / (1.0 - fault))))


def p_t(n: int, delta: ArrayLike) -> Values:
    """P(t) = Σ_{k ≤ n/2} C(n, k) δᵏ (1 − δ)ⁿ⁻ᵏ · C(n − k, n − 2k) / C(n, n): *not a probability*.

    The document offers it as the probability of consensus after t rounds. The second factor counts ways instead of
    weighing them, so the sum exceeds 1 as soon as n ≥ 3 and δ is not tiny; and t does not occur in it.

    Raises
    ------
    UnsupportedError
        If n is above 1000, where the counts leave the range of floats.

    Examples
    --------
    >>> round(p_t(10, 0.05), 5)
    5.90579
    """
    if node_count(n) > MOST_NODES_OF_P_T:
        raise UnsupportedError(bad_value("n", n, f"must be at most {MOST_NODES_OF_P_T} for P(t)"))
    fault = probabilities("faults.delta", delta)[..., np.newaxis]
    faulty = np.arange(n // 2 + 1)
    ways = special.comb(n - faulty, n - 2 * faulty)
    return plain(np.asarray((binomial.pmf(faulty, n, fault) * ways).sum(axis=-1)))


def at_most_f_faulty(n: int, delta: ArrayLike) -> Values:
    """P(K ≤ f) = Σ_{k ≤ f} C(n, k) δᵏ (1 − δ)ⁿ⁻ᵏ with f = ⌊(n − 1)/3⌋: the formula the document lacks.

    What it is: the probability that PBFT is within its fault bound, where it agrees whatever the faulty nodes do.

    Examples
    --------
    >>> round(at_most_f_faulty(10, 0.05), 5)
    0.99897
    """
    fault = probabilities("faults.delta", delta)[..., np.newaxis]
    faulty = np.arange(QuorumSystem.of(n).tolerated + 1)
    return plain(np.asarray(binomial.pmf(faulty, n, fault).sum(axis=-1)))
