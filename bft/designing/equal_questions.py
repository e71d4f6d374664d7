"""Questions that models answered alike: they count as one, with a larger weight.

What a panel decides depends on who is right, who is silent and who says the same; not on what wrong answers are called.
"""

from __future__ import annotations

import numpy as np

from bft.designing.fault_cases import Ints
from bft.validators.answers import MISSING, RIGHT, Codes


def merged(codes: Codes, stated: Ints | None = None) -> tuple[Codes, Ints | None, Ints]:
    """Return distinct rows of codes, what was stated with them, and for each question its row.

    A wrong answer is called by the place, from 1, of the first model that gave it. Questions on which models stated
    other confidences are not alike.
    """
    models = codes.shape[1]
    first: Codes = np.maximum(codes, MISSING)
    for place in range(models - 1, -1, -1):
        own = codes[:, place]
        first = np.where((own > RIGHT)[:, np.newaxis] & (codes == own[:, np.newaxis]), place + 1, first)
    key = (first - MISSING) @ (models + 2) ** np.arange(models, dtype=np.int64)
    whole = key[:, np.newaxis] if stated is None else np.column_stack([key, stated])
    _, rows, inverse = np.unique(whole, axis=0, return_index=True, return_inverse=True)
    sure = None if stated is None else stated[rows]
    return np.asarray(first[rows], dtype=np.intp), sure, np.asarray(inverse, dtype=np.intp).ravel()
