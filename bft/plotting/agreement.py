"""The figure of the project: P(agreement) against δ, with the exact law and what the source documents state."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bft.plotting.estimates import DELTA, Estimates, horizontal
from bft.plotting.scenario_words import title_of
from bft.plotting.share import CURVE_POINTS, OUTCOME_LABELS, draw_series, frame, legend_of
from bft.plotting.style import REFERENCE_COLOUR, axes_or_new, legend_below, outlined, styled
from bft.theory.ranges import Values
from bft.theory.source_documents import alpha, reliability

DASHED = (0, (5, 2.5))
SHORT_DASHED = (0, (3, 2))
GREY: dict[str, Any] = {"color": REFERENCE_COLOUR, "zorder": 1.5}


def agreement(
    estimates: Estimates,
    *,
    x: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    source_documents: bool = True,
) -> Axes:
    """Plot P(agreement) against δ (or another swept parameter): estimates, exact law, the source documents' R and α.

    Parameters
    ----------
    estimates : Sweep
        What to plot.
    x, ax, title
        As for `share`.
    source_documents : bool
        Whether the formulas α and R of source document S1 are drawn, dashed. They are no laws of agreement: α is the
        probability that at least one node is faulty, R is 1 − δ. Only along δ.

    Returns
    -------
    Axes
        With points, intervals, lines and a legend under them.
    """
    with styled():
        ax = axes_or_new(ax)
        path = horizontal(estimates, x)
        draw_series(ax, estimates, "agree", path)
        handles, labels = legend_of(estimates, "agree", path)
        if source_documents and path == DELTA:
            more, words = _source_documents(ax, estimates)
            handles[-1:-1] = more
            labels[-1:-1] = words
        frame(ax, estimates, path, OUTCOME_LABELS["agree"])
        ax.set_title(title_of(estimates, path) if title is None else title)
        legend_below(ax, handles, labels, columns=2)
    return ax


def _source_documents(ax: Axes, estimates: Estimates) -> tuple[list[Any], list[str]]:
    """Draw R, which is the same for every n, and α for every n; in grey, since they are no results."""
    values = [float(value) for value in estimates.over[DELTA]]
    along = np.linspace(min(values), max(values), CURVE_POINTS)
    ax.plot(along, reliability(along), linestyle=DASHED, linewidth=1.8, **GREY)
    numbers = sorted(int(n) for n in estimates.over.get("n", (estimates.scenario.n,)))
    for n in numbers:
        ax.plot(along, alpha(n, along), linestyle=SHORT_DASHED, linewidth=0.9, **GREY)
    _name(ax, f"α, n = {numbers[0]}", along, alpha(numbers[0], along), height=0.3, side="left")
    if len(numbers) > 1:
        _name(ax, f"α, n = {numbers[-1]}", along, alpha(numbers[-1], along), height=0.64, side="right")
    return (
        [
            Line2D([], [], linestyle=DASHED, linewidth=1.8, **GREY),
            Line2D([], [], linestyle=SHORT_DASHED, linewidth=0.9, **GREY),
        ],
        ["source document: R = 1 − δ", "source document: α = 1 − (1 − δ)ⁿ"],
    )


def _name(ax: Axes, name: str, along: NDArray[np.float64], values: Values, *, height: float, side: str) -> None:
    """Write a name beside a rising curve where it reaches a height, with that side of the text towards it."""
    place = int(np.searchsorted(np.asarray(values), height))
    if place < len(along):
        text = f"  {name}" if side == "left" else f"{name}  "
        look: dict[str, Any] = {"color": "#6E6E6E", "fontsize": 8, "path_effects": outlined(2.5)}
        ax.text(along[place], height, text, ha=side, va="center", **look)
