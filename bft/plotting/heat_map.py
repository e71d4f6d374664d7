"""The probability of one outcome over two swept parameters, as a heat map with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from bft.errors import SweepError, bad_value
from bft.plotting.estimates import Estimates, axis_label, horizontal
from bft.plotting.scenario_words import title_of
from bft.plotting.share import OUTCOME_LABELS
from bft.plotting.style import axes_or_new, styled

NUMBERS_UP_TO = 200
"""Cells that are few enough to carry their number."""

DARK = 0.55
"""Below this value the ground is dark, and numbers are white."""


def heat_map(
    estimates: Estimates,
    outcome: str = "agree",
    *,
    x: str | None = None,
    y: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw the probability of an outcome over two parameters of a sweep.

    Parameters
    ----------
    estimates : Sweep
        With at least two axes; any further one must have a single value.
    outcome : str
        "agree", "correct", "wrong", "partial", "stalled" or "split".
    x, y : str, optional
        Which axes; by default δ (or the first numeric one) from left to right, and the other upwards.
    ax : Axes, optional
        Where to; by default a new figure.
    title : str, optional
        By default says what was run.

    Returns
    -------
    Axes
        The map, its numbers, and a colour bar.

    Raises
    ------
    SweepError
        If the outcome is unknown or the sweep has not exactly two axes with several values.
    """
    if outcome not in OUTCOME_LABELS:
        raise SweepError(bad_value("outcome", outcome, f"must be one of {', '.join(OUTCOME_LABELS)}"))
    across, up = _axes(estimates, x, y)
    columns, rows = estimates.over[across], estimates.over[up]
    values = _grid(estimates, outcome, across, up)
    with styled():
        ax = axes_or_new(ax)
        image = ax.imshow(values, origin="lower", aspect="auto", cmap="viridis", vmin=0.0, vmax=1.0)
        ax.set_xticks(range(len(columns)), [_tick(each) for each in columns])
        ax.set_yticks(range(len(rows)), [_tick(each) for each in rows])
        ax.set_xlabel(axis_label(across))
        ax.set_ylabel(axis_label(up))
        ax.grid(visible=False)
        ax.set_title(title_of(estimates, across) if title is None else title)
        if values.size <= NUMBERS_UP_TO:
            _number(ax, values)
        figure: Any = ax.get_figure(root=True)
        figure.colorbar(image, ax=ax, label=OUTCOME_LABELS[outcome])
    return ax


def _axes(estimates: Estimates, x: str | None, y: str | None) -> tuple[str, str]:
    """Return the two axes of the map."""
    several = [path for path, values in estimates.over.items() if len(values) > 1]
    across = horizontal(estimates, x)
    others = [path for path in several if path != across]
    up = others[0] if y is None and len(others) == 1 else y
    if across is None or up is None or up not in estimates.over or up == across or set(others) - {up}:
        given = ", ".join(f"{path} ({len(values)})" for path, values in estimates.over.items()) or "none"
        raise SweepError(f"a heat map needs exactly two swept fields with several values; this sweep has {given}")
    return across, up


def _grid(estimates: Estimates, outcome: str, across: str, up: str) -> NDArray[np.float64]:
    """Return the estimates by row and column; nan where no run ended."""
    columns, rows = list(estimates.over[across]), list(estimates.over[up])
    values = np.full((len(rows), len(columns)), np.nan)
    for result in estimates.results:
        place = rows.index(result.parameters[up]), columns.index(result.parameters[across])
        if result.runs:
            values[place] = result.share([outcome], estimates.level).value
    return values


def _number(ax: Axes, values: NDArray[np.float64]) -> None:
    for (row, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            colour = "white" if value < DARK else "black"
            ax.text(column, row, _share_words(value), ha="center", va="center", color=colour, fontsize=7.5)


def _share_words(value: float) -> str:
    """Return a probability in two digits, but 0 and 1 only where they are exact."""
    if value in (0.0, 1.0):
        return f"{value:.0f}"
    return f"{min(max(value, 0.01), 0.99):.2f}"[1:]


def _tick(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
