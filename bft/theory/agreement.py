"""Exact laws of one PBFT decision when nodes crash, withhold what they owe, or do not lead: agreement or stall.

One request, a lossless network, perfect validators (always right, never doubted), honest replicas that follow the
protocol, primary(v) = v mod n, and `views` = t views allowed (by default n: every node gets its turn). Nodes that
lie are in `bft.theory.equivocation` and `bft.theory.lying`, lossy links in `bft.theory.lossy_links`.

Every law takes a quorum system, weighted or not, and a fault law. K is the faulty weight (the faulty number without
stakes). K = n is never agreement: there is nobody left to agree.

References
----------
Castro & Liskov, *Practical Byzantine Fault Tolerance*, OSDI'99, §4.2 (normal case) and §4.4 (view changes).
"""

from __future__ import annotations

from dataclasses import dataclass

from bft.core.quorum import QuorumSystem
from bft.theory.faults import FaultLaw, faulty_weight
from bft.theory.outcome_law import OutcomeLaw, outcome_law
from bft.theory.ranges import Values, node_count, plain, same_nodes, total, views_allowed


def crash_law(system: QuorumSystem, faults: FaultLaw, *, views: int | None = None) -> OutcomeLaw:
    """Return the law of nodes that crashed before the start, and send neither votes nor proposals.

    Every honest replica decides iff the others still are a quorum, K ≤ total − q, and one of the first t primaries is
    not crashed; else none does.

    Examples
    --------
    >>> from bft.theory.faults import independent
    >>> law = crash_law(QuorumSystem.of(4), independent(4, 0.1))
    >>> round(law.agree, 5), round(law.stalled, 5)
    (0.9477, 0.0523)
    """
    same_nodes(system, faults.n, "faults")
    turns = min(views_allowed(views, system.n), system.n)
    live = faulty_weight(system, faults, first=turns, leading="some_honest")
    dark = faulty_weight(system, faults, first=turns, leading="all_faulty")
    everyone = faulty_weight(system, faults)
    stalled = total(dark.probability, dark.support <= system.live_up_to)
    return outcome_law(
        correct=total(live.probability, live.support <= system.live_up_to),
        stalled=stalled + total(everyone.probability, everyone.support > system.live_up_to),
    )


def silent_primary_law(system: QuorumSystem, faults: FaultLaw, *, views: int | None = None) -> OutcomeLaw:
    """Return the law of nodes that are silent as primary only, and vote as backups like the others.

    Agreement iff one of the first t primaries is honest, whatever the quorum: all n nodes vote for its proposal. Or one
    of them is a quorum by itself: being silent it decides in private, and proves it to whoever asks, as a backup does.
    """
    same_nodes(system, faults.n, "faults")
    turns = min(views_allowed(views, system.n), system.n)
    if max(system.weights[:turns]) >= system.quorum:
        turns = system.n
    return outcome_law(
        correct=total(faults.count(first=turns, leading="some_honest")),
        stalled=total(faults.count(first=turns, leading="all_faulty")),
    )


def withhold_law(system: QuorumSystem, faults: FaultLaw, *, views: int | None = None) -> OutcomeLaw:
    """Return the law of nodes that keep back their votes and proposals, and follow the protocol otherwise.

    It is that of crashed nodes, unless some node is a quorum by itself. Such a node decides in private whatever an
    honest primary proposes, and its own proposal; whoever asks it is sent the proof. So the votes of others never lack,
    and all that matters is who leads, as for silent primaries.
    """
    return (silent_primary_law if alone_a_quorum(system) else crash_law)(system, faults, views=views)


def alone_a_quorum(system: QuorumSystem) -> bool:
    """Whether some node is a quorum by itself."""
    return max(system.weights) >= system.quorum


def safety_bound(system: QuorumSystem, faults: FaultLaw) -> Values:
    """P(K < 2q − total): any two quorums share an honest replica, so that no attack can split."""
    same_nodes(system, faults.n, "faults")
    everyone = faulty_weight(system, faults)
    return plain(total(everyone.probability, everyone.support < system.safe_below))


def liveness_bound(system: QuorumSystem, faults: FaultLaw) -> Values:
    """P(K ≤ total − q): the honest replicas are a quorum by themselves, so that no attack can stall them for ever."""
    same_nodes(system, faults.n, "faults")
    everyone = faulty_weight(system, faults)
    return plain(total(everyone.probability, everyone.support <= system.live_up_to))


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCount:
    """Messages of one PBFT decision without faults, by phase; 2n(n − 1) in all.

    Attributes
    ----------
    pre_prepares, prepares, commits : int
        n − 1, (n − 1)² and n(n − 1): nobody sends to itself, and the primary sends no prepare.
    """

    pre_prepares: int
    prepares: int
    commits: int

    @property
    def total(self) -> int:
        """Messages of all phases."""
        return self.pre_prepares + self.prepares + self.commits


def message_count(n: int) -> MessageCount:
    """Count the messages of one decision of n replicas without faults.

    Examples
    --------
    >>> [message_count(n).total for n in (4, 16, 32, 64)]
    [24, 480, 1984, 8064]
    """
    others = node_count(n) - 1
    return MessageCount(pre_prepares=others, prepares=others * others, commits=n * others)
