"""Exact laws of one Tendermint decision.

*Crashes.* As PBFT: agreement iff the living are a quorum and one of them proposes in the rounds allowed. With stakes
proposers follow the rotation by accumulated priority, so a law takes the proposers of the rounds, in order.

*Equivocators.* A coalition of weight K splits the honest (weight H) where it can cut them into two groups that are each
a quorum with it, in the first round that one of it proposes; unless H ≥ q, and an honest replica proposes before. Where
H < q and it cannot split it stalls them. Without stakes this is `equivocation_law`.

*Fallible validators* (lossless links, timers longer than delays): of n replicas each backup's validator accepts a
value with probability a, independently, once; the proposer counts for its own. With B(m, k) = P(Bin(m, a) ≥ k) round
0 decides with P₀ = B(n − 1, q − 1). If a replica crashes after its prevote, then as the paper has it, where whoever
rejected a value neither locks nor decides it, the others decide with B(n − 2, q − 1) where a backup crashes, and B(n
− 1, q) where the proposer does; with `follow_polka` with P₀. The difference is a deadlock: q − 1 living replicas are
locked on the value and prevote no other, the rest reject it, and no round will ever decide.

References
----------
Buchman, Kwon & Milosevic, *The latest gossip on BFT consensus*, arXiv 1807.04938; the project's validation cases.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bft.core.quorum import QuorumSystem
from bft.theory import binomial
from bft.theory.equivocation import equivocation_law, partitions
from bft.theory.faults import FaultLaw, enumerable
from bft.theory.outcome_law import OutcomeLaw, outcome_law
from bft.theory.ranges import same_nodes
from bft.theory.stake import whole_stakes


def message_count(n: int) -> int:
    """Return the messages of one decision without faults: a proposal, and two votes of each to each.

    Examples
    --------
    >>> [message_count(n) for n in (4, 16, 32)]
    [27, 495, 2015]
    """
    return (n - 1) * (2 * n + 1)


def crashes(system: QuorumSystem, faults: FaultLaw, proposers: Sequence[int]) -> OutcomeLaw:
    """Return the law of nodes that crashed before the start.

    Parameters
    ----------
    system : QuorumSystem
        Weighted or not, of at most 16 nodes.
    faults : FaultLaw
        Who is faulty.
    proposers : sequence of int
        Of the rounds allowed, in order.
    """
    same_nodes(system, faults.n, "faults")
    enumerable(system.n)
    weight, leads = _subsets(system, proposers)
    agree = (system.total - weight >= system.quorum) & ~leads["all"]
    return outcome_law(
        correct=faults.over_subsets(agree.astype(float)), stalled=faults.over_subsets((~agree).astype(float))
    )


def equivocators(system: QuorumSystem, faults: FaultLaw, proposers: Sequence[int]) -> OutcomeLaw:
    """Return the law of colluding equivocators; parameters as for `crashes`."""
    if not system.weighted:
        return equivocation_law(system, faults, views=len(proposers))
    same_nodes(system, faults.n, "faults")
    enumerable(system.n)
    whole_stakes(system.weights)
    _, leads = _subsets(system, proposers)
    live, partition = partitions(system)
    agree = np.where(partition, live & ~leads["first"], live & ~leads["all"])
    split = partition & np.where(live, leads["first"], leads["some"])
    return outcome_law(
        agree=faults.over_subsets(agree.astype(float)),
        split=faults.over_subsets(split.astype(float)),
        stalled=faults.over_subsets((~agree & ~split).astype(float)),
    )


def _subsets(system: QuorumSystem, proposers: Sequence[int]) -> tuple[NDArray[np.int64], dict[str, NDArray[np.bool_]]]:
    """Return for every set of faulty nodes its weight, and whether the first, some or all proposers are in it."""
    faulty = np.arange(2**system.n)
    weight = np.zeros(len(faulty), dtype=np.int64)
    for node, own in enumerate(system.weights):
        weight += own * (faulty >> node & 1)
    leaders = sum(1 << node for node in set(proposers))
    return weight, {
        "first": (faulty >> proposers[0] & 1).astype(bool),
        "some": (faulty & leaders) != 0,
        "all": (faulty & leaders) == leaders,
    }


def decides(n: int, q: int, accept: float) -> float:
    """Return P₀, the probability that round 0 decides without a crash, with or without `follow_polka`.

    Examples
    --------
    >>> round(decides(4, 3, 0.8), 6)
    0.896
    """
    return float(binomial.at_least(q - 1, n - 1, accept))


def decides_though_a_backup_crashes(n: int, q: int, accept: float, *, follow_polka: bool = False) -> float:
    """Return the probability that round 0 decides though one backup crashes after its prevote.

    Examples
    --------
    >>> round(decides_though_a_backup_crashes(7, 5, 0.8), 6)
    0.73728
    """
    return decides(n, q, accept) if follow_polka else float(binomial.at_least(q - 1, n - 2, accept))


def decides_though_the_proposer_crashes(n: int, q: int, accept: float, *, follow_polka: bool = False) -> float:
    """Return the probability that round 0 decides though its proposer crashes after its prevote.

    Examples
    --------
    >>> round(decides_though_the_proposer_crashes(7, 5, 0.8), 6)
    0.65536
    """
    return decides(n, q, accept) if follow_polka else float(binomial.at_least(q, n - 1, accept))


def deadlock(n: int, q: int, accept: float, *, proposer: bool = False) -> float:
    """Return the probability of a deadlock as the paper has it, where a backup (or the proposer) crashes.

    It is what `follow_polka` adds to the probability of a decision: for a backup C(n−2, q−2)·a^(q−1)·(1−a)^(n−q).

    Examples
    --------
    >>> [round(deadlock(n, q, a), 6) for n, q, a in ((4, 3, 0.8), (7, 5, 0.9))]
    [0.256, 0.06561]
    """
    paper = decides_though_the_proposer_crashes if proposer else decides_though_a_backup_crashes
    return decides(n, q, accept) - paper(n, q, accept)
