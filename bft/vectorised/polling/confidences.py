"""How sure the validators of many replications say they are: what `bft.validators.confidence` gives one by one."""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, expit, logit

from bft.randomness import Floats
from bft.validators.confidence import ConfidenceLaw
from bft.vectorised.streams import Flags


def levels(law: ConfidenceLaw, right: Flags, uniforms: Floats) -> Floats:
    """Return what nodes say of right or wrong answers, shape (replications, n).

    Parameters
    ----------
    law : ConfidenceLaw
        Of n nodes.
    right : ndarray of bool, shape (replications, n)
        Whether each node's answer is.
    uniforms : ndarray, shape (replications, n)
        One for each.
    """
    accuracy, spread = np.array(law.accuracy), np.array(law.spread)
    certain = (accuracy == 0.0) | (accuracy == 1.0)
    inner = np.where(certain, 0.5, accuracy)
    said = np.asarray(betaincinv(spread * inner + right, spread * (1.0 - inner) + ~right, uniforms), dtype=np.float64)
    open_ = (said > 0.0) & (said < 1.0)
    said[open_] = expit(law.stretch * logit(said[open_]) + law.bias)
    return np.where(certain, accuracy, said)
