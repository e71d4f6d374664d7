"""An exact law by itself: the probabilities of all outcomes along δ, stacked."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from bft.plotting.style import (
    OUTCOME_COLOURS,
    OUTCOME_HATCHES,
    axes_or_new,
    legend_below,
    styled,
)
from bft.theory.outcome_law import OutcomeLaw

ORDER = ("correct", "wrong", "partial", "stalled", "split")
WORDS = {
    "agree": "agreed",
    "correct": "agreed, correct",
    "wrong": "agreed, wrong",
    "partial": "partial",
    "stalled": "stalled: none decided",
    "split": "split: safety broken",
}


def law_bands(
    law: OutcomeLaw, deltas: ArrayLike, *, at: float | None = None, ax: Axes | None = None, title: str = "exact law"
) -> Axes:
    """Draw an exact law along δ.

    Parameters
    ----------
    law : OutcomeLaw
        With one value for each δ.
    deltas : array_like, shape (d,)
        In ascending order.
    at : float, optional
        A δ to mark.
    ax : Axes, optional
        Where to draw; by default new ones.
    title : str, optional
        Of the axes.
    """
    along = np.asarray(deltas, dtype=np.float64)
    names = [name for name in ORDER if getattr(law, name) is not None and np.any(getattr(law, name))]
    if law.correct is None:
        names = ["agree", *(name for name in names if name not in ("correct", "wrong"))]
    with styled():
        ax = axes_or_new(ax)
        below = np.zeros_like(along)
        for name in names:
            above = below + np.broadcast_to(getattr(law, name), along.shape)
            look: dict[str, Any] = {"hatch": OUTCOME_HATCHES.get(name), "label": WORDS[name]}
            ground = OUTCOME_COLOURS["agreed" if name == "agree" else name]
            ax.fill_between(along, below, above, linewidth=0, facecolor=ground, edgecolor="white", **look)
            below = above
        if at is not None:
            ax.axvline(at, color="black", linewidth=1.2)
        ax.set_xlim(along[0], along[-1])
        ax.set_ylim(0, 1)
        ax.set_xlabel("per-node fault probability δ")
        ax.set_ylabel("probability, stacked")
        ax.set_title(title)
        legend_below(ax, *ax.get_legend_handles_labels(), columns=3)
    return ax
