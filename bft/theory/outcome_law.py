"""The answer of every law of one decision: the probabilities of its outcomes.

The outcomes are those of one decision as the design names them; computing them is left to the laws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bft.theory.ranges import Array, Values, plain


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutcomeLaw:
    """Probabilities of the outcomes of one decision; agree + partial + stalled + split = 1.

    Every field is a float, or an array in the shape of the δ that were asked for.

    Attributes
    ----------
    agree : float or ndarray
        Every honest replica executes one and the same value. Without an honest replica nobody agrees.
    correct, wrong : float or ndarray or None
        The two parts of `agree`; None where the law does not say whether the agreed value is right.
    partial : float or ndarray
        Some honest replicas decide, without conflict, and the others never do.
    stalled : float or ndarray
        No honest replica decides within the views allowed.
    split : float or ndarray
        Two honest replicas execute different values.
    """

    agree: Values
    correct: Values | None
    wrong: Values | None
    partial: Values
    stalled: Values
    split: Values


def outcome_law(
    *,
    agree: Array | None = None,
    correct: Array | None = None,
    wrong: Array | None = None,
    partial: Array | None = None,
    stalled: Array,
    split: Array | None = None,
) -> OutcomeLaw:
    """Build an `OutcomeLaw` from arrays of one shape; an outcome left out has probability 0.

    Give `agree` alone where the law does not tell right from wrong, or `correct` and `wrong`, whose sum it is.
    """
    nothing = np.zeros_like(stalled)
    if agree is None:
        correct = nothing if correct is None else correct
        wrong = nothing if wrong is None else wrong
        agree = correct + wrong
    law = OutcomeLaw(
        agree=plain(agree),
        correct=None if correct is None else plain(correct),
        wrong=None if wrong is None else plain(wrong),
        partial=plain(nothing if partial is None else partial),
        stalled=plain(stalled),
        split=plain(nothing if split is None else split),
    )
    assert np.allclose(law.agree + law.partial + law.stalled + law.split, 1.0, rtol=0.0, atol=1e-9), law
    return law
