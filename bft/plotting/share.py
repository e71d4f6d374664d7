"""The probability of one outcome against one parameter: estimates with intervals, and the exact law as a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bft.errors import SweepError, bad_value
from bft.plotting.estimates import (
    DELTA,
    Estimates,
    Series,
    all_series,
    axis_label,
    continuous,
    drawn_from,
    horizontal,
    numeric,
    ordered_series,
    positions,
)
from bft.plotting.scenario_words import title_of
from bft.plotting.style import (
    axes_or_new,
    legend_below,
    outlined,
    series_looks,
    styled,
)

CURVE_POINTS = 101
CAP_SIZE = 2.2
PROTOCOL = "protocol"
DODGE = 0.5  # of the room between two categories
LETTERS_ABREAST = 75  # what stands under an axis of usual width without touching

OUTCOME_LABELS = {
    "agree": "P(agreement)",
    "correct": "P(agreed, correct)",
    "wrong": "P(agreed, wrong)",
    "partial": "P(partial)",
    "stalled": "P(stalled)",
    "split": "P(split)",
}


def share(
    estimates: Estimates,
    outcome: str = "agree",
    *,
    x: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    legend: bool = True,
) -> Axes:
    """Plot the probability of an outcome against a swept parameter, one series for each combination of the others.

    Parameters
    ----------
    estimates : Sweep
        What to plot.
    outcome : str
        "agree", "correct", "wrong", "partial", "stalled" or "split".
    x : str, optional
        Which axis of the sweep runs from left to right; by default δ if it was swept, else the first numeric one.
    ax : Axes, optional
        Where to; by default a new figure.
    title : str, optional
        By default says what was run.
    legend : bool
        Whether there is a legend, under the axes.

    Returns
    -------
    Axes
        With points, intervals, lines and labels.
    """
    if outcome not in OUTCOME_LABELS:
        raise SweepError(bad_value("outcome", outcome, f"must be one of {', '.join(OUTCOME_LABELS)}"))
    path = horizontal(estimates, x)
    with styled():
        ax = axes_or_new(ax)
        draw_series(ax, estimates, outcome, path)
        frame(ax, estimates, path, OUTCOME_LABELS[outcome])
        ax.set_title(title_of(estimates, path) if title is None else title)
        if legend:
            legend_below(ax, *legend_of(estimates, outcome, path), columns=2)
    return ax


def draw_series(ax: Axes, estimates: Estimates, outcome: str, path: str | None) -> None:
    """Draw points, intervals and laws of all series."""
    for number, (each, look) in enumerate(_looks(estimates, path)):
        shift = dodge(estimates, path, number, len(all_series(estimates, path)))
        mark = {"colour": look["color"], "shift": shift, "marker": look["marker"]}
        line = {"colour": look["color"], "shift": shift, "linestyle": look["linestyle"]}
        if "markersize" in look:
            mark["markersize"], line["linewidth"] = look["markersize"], look["linewidth"]
        draw_points(ax, estimates, each, [outcome], path, **mark)
        if not draw_law(ax, estimates, each, [outcome], path, **line):
            _join(ax, estimates, each, outcome, path, look)


def legend_of(estimates: Estimates, outcome: str, path: str | None) -> tuple[list[Any], list[str]]:
    """Return handles and labels of what `draw_series` draws."""
    looks = _looks(estimates, path)
    handles = [Line2D([], [], **{"markersize": 5, **look}) for each, look in looks if each.label]
    labels = [each.label for each, _ in looks if each.label]
    grey = "#555555" if labels else looks[0][1]["color"]
    if any(_law(estimates, each, [outcome], path) is not None for each, _ in looks):
        handles.append(Line2D([], [], color=grey))
        labels.append("exact law")
    handles.append(Line2D([], [], color=grey, marker="o", linestyle="none", markersize=4))
    labels.append(drawn_from(estimates))
    return handles, labels


def _looks(estimates: Estimates, path: str | None) -> list[tuple[Series, dict[str, Any]]]:
    """Return colour, marker and line of every series."""
    series = all_series(estimates, path)
    nested = path != PROTOCOL and len(estimates.over.get(PROTOCOL, ())) > 1  # protocols often come to the same
    looks = series_looks(len(series), ordered=ordered_series(estimates, path), nested=nested)
    return list(zip(series, looks, strict=True))


def _join(ax: Axes, estimates: Estimates, series: Series, outcome: str, path: str | None, look: dict[str, Any]) -> None:
    """Join points that have no law by a thin line, so that the eye finds them together."""
    if numeric(estimates, path) and len(series.places) > 1:
        values = [estimates.results[place].share([outcome], estimates.level).value for place in series.places]
        here = positions(estimates, path, series.places)
        ax.plot(here, values, color=look["color"], linestyle=look["linestyle"], linewidth=0.8, alpha=0.7, zorder=1.8)


def dodge(estimates: Estimates, path: str | None, number: int, count: int) -> float:
    """Return how far the points of a series stand beside their category; numbers stand where they are."""
    return 0.0 if numeric(estimates, path) else DODGE * ((number + 0.5) / count - 0.5)


def draw_points(
    ax: Axes,
    estimates: Estimates,
    series: Series,
    names: Sequence[str],
    path: str | None,
    *,
    colour: Any,
    marker: str = "o",
    shift: float = 0.0,
    outline: float = 0.0,
    **look: Any,
) -> None:
    """Draw the estimated probability of any of some outcomes, each point with its interval."""
    shares = [estimates.results[place].share(names, estimates.level) for place in series.places]
    value = np.array([each.value for each in shares])
    below = value - np.array([each.low for each in shares])
    above = np.array([each.high for each in shares]) - value
    points, caps, bars = ax.errorbar(
        positions(estimates, path, series.places) + shift,
        value,
        yerr=np.clip([below, above], 0.0, None),
        fmt=marker,
        color=colour,
        **{"markersize": 4.6, "elinewidth": 1.1, "capsize": CAP_SIZE, "zorder": 3, **look},
    )
    if outline:
        for artist in (points, *caps, *bars):
            artist.set_path_effects(outlined(outline))


def draw_law(
    ax: Axes,
    estimates: Estimates,
    series: Series,
    names: Sequence[str],
    path: str | None,
    *,
    colour: Any,
    shift: float = 0.0,
    **look: Any,
) -> bool:
    """Draw the exact law of a series, a curve along δ, else its values. Return whether there is one."""
    found = _law(estimates, series, names, path)
    if found is None:
        return False
    here, values, joined = found
    if joined:
        ax.plot(here, values, color=colour, **{"linewidth": 1.4, "zorder": 2, **look})
    else:
        marks: dict[str, Any] = {
            "linestyle": "none",
            "marker": "_",
            "markersize": 15,
            "markeredgewidth": 1.4,
            "zorder": 2,
        }
        ax.plot(here + shift, values, color=colour, **marks)
    return True


def _law(
    estimates: Estimates, series: Series, names: Sequence[str], path: str | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], bool] | None:
    """Return places and values of the exact law, and whether a line joins them; None where there is none."""
    here = positions(estimates, path, series.places)
    if path is not None and continuous(estimates, path) and len(here) > 1:
        along = np.linspace(here[0], here[-1], CURVE_POINTS)
        curve = estimates.curve(series.places[-1], path, along.tolist())
        if curve is not None and all(name in curve for name in names):
            return along, np.sum([curve[name] for name in names], axis=0), True
        if path == DELTA:  # without faults there is a law for everything, but it would be a single mark
            return None
    exact = [estimates.results[place].exact(names) for place in series.places]
    known = [place for place, value in enumerate(exact) if value is not None]
    if not known:
        return None
    joined = numeric(estimates, path) and len(known) == len(exact) > 1
    return here[known], np.array([exact[place] for place in known], dtype=np.float64), joined


def frame(ax: Axes, estimates: Estimates, path: str | None, label: str) -> None:
    """Set limits, ticks and labels."""
    ax.set_xlabel(axis_label(path))
    ax.set_ylabel(label)
    ax.set_ylim(-0.02, 1.02)
    ax.set_yticks(np.linspace(0.0, 1.0, 6))
    if path is None:
        ax.set_xticks([])
        return
    values = list(estimates.over[path])
    if not numeric(estimates, path):
        words = [str(value).replace("_", "\n") for value in values]
        if len(words) * max(len(line) for word in words for line in word.split("\n")) <= LETTERS_ABREAST:
            ax.set_xticks(range(len(values)), words)
        else:
            words = [word.replace("\n", " ") for word in words]
            ax.set_xticks(range(len(values)), words, rotation=30, ha="right", rotation_mode="anchor")
        ax.set_xlim(-0.6, len(values) - 0.4)
    elif all(isinstance(value, int) for value in values) and len(values) <= 12:
        ax.set_xticks(values)
