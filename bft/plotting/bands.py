"""All outcomes at once: stacked bands along a parameter (or bars over categories), every boundary with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bft.errors import SweepError
from bft.plotting.estimates import Estimates, Series, all_series, drawn_from, horizontal, numeric, positions
from bft.plotting.scenario_words import title_of
from bft.plotting.share import dodge, draw_law, draw_points, frame
from bft.plotting.style import (
    GROUND,
    LAW_COLOUR,
    OUTCOME_COLOURS,
    OUTCOME_HATCHES,
    axes_or_new,
    legend_below,
    outlined,
    styled,
)

WORDS = {
    "correct": "agreed, correct",
    "wrong": "agreed, wrong",
    "agree": "agreed",
    "partial": "partial: some decided",
    "stalled": "stalled: none decided",
    "split": "split: safety broken",
}
BAR_WIDTH = 0.62
BOUNDARY_LOOK: dict[str, Any] = {
    "markerfacecolor": GROUND,
    "markeredgewidth": 0.9,
    "markersize": 4.2,
    "elinewidth": 1.0,
    "clip_on": False,
}


def bands(estimates: Estimates, *, x: str | None = None, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Plot the shares of all outcomes on top of each other, for a sweep over one parameter.

    Parameters
    ----------
    estimates : Sweep
        What to plot; only one axis may have several values.
    x, ax, title
        As for `share`.

    Returns
    -------
    Axes
        Bands along a number, bars over anything else. Each boundary between two outcomes is itself an estimated
        probability and is drawn with its interval, and with the exact law where there is one.

    Raises
    ------
    SweepError
        If several parameters were swept.
    """
    with styled():
        ax = axes_or_new(ax)
        path = horizontal(estimates, x)
        series = all_series(estimates, path)
        if len(series) != 1:
            raise SweepError(f"over = {list(estimates.over)}: must be one parameter with several values for bands")
        stack = _stack(estimates)
        _fill(ax, estimates, series[0], stack, path)
        has_law = _boundaries(ax, estimates, series[0], stack, path)
        frame(ax, estimates, path, "share of runs, stacked")
        ax.grid(visible=False)
        if numeric(estimates, path) and path is not None and len(series[0].places) > 1:
            here = positions(estimates, path, series[0].places)
            ax.set_xlim(here[0], here[-1])
        ax.set_title(title_of(estimates, path) if title is None else title)
        _legend(ax, estimates, stack, has_law=has_law)
    return ax


def _stack(estimates: Estimates) -> list[tuple[str, ...]]:
    """Return the outcomes from bottom to top; those without ground truth are agreed in a band of their own."""
    told = any(result.share(("correct", "wrong"), estimates.level).value > 0 for result in estimates.results)
    agreed: list[tuple[str, ...]] = [("correct",), ("wrong",)] if told else [("agree",)]
    return [*agreed, ("partial",), ("stalled",), ("split",)]


def _occurs(estimates: Estimates, names: Sequence[str]) -> bool:
    return any(result.share(names, estimates.level).value > 0 for result in estimates.results)


def _fill(ax: Axes, estimates: Estimates, series: Series, stack: Sequence[tuple[str, ...]], path: str | None) -> None:
    here = positions(estimates, path, series.places)
    bottom = np.zeros(len(here))
    for names in stack:
        shares = [estimates.results[place].share(names, estimates.level).value for place in series.places]
        top = bottom + np.array(shares)
        if numeric(estimates, path) and len(here) > 1:
            ax.fill_between(here, bottom, top, linewidth=0, zorder=1, **_look(names))
        else:
            ax.bar(here, top - bottom, BAR_WIDTH, bottom, linewidth=0, zorder=1, **_look(names))
        bottom = top


def _boundaries(
    ax: Axes, estimates: Estimates, series: Series, stack: Sequence[tuple[str, ...]], path: str | None
) -> bool:
    """Draw the boundary above every outcome that occurs, but not the top of all."""
    below: list[str] = []
    has_law = False
    shown = [names for names in stack if _occurs(estimates, names)]
    for number, names in enumerate(shown[:-1]):
        below += names
        here = series if numeric(estimates, path) else _where_it_parts(estimates, series, names, below)
        shift = dodge(estimates, path, number, len(shown) - 1)
        law_look = {"linewidth": 1.2, "path_effects": outlined(2.6)}
        has_law |= draw_law(ax, estimates, here, below, path, colour=LAW_COLOUR, shift=shift, **law_look)
        draw_points(ax, estimates, here, below, path, colour=LAW_COLOUR, shift=shift, outline=2.2, **BOUNDARY_LOOK)
    return has_law


def _where_it_parts(estimates: Estimates, series: Series, names: Sequence[str], below: Sequence[str]) -> Series:
    """Return the bars in which an outcome occurs and others lie above it, or it fills the whole bar."""

    def share(place: int, of: Sequence[str]) -> float:
        return estimates.results[place].share(of, estimates.level).value

    places = tuple(
        place
        for place in series.places
        if share(place, names) == 1 or (share(place, names) > 0 and share(place, below) < 1)
    )
    return replace(series, places=places)


def _legend(ax: Axes, estimates: Estimates, stack: Sequence[tuple[str, ...]], *, has_law: bool) -> None:
    shown = [names for names in stack if _occurs(estimates, names)]
    handles: list[Any] = [Patch(**{"edgecolor": "#777777", "linewidth": 0.5, **_look(names)}) for names in shown]
    labels = [WORDS[names[0]] for names in shown]
    if has_law:
        handles.append(Line2D([], [], color=LAW_COLOUR, linewidth=1.2))
        labels.append("exact law")
    handles.append(Line2D([], [], color=LAW_COLOUR, marker="o", markerfacecolor=GROUND, markersize=4, linestyle="none"))
    labels.append(drawn_from(estimates))
    legend_below(ax, handles, labels, columns=2)


def _look(names: Sequence[str]) -> dict[str, Any]:
    name = "agreed" if names[0] == "agree" else names[0]
    hatch = OUTCOME_HATCHES.get(name)
    return {"facecolor": OUTCOME_COLOURS[name], **({} if hatch is None else {"hatch": hatch, "edgecolor": "#777777"})}
