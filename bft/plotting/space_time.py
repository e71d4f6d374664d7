"""A schedule drawn in space and time: lanes, messages by kind, what the nodes reported, where an invariant broke."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bft.checking.space_time import Mark, SpaceTime
from bft.plotting.style import QUALITATIVE, axes_or_new, new_figure, styled

KINDS = ("PrePrepare", "Prepare", "Commit", "ViewChange", "NewView")
LINES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))
MARKS = {
    "accepted": ("o", "white"),
    "prepared": ("o", "#BBBBBB"),
    "committed": ("o", "black"),
    "executed": ("s", "black"),
    "left the view": (">", "white"),
    "entered a view": (">", "black"),
}
BREACH_COLOUR = "#B5450F"
STEPS_PER_INCH, LANES_PER_INCH = 5.0, 1.5
NARROWEST_IN, WIDEST_IN = 7.0, 22.0


def space_time(diagram: SpaceTime, ax: Axes | None = None) -> Axes:
    """Draw a diagram; time runs to the right in steps.

    Parameters
    ----------
    diagram : SpaceTime
        See `bft.checking.space_time`.
    ax : Axes, optional
        Where to draw; by default new ones.
    """
    ax = axes_or_new(ax)
    end = max([1, *(each.received for each in diagram.arrows), *(each.step for each in diagram.marks)])
    for place, lane in enumerate(diagram.lanes):
        ax.plot([0, end + 1], [place, place], color="black" if lane.honest else BREACH_COLOUR, linewidth=0.8, zorder=1)
    for arrow in diagram.arrows:
        kind = KINDS.index(arrow.kind) if arrow.kind in KINDS else None
        ax.annotate(
            "",
            xy=(arrow.received, arrow.recipient),
            xytext=(arrow.sent, arrow.sender),
            arrowprops={
                "arrowstyle": "-|>",
                "linewidth": 0.9,
                "color": "#9A9A9A" if kind is None else QUALITATIVE[kind],
                "linestyle": "-" if kind is None else LINES[kind],
                "shrinkA": 0,
                "shrinkB": 2,
            },
            zorder=2,
        )
    for mark in diagram.marks:
        _draw(ax, mark)
    if diagram.breach is not None:
        ax.plot(diagram.breach.step, diagram.breach.lane, "X", color=BREACH_COLOUR, markersize=13, zorder=5)
        ax.annotate(
            diagram.breach.words,
            (diagram.breach.step, diagram.breach.lane),
            (12, -3),
            textcoords="offset points",
            color=BREACH_COLOUR,
            weight="bold",
        )
    ax.set_yticks(
        range(len(diagram.lanes)), [each.name if each.honest else f"{each.name}, Byzantine" for each in diagram.lanes]
    )
    ax.set_ylim(len(diagram.lanes) - 0.5, -0.5)
    ax.set_xlim(0, end + 4)
    ax.set_xlabel("step")
    ax.set_title(diagram.title)
    ax.grid(visible=False)
    _legend(ax, diagram)
    return ax


def _draw(ax: Axes, mark: Mark) -> None:
    marker, fill = MARKS[mark.kind]
    ax.plot(mark.step, mark.lane, marker, markerfacecolor=fill, markeredgecolor="black", markersize=6, zorder=4)
    if mark.kind in ("accepted", "executed", "left the view", "entered a view"):
        below = mark.kind in ("executed", "entered a view")
        ax.annotate(
            mark.words,
            (mark.step, mark.lane),
            (0, -13 if below else 6),
            textcoords="offset points",
            ha="center",
            fontsize=7.5,
            weight="bold" if mark.kind == "executed" else "normal",
            bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
            zorder=6,
        )


def _legend(ax: Axes, diagram: SpaceTime) -> None:
    """Name the kinds that occur, under the axes."""
    sent = {each.kind for each in diagram.arrows}
    reported = {each.kind for each in diagram.marks}
    handles = [
        Line2D([], [], color=QUALITATIVE[place], linestyle=LINES[place], label=kind)
        for place, kind in enumerate(KINDS)
        if kind in sent
    ]
    if sent - set(KINDS):
        handles.append(Line2D([], [], color="#9A9A9A", label="other messages"))
    handles += [
        Line2D([], [], linestyle="", marker=marker, markerfacecolor=fill, markeredgecolor="black", label=kind)
        for kind, (marker, fill) in MARKS.items()
        if kind in reported
    ]
    if handles:
        ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=min(6, len(handles)))


def space_time_figure(diagram: SpaceTime) -> Figure:
    """Return a figure of the size that the diagram needs."""
    end = max([1, *(each.received for each in diagram.arrows)])
    width_in = min(WIDEST_IN, max(NARROWEST_IN, end / STEPS_PER_INCH))
    with styled():
        figure = new_figure(width_in, 2.0 + len(diagram.lanes) / LANES_PER_INCH)
        space_time(diagram, ax=figure.add_subplot())
    return figure
