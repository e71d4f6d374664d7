"""Exact law of one view over links that lose messages: all replicas commit, some, or none.

Everybody is honest, there is one view and no retransmission, and every message is lost independently with
probability p, except what a replica sends to itself. With r = 1 − p:

- A ~ Bin(n − 1, r) backups get the pre-prepare;
- the primary is prepared with probability P(Bin(A, r) ≥ q − 1), each of the A backups with P(1 + Bin(A − 1, r) ≥ q −
  1), all independently: B of them are prepared;
- each of those commits with probability P(1 + Bin(B − 1, r) ≥ q), independently.

With retransmission and more views the same links agree almost surely; that is left to the simulation.

References
----------
Derivation: the project's validation cases ("Lossy links"). The setting is that of Nischwitz, Esche & Tschorsch,
*Bernoulli Meets PBFT: Modeling BFT Protocols in the Presence of Dynamic Failures*, arXiv 2007.13460.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bft.core.quorum import QuorumSystem
from bft.theory import binomial
from bft.theory.outcome_law import OutcomeLaw, outcome_law
from bft.theory.ranges import Array, equal_weights, probabilities


def lossy_links_law(system: QuorumSystem, loss: ArrayLike) -> OutcomeLaw:
    """Return the law of one view over lossy links: `agree` all commit, `partial` some, `stalled` none.

    Parameters
    ----------
    system : QuorumSystem
        Of equal weights; any n and q.
    loss : float or array_like
        Probability p that a message is lost, between 0 and 1.

    Examples
    --------
    >>> law = lossy_links_law(QuorumSystem.of(4), 0.1)
    >>> round(law.agree, 5), round(law.stalled, 5), round(law.partial, 5)
    (0.61371, 0.11376, 0.27253)
    """
    equal_weights(system, "lossy links")
    n, q = system.n, -(-system.quorum // system.weights[0])
    arrives = 1.0 - probabilities("network.loss", loss)[..., np.newaxis]
    prepared = _prepared(n, q, arrives)
    number = np.arange(n + 1)
    commits = binomial.at_least(q - 1, np.clip(number - 1, 0, None), arrives)
    # How many commit out of all n, without none and all: 1 − none − all would cancel.
    some_of_all = binomial.pmf(np.arange(1, n), n, commits[..., n:]).sum(axis=-1)
    some_of_fewer = binomial.at_least(1, number[:n], commits[..., :n])
    return outcome_law(
        correct=prepared[..., n] * commits[..., n] ** n,
        partial=(prepared[..., :n] * some_of_fewer).sum(axis=-1) + prepared[..., n] * some_of_all,
        stalled=(prepared * binomial.pmf(0, number, commits)).sum(axis=-1),
    )


def _prepared(n: int, q: int, arrives: Array) -> Array:
    """P(B = b) for b = 0 … n, over the last axis."""
    law = np.zeros((*arrives.shape[:-1], n + 1))
    backups = np.arange(n)
    for got in range(n):
        reached = binomial.pmf(got, n - 1, arrives)
        backup = binomial.at_least(q - 2, max(got - 1, 0), arrives)
        others = binomial.pmf(backups, got, backup)
        law[..., :-1] += reached * binomial.fewer_than(q - 1, got, arrives) * others
        law[..., 1:] += reached * binomial.at_least(q - 1, got, arrives) * others
    return law
