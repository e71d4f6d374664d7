"""When a ballot ends that waits for nobody whose vote cannot change it: members answer one after the other.

Each model takes its own time. A ballot by quorum or plurality is over once its answer is sure, whatever the others say,
or once no answer can have the quorum any more; else it waits for the last member.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bft.randomness import Floats
from bft.validators.answers import RIGHT, Codes


def mean_decision_times(codes: Codes, weight: Floats, latencies_s: Sequence[float]) -> tuple[float, ...]:
    """Return the mean time after which a ballot is over, for quorums of 1 (plurality), 2, … n.

    Parameters
    ----------
    codes : ndarray of int, shape (questions, members)
        What the members answer.
    weight : ndarray of shape (questions,)
        Of each question.
    latencies_s : sequence of float
        How long each member takes.
    """
    questions, n = codes.shape
    quorums = np.arange(1, n + 1)
    counts = np.zeros((questions, max(int(codes.max(initial=0)), 1) + 1), dtype=np.intp)
    over_s = np.full((questions, n), np.inf)
    for heard, member in enumerate(np.argsort(latencies_s, kind="stable").tolist(), start=1):
        given = np.flatnonzero(codes[:, member] >= RIGHT)
        counts[given, codes[given, member]] += 1
        second, first = np.partition(counts, -2, axis=1)[:, -2:].T[:, :, np.newaxis]
        missing = n - heard
        sure = (first >= quorums) & (first > second + missing)
        over = sure | (first + missing < quorums) | (missing == 0)
        over_s = np.where(over & np.isinf(over_s), latencies_s[member], over_s)
    return tuple((weight @ over_s / weight.sum()).tolist())
