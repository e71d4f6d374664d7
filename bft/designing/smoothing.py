"""Rates of similar candidates with less noise: what a panel does follows, in part, from who is in it.

On a few hundred questions a careful panel errs twice or not at all, and of thousands of candidates the one with the
fewest errors has mostly been flattered by chance. Candidates of one size, rule and quorum share members; so the
logarithm of the rate of wrong decisions is fitted as a sum over the members (a Poisson regression with a ridge towards
equal members), that of right ones as such a sum itself, and each candidate is taken half as it was counted and half as
it was fitted. This is for choosing only: what a choice is worth is counted.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from bft.designing.candidates import Scores
from bft.randomness import Floats

HALF = 0.5  # of a smoothed rate is the fit
FEWEST = 6  # candidates of a kind, below which nothing is fitted
_INFORMATION = 20.0  # panels that as many independent ones would tell as much as; those of a kind overlap
_RIDGE = 0.5
_ROUNDS = 8
_LARGEST_LOG = 12.0


@lru_cache(maxsize=1)  # several choices look at the same scores
def smoothed(scores: Scores, questions: float) -> tuple[Floats, Floats]:
    """Return right and wrong decisions of every candidate, smoothed.

    Parameters
    ----------
    scores : Scores
        As counted.
    questions : float
        On how many questions; infinite where rates are exact, and then nothing is smoothed.
    """
    correct, wrong = scores.correct.copy(), scores.wrong.copy()
    if not np.isfinite(questions):
        return correct, wrong
    for size in dict.fromkeys(int(members[0].sum()) for _, members in scores.kinds):
        alike = [(start, members) for start, members in scores.kinds if int(members[0].sum()) == size]
        members = alike[0][1]
        if len(members) < FEWEST:
            continue
        places = np.array([start for start, _ in alike]) + np.arange(len(members))[:, np.newaxis]  # (panels, kinds)
        fitted = members @ np.linalg.lstsq(members, scores.correct[places], rcond=None)[0]
        correct[places] = (1.0 - HALF) * scores.correct[places] + HALF * np.clip(fitted, 0.0, 1.0)
        places = places[:, scores.wrong[places].any(axis=0)]
        counts = scores.wrong[places] * questions
        wrong[places] = ((1.0 - HALF) * counts + HALF * _poisson(members, counts)) / questions
    return correct, wrong


def _poisson(members: Floats, counts: Floats) -> Floats:
    """Return the counts that a sum over members on the logarithmic scale expects, for kinds in columns."""
    size = members[0].sum()
    effect = np.tile(np.log(counts.mean(axis=0) + 0.05) / size, (members.shape[1], 1))
    share = _INFORMATION / len(counts)
    pairs = (members[:, :, np.newaxis] * members[:, np.newaxis, :]).reshape(len(members), -1)
    for _ in range(_ROUNDS):
        mean = np.exp(np.clip(members @ effect, -_LARGEST_LOG, _LARGEST_LOG))
        slope = share * members.T @ (counts - mean) - _RIDGE * (effect - effect.mean(axis=0))
        curve = share * (mean.T @ pairs).reshape(-1, *(2 * members.shape[1:])) + _RIDGE * np.eye(len(effect))
        step = np.linalg.solve(curve, slope.T[:, :, np.newaxis])[:, :, 0].T
        effect = effect + np.clip(step, -1.0, 1.0)
    return np.asarray(np.exp(np.clip(members @ effect, -_LARGEST_LOG, _LARGEST_LOG)))
