"""Trying a fit on questions kept aside.

A half of the questions is fitted and the other half predicted, both ways, for several halvings, for panels of several
sizes. The mean miss shows what the model cannot express. What a single half misses is put beside the spread that
sampling alone makes: that of the plainest prediction there is, the other half's own share.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bft.core.quorum import QuorumSystem
from bft.randomness import Floats, Randomness
from bft.validators.answers import Codes
from bft.validators.estimate import Estimate, Estimator
from bft.validators.halves import Halving
from bft.validators.moments import moments
from bft.validators.panel_numbers import HeldOut, HeldOutCurve, HeldOutShare, HeldOutSize
from bft.validators.quorum_curves import question_curves
from bft.validators.statistical import CopulaErrors, StatisticalAnswers, WrongChoice

DELTAS = tuple(round(0.05 * step, 2) for step in range(11))
SIZES = (4, 7, 10)
_SIMULATED_QUESTIONS = 20_000  # a share is known to .35 points; the mean over ten halvings, both ways, to .08
_CORRECT, _WRONG_CRASH, _WRONG_COLLUDE = range(3)
_BOTH_ENDS = 1.96  # standard deviations within which 95 % of the halves lie


def sizes(n: int) -> tuple[int, ...]:
    """Return the sizes of panels that are tried: 4, 7 and 10 as far as the models suffice, and all of them."""
    return tuple(sorted({size for size in SIZES if size < n} | {n}))


def held_out(
    codes: Codes, counts: Floats, estimator: Estimator, halving: Halving, splits: int, randomness: Randomness
) -> HeldOut:
    """Compare predictions with what is seen.

    Parameters
    ----------
    codes : ndarray of int, shape (questions, n)
        The panel's answers.
    counts : ndarray, shape (questions, 2n + 7)
        `counts_by_question` of the same.
    estimator : Estimator
        Finds the parameters.
    halving : Halving
        How the questions are halved.
    splits : int
        Number of halvings, at least 1.
    randomness : Randomness
        Where the halves and the predictions are drawn from.
    """
    tried = sizes(codes.shape[1])
    seen = [neighbours_curves(codes, size) for size in tried]
    observed: list[list[Floats]] = [[] for _ in tried]
    predicted: list[list[Floats]] = [[] for _ in tried]
    for split in range(splits):
        halves = halving.halves(randomness.generator("validators.fit.split", split))
        for side, half in enumerate(halves):
            found = estimator(moments(counts[half].mean(axis=0)))
            draws = randomness.generator("validators.fit.predict", split, side)
            drawn = simulated(found, _SIMULATED_QUESTIONS, draws)
            for place, size in enumerate(tried):
                predicted[place].append(_dealt_curves(drawn, size).mean(axis=0))
                observed[place].append(seen[place][halves[1 - side]].mean(axis=0))
    return HeldOut(
        splits=splits,
        matched=halving.matched,
        sizes=tuple(
            _size(
                size, np.array(predicted[place]), np.array(observed[place]), halving.spread(_with_missing(seen[place]))
            )
            for place, size in enumerate(tried)
        ),
    )


def simulated(found: Estimate, questions: int, generator: np.random.Generator) -> Codes:
    """Return the codes of answers drawn from the estimates, shape (questions, n)."""
    answers = StatisticalAnswers(
        correctness=CopulaErrors(accuracy=found.accuracy, r=found.r, flawed=found.flawed),
        wrong_choice=WrongChoice(options=found.options, tau=found.tau, k_alpha=found.k_alpha),
        accuracy=found.accuracy,
        missing=found.missing,
    )
    return answers.prepare(generator.random((questions, answers.uniforms)))[0]


def neighbours_curves(codes: Codes, size: int) -> Floats:
    """Return each question's quorums against δ, shape (questions, 3, deltas), averaged over smaller panels.

    The panels are those of `size` neighbours in the order of the models, the last one's neighbour being the first: each
    model is in as many of them as every other.
    """
    seats = _seats(codes.shape[1], size)
    curves = np.stack([question_curves(codes[:, each], DELTAS) for each in seats])
    mean: Floats = curves.mean(axis=0)
    return mean


def _dealt_curves(codes: Codes, size: int) -> Floats:
    """Return the same for drawn questions, each of which only one of the smaller panels is asked."""
    seats = _seats(codes.shape[1], size)
    dealt = [codes[place :: len(seats), each] for place, each in enumerate(seats)]
    return question_curves(np.concatenate(dealt), DELTAS)


def _seats(n: int, size: int) -> list[Sequence[int]]:
    if size == n:
        return [range(n)]
    return [[(first + step) % n for step in range(size)] for first in range(n)]


def _with_missing(curves: Floats) -> Floats:
    """Append the share without any quorum when nobody is faulty, shape (questions, 4, deltas)."""
    missing = 1.0 - curves[:, _CORRECT, :] - curves[:, _WRONG_CRASH, :]
    return np.concatenate([curves, missing[:, None, :]], axis=1)


def _size(size: int, predicted: Floats, observed: Floats, spread: Floats) -> HeldOutSize:
    """Summarise curves of shape (halves, 3, deltas); `spread`, shape (4, deltas), is of one half by sampling alone."""
    missing = 3
    predicted, observed = _with_missing(predicted), _with_missing(observed)
    shares = [
        _share(predicted[:, kind, 0], observed[:, kind, 0], float(spread[kind, 0]))
        for kind in (_CORRECT, _WRONG_CRASH, missing)
    ]
    curves = [
        _curve(predicted[:, kinds], observed[:, kinds], spread[kinds])
        for kinds in ([_CORRECT, _WRONG_CRASH], [_CORRECT, _WRONG_COLLUDE])
    ]
    return HeldOutSize(
        n=size,
        quorum=QuorumSystem.of(size).quorum,
        correct=shares[0],
        wrong=shares[1],
        missing=shares[2],
        crash=curves[0],
        collude=curves[1],
    )


def _share(predicted: Floats, observed: Floats, spread: float) -> HeldOutShare:
    miss = predicted - observed
    return HeldOutShare(
        predicted=round(float(predicted.mean()), 5),
        observed=round(float(observed.mean()), 5),
        mean_miss=round(float(np.abs(miss).mean()), 5),
        largest_miss=round(float(np.abs(miss).max()), 5),
        sampling=round(spread, 5),
        beyond_sampling=round(float((np.abs(miss) > _BOTH_ENDS * spread).mean()), 5),
    )


def _curve(predicted: Floats, observed: Floats, spread: Floats) -> HeldOutCurve:
    miss = predicted - observed
    by_half = np.abs(miss).max(axis=(1, 2))
    return HeldOutCurve(
        miss=round(float(np.abs(miss.mean(axis=0)).max()), 5),
        mean_miss=round(float(by_half.mean()), 5),
        largest_miss=round(float(by_half.max()), 5),
        sampling=round(float(spread.max()), 5),
    )
