"""Figures of networks: how one quantity of a run depends on another, one curve for each system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes

from bft.plotting.style import LAW_COLOUR, MARKERS, axes_or_new, legend_below, series_colours, styled


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
    ax : Axes, optional
        Where to draw; by default new ones.
    """
    with styled():
        ax = axes_or_new(ax)
        colours = series_colours(len(series), ordered=False)
        for place, (name, points) in enumerate(series.items()):
            ax.errorbar(
                [each.x for each in points],
                [each.value for each in points],
                yerr=[
                    [max(0.0, each.value - each.low) for each in points],
                    [max(0.0, each.high - each.value) for each in points],
                ],
                label=name,
                color=colours[place],
                marker=MARKERS[place % len(MARKERS)],
                capsize=2.2,
            )
            told = [(each.x, each.published) for each in points if each.published is not None]
            if told:
                ax.plot(*zip(*told, strict=True), linestyle="none", marker="o", mfc="none", mec=LAW_COLOUR, ms=8)
        if logarithmic:
            ax.set_xscale("log")
            ax.set_yscale("log")
        ax.set_xlabel(x_label)
        ax.set_ylabel(y_label)
        ax.set_title(title)
        handles, labels = ax.get_legend_handles_labels()
        legend_below(ax, handles, labels, columns=min(3, max(1, len(series))))
    return ax
