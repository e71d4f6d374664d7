"""Exact law of one PBFT decision against colluding equivocators: agreement, split or stall.

The faulty nodes collude. They withhold their votes from honest primaries where that stalls them, split the honest
nodes where they can, and stall where they cannot split. A split needs a faulty primary, which proposes one value to
the honest nodes G₁ and another to G₂, both non-empty, with w(Gᵢ) + K ≥ q, because every faulty node votes for both.
With h = total − K the honest weight there are four cases:

==============  =============================  ==========================================================
h ≥ q ("live")  a partition (G₁, G₂) exists    outcome
==============  =============================  ==========================================================
yes             no                             the first honest primary decides: agreement
yes             yes                            the first honest primary decides, unless primary(0) is faulty: split
no              yes                            split as soon as it is a faulty node's turn
no              no                             stalled
==============  =============================  ==========================================================

Without stakes a partition exists iff 2q − n ≤ K ≤ n − 2. The network is benign; an adversary who also delays messages
makes the second case a split whenever K ≥ 1. With fewer than n views allowed, nobody decides where the turn of the
deciding primary does not come.

The values of an equivocator may be right or wrong, so the law does not tell `correct` from `wrong`.

References
----------
The project's validation cases ("Exact laws"); Castro & Liskov, OSDI'99, §4.2–4.4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bft.core.quorum import QuorumSystem
from bft.theory.faults import FaultLaw, enumerable
from bft.theory.outcome_law import OutcomeLaw, outcome_law
from bft.theory.ranges import Array, same_nodes, total, views_allowed
from bft.theory.stake import Leading, whole_stakes


def equivocation_law(system: QuorumSystem, faults: FaultLaw, *, views: int | None = None) -> OutcomeLaw:
    """Return the law of colluding equivocators; see the top of this file.

    Parameters
    ----------
    system : QuorumSystem
        Weighted or not.
    faults : FaultLaw
        Who is faulty.
    views : int, optional
        Views allowed; by default n.

    Raises
    ------
    UnsupportedError
        If the weights differ and n is above 16: whether a partition exists depends on the very set of faulty nodes.

    Examples
    --------
    >>> from bft.theory.faults import independent
    >>> law = equivocation_law(QuorumSystem.of(6), independent(6, 0.25))
    >>> round(law.agree, 5), round(law.split, 5), round(law.stalled, 5)
    (0.73169, 0.26367, 0.00464)
    """
    same_nodes(system, faults.n, "faults")
    turns = min(views_allowed(views, system.n), system.n)
    if system.weighted:
        return _by_subset(system, faults, turns)
    return _by_count(system, faults, turns)


def _by_count(system: QuorumSystem, faults: FaultLaw, turns: int) -> OutcomeLaw:
    faulty = np.arange(system.n + 1)
    unit = system.weights[0]
    honest = system.n - faulty
    live = unit * honest >= system.quorum
    # The evener the parts, the better for the smaller one, which is what counts.
    partition = (honest >= 2) & (unit * (honest // 2 + faulty) >= system.quorum)

    def chance(cases: NDArray[np.bool_], leading: Leading, first: int) -> Array:
        return total(faults.count(first=first, leading=leading), cases)

    return outcome_law(
        agree=chance(live & ~partition, "some_honest", turns) + chance(live & partition, "all_honest", 1),
        split=chance(live & partition, "all_faulty", 1) + chance(~live & partition, "some_faulty", turns),
        stalled=chance(live & ~partition, "all_faulty", turns)
        + chance(~live & partition, "all_honest", turns)
        + chance(~live & ~partition, "any", 0),
    )


def _by_subset(system: QuorumSystem, faults: FaultLaw, turns: int) -> OutcomeLaw:
    enumerable(system.n)
    whole_stakes(system.weights)
    faulty = np.arange(2**system.n)
    live, partition = partitions(system)
    first_faulty = (faulty & 1).astype(bool)
    leaders = faulty & (2**turns - 1)
    some_faulty, some_honest = leaders != 0, leaders != 2**turns - 1
    agree = np.where(partition, live & ~first_faulty, live & some_honest)
    split = partition & np.where(live, first_faulty, some_faulty)
    return outcome_law(
        agree=faults.over_subsets(agree.astype(float)),
        split=faults.over_subsets(split.astype(float)),
        stalled=faults.over_subsets((~agree & ~split).astype(float)),
    )


def partitions(system: QuorumSystem) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return, for every set of faulty nodes, whether the honest are a quorum, and whether a partition exists."""
    count = 2**system.n
    live = np.zeros(count, dtype=np.bool_)
    partition = np.zeros(count, dtype=np.bool_)

    def visit(node: int, faulty: int, sums: NDArray[np.int64]) -> None:
        """Decide node by node who is honest; `sums` are the weights of the sets that hold none but honest nodes."""
        if node < system.n:
            visit(node + 1, faulty | 1 << node, sums)
            visit(node + 1, faulty, np.concatenate([sums, sums + system.weights[node]]))
            return
        honest = int(sums[-1])
        missing = system.quorum - (system.total - honest)
        live[faulty] = honest >= system.quorum
        if len(sums) < 4:  # fewer than two honest nodes
            return
        partition[faulty] = missing <= 0 or bool(np.any((sums >= missing) & (sums <= honest - missing)))

    visit(0, 0, np.zeros(1, dtype=np.int64))
    return live, partition
