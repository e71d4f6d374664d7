"""How long it takes: the share of runs decided, or of requests answered, by a time; what never ends counts as never."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bft.errors import SweepError, bad_value
from bft.plotting.style import axes_or_new, legend_below, series_looks, styled

QUANTILES = (0.5, 0.99)

COUNTED = {
    "runs": ("time to decision in seconds", "share of runs decided by then"),
    "requests": ("seconds from arrival to f + 1 equal replies", "share of requests answered by then"),
}
"""What is counted, and how both axes are called then."""


def latencies(
    times_s: Mapping[str, Sequence[float | None]],
    *,
    ax: Axes | None = None,
    title: str = "time to agreement",
    log: bool = False,
    counted: Literal["runs", "requests"] = "runs",
) -> Axes:
    """Draw the distribution of decision times, or of the latencies that clients saw.

    Parameters
    ----------
    times_s : mapping of str to sequence of float or None
        Seconds until the decision of each run, or the answer to each request, by label; None (or nan) for one that
        never came. At least one for each label.
    ax : Axes, optional
        Where to; by default a new figure.
    title : str
        Of the axes.
    log : bool
        Whether time runs on a logarithmic scale.
    counted : {"runs", "requests"}
        What the times are of, for the labels: `Run.metrics.decided_at_s` of many runs, or `Run.requests.latency_s()`.

    Returns
    -------
    Axes
        One step curve for each label, marked at the median and the 99th percentile where they exist.

    Raises
    ------
    SweepError
        If there is no label, or one without runs, or a negative time.
    """
    if counted not in COUNTED:
        raise SweepError(bad_value("counted", counted, f"must be one of {', '.join(COUNTED)}"))
    decided = {label: _decided(label, times) for label, times in times_s.items()}
    if not decided:
        raise SweepError(bad_value("times_s", dict(times_s), "must have at least one label"))
    with styled():
        ax = axes_or_new(ax)
        looks = series_looks(len(decided))
        handles: list[Line2D] = []
        labels: list[str] = []
        last = max((float(times[-1]) for times in decided.values() if len(times)), default=1.0)
        for number, (label, times) in enumerate(decided.items()):
            runs, look = len(times_s[label]), looks[number]
            shares = np.arange(1, len(times) + 1) / runs
            undecided = runs - len(times)
            words = f"{label}: {undecided} of {runs} never" if undecided else label
            first = times[:1] if log else np.zeros(1)
            ax.step(
                np.concatenate([first, times, [last]]),
                np.concatenate([[0.0], shares, shares[-1:] if len(shares) else [0.0]]),
                where="post",
                color=look["color"],
                linestyle=look["linestyle"],
            )
            handles.append(Line2D([], [], markersize=5, **look))
            labels.append(words)
            for quantile in QUANTILES:
                place = int(np.ceil(quantile * runs)) - 1
                if place < len(times):
                    ax.plot(times[place], quantile, look["marker"], color=look["color"])
        if log:
            ax.set_xscale("log")
        ax.set_ylim(0, 1.03)
        ax.set_xlabel(COUNTED[counted][0])
        ax.set_ylabel(COUNTED[counted][1])
        ax.set_title(title)
        for quantile in QUANTILES:
            ax.axhline(quantile, color="#BBBBBB", linewidth=0.7, linestyle=":", zorder=0)
        legend_below(ax, handles, labels, columns=2)
    return ax


def _decided(label: str, times: Sequence[float | None]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the times of those that decided, in order."""
    if not len(times):
        raise SweepError(bad_value("times_s", label, "must have at least one run"))
    decided = np.sort([float(time) for time in times if time is not None and not np.isnan(time)])
    if len(decided) and decided[0] < 0:
        raise SweepError(bad_value("times_s", float(decided[0]), "must not be negative"))
    return decided
