"""Trying a fit on questions kept aside.

A random half of the questions is fitted and the other half predicted, both ways, for several halvings. The mean error
shows what the model cannot express; its spread shows what so few questions cannot tell, and is put beside the spread
of the plainest prediction there is, the other half's own share.
"""

from __future__ import annotations

import numpy as np

from bft.core.quorum import QuorumSystem
from bft.randomness import Floats, Randomness
from bft.validators.answers import Codes
from bft.validators.estimate import Estimate, Estimator
from bft.validators.moments import moments
from bft.validators.panel_numbers import HeldOut, HeldOutShare
from bft.validators.quorum_curves import quorum_curves
from bft.validators.statistical import CopulaErrors, StatisticalAnswers, WrongChoice

DELTAS = tuple(round(0.05 * step, 2) for step in range(11))
_SIMULATED_QUESTIONS = 20_000  # a share is known to .35 points; the mean over ten halvings, both ways, to .08
_CORRECT, _WRONG_CRASH, _WRONG_COLLUDE = range(3)


def held_out(codes: Codes, counts: Floats, estimator: Estimator, splits: int, randomness: Randomness) -> HeldOut:
    """Compare predictions with what is seen.

    Parameters
    ----------
    codes : ndarray of int, shape (questions, n)
        The panel's answers.
    counts : ndarray, shape (questions, 2n + 7)
        `counts_by_question` of the same.
    estimator : Estimator
        Finds the parameters.
    splits : int
        Number of halvings, at least 1.
    randomness : Randomness
        Where the halves and the predictions are drawn from.
    """
    predicted, observed, other = [], [], []
    for split in range(splits):
        order = randomness.generator("validators.fit.split", split).permutation(len(codes))
        halves = order[: len(codes) // 2], order[len(codes) // 2 :]
        seen = [_curves(codes[half]) for half in halves]
        for side, half in enumerate(halves):
            found = estimator(moments(counts[half].mean(axis=0)))
            draws = randomness.generator("validators.fit.predict", split, side)
            predicted.append(_curves(simulated(found, _SIMULATED_QUESTIONS, draws)))
            observed.append(seen[1 - side])
            other.append(seen[side])
    return _summary(codes.shape[1], splits, np.array(predicted), np.array(observed), np.array(other))


def simulated(found: Estimate, questions: int, generator: np.random.Generator) -> Codes:
    """Return the codes of answers drawn from the estimates, shape (questions, n)."""
    answers = StatisticalAnswers(
        correctness=CopulaErrors(accuracy=found.accuracy, r=found.r, flawed=found.flawed),
        wrong_choice=WrongChoice(options=found.options, tau=found.tau, k_alpha=found.k_alpha),
        accuracy=found.accuracy,
        missing=found.missing,
    )
    return answers.prepare(generator.random((questions, answers.uniforms)))[0]


def _curves(codes: Codes) -> Floats:
    """Return the quorums against δ, shape (3, deltas)."""
    curves = quorum_curves(codes, DELTAS)
    return np.stack([curves.right, curves.wrong_crash, curves.wrong_collude])


def _summary(n: int, splits: int, predicted: Floats, observed: Floats, other: Floats) -> HeldOut:
    along = np.abs((predicted - observed).mean(axis=0)).max(axis=1)
    shares = [
        HeldOutShare(
            predicted=round(float(expected.mean()), 5),
            observed=round(float(there.mean()), 5),
            spread=round(float((expected - there).std()), 5),
            sampling=round(float((elsewhere - there).std()), 5),
        )
        for expected, there, elsewhere in zip(
            _without_faults(predicted), _without_faults(observed), _without_faults(other), strict=True
        )
    ]
    return HeldOut(
        splits=splits,
        quorum=QuorumSystem.of(n).quorum,
        correct=shares[0],
        wrong=shares[1],
        missing=shares[2],
        largest_error_crash=round(float(max(along[_CORRECT], along[_WRONG_CRASH])), 5),
        largest_error_collude=round(float(max(along[_CORRECT], along[_WRONG_COLLUDE])), 5),
    )


def _without_faults(curves: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the shares of correct, wrong and missing quorums at δ = 0, each of shape (halves,)."""
    correct, wrong = curves[:, _CORRECT, 0], curves[:, _WRONG_CRASH, 0]
    return correct, wrong, 1.0 - correct - wrong
