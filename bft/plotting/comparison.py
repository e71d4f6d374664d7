"""Scenarios side by side: how each ends, how precise it is, what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from bft.plotting.bands import WORDS
from bft.plotting.style import GROUND, LAW_COLOUR, OUTCOME_COLOURS, OUTCOME_HATCHES, new_figure, styled

if TYPE_CHECKING:
    from bft.experiments.comparison import Compared
    from bft.experiments.intervals import Estimate

OUTCOMES = ("correct", "wrong", "partial", "stalled", "split")
BAR_HEIGHT = 0.66
ROW_IN = 0.42  # height of a row of the figure


def comparison(found: Sequence[Compared], title: str = "") -> Figure:
    """Draw one row for each scenario.

    Left, the shares of the outcomes as a stacked bar, with the interval of what is agreed and right, and the exact law
    as a black mark where there is one. Right of it precision, mean number of calls and mean time to a decision, with
    their intervals.
    """
    with styled():
        figure = new_figure(12.0, 1.5 + ROW_IN * len(found))
        axes = figure.subplots(1, 4, sharey=True, width_ratios=(3, 1.4, 1.1, 1.1))
        _bars(axes[0], found)
        _points(axes[1], [each.precision for each in found], "P(right | agreed)")
        axes[1].set_xlim(0, 1)
        _points(axes[2], [each.calls for each in found], "calls to validators")
        _points(axes[3], [each.latency_s for each in found], "seconds to a decision")
        axes[0].set_yticks(range(len(found)), [each.label for each in found])
        axes[0].invert_yaxis()
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=10.5, fontweight="bold")
        handles = [
            Patch(facecolor=OUTCOME_COLOURS[name], hatch=OUTCOME_HATCHES.get(name), edgecolor=GROUND, label=WORDS[name])
            for name in OUTCOMES
        ]
        figure.legend(handles=handles, loc="outside lower left", ncols=len(handles))
    return figure


def _bars(ax: Axes, found: Sequence[Compared]) -> None:
    for row, each in enumerate(found):
        left = 0.0
        for name in OUTCOMES:
            width = each.shares[name].value
            ax.barh(
                row,
                width,
                BAR_HEIGHT,
                left=left,
                color=OUTCOME_COLOURS[name],
                hatch=OUTCOME_HATCHES.get(name),
                edgecolor=GROUND,
                linewidth=0.6,
            )
            left += width
        correct = each.shares["correct"]
        ax.errorbar(
            correct.value,
            row,
            xerr=[[correct.value - correct.low], [correct.high - correct.value]],
            color="#333333",
            capsize=3,
            linewidth=1.1,
            zorder=5,
        )
        if "correct" in each.exact:
            ax.plot([each.exact["correct"]] * 2, [row - 0.4, row + 0.4], color=LAW_COLOUR, linewidth=1.6, zorder=6)
    ax.set_xlim(0, 1)
    ax.set_xlabel("share of the runs")
    ax.grid(axis="y", visible=False)


def _points(ax: Axes, values: Sequence[Estimate], label: str) -> None:
    for row, value in enumerate(values):
        if not isnan(value.value):
            spread = [[value.value - value.low], [value.high - value.value]]
            ax.errorbar(value.value, row, xerr=spread, fmt="o", color="#0072B2", capsize=3, linewidth=1.1)
    ax.set_xlabel(label)
    ax.grid(axis="y", visible=False)
