"""From moments to the parameters of the correlated model, by the method of moments.

The accuracies and the missing answers are means. r solves the number of pairs that are right together; it is the
tetrachoric correlation, pooled over the pairs. ν, the share of flawed questions, solves the number of triples that are
right together, and is 0 where the copula alone gives no more of them than there are. κ, the correlation of missing
answers, solves the number of pairs that are missing together. τ and α follow in closed form from s₂ and s₃, or from s₂
and the quorums on wrong answers (`quorum_agreement`). Samples of several models are left to `clone_estimate`, how sure
the estimates are, and how well they predict, to `fitting`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from bft.calibration.moments import Moments
from bft.calibration.quorum_agreement import trap_by_quorums
from bft.randomness import Floats
from bft.validators.clones import Clones
from bft.validators.missing_answers import MissingAnswers

_NODES = 96  # Gauss–Hermite; enough for pairs and triples up to the largest r
LARGEST_R = 0.99
"""Two validators are never taken for one."""

_TOLERANCE = 1e-6
_CERTAIN = 1e-9  # distance from accuracies 0 and 1, whose normal quantiles are not finite

_abscissae, _weights = np.polynomial.hermite_e.hermegauss(_NODES)
_weights = _weights / _weights.sum()


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The parameters of the correlated model.

    Attributes
    ----------
    accuracy, missing : ndarray, shape (n,)
        Probability of a right answer, and of no parseable answer.
    missing_correlation : float
        Latent correlation κ of missing answers.
    options : int
        Number K of wrong answers.
    r, flawed : float
        Latent correlation of correctness, and share of flawed questions.
    tau, k_alpha : float
        Probability of a trap, and the parameter of the urn; infinity means that nobody copies.
    clones : Clones or None
        Who are samples of one model, where there are several models; `rho` is their correlation ρ.
    rho : float or None
        Latent correlation of two samples of one model.
    """

    accuracy: Floats
    missing: Floats
    missing_correlation: float
    options: int
    r: float
    flawed: float
    tau: float
    k_alpha: float
    clones: Clones | None = None
    rho: float | None = None


Agreement: TypeAlias = Literal["triples", "quorums"]
Estimator = Callable[[Moments], Estimate]


def estimate(
    moments: Moments,
    *,
    options: int,
    exchangeable: bool = False,
    flawed: bool = True,
    agreement: Agreement = "triples",
) -> Estimate:
    """Solve for the parameters.

    Parameters
    ----------
    moments : Moments
        What was counted.
    options : int
        Number K of wrong answers.
    exchangeable : bool
        Whether all validators take the mean accuracy and the mean share of missing answers. r and κ then absorb part of
        their differences, so that the panel has as many pairs and triples right together, and as many pairs silent
        together, as the real one, and stands for panels of any size.
    flawed : bool
        Whether there may be flawed questions; without them ν = 0.
    agreement : {"triples", "quorums"}
        What τ is solved from, beside s₂: s₃, or the quorums on wrong answers.
    """
    accuracy, missing = moments.right, moments.missing
    if exchangeable:
        accuracy, missing = np.full(moments.n, accuracy.mean()), np.full(moments.n, missing.mean())
    share = _flawed_share(accuracy, moments) if flawed else 0.0
    r = _correlation(accuracy, moments.right_pairs, share)
    together = missing_correlation(accuracy, missing, moments.missing_pairs, r, share)
    if agreement == "triples":
        tau, k_alpha = trap_and_urn(moments.same_given_wrong, moments.three_same_given_wrong, options)
    else:
        wrong = _number_wrong(accuracy, missing, together, r, share)
        tau, k_alpha = trap_by_quorums(
            moments.same_given_wrong, wrong, moments.small_wrong_quorums, moments.wrong_quorums, options
        )
    return Estimate(
        accuracy=accuracy,
        missing=missing,
        missing_correlation=together,
        options=options,
        r=r,
        flawed=share,
        tau=tau,
        k_alpha=k_alpha,
    )


def latent_correlation(accuracy: Floats, pairs: NDArray[np.bool_], right_pairs: float) -> float:
    """Return the r at which as many of these ordered pairs, marked in shape (n, n), are right together as there are."""

    def surplus(r: float) -> float:
        return float(right_together(accuracy, r)[pairs].sum()) - right_pairs

    if not pairs.any() or surplus(0.0) >= 0.0:
        return 0.0
    if surplus(LARGEST_R) <= 0.0:
        return LARGEST_R
    return float(brentq(surplus, 0.0, LARGEST_R, xtol=_TOLERANCE))


def right_together(accuracy: Floats, r: float) -> Floats:
    """Return the probability of each pair of validators to be right together, shape (n, n)."""
    chance = _right(accuracy, r, 0.0)
    pairs: Floats = (chance.T * _weights) @ chance
    return pairs


def _number_wrong(accuracy: Floats, missing: Floats, together: float, r: float, flawed: float) -> Floats:
    """Return the law of how many validators give a wrong answer, shape (n + 1,)."""
    silent = MissingAnswers.of(accuracy, missing, together)
    factors, of_factor = (_abscissae, _weights) if silent.uniforms else (np.zeros(1), np.ones(1))
    answering = 1.0 - (silent.chances(factors) if silent.uniforms else silent.given_not_right[None, :])
    not_right = np.concatenate([1.0 - _right(accuracy, r, flawed), np.ones((1, len(accuracy)))])
    weights = np.append((1.0 - flawed) * _weights, flawed)
    chance = not_right[:, None, :] * answering[None, :, :]  # of g, of h, of validators
    law = np.zeros((*chance.shape[:2], len(accuracy) + 1))
    law[..., 0] = 1.0
    for validator in range(len(accuracy)):
        wrong = chance[..., validator, None]
        law = law * (1.0 - wrong) + np.concatenate([np.zeros_like(law[..., :1]), law[..., :-1]], axis=-1) * wrong
    number: Floats = np.einsum("g,h,ghw->w", weights, of_factor, law)
    return number


def _flawed_share(accuracy: Floats, moments: Moments) -> float:
    """Return the smallest ν at which the model has no more triples right together than there are."""

    def surplus(flawed: float) -> float:
        r = _correlation(accuracy, moments.right_pairs, flawed)
        return _together(accuracy, r, flawed)[1] - moments.right_triples

    independent_pairs = float(accuracy.sum() ** 2 - (accuracy**2).sum())
    if moments.n < 3 or moments.right_pairs <= independent_pairs or surplus(0.0) <= 0.0:
        return 0.0
    # Beyond these there would be fewer wrong answers, or less correlation, than there are.
    most = min(1.0 - float(accuracy.max()), 1.0 - independent_pairs / moments.right_pairs)
    if most <= 0.0 or surplus(most) >= 0.0:
        return max(most, 0.0)
    return float(brentq(surplus, 0.0, most, xtol=_TOLERANCE))


def _correlation(accuracy: Floats, right_pairs: float, flawed: float) -> float:
    """Return the r at which as many pairs are right together as there are."""

    def surplus(r: float) -> float:
        return _together(accuracy, r, flawed)[0] - right_pairs

    if len(accuracy) < 2 or surplus(0.0) >= 0.0:
        return 0.0
    if surplus(LARGEST_R) <= 0.0:
        return LARGEST_R
    return float(brentq(surplus, 0.0, LARGEST_R, xtol=_TOLERANCE))


def _together(accuracy: Floats, r: float, flawed: float) -> tuple[float, float]:
    """Return the expected numbers of ordered pairs and triples that are right together."""
    chance = _right(accuracy, r, flawed)
    first, second, third = (chance**power @ np.ones(len(accuracy)) for power in (1, 2, 3))
    pairs = _weights @ (first**2 - second)
    triples = _weights @ (first**3 - 3.0 * first * second + 2.0 * third)
    return float((1.0 - flawed) * pairs), float((1.0 - flawed) * triples)


def missing_correlation(accuracy: Floats, missing: Floats, missing_pairs: float, r: float, flawed: float) -> float:
    """Return the κ at which as many pairs are missing together as there are; 0 where chance makes as many."""
    chance = 1.0 - _right(accuracy, r, flawed)
    neither_right = (1.0 - flawed) * (chance.T * _weights) @ chance + flawed
    np.fill_diagonal(neither_right, 0.0)

    def surplus(correlation: float) -> float:
        given = MissingAnswers.of(accuracy, missing, correlation).chances(_abscissae)
        return float((neither_right * ((given.T * _weights) @ given)).sum()) - missing_pairs

    if missing_pairs == 0.0 or surplus(0.0) >= 0.0:
        return 0.0
    if surplus(LARGEST_R) <= 0.0:
        return LARGEST_R
    return float(brentq(surplus, 0.0, LARGEST_R, xtol=_TOLERANCE))


def _right(accuracy: Floats, r: float, flawed: float) -> Floats:
    """Return the probability of a right answer to a question that is not flawed, given g, shape (nodes of g, n)."""
    limit = ndtri(np.clip(accuracy / (1.0 - flawed), _CERTAIN, 1.0 - _CERTAIN))
    chance: Floats = ndtr((limit - math.sqrt(r) * _abscissae[:, None]) / math.sqrt(1.0 - r))
    return chance


def trap_and_urn(pair: float | None, triple: float | None, options: int) -> tuple[float, float]:
    """Return τ and Kα from s₂ and s₃.

    With b₂ = (1+α)/(1+Kα) and b₃ = b₂(2+α)/(2+Kα) for the urn alone, 1 − s₂ = (1−τ)(1−b₂) and 1 − s₃ = (1−τ)(1−b₃), so
    that (1−s₃)/(1−s₂) = (3 + (K+1)α)/(2 + Kα), which is solved for α. Where that gives no τ in [0, 1], or K = 2 and the
    ratio is 3/2 for every α, the urn alone is fitted to s₂. None stands for what was never seen.
    """
    if pair is None or pair >= 1.0 or options == 1:
        return (0.0, math.inf) if pair is None or options == 1 else (1.0, math.inf)
    if triple is not None and options > 2:
        ratio = (1.0 - triple) / (1.0 - pair)
        excess = options * (ratio - 1.0) - 1.0
        alpha = max((3.0 - 2.0 * ratio) / excess, 0.0) if excess > 0.0 else math.inf
        tau = _trap(pair, alpha, options)
        if tau >= 0.0:
            return tau, options * alpha
    if pair * options <= 1.0:
        return 0.0, math.inf
    return 0.0, options * (1.0 - pair) / (options * pair - 1.0)


def _trap(pair: float, alpha: float, options: int) -> float:
    """Return the τ at which the urn with this α gives s₂; below 0 where the urn alone gives more."""
    if alpha == 0.0:
        return -1.0
    by_urn = 1.0 / options if math.isinf(alpha) else (1.0 + alpha) / (1.0 + options * alpha)
    return 1.0 - (1.0 - pair) / (1.0 - by_urn)
