"""What a fit looks at in recorded answers: who is right, in ones, pairs and triples, who errs alike or says nothing.

Every quantity is the mean over questions of something counted in each question, so that a resample of the questions is
a reweighting of the same counts. Pairs and triples are ordered; that factor cancels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from bft.calibration.quorum_agreement import sizes, wrong_quorums
from bft.randomness import Floats
from bft.validators.answers import MISSING, RIGHT, Codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Means over the questions of a panel of n validators."""

    right: Floats
    missing: Floats
    """Share of the questions each validator got right, and gave no parseable answer to; shape (n,)."""
    right_pairs: float
    right_triples: float
    """Pairs and triples of validators that are all right."""
    nobody_right: float
    """Share of the questions that nobody got right."""
    wrong_pairs: float
    wrong_triples: float
    """Pairs and triples of validators that all gave a wrong answer."""
    same_pairs: float
    same_triples: float
    """Those of them that gave the same one."""
    missing_pairs: float
    """Pairs of validators that both gave no parseable answer."""
    small_wrong_quorums: float = 0.0
    wrong_quorums: float = 0.0
    """Share of panels of the smallest size that is tried, and of all validators, with a quorum on a wrong answer."""
    within_right_pairs: float = 0.0
    within_wrong_pairs: float = 0.0
    within_same_pairs: float = 0.0
    """Of the pairs above, those of samples of one model."""

    @property
    def n(self) -> int:
        """Number of validators."""
        return len(self.right)

    @property
    def same_given_wrong(self) -> float | None:
        """s₂ = P(same wrong answer | both gave a wrong one); None where no two ever did."""
        return self.same_pairs / self.wrong_pairs if self.wrong_pairs > 0.0 else None

    @property
    def three_same_given_wrong(self) -> float | None:
        """s₃ = P(same wrong answer | three gave a wrong one); None where no three ever did."""
        return self.same_triples / self.wrong_triples if self.wrong_triples > 0.0 else None


def counts_by_question(codes: Codes, groups: Sequence[int] = ()) -> Floats:
    """Count in each question what `Moments` averages, in its order, shape (questions, 2n + 13).

    Columns with the same number in `groups` are samples of one model; by default there are none.
    """
    of_column = np.array(groups) if groups else np.arange(codes.shape[1])
    clones = (of_column[:, None] == of_column) & ~np.eye(codes.shape[1], dtype=bool)
    same = codes[:, :, None] == codes[:, None, :]
    right, wrong, missing = codes == RIGHT, codes > RIGHT, codes == MISSING
    rights, wrongs = right.sum(axis=1), wrong.sum(axis=1)
    like_me = np.where(wrong, same.sum(axis=2), 0)

    def within(members: NDArray[np.bool_]) -> Floats:
        """Count pairs of clones that are both members, in each question."""
        numbers = members.astype(np.float64)
        pairs: Floats = ((numbers @ clones) * numbers).sum(axis=1)
        return pairs

    return np.column_stack(
        [
            right,
            missing,
            _pairs(rights),
            _triples(rights),
            rights == 0,
            _pairs(wrongs),
            _triples(wrongs),
            np.maximum(like_me - 1, 0).sum(axis=1),
            (np.maximum(like_me - 1, 0) * np.maximum(like_me - 2, 0)).sum(axis=1),
            _pairs(missing.sum(axis=1)),
            wrong_quorums(codes, sizes(codes.shape[1])[0]),
            wrong_quorums(codes, codes.shape[1]),
            within(right),
            within(wrong),
            (same & clones & wrong[:, :, None]).sum(axis=(1, 2)),
        ]
    ).astype(np.float64)


def moments(mean_counts: Floats) -> Moments:
    """Name the means of `counts_by_question`, shape (2n + 13,)."""
    names = [field.name for field in fields(Moments)][2:]
    n = (len(mean_counts) - len(names)) // 2
    others = dict(zip(names, mean_counts[2 * n :].tolist(), strict=True))
    return Moments(right=mean_counts[:n], missing=mean_counts[n : 2 * n], **others)


def _pairs(count: Codes) -> Codes:
    return count * (count - 1)


def _triples(count: Codes) -> Codes:
    return count * (count - 1) * (count - 2)
