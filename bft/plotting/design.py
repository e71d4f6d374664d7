"""The front of a design: right decisions against wrong ones, with the best single model and the whole panel on it.

Beside it how the models err together: the correlation of being wrong of every pair, in the order of the dendrogram.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import dendrogram

from bft.plotting.style import QUALITATIVE, REFERENCE_COLOUR, axes_or_new, legend_below, new_figure, styled

if TYPE_CHECKING:
    from bft.designing.effective_votes import EffectiveVotes
    from bft.designing.panel import DesignedPanel
    from bft.designing.result import Design

LONGEST_NAME = 22
NUMBERS_UP_TO = 12
DARK = 0.55


def design_figure(design: Design) -> Figure:
    """Return the front, and how the models err together."""
    with styled():
        figure = new_figure(12.0, 5.4)
        left, right = figure.subfigures(1, 2, width_ratios=(1.0, 1.15), squeeze=False)[0]
        design_front(design, ax=left.subplots())
        upper, lower = right.subplots(2, 1, height_ratios=(1.0, 3.6))
        errors_together(design.errors_together, ax=lower, tree=upper)
    return figure


def design_front(design: Design, *, ax: Axes | None = None) -> Axes:
    """Draw held-out shares of right and wrong decisions of the panels that no other beats.

    Parameters
    ----------
    design : Design
        What was found.
    ax : Axes, optional
        Where to; by default a new figure.
    """
    with styled():
        ax = axes_or_new(ax)
        handles, labels = [], []
        judged = "" if design.pool.chance is not None else " (on held-out questions)"
        groups: list[tuple[str, Sequence[DesignedPanel], str, str]] = [
            (f"front{judged}", design.front, QUALITATIVE[0], "o"),
            ("best single model", [design.best_single], QUALITATIVE[4], "s"),
            (f"plurality of all {len(design.pool.models)} models", [design.whole_panel], QUALITATIVE[2], "D"),
        ]
        if design.recommended is not None:
            groups.append(("recommended", [design.recommended], QUALITATIVE[3], "P"))
        for label, panels, colour, marker in groups:
            if panels:
                handles.append(_points(ax, panels, colour, marker))
                labels.append(label)
        if design.goal.max_wrong is not None:
            handles.append(
                ax.axvline(design.goal.max_wrong, color=REFERENCE_COLOUR, linestyle=(0, (4, 3)), linewidth=1.2)
            )
            labels.append(f"at most {design.goal.max_wrong:g} wrong")
        ax.set_xlabel("decided wrong")
        ax.set_ylabel("decided right")
        ax.set_ylim(-0.02, 1.02)
        ax.set_xlim(left=0.0)
        votes = f"{design.effective_votes:.2f} effective votes of {len(design.pool.models)} models"
        asked = "exact law"
        if design.pool.chance is None:
            sure = f"{100 * design.goal.confidence:g} % confidence at each end"
            asked = f"{design.pool.questions} questions, {sure}"
        ax.set_title(f"{votes}\n{asked}")
        legend_below(ax, handles, labels, columns=2)
    return ax


def errors_together(together: EffectiveVotes, *, ax: Axes | None = None, tree: Axes | None = None) -> Axes:
    """Draw the correlation of being wrong of every pair, in the order of the dendrogram.

    Parameters
    ----------
    together : EffectiveVotes
        How alike the errors are.
    ax : Axes, optional
        Where to; by default a new figure.
    tree : Axes, optional
        Where the dendrogram goes; by default it is left out.
    """
    with styled():
        ax = axes_or_new(ax)
        order = list(together.order)
        values = together.phi[np.ix_(order, order)]
        image = ax.imshow(values, cmap="viridis", vmin=0.0, vmax=1.0, aspect="auto")
        names = [_short(together.models[place]) for place in order]
        ax.set_xticks(range(len(order)), names, rotation=90, fontsize=7)
        ax.set_yticks(range(len(order)), names, fontsize=7)
        ax.grid(visible=False)
        if len(order) <= NUMBERS_UP_TO:
            for row, column in np.ndindex(values.shape):
                value = float(values[row, column])
                if not np.isnan(value):
                    colour = "black" if value > DARK else "white"
                    ax.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=7, color=colour)
        ax.get_figure().colorbar(image, ax=ax, label="φ of being wrong")  # type: ignore[union-attr]
        if tree is not None:
            drawn: Any = dendrogram(
                together.tree, no_labels=True, ax=tree, color_threshold=0.5, above_threshold_color="#888888"
            )
            assert drawn["leaves"] == order, "the tree and the map are in one order"
            tree.set_ylabel("1 − φ")
            tree.grid(visible=False)
        largest = len(together.groups[0])
        holds = "holds" if together.bound_holds else "does not hold"
        title = f"{largest} err together: f = {together.tolerated} {holds} if they fail as one"
        if largest == 1:
            title = "no two models err together as one"
        (ax if tree is None else tree).set_title(title)
    return ax


def _points(ax: Axes, panels: Sequence[DesignedPanel], colour: str, marker: str) -> Any:
    shares = [(panel.held_out.wrong, panel.held_out.correct) for panel in panels]
    x, y = np.array([wrong.value for wrong, _ in shares]), np.array([right.value for _, right in shares])
    left = x - np.array([wrong.low for wrong, _ in shares]), np.array([wrong.high for wrong, _ in shares]) - x
    down = y - np.array([right.low for _, right in shares]), np.array([right.high for _, right in shares]) - y
    return ax.errorbar(
        x,
        y,
        xerr=np.maximum(left, 0.0),
        yerr=np.maximum(down, 0.0),
        color=colour,
        marker=marker,
        linestyle="none",
        elinewidth=0.9,
    )


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
