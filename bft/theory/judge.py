"""Exact law of one PBFT decision when validators *judge* proposals: right, wrong, or stalled.

In every view the primary's proposal is right with probability a, and every honest backup accepts a right proposal with
one probability and a wrong one with another, independently or with a factor in common. All of that is drawn anew in
every view, so these are judges that do not repeat themselves. The primary counts for its own proposal, and the view
decides iff q nodes accept; an honest replica follows a prepared certificate whether or not it accepted. Faulty nodes
crashed: they neither propose nor vote, so the turn of a crashed primary is lost. The network is lossless,
primary(v) = v mod n, and t views are allowed.

With m = n − K honest nodes, a view with an honest primary decides right with s⁺ = a·P(1 + Bin(m − 1, p⁺) ≥ q) and
wrong with s⁻ = (1 − a)·P(1 + Bin(m − 1, p⁻) ≥ q). If v of the t views have an honest primary, then with s = s⁺ + s⁻
P(right) = s⁺/s · (1 − (1 − s)ᵛ), and likewise for wrong. v is ⌊t/n⌋·m plus the honest ones among the first t mod n
nodes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bft.core.quorum import QuorumSystem
from bft.theory import binomial
from bft.theory.errors_in_common import probit_errors
from bft.theory.faults import FaultLaw
from bft.theory.outcome_law import OutcomeLaw, outcome_law
from bft.theory.ranges import Array, equal_weights, probabilities, same_nodes, views_allowed


def judge_law(
    system: QuorumSystem,
    faults: FaultLaw,
    *,
    accuracy: float,
    accept_right: float,
    accept_wrong: float,
    views: int | None = None,
    correlation: float = 0.0,
) -> OutcomeLaw:
    """Return the law of a panel of judges with crashed nodes; see the top of this file.

    Parameters
    ----------
    system : QuorumSystem
        Of equal weights.
    faults : FaultLaw
        Who crashed.
    accuracy : float
        a, the probability that a proposal is right.
    accept_right, accept_wrong : float
        p⁺ and p⁻, the probabilities that a backup accepts a right and a wrong proposal.
    views : int, optional
        Views allowed; by default n. More are meaningful here, where everybody answers anew in every view.
    correlation : float
        r, the latent correlation of two judges' verdicts in one view: a one-factor copula. The backups that accept are
        then those of `probit_errors` that are right.

    Examples
    --------
    >>> from bft.theory.faults import independent
    >>> faults = independent(4, 0.0)
    >>> law = judge_law(QuorumSystem.of(4), faults, accuracy=0.8, accept_right=0.9, accept_wrong=0.3, views=1)
    >>> round(law.correct, 5), round(law.wrong, 5), round(law.stalled, 5)
    (0.7776, 0.0432, 0.1792)
    """
    same_nodes(system, faults.n, "faults")
    equal_weights(system, "judges")
    n, quorum = system.n, -(-system.quorum // system.weights[0])
    cycles, rest = divmod(views_allowed(views, n), n)
    # Axes: crashed among the first `rest` nodes, crashed among the others.
    crashed_first, crashed_other = np.indices((rest + 1, n - rest + 1))
    honest = n - crashed_first - crashed_other
    proposals = cycles * honest + rest - crashed_first
    right, wrong = _one_view(honest, quorum, accuracy, accept_right, accept_wrong, correlation)
    decided, stalled = _views(right + wrong, proposals)
    with np.errstate(invalid="ignore"):
        share = np.where(right + wrong > 0, right / (right + wrong), 0.0)
        other_share = np.where(right + wrong > 0, wrong / (right + wrong), 0.0)
    joint = faults.leading_count(rest)
    return outcome_law(
        correct=(joint * decided * share).sum(axis=(-2, -1)),
        wrong=(joint * decided * other_share).sum(axis=(-2, -1)),
        stalled=(joint * stalled).sum(axis=(-2, -1)),
    )


def _one_view(
    honest: NDArray[np.int64],
    quorum: int,
    accuracy: float,
    accept_right: float,
    accept_wrong: float,
    correlation: float,
) -> tuple[Array, Array]:
    """Return s⁺ and s⁻ of a view with an honest primary."""
    a = float(probabilities("accuracy", accuracy))
    plus = float(probabilities("accept_right", accept_right))
    minus = float(probabilities("accept_wrong", accept_wrong))
    backups = np.clip(honest - 1, 0, None)
    if float(probabilities("correlation", correlation)) == 0.0:
        plus_all, minus_all = (binomial.at_least(quorum - 1, backups, each) for each in (plus, minus))
    else:
        plus_all, minus_all = (_together(quorum - 1, backups, each, correlation) for each in (plus, minus))
    return a * plus_all, (1.0 - a) * minus_all


def _together(least: int, backups: NDArray[np.int64], chance: float, correlation: float) -> Array:
    """Return P(at least `least` of so many backups accept), where their verdicts are correlated."""
    found = np.zeros(backups.shape)
    for number in np.unique(backups[backups >= least]):
        if number == 0:
            found[backups == 0] = 1.0
            continue
        law = probit_errors(int(number), chance, correlation=correlation)
        found[backups == number] = law.number_right[least:].sum()
    return found


def _views(decides: Array, proposals: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return 1 − (1 − s)ᵛ and (1 − s)ᵛ."""
    none = proposals == 0
    with np.errstate(divide="ignore", invalid="ignore"):
        exponent = np.where(none, 0.0, proposals * np.log1p(-np.minimum(decides, 1.0)))
    return -np.expm1(exponent), np.exp(exponent)
