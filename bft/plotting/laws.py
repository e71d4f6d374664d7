"""An exact law by itself: the probabilities of all outcomes along δ, stacked."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imsave
from numpy.typing import ArrayLike

from bft.plotting.style import (
    OUTCOME_COLOURS,
    OUTCOME_HATCHES,
    axes_or_new,
    legend_below,
    new_figure,
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


class LawPicture:
    """One figure that is drawn again and again: what sliders move. The room of its parts is worked out once.

    Parameters
    ----------
    deltas : array_like, shape (d,)
        In ascending order.
    """

    def __init__(self, deltas: ArrayLike) -> None:
        self._deltas = np.asarray(deltas, dtype=np.float64)
        with styled():
            self._figure = new_figure()
            self._ax = self._figure.add_subplot()
        self._canvas = FigureCanvasAgg(self._figure)
        self._laid_out = False

    def png(self, law: OutcomeLaw, *, at: float, title: str) -> bytes:
        """Return the picture of a law, with a mark at one δ, as the content of a PNG file."""
        self._ax.clear()
        law_bands(law, self._deltas, at=at, ax=self._ax, title=title)
        file = BytesIO()
        with styled():
            self._canvas.draw()  # type: ignore[no-untyped-call]  # once: saving a figure draws it twice
            pixels = self._canvas.buffer_rgba()  # type: ignore[no-untyped-call]
            imsave(file, pixels, format="png", pil_kwargs={"compress_level": 1})
        if not self._laid_out:
            self._figure.set_layout_engine("none")
            self._laid_out = True
        return file.getvalue()
