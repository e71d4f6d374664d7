"""One run along its own time: how long clients waited, and how many were answered in a second."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bft.arguments import check_number
from bft.errors import SweepError, bad_value
from bft.plotting.style import axes_or_new, legend_below, new_figure, series_looks, styled
from bft.simulation.run import Run

WINDOWS = 30
"""How many windows a run is cut into where no length is given."""

Floats = NDArray[np.float64]
Runs = Run | Mapping[str, Run]


def latency_over_time(
    runs: Runs,
    *,
    window_s: float | None = None,
    ax: Axes | None = None,
    title: str = "how long clients waited",
) -> Axes:
    """Draw the latency of every request at the time at which it arrived.

    Parameters
    ----------
    runs : Run or mapping of str to Run
        One run, or several by label.
    window_s : float, optional
        Length of the windows over which the median is taken, in seconds; by default a thirtieth of the longest run.
    ax : Axes, optional
        Where to; by default a new figure.
    title : str
        Of the axes.

    Returns
    -------
    Axes
        A point for each answered request, its median in each window as a line, and a mark on the upper edge for each
        request that was never answered.

    Raises
    ------
    SweepError
        If there is no run, or the window is not positive.
    """
    named = _named(runs)
    width_s = _width_s(named, window_s)
    with styled():
        ax = axes_or_new(ax)
        looks = series_looks(len(named))
        for number, (label, run) in enumerate(named.items()):
            arrived_s, latency_s = run.requests.arrived_s(), run.requests.latency_s()
            answered = ~np.isnan(latency_s)
            look = looks[number]
            ax.plot(
                arrived_s[answered],
                latency_s[answered],
                look["marker"],
                color=look["color"],
                markersize=3.0,
                alpha=0.35,
                markeredgewidth=0,
                label=f"{label}: one request" if label else "one request",
            )
            places, medians = _medians(arrived_s[answered], latency_s[answered], width_s)
            words = f"{label}: median of {width_s:g} s" if label else f"median of {width_s:g} s"
            ax.plot(places, medians, label=words, **look)
            never = arrived_s[~answered]
            if len(never):
                top = np.full(len(never), 0.985)
                words = f"{label}: never answered ({len(never)})" if label else f"never answered ({len(never)})"
                ax.plot(
                    never, top, "|", color=look["color"], transform=ax.get_xaxis_transform(), markersize=9, label=words
                )
        ax.set_ylim(bottom=0.0)
        ax.set_xlim(0.0, _end_s(named))
        ax.set_xlabel("time of arrival in seconds")
        ax.set_ylabel("seconds to f + 1 equal replies")
        ax.set_title(title)
        legend_below(ax, *ax.get_legend_handles_labels(), columns=2)
    return ax


def throughput_over_time(
    runs: Runs,
    *,
    window_s: float | None = None,
    ax: Axes | None = None,
    title: str = "answered requests per second",
) -> Axes:
    """Draw how many requests were answered per second, window after window.

    Parameters
    ----------
    runs, ax, title
        As for `latency_over_time`.
    window_s : float, optional
        Length of the windows, in seconds; by default a thirtieth of the longest run.

    Returns
    -------
    Axes
        One step line for each run; where there is one run only, its arrivals per second as a grey line.

    Raises
    ------
    SweepError
        If there is no run, or the window is not positive.
    """
    named = _named(runs)
    width_s = _width_s(named, window_s)
    end_s = _end_s(named)
    edges = np.arange(0.0, end_s + width_s, width_s)
    with styled():
        ax = axes_or_new(ax)
        looks = series_looks(len(named))
        for number, (label, run) in enumerate(named.items()):
            arrived_s, latency_s = run.requests.arrived_s(), run.requests.latency_s()
            if len(named) == 1:
                ax.stairs(
                    _per_second(arrived_s, edges), edges, color="#555555", linestyle=":", linewidth=1.5, label="arrived"
                )
            answered_s = (arrived_s + latency_s)[~np.isnan(latency_s)]
            look = looks[number]
            ax.stairs(
                _per_second(answered_s, edges),
                edges,
                color=look["color"],
                linestyle=look["linestyle"],
                linewidth=1.5,
                label=f"{label}: answered" if label else "answered",
            )
        ax.set_ylim(bottom=0.0)
        ax.set_xlim(0.0, end_s)
        ax.set_xlabel("time in seconds")
        ax.set_ylabel(f"per second, in windows of {width_s:g} s")
        ax.set_title(title)
        legend_below(ax, *ax.get_legend_handles_labels(), columns=3)
    return ax


def latency_figure(runs: Runs, title: str, *, window_s: float | None = None) -> Figure:
    """Return a figure of both: latency over time above throughput over time.

    Parameters
    ----------
    runs, window_s
        As for `latency_over_time`.
    title : str
        What was run.
    """
    with styled():
        figure = new_figure(7.5, 7.5)
        above, below = figure.subplots(2, 1, sharex=True)
        latency_over_time(runs, window_s=window_s, ax=above)
        throughput_over_time(runs, window_s=window_s, ax=below)
        figure.suptitle(title, x=0.01, ha="left", fontsize=10.5)
    return figure


def _named(runs: Runs) -> dict[str, Run]:
    """Return runs by label; a single one has none."""
    named = {"": runs} if isinstance(runs, Run) else dict(runs)
    if not named:
        raise SweepError(bad_value("runs", named, "must have at least one run"))
    for label, run in named.items():
        if not isinstance(run, Run):
            raise SweepError(bad_value(f"runs.{label}", type(run).__name__, "must be a bft.Run"))
    return named


def _end_s(named: Mapping[str, Run]) -> float:
    """Return when the last request of all runs arrived or was answered."""
    ends: list[float] = []
    for run in named.values():
        arrived_s, latency_s = run.requests.arrived_s(), run.requests.latency_s()
        ends += [
            float(np.max(arrived_s, initial=0.0)),
            float(np.max(np.nan_to_num(arrived_s + latency_s), initial=0.0)),
        ]
    return float(max(ends)) or 1.0


def _width_s(named: Mapping[str, Run], window_s: float | None) -> float:
    """Return the length of a window: the one that is given, else a round number near a thirtieth of the run."""
    if window_s is not None:
        check_number("window_s", window_s, SweepError, above=0.0)
        return float(window_s)
    wanted = _end_s(named) / WINDOWS
    size = 10.0 ** np.floor(np.log10(wanted))
    return float(size * min((1, 2, 5, 10), key=lambda step: abs(step * size - wanted)))


def _medians(arrived_s: Floats, latency_s: Floats, width_s: float) -> tuple[Floats, Floats]:
    """Return the middle of each window in which a request arrived, and the median latency there."""
    window = np.floor(arrived_s / width_s).astype(int)
    inhabited = np.unique(window)
    medians = np.array([np.median(latency_s[window == each]) for each in inhabited])
    return (inhabited + 0.5) * width_s, medians


def _per_second(times_s: Floats, edges: Floats) -> Floats:
    counts, _ = np.histogram(times_s, edges)
    return np.asarray(counts / (edges[1] - edges[0]), dtype=float)
