"""The figure of the project: P(agreement) against δ with the exact law, and apart what the source documents state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bft.plotting.estimates import DELTA, Estimates, all_series, axis_label, horizontal
from bft.plotting.scenario_words import title_of
from bft.plotting.share import CURVE_POINTS, OUTCOME_LABELS, draw_law, draw_series, frame, legend_of
from bft.plotting.style import REFERENCE_COLOUR, axes_or_new, legend_below, outlined, styled
from bft.theory.source_documents import alpha, reliability

DASHED = (0, (5, 2.5))
SHORT_DASHED = (0, (3, 2))
SENTENCE = (
    "R is the reliability of one node,\nwhatever n. α is the probability that at\n"
    "least one node is faulty. Neither is\nthe probability of agreement."
)
GREY: dict[str, Any] = {"color": REFERENCE_COLOUR, "zorder": 1.5}
NAME: dict[str, Any] = {"color": "#6E6E6E", "fontsize": 8, "path_effects": outlined(2.5)}


def agreement(
    estimates: Estimates,
    *,
    x: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    source_documents: bool = False,
) -> Axes:
    """Plot P(agreement) against δ (or another swept parameter): estimates and exact law.

    Parameters
    ----------
    estimates : Sweep
        What to plot.
    x, ax, title
        As for `share`.
    source_documents : bool
        Whether the formulas α and R of the source document are drawn as well, dashed. They are no laws of agreement: α
        is the probability that at least one node is faulty, R is 1 − δ. Only along δ.

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
            more, words = _draw_documents(
                ax, estimates, sorted(int(n) for n in estimates.over.get("n", (estimates.scenario.n,)))
            )
            handles[-1:-1] = more
            labels[-1:-1] = words
        frame(ax, estimates, path, OUTCOME_LABELS["agree"])
        ax.set_title(title_of(estimates, path) if title is None else title)
        legend_below(ax, handles, labels, columns=2)
    return ax


def source_documents(estimates: Estimates, *, ax: Axes | None = None) -> Axes:
    """Plot what the source documents state along δ, beside the exact law of the smallest and the largest n.

    Parameters
    ----------
    estimates : Sweep
        Over δ, and n perhaps.
    ax : Axes, optional
        Where to; by default a new figure.

    Returns
    -------
    Axes
        With a sentence under it that says what the formulas are.
    """
    with styled():
        ax = axes_or_new(ax)
        numbers = _sizes(estimates)
        _draw_documents(ax, estimates, (numbers[0], numbers[-1]))
        values = [float(value) for value in estimates.over[DELTA]]
        here = min(values) + 0.62 * (max(values) - min(values))
        ax.text(here, float(reliability(here)) + 0.02, "R = 1 − δ", ha="left", va="bottom", **NAME)
        series = {
            int(estimates.results[each.places[0]].parameters.get("n", numbers[0])): each
            for each in all_series(estimates, DELTA)
        }
        for n in dict.fromkeys((numbers[0], numbers[-1])):
            draw_law(ax, estimates, series[n], ["agree"], DELTA, colour="#333333", linewidth=1.2)
        frame(ax, estimates, DELTA, "probability")
        ax.set_xlabel(f"{axis_label(DELTA)}\n\n{SENTENCE}", linespacing=1.35, fontsize=8.8)
        ax.set_title("Source documents (dashed)\nbeside the exact law")
    return ax


def _sizes(estimates: Estimates) -> list[int]:
    """Return the numbers of nodes, in ascending order."""
    return sorted(int(n) for n in estimates.over.get("n", (estimates.scenario.n,)))


def _draw_documents(ax: Axes, estimates: Estimates, numbers: Sequence[int]) -> tuple[list[Any], list[str]]:
    """Draw R, which is the same for every n, and α for some n; in grey, since they are no results."""
    values = [float(value) for value in estimates.over[DELTA]]
    along = np.linspace(min(values), max(values), CURVE_POINTS)
    ax.plot(along, reliability(along), linestyle=DASHED, linewidth=1.8, **GREY)
    for n in dict.fromkeys(numbers):
        ax.plot(along, alpha(n, along), linestyle=SHORT_DASHED, linewidth=0.9, **GREY)
    least, most = np.asarray(alpha(numbers[0], along)), np.asarray(alpha(numbers[-1], along))
    place = int(np.searchsorted(least, 0.3))
    if place < len(along):  # beside the lowest curve, and under the end of the highest
        ax.text(along[place], 0.3, f"  α, n = {numbers[0]}", ha="left", va="center", **NAME)
    if len(set(numbers)) == 2:
        ax.text(along[-1], float(most[-1]) - 0.015, f"α, n = {numbers[-1]}", ha="right", va="top", **NAME)
    return (
        [
            Line2D([], [], linestyle=DASHED, linewidth=1.8, **GREY),
            Line2D([], [], linestyle=SHORT_DASHED, linewidth=0.9, **GREY),
        ],
        ["source document: R = 1 − δ", "source document: α = 1 − (1 − δ)ⁿ"],
    )
