"""Exact law of one PBFT decision with lying validators and perfect judges: right, wrong, or stalled.

Honest validators propose what is right, accept what is right and reject what is wrong; liars do the opposite. A
primary counts for its own proposal. An honest replica prepares only what its validator accepted, but follows a
prepared certificate whether or not it accepted. So the honest nodes decide the right value where they are a quorum,
total − K ≥ q, and the liars decide a wrong one, for everybody, where *they* are a quorum, K ≥ q. Where both are (a
tuned q of at most half the total), the first primary decides. The network is lossless, primary(v) = v mod n. Only
validators lie, their replicas are honest: with K = n they agree on a wrong value.
"""

from __future__ import annotations

from bft.core.quorum import QuorumSystem
from bft.theory.faults import FaultLaw, faulty_weight
from bft.theory.outcome_law import OutcomeLaw, outcome_law
from bft.theory.ranges import Array, same_nodes, total, views_allowed
from bft.theory.stake import Leading


def lying_law(system: QuorumSystem, faults: FaultLaw, *, views: int | None = None) -> OutcomeLaw:
    """Return the law of lying validators; see the top of this file.

    Parameters
    ----------
    system : QuorumSystem
        Weighted or not.
    faults : FaultLaw
        Who lies.
    views : int, optional
        Views allowed; by default n.

    Examples
    --------
    >>> from bft.theory.faults import independent
    >>> law = lying_law(QuorumSystem.of(4), independent(4, 0.5))
    >>> round(law.correct, 5), round(law.wrong, 5), round(law.stalled, 5)
    (0.3125, 0.3125, 0.375)
    """
    same_nodes(system, faults.n, "faults")
    turns = min(views_allowed(views, system.n), system.n)

    def chance(right_can: bool, wrong_can: bool, leading: Leading = "any", first: int = 0) -> Array:
        law = faulty_weight(system, faults, first=first, leading=leading)
        right = law.support <= system.live_up_to
        wrong = law.support >= system.quorum
        return total(law.probability, (right == right_can) & (wrong == wrong_can))

    return outcome_law(
        correct=chance(True, False, "some_honest", turns) + chance(True, True, "all_honest", 1),
        wrong=chance(False, True, "some_faulty", turns) + chance(True, True, "all_faulty", 1),
        stalled=chance(True, False, "all_faulty", turns)
        + chance(False, True, "all_honest", turns)
        + chance(False, False),
    )
