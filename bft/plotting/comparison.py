"""Scenarios side by side: how each ends, how precise it is, what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING, Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bft.errors import SweepError, bad_value
from bft.plotting.bands import WORDS
from bft.plotting.style import (
    GROUND,
    LAW_COLOUR,
    OUTCOME_COLOURS,
    OUTCOME_HATCHES,
    QUALITATIVE,
    axes_or_new,
    legend_below,
    legend_under,
    new_figure,
    outlined,
    styled,
)

if TYPE_CHECKING:
    from bft.experiments.comparison import Compared

Measure = Literal["precision", "calls", "saved", "messages", "latency_s"]
OUTCOMES = ("correct", "wrong", "partial", "stalled", "split")
MEASURES = {
    "precision": "P(right | agreed)",
    "calls": "calls to validators",
    "saved": "share of calls saved",
    "messages": "messages",
    "latency_s": "seconds to a decision",
}
PANELS: tuple[Measure, ...] = ("precision", "calls", "messages", "latency_s")
SHARES_OF_ONE = ("precision", "saved")
BAR_HEIGHT = 0.66
HALF_A_MARK = 0.41  # of a law, in rows
ROW_IN = 0.42  # height of a row of the figure
INTERVAL: dict[str, Any] = {"capsize": 3, "linewidth": 1.1, "clip_on": False}


def comparison_figure(found: Sequence[Compared], title: str = "Scenarios side by side") -> Figure:
    """Return one row for each scenario: outcomes, then precision, calls, messages and time to a decision.

    Parameters
    ----------
    found : sequence of Compared
        What `bft.experiments.comparison.compare` returned, from top to bottom.
    title : str
        Above it all.
    """
    with styled():
        figure = new_figure(13.5, 1.6 + ROW_IN * len(found))
        first, *others = figure.subplots(1, 5, sharey=True, width_ratios=(3, 1.3, 1.1, 1.1, 1.1))
        outcome_bars(found, ax=first, title="", legend=False)
        for ax, measure in zip(others, PANELS, strict=True):
            measured(found, measure, ax=ax, title="")
        figure.suptitle(title, x=0.01, ha="left", fontsize=10.5, fontweight="bold")
        handles = _handles(found)
        legend_under(figure, handles, [str(each.get_label()) for each in handles], columns=len(handles), left=True)
    return figure


def outcome_bars(
    found: Sequence[Compared], *, ax: Axes | None = None, title: str = "How they end", legend: bool = True
) -> Axes:
    """Plot the outcomes of each scenario as a stacked bar.

    Parameters
    ----------
    found : sequence of Compared
        What `bft.experiments.comparison.compare` returned, from top to bottom.
    ax : Axes, optional
        Where to draw; by default on a figure of its own.
    title : str
        Above the bars.
    legend : bool
        Whether to say what is what.

    Returns
    -------
    Axes
        A bar for each scenario, with the interval of what is agreed and right, and a mark for its exact law where there
        is one.

    Raises
    ------
    SweepError
        If there is nothing to compare.
    """
    with styled():
        ax = _rows(found, ax)
        for row, each in enumerate(found):
            left = 0.0
            for name in OUTCOMES:
                width = each.shares[name].value
                ax.barh(row, width, BAR_HEIGHT, left=left, linewidth=0.6, **_look(name))
                left += width
            correct = each.shares["correct"]
            spread = [[correct.value - correct.low], [correct.high - correct.value]]
            ax.errorbar(correct.value, row, xerr=spread, color="#333333", zorder=5, **INTERVAL)
            if "correct" in each.exact:
                place, ends = [each.exact["correct"]] * 2, [row - HALF_A_MARK, row + HALF_A_MARK]
                ax.plot(place, ends, color=LAW_COLOUR, linewidth=1.6, zorder=6, clip_on=False, path_effects=outlined(3))
        ax.set_xlim(0, 1)
        ax.set_xlabel("share of the runs")
        ax.set_title(title)
        if legend:
            handles = _handles(found)
            legend_below(ax, handles, [str(each.get_label()) for each in handles], columns=3)
    return ax


def measured(
    found: Sequence[Compared],
    measure: Measure,
    *,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Plot one measure of each scenario with its interval; scenarios that have none keep an empty row.

    Parameters
    ----------
    found : sequence of Compared
        What `bft.experiments.comparison.compare` returned, from top to bottom.
    measure : {"precision", "calls", "saved", "messages", "latency_s"}
        The attribute of `Compared` to draw.
    ax : Axes, optional
        Where to draw; by default on a figure of its own.
    title : str, optional
        Above the points; by default how many runs stand behind them.

    Raises
    ------
    SweepError
        If there is nothing to compare, or no such measure.
    """
    if measure not in MEASURES:
        raise SweepError(bad_value("measure", measure, f"must be one of {', '.join(MEASURES)}"))
    with styled():
        ax = _rows(found, ax)
        for row, each in enumerate(found):
            value = getattr(each, measure)
            if not isnan(value.value):
                spread = [[value.value - value.low], [value.high - value.value]]
                ax.errorbar(value.value, row, xerr=spread, fmt="o", color=QUALITATIVE[0], **INTERVAL)
        if measure in SHARES_OF_ONE:
            ax.set_xlim(0, 1)
            ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        else:
            ax.set_xlim(left=0)
        ax.set_xlabel(MEASURES[measure])
        ax.set_title(_drawn_from(found) if title is None else title)
    return ax


def _rows(found: Sequence[Compared], ax: Axes | None) -> Axes:
    """Return axes with a row for each scenario, the first on top."""
    if not found:
        raise SweepError(bad_value("found", list(found), "must hold at least one scenario"))
    ax = axes_or_new(ax)
    ax.set_yticks(range(len(found)), [each.label for each in found])
    ax.set_ylim(len(found) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    return ax


def _look(name: str) -> dict[str, Any]:
    return {"facecolor": OUTCOME_COLOURS[name], "hatch": OUTCOME_HATCHES.get(name), "edgecolor": GROUND}


def _handles(found: Sequence[Compared]) -> list[Patch | Line2D]:
    """Return the legend: outcomes that occur, intervals, and the exact law if there is one."""
    occur = [name for name in OUTCOMES if any(each.shares[name].value > 0 for each in found)]
    handles: list[Patch | Line2D] = [Patch(**_look(name), label=WORDS[name]) for name in occur]
    handles.append(Line2D([], [], color="#333333", marker="|", markersize=6, label=_drawn_from(found)))
    if any("correct" in each.exact for each in found):
        mark: dict[str, Any] = {"marker": "|", "markersize": 12, "markeredgewidth": 1.6, "linestyle": "none"}
        handles.append(Line2D([], [], color=LAW_COLOUR, label="agreed, correct: exact law", **mark))
    return handles


def _drawn_from(found: Sequence[Compared]) -> str:
    runs, level = sorted({each.runs for each in found}), found[0].level
    many = f"{runs[0]:,}" if len(runs) == 1 else f"{runs[0]:,} to {runs[-1]:,}"
    return f"{many} runs of each, {100 * level:g} % intervals"
