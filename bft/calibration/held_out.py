"""Trying a fit on held-out questions.

A half of the questions is fitted and the other half predicted, both ways, for several halvings, for panels of several
sizes: all the models, and all smaller panels of them, since a fit stands for the whole and not for those that happen to
be named side by side. The mean miss shows what the model cannot express. What a single half misses is put beside what
sampling alone makes of the plainest prediction there is, the other half's own share.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb, sqrt

import numpy as np

from bft.calibration.estimate import Estimator
from bft.calibration.halves import Halving
from bft.calibration.moments import moments
from bft.calibration.quorum_agreement import sizes
from bft.calibration.quorum_curves import question_curves
from bft.calibration.simulated_answers import simulated
from bft.core.quorum import QuorumSystem
from bft.randomness import Floats, Randomness
from bft.validators.answers import Codes
from bft.validators.panel_numbers import HeldOut, HeldOutCurve, HeldOutShare, HeldOutSize

DELTAS = tuple(round(0.05 * step, 2) for step in range(11))
CLOSE, CLOSE_ALONG_DELTA = 0.02, 0.03  # a half counts as predicted within these, which are asked of the fits
_MOST_PANELS = 210  # all fours of ten models
_SIMULATED_QUESTIONS = 20_000  # a share is known to .3 points; the mean over ten halvings, both ways, to .07
_CORRECT, _WRONG_CRASH, _WRONG_COLLUDE = range(3)
_BOTH_ENDS = 1.96  # standard deviations within which 95 % of the halves lie


def held_out(
    codes: Codes, counts: Floats, estimator: Estimator, halving: Halving, splits: int, randomness: Randomness
) -> HeldOut:
    """Compare predictions with what is seen.

    Parameters
    ----------
    codes : ndarray of int, shape (questions, n)
        The panel's answers.
    counts : ndarray, shape (questions, 2n + 13)
        `counts_by_question` of the same.
    estimator : Estimator
        Finds the parameters.
    halving : Halving
        How the questions are halved.
    splits : int
        Number of halvings, at least 1.
    randomness : Randomness
        Where the halves, the smaller panels and the predictions are drawn from.
    """
    tried = sizes(codes.shape[1])
    panels = [smaller_panels(codes.shape[1], size, randomness) for size in tried]
    seen = [panel_curves(codes, of_size) for of_size in panels]
    observed: list[list[Floats]] = [[] for _ in tried]
    predicted: list[list[Floats]] = [[] for _ in tried]
    for split in range(splits):
        halves = halving.halves(randomness.generator("validators.fit.split", split))
        for side, half in enumerate(halves):
            found = estimator(moments(counts[half].mean(axis=0)))
            draws = randomness.generator("validators.fit.predict", split, side)
            drawn = simulated(found, _SIMULATED_QUESTIONS, draws)
            for place, of_size in enumerate(panels):
                predicted[place].append(_dealt_curves(drawn, of_size).mean(axis=0))
                observed[place].append(seen[place][halves[1 - side]].mean(axis=0))
    return HeldOut(
        splits=splits,
        matched=halving.matched,
        sizes=tuple(
            _size(panels[place], np.array(predicted[place]), np.array(observed[place]), seen[place], halving)
            for place in range(len(tried))
        ),
    )


def smaller_panels(n: int, size: int, randomness: Randomness) -> list[tuple[int, ...]]:
    """Return panels of `size` among `n` models: all of them, or 210 drawn at random where there are more."""
    if comb(n, size) <= _MOST_PANELS:
        return list(combinations(range(n), size))
    generator = randomness.generator("validators.fit.panels", n, size)
    drawn: dict[tuple[int, ...], None] = {}
    while len(drawn) < _MOST_PANELS:
        drawn[tuple(sorted(generator.choice(n, size, replace=False).tolist()))] = None
    return list(drawn)


def panel_curves(codes: Codes, panels: Sequence[tuple[int, ...]]) -> Floats:
    """Return each question's quorums against δ, shape (questions, 3, deltas), averaged over the panels."""
    total = np.zeros((len(codes), 3, len(DELTAS)))
    for panel in panels:
        total += question_curves(codes[:, panel], DELTAS)
    return total / len(panels)


def _dealt_curves(codes: Codes, panels: Sequence[tuple[int, ...]]) -> Floats:
    """Return the same for drawn questions, each of which only one of the panels is asked."""
    dealt = [codes[place :: len(panels), panel] for place, panel in enumerate(panels)]
    return question_curves(np.concatenate(dealt), DELTAS)


def _with_missing(curves: Floats) -> Floats:
    """Append the share without any quorum when nobody is faulty, shape (questions, 4, deltas)."""
    missing = 1.0 - curves[:, _CORRECT, :] - curves[:, _WRONG_CRASH, :]
    return np.concatenate([curves, missing[:, None, :]], axis=1)


def _size(
    panels: Sequence[tuple[int, ...]], predicted: Floats, observed: Floats, seen: Floats, halving: Halving
) -> HeldOutSize:
    """Summarise the curves of the halves, shape (halves, 3, deltas); `seen` are those of the questions."""
    missing = 3
    predicted, observed, seen = _with_missing(predicted), _with_missing(observed), _with_missing(seen)
    spread = halving.spread(seen)
    error = seen.std(axis=0, ddof=1) / sqrt(len(seen) // 2)
    shares = [
        _share(predicted[:, kind, 0], observed[:, kind, 0], float(spread[kind, 0]), float(error[kind, 0]))
        for kind in (_CORRECT, _WRONG_CRASH, missing)
    ]
    curves = [
        _curve(predicted[:, kinds], observed[:, kinds], spread[kinds])
        for kinds in ([_CORRECT, _WRONG_CRASH], [_CORRECT, _WRONG_COLLUDE])
    ]
    size = len(panels[0])
    return HeldOutSize(
        n=size,
        quorum=QuorumSystem.of(size).quorum,
        panels=len(panels),
        correct=shares[0],
        wrong=shares[1],
        missing=shares[2],
        crash=curves[0],
        collude=curves[1],
    )


def _share(predicted: Floats, observed: Floats, spread: float, standard_error: float) -> HeldOutShare:
    miss = predicted - observed
    return HeldOutShare(
        predicted=round(float(predicted.mean()), 5),
        observed=round(float(observed.mean()), 5),
        standard_error=round(standard_error, 5),
        mean_miss=round(float(np.abs(miss).mean()), 5),
        largest_miss=round(float(np.abs(miss).max()), 5),
        sampling=round(spread, 5),
        beyond_sampling=round(float((np.abs(miss) > _BOTH_ENDS * spread).mean()), 5),
        within=_within(miss, CLOSE),
        within_by_half=_within(_other_half(observed) - observed, CLOSE),
    )


def _curve(predicted: Floats, observed: Floats, spread: Floats) -> HeldOutCurve:
    miss = predicted - observed
    by_half = np.abs(miss).max(axis=(1, 2))
    return HeldOutCurve(
        miss=round(float(np.abs(miss.mean(axis=0)).max()), 5),
        mean_miss=round(float(by_half.mean()), 5),
        largest_miss=round(float(by_half.max()), 5),
        sampling=round(float(spread.max()), 5),
        within=_within(by_half, CLOSE_ALONG_DELTA),
        within_by_half=_within(np.abs(_other_half(observed) - observed).max(axis=(1, 2)), CLOSE_ALONG_DELTA),
    )


def _other_half(of_halves: Floats) -> Floats:
    """Swap the two halves of each halving, along the first axis."""
    return of_halves.reshape(-1, 2, *of_halves.shape[1:])[:, ::-1].reshape(of_halves.shape)


def _within(miss: Floats, close: float) -> float:
    return round(float((np.abs(miss) <= close).mean()), 5)
