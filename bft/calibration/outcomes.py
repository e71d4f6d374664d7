"""What a panel decides on each question of a table, by a quorum or by plurality: right, wrong or nothing.

Equal answers are equal codes. A quorum is that of PBFT with as many views as it takes, and of a ballot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.randomness import Floats
from bft.validators.answers import RIGHT, Codes

Deciding: TypeAlias = Literal["quorum", "plurality"]
OUTCOMES = ("right", "wrong", "none")


def outcome_shares(codes: Codes, panels: Sequence[tuple[int, ...]], rule: Deciding, quorum: int | None) -> Floats:
    """Return the share of the panels that decide right, wrong and nothing on each question, shape (questions, 3).

    Parameters
    ----------
    codes : ndarray of int, shape (questions, columns)
        0 right, -1 nothing parseable, equal positive codes are equal wrong answers.
    panels : sequence of tuple of int
        The columns of each panel, all of one size.
    rule : {"quorum", "plurality"}
        Whether so many equal answers decide, or the most; equally many decide nothing.
    quorum : int or None
        By default that of so many nodes.

    Raises
    ------
    ScenarioError
        If a quorum is no majority, or more than all.
    """
    n = len(panels[0])
    needed = QuorumSystem.of(n).quorum if quorum is None else quorum
    if rule == "quorum" and not n < 2 * needed <= 2 * n:
        raise ScenarioError(bad_value("quorum", needed, f"must be above half of the n = {n} nodes, and at most all"))
    total = np.zeros((len(codes), 3))
    for panel in panels:
        total += _decided(codes[:, panel], needed if rule == "quorum" else None)
    return total / len(panels)


def _decided(codes: Codes, quorum: int | None) -> Floats:
    like_me = np.where(codes >= RIGHT, (codes[:, :, None] == codes[:, None, :]).sum(axis=2), 0)
    most = like_me.max(axis=1)
    right = np.where(codes == RIGHT, like_me, 0).max(axis=1)
    # Alone is the largest class if as many answers as it has, and no more, are in a class of its size.
    alone = (most > 0) & ((like_me == most[:, None]).sum(axis=1) == most)
    decided = alone if quorum is None else most >= quorum
    is_right = decided & (right == most)
    return np.column_stack([is_right, decided & ~is_right, ~decided]).astype(np.float64)
