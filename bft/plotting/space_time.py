"""A schedule or a run in space and time: lanes, messages by kind, what nodes reported, where an invariant broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bft.plotting.style import QUALITATIVE, axes_or_new, new_figure, styled
from bft.record.diagram import Arrow, Mark, SpaceTime, Span, excerpt
from bft.record.diagram_signs import ALARM, AT_WORK, BELOW, OTHER, SIGNS, WORDED, times
from bft.record.folded_time import FoldedTime

LINES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))
CLOSE = 0.08
"""Labels nearer than this part of the axis would touch."""

STEPS_PER_INCH, MARKS_PER_INCH, LANES_PER_INCH = 5.0, 3.0, 1.5
NARROWEST_IN, WIDEST_IN = 9.0, 22.0


MOST_MESSAGES = 600
"""More than these cannot be told apart on a page."""


def space_time(
    diagram: SpaceTime,
    ax: Axes | None = None,
    *,
    without: Collection[str] | None = None,
    between: tuple[float, float] | None = None,
    most: int = MOST_MESSAGES,
) -> Axes:
    """Draw a diagram; time runs to the right, in steps or in seconds, and long silences are folded.

    Parameters
    ----------
    diagram : SpaceTime
        From `bft.checking.space_time` or `Journal.diagram`.
    ax : Axes, optional
        Where to draw; by default new ones.
    without : collection of str, optional
        Kinds of messages that are left out; by default those that the diagram hides.
    between : tuple of float, optional
        From when to when; by default from the beginning.
    most : int, optional
        Messages at most, the first ones; the title says what is left out.
    """
    without = diagram.hidden if without is None else without
    diagram = excerpt(diagram, between=between, most=most, without=without)
    with styled():
        ax = axes_or_new(ax)
        shown = [each for each in diagram.arrows if each.kind not in without]
        place = FoldedTime(times(diagram, without)) if diagram.unit == "s" else _same
        end = max([place(time) for time in times(diagram, without)], default=1.0) or 1.0
        for row, lane in enumerate(diagram.lanes):
            ax.plot([0, end * 1.01], [row, row], color="black" if lane.honest else ALARM, linewidth=0.8, zorder=1)
        for span in diagram.spans:
            _draw_span(ax, span, place)
        kinds = _kinds(diagram, shown)
        for arrow in shown:
            _draw_arrow(ax, arrow, place, kinds)
        for mark in diagram.marks:
            _draw_mark(ax, mark, place)
        if diagram.breach is not None:
            _draw_breach(ax, diagram.breach, place)
        ax.set_yticks(
            range(len(diagram.lanes)),
            [each.name if each.honest else f"{each.name}, Byzantine" for each in diagram.lanes],
        )
        if isinstance(place, FoldedTime):
            _label(ax, place)
        ax.set_ylim(len(diagram.lanes) - 0.5, -0.5)
        ax.set_xlim(0, end * 1.04)
        ax.set_xlabel("step" if diagram.unit == "step" else "time in seconds; hatched silences are not to scale")
        ax.set_title(diagram.title)
        ax.grid(visible=False)
        _legend(ax, diagram, shown)
    return ax


def _same(time: float) -> float:
    return time


def _draw_span(ax: Axes, span: Span, place: Callable[[float], float]) -> None:
    """A validator at work: a band on its lane."""
    if span.end is not None and span.end > span.start:
        start, end = place(span.start), place(span.end)
        ax.barh(
            span.lane,
            end - start,
            left=start,
            height=0.2,
            color=AT_WORK[0],
            edgecolor=AT_WORK[1],
            linewidth=0.6,
            zorder=1.5,
        )


def _kinds(diagram: SpaceTime, arrows: Sequence[Arrow]) -> list[str]:
    """Return the kinds that have a look of their own: phases, and the first others as far as colours reach."""
    others = dict.fromkeys(each.kind for each in arrows if each.kind not in diagram.phases)
    return [*diagram.phases, *others][: len(QUALITATIVE)]


def _draw_arrow(ax: Axes, arrow: Arrow, place: Callable[[float], float], kinds: Sequence[str]) -> None:
    kind = kinds.index(arrow.kind) if arrow.kind in kinds else None
    colour = OTHER if kind is None else QUALITATIVE[kind]
    start = (place(arrow.sent), arrow.sender)
    if arrow.received is None:  # it leaves, and comes nowhere
        towards = 1 if arrow.recipient > arrow.sender else -1
        ax.annotate(
            "×", xy=start, xytext=(5, -9 * towards - 3), textcoords="offset points", color=colour, fontsize=8, zorder=2
        )
        return
    ax.annotate(
        "",
        xy=(place(arrow.received), arrow.recipient),
        xytext=start,
        arrowprops={
            "arrowstyle": "-|>",
            "linewidth": 0.9,
            "color": colour,
            "linestyle": "-" if kind is None else LINES[kind % len(LINES)],
            "shrinkA": 0,
            "shrinkB": 2,
        },
        zorder=2,
    )


def _draw_mark(ax: Axes, mark: Mark, place: Callable[[float], float]) -> None:
    marker, fill = SIGNS[mark.kind]
    ax.plot(place(mark.at), mark.lane, marker, markerfacecolor=fill, markeredgecolor="black", markersize=6, zorder=4)
    if mark.kind in WORDED:
        ax.annotate(
            mark.words,
            (place(mark.at), mark.lane),
            (0, -13 if mark.kind in BELOW else 6),
            textcoords="offset points",
            ha="center",
            fontsize=7.5,
            weight="bold" if mark.kind == "executed" else "normal",
            bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
            zorder=6,
        )


def _draw_breach(ax: Axes, breach: Mark, place: Callable[[float], float]) -> None:
    where = (place(breach.at), breach.lane)
    ax.plot(*where, "X", color=ALARM, markersize=13, zorder=5)
    ax.annotate(breach.words, where, (12, -3), textcoords="offset points", color=ALARM, weight="bold")


def _label(ax: Axes, place: FoldedTime) -> None:
    """Label the axis with true times, and hatch each folded silence."""
    for start, end in place.folds:
        ax.axvspan(
            place(start), place(end), facecolor="#F4F4F4", edgecolor="#DDDDDD", hatch="///", linewidth=0, zorder=0
        )
    length = place(place.end) or 1.0
    named: dict[float, float] = {}
    for time in place.worth_naming():
        if all(abs(place(time) - other) > CLOSE * length for other in named):
            named[place(time)] = time
    ax.set_xticks(sorted(named), [f"{named[where]:.3g}" for where in sorted(named)])


def _legend(ax: Axes, diagram: SpaceTime, shown: Sequence[Arrow]) -> None:
    """Name the kinds that occur, under the axes."""
    sent = {each.kind for each in shown}
    reported = {each.kind for each in diagram.marks}
    handles: list[Any] = [
        Line2D([], [], color=QUALITATIVE[place], linestyle=LINES[place % len(LINES)], label=kind)
        for place, kind in enumerate(_kinds(diagram, shown))
        if kind in sent
    ]
    if sent - set(_kinds(diagram, shown)):
        handles.append(Line2D([], [], color=OTHER, label="other messages"))
    if any(each.received is None for each in shown):
        handles.append(Line2D([], [], linestyle="", marker="x", color=OTHER, label="never arrived"))
    if any(each.end is not None and each.end > each.start for each in diagram.spans):
        handles.append(Patch(facecolor=AT_WORK[0], edgecolor=AT_WORK[1], label="validator at work"))
    handles += [
        Line2D([], [], linestyle="", marker=marker, markerfacecolor=fill, markeredgecolor="black", label=kind)
        for kind, (marker, fill) in SIGNS.items()
        if kind in reported
    ]
    if handles:
        ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=min(5, len(handles)))


def space_time_figure(
    diagram: SpaceTime,
    *,
    without: Collection[str] | None = None,
    between: tuple[float, float] | None = None,
    most: int = MOST_MESSAGES,
) -> Figure:
    """Return a figure of the size that the diagram needs; parameters as for `space_time`."""
    without = diagram.hidden if without is None else without
    diagram = excerpt(diagram, between=between, most=most, without=without)
    times = [each.received for each in diagram.arrows if each.received is not None]
    length_in = max([1, *times]) / STEPS_PER_INCH if diagram.unit == "step" else _busiest(diagram) / MARKS_PER_INCH
    width_in = min(WIDEST_IN, max(NARROWEST_IN, length_in))
    with styled():
        figure = new_figure(width_in, 2.0 + len(diagram.lanes) / LANES_PER_INCH)
        ax = figure.add_subplot()
    space_time(diagram, ax=ax, without=without, most=max(most, len(diagram.arrows)))
    return figure


def _busiest(diagram: SpaceTime) -> int:
    """Return how many words the fullest lane has to hold."""
    counts = Counter(each.lane for each in diagram.marks if each.kind in WORDED)
    return max(counts.values(), default=1)
