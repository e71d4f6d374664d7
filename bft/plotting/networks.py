"""Figures of networks: how one quantity of a run depends on another, one curve for each system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.ticker import LogFormatter

from bft.errors import SweepError, bad_value
from bft.plotting.style import LAW_COLOUR, axes_or_new, legend_below, series_looks, styled

DODGE = 0.16  # between the marks of two series in one category,
ROOM = 0.8  # and of all of them together
MOST_TICKS = 8  # values of x that are all named on a logarithmic axis


class Measured(NamedTuple):
    """A mean with its interval, and what others have published for the same, where they have."""

    x: float
    value: float
    low: float
    high: float
    published: float | None = None


def curves(
    series: Mapping[str, Sequence[Measured]],
    *,
    x_label: str,
    y_label: str,
    title: str,
    logarithmic: bool = False,
    categories: Sequence[str] = (),
    nested: bool = False,
    joined: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Plot one curve for each series, with intervals; published values as hollow black marks.

    Parameters
    ----------
    series : mapping of str to sequence of Measured
        Points of each curve, in order of x.
    x_label, y_label, title : str
        With units.
    logarithmic : bool
        Whether both axes are.
    categories : sequence of str
        Where x only counts, the names of its values 0, 1, …: marks stand side by side, and no line joins them.
    nested : bool
        Whether curves may lie on one another: each further one is thinner.
    joined : bool
        Whether a line joins the points of a series.
    ax : Axes, optional
        Where to draw; by default new ones.

    Raises
    ------
    SweepError
        If a point lies in none of the categories.
    """
    for points in series.values():
        for x in (each.x for each in points if categories):
            if x not in range(len(categories)):
                raise SweepError(bad_value("x", x, f"must be the place of a category, 0 to {len(categories) - 1}"))
    with styled():
        ax = axes_or_new(ax)
        looks = series_looks(len(series), nested=nested)
        step = min(DODGE, ROOM / max(1, len(series)))
        for place, (name, points) in enumerate(series.items()):
            aside = step * (place - (len(series) - 1) / 2) if categories else 0.0
            ax.errorbar(
                [each.x + aside for each in points],
                [each.value for each in points],
                yerr=[
                    [max(0.0, each.value - each.low) for each in points],
                    [max(0.0, each.high - each.value) for each in points],
                ],
                label=name,
                **(looks[place] | ({} if joined and not categories else {"linestyle": "none"})),
                capsize=2.2,
            )
            told = [(each.x + aside, each.published) for each in points if each.published is not None]
            if told:
                ax.plot(*zip(*told, strict=True), linestyle="none", marker="o", mfc="none", mec=LAW_COLOUR, ms=8)
        if logarithmic:
            ax.set_xscale("log")
            ax.set_yscale("log")
            ax.yaxis.set_major_formatter(LogFormatter())  # plain numbers
            ax.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.5)))
            seen = sorted({each.x for points in series.values() for each in points})
            if len(seen) <= MOST_TICKS:
                ax.set_xticks(seen, [f"{x:g}" for x in seen])
                ax.set_xticks([], minor=True)
        if categories:
            ax.set_xticks(range(len(categories)), categories)
            ax.set_xlim(-0.5, len(categories) - 0.5)
        ax.set_xlabel(x_label)
        ax.set_ylabel(y_label)
        ax.set_title(title)
        handles, labels = ax.get_legend_handles_labels()
        legend_below(ax, handles, labels, columns=min(3, max(1, len(series))))
    return ax
