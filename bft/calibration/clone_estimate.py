"""The parameters of samples of several models, by the method of moments.

r solves the pairs of different models that are right together, ρ those of one model; α the equal wrong answers of
different models, and the probability of repeating a wrong answer those of one model. τ, which moves both, is what makes
the quorums on wrong answers of all the columns those that were counted: as with samples of one model (see
`quorum_agreement`), pairs alone predict too few or too many. The law of such panels (`bft.theory.clone_panels`) ends at
ten nodes, so quorums are simulated, with the same draws for every τ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from bft.calibration.estimate import Estimate, latent_correlation, missing_correlation, trap_and_urn
from bft.calibration.moments import Moments
from bft.calibration.outcomes import OUTCOMES, outcome_shares
from bft.calibration.simulated_answers import simulated
from bft.validators.answers import Codes
from bft.validators.clones import Clones

_TAUS = 5  # at which quorums are simulated, between the smallest and the largest that s₂ allows
_SEED = 20
_TOLERANCE = 1e-6


def estimate_clones(moments: Moments, groups: Sequence[int], *, options: int, draws: int) -> Estimate:
    """Solve for the parameters; there are no flawed questions.

    Parameters
    ----------
    moments : Moments
        What was counted.
    groups : sequence of int
        The number of each column's model.
    options : int
        Number K of wrong answers.
    draws : int
        Simulated questions by which τ is found.
    """
    of_column = np.array(groups)
    alike = of_column[:, None] == of_column
    accuracy = np.array([moments.right[of_column == group].mean() for group in groups])
    missing = np.array([moments.missing[of_column == group].mean() for group in groups])
    clones = alike & ~np.eye(len(groups), dtype=bool)
    between = latent_correlation(accuracy, ~alike, moments.right_pairs - moments.within_right_pairs)
    rho = max(between, latent_correlation(accuracy, clones, moments.within_right_pairs))
    wrong_pairs = moments.wrong_pairs - moments.within_wrong_pairs
    pair = (moments.same_pairs - moments.within_same_pairs) / wrong_pairs if wrong_pairs > 0.0 else 1.0 / options
    own = moments.within_same_pairs / moments.within_wrong_pairs if moments.within_wrong_pairs > 0.0 else 0.0
    first = np.array([groups.index(group) for group in groups])
    share = (rho - between) / (1.0 - between)
    found = Estimate(
        accuracy=accuracy,
        missing=missing,
        missing_correlation=missing_correlation(accuracy, missing, moments.missing_pairs, between, 0.0),
        options=options,
        r=between,
        flawed=0.0,
        tau=0.0,
        k_alpha=math.inf,
        clones=Clones(first=first, share=share, same_wrong=0.0),
        rho=rho,
    )

    def with_trap(tau: float) -> Estimate:
        """Return the estimate at which as many pairs are the same, between models and within them."""
        by_urn = max((pair - tau) / (1.0 - tau), 0.0) if tau < 1.0 else 0.0
        repeats = _repeated((own - tau) / (1.0 - tau) if tau < 1.0 else 1.0, by_urn, np.bincount(of_column))
        k_alpha = trap_and_urn(by_urn, None, options)[1]
        return replace(found, tau=tau, k_alpha=k_alpha, clones=Clones(first=first, share=share, same_wrong=repeats))

    most = max((pair - 1.0 / options) / (1.0 - 1.0 / options), 0.0) if options > 1 else 0.0
    if most <= 0.0 or pair >= 1.0:
        return with_trap(0.0)
    taus = np.linspace(0.0, most, _TAUS)
    quorums = np.array([_wrong_quorums(with_trap(tau), draws) for tau in taus.tolist()])
    return with_trap(_at(taus, quorums - moments.wrong_quorums))


def _at(
    taus: np.ndarray[tuple[int], np.dtype[np.float64]], surplus: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> float:
    """Return where a broken line crosses zero first, or comes nearest to it."""
    for low in range(len(taus) - 1):
        left, right = float(surplus[low]), float(surplus[low + 1])
        if left * right <= 0.0 and left != right:
            return float(taus[low] + (taus[low + 1] - taus[low]) * left / (left - right))
    return float(taus[int(np.argmin(np.abs(surplus)))])


def _wrong_quorums(found: Estimate, draws: int) -> float:
    codes = simulated(found, draws, np.random.default_rng(_SEED))
    everybody = [tuple(range(codes.shape[1]))]
    return float(outcome_shares(codes, everybody, "quorum", None)[:, OUTCOMES.index("wrong")].mean())


def _repeated(same: float, by_chance: float, samples: Codes) -> float:
    """Return the probability of repeating the first sample's wrong answer at which so many pairs are the same.

    A pair with the first is the same if the other repeats it, or by chance; a pair of others if both repeat it, or else
    by chance.
    """
    with_first = float((samples - 1).sum())
    others = float(((samples - 1) * (samples - 2) / 2).sum())

    def surplus(repeats: float) -> float:
        first = repeats + (1.0 - repeats) * by_chance
        both = repeats**2 + (1.0 - repeats**2) * by_chance
        return (with_first * first + others * both) / (with_first + others) - same

    if surplus(0.0) >= 0.0:
        return 0.0
    if surplus(1.0) <= 0.0:
        return 1.0
    return float(brentq(surplus, 0.0, 1.0, xtol=_TOLERANCE))
