"""Rates of similar candidates with less noise: what a panel does by one quorum tells what it does by the next.

On a few hundred questions a careful panel errs twice or not at all, and of thousands of candidates the one with the
fewest errors has mostly been flattered by chance. By a smaller quorum the same members err more often, which tells
panels apart better. So the rules and quorums of panels of one size are gone through from the most errors to the fewest.
From one to the next a panel is expected to keep the share of its errors that all panels of its size keep together, and
its rate is taken for the most part as expected, for the rest as counted. The rates that this begins with, and those of
right decisions, are taken half as counted and half as a sum over the members that is fitted to all panels of the size.
This is for choosing only: what a choice is worth is counted.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from bft.designing.candidates import Scores
from bft.randomness import Floats

EXPECTED = 0.8  # of a smoothed rate is what the quorum before it lets expect
FITTED = 0.5  # of a smoothed rate is the fit
FEWEST = 6  # panels of a size, below which nothing is fitted


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
        places = np.array([start for start, _ in alike])[:, np.newaxis] + np.arange(len(members))  # (kinds, panels)
        fit = members @ np.linalg.pinv(members) if len(members) >= FEWEST else np.eye(len(members))
        correct[places] = _by_members(scores.correct[places], fit)
        wrong[places] = _along_quorums(scores.wrong[places], fit)
    return correct, wrong


def _by_members(rates: Floats, fit: Floats) -> Floats:
    """Return rates, half of which are fitted; `fit` projects on sums over the members."""
    return (1.0 - FITTED) * rates + FITTED * np.clip(rates @ fit, 0.0, 1.0)


def _along_quorums(rates: Floats, fit: Floats) -> Floats:
    """Return smoothed rates, shape (kinds, panels); kinds with the same rates, such as PBFT and quorum, stay alike."""
    found, before = np.zeros_like(rates), None
    known: dict[bytes, Floats] = {}
    for kind in np.argsort(-rates.mean(axis=1), kind="stable").tolist():
        counted = rates[kind]
        if before is None:
            before = _by_members(counted, fit)
        elif counted.tobytes() not in known and before.any():
            expected = counted.mean() / before.mean() * before
            before = (1.0 - EXPECTED) * counted + EXPECTED * expected
        found[kind] = known.setdefault(counted.tobytes(), before)
    return found
