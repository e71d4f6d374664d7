"""Figures of operations: retry storms, trade-offs of detectors, availability of k of n."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from bft.plotting.style import LAW_COLOUR, axes_or_new, legend_below, series_colours, series_looks, styled


class Point(NamedTuple):
    """A measured value with its interval, and the exact one where a law is known, at its own place if that differs."""

    x: float
    value: float
    low: float
    high: float
    exact: float | None = None
    exact_x: float | None = None


class Stretch(NamedTuple):
    """A node was down, from and to in days."""

    node: int
    start: float
    end: float


def timeline(
    stretches: Sequence[Stretch],
    *,
    alerts: Sequence[tuple[float, int]] = (),
    end_days: float,
    ax: Axes | None = None,
) -> Axes:
    """Plot when nodes were down and when their monitors raised alerts, one line for each node.

    Parameters
    ----------
    stretches : sequence of Stretch
        When nodes were down.
    alerts : sequence of (float, int)
        Day and node of each alert.
    end_days : float
        When observation ended.
    ax : Axes, optional
        Where to draw; by default new ones.
    """
    with styled():
        ax = axes_or_new(ax)
        down, alarm = series_colours(2, ordered=False)
        nodes = max([each.node for each in stretches] + [node for _, node in alerts], default=0) + 1
        ax.hlines(range(nodes), 0.0, end_days, color="#DDDDDD", linewidth=6.0, zorder=1)
        if stretches:
            ax.plot(
                [each.start for each in stretches],
                [each.node for each in stretches],
                "|",
                color=down,
                markersize=9.0,
                markeredgewidth=1.2,
                zorder=3,
                label="machine failed",
            )
        if alerts:
            days, places = [day for day, _ in alerts], [node + 0.28 for _, node in alerts]
            ax.plot(days, places, "v", color=alarm, markersize=3.0, zorder=2, label="alert")
        ax.set_yticks(range(nodes), [f"node {node}" for node in range(nodes)])
        ax.set_xlim(0.0, end_days)
        ax.set_xlabel("day")
        ax.set_title("Machines that fail, and alerts of the validators' monitors")
        _legend(ax)
    return ax


def curves(
    series: Mapping[str, Sequence[Point]],
    *,
    xlabel: str,
    ylabel: str,
    title: str,
    ylim: tuple[float, float] | None = (-0.03, 1.03),
    ax: Axes | None = None,
) -> Axes:
    """Plot measured values with their intervals, one curve for each series, exact values as lines.

    Parameters
    ----------
    series : mapping of str to sequence of Point
        One curve for each name.
    xlabel, ylabel, title : str
        What is shown.
    ylim : tuple of float or None
        Of the vertical axis; that of shares by default, None lets it follow the values.
    ax : Axes, optional
        Where to draw; by default new ones.
    """
    with styled():
        ax = axes_or_new(ax)
        _draw(ax, series)
        _draw_laws(ax, series)
        if ylim is not None:
            ax.set_ylim(*ylim)
        ax.set_xlabel(xlabel)
        ax.set_ylabel(ylabel)
        ax.set_title(title)
        _legend(ax)
    return ax


def retry_storm(
    series: Mapping[str, Sequence[Point]], *, slow_min: tuple[float, float], ax: Axes | None = None
) -> Axes:
    """Plot the share of answered calls by the minute in which they began.

    Parameters
    ----------
    series : mapping of str to sequence of Point
        One curve for each cure; x in minutes.
    slow_min : tuple of float
        Start and end of the slowdown, in minutes.
    ax : Axes, optional
        Where to draw; by default new ones.
    """
    with styled():
        ax = axes_or_new(ax)
        ax.axvspan(*slow_min, color="#F0E4C8", linewidth=0, zorder=0)
        ax.text(sum(slow_min) / 2.0, 1.05, "4× slower", ha="center", va="bottom", fontsize=8.5)
        _draw(ax, series)
        ax.set_xlabel("minute in which the call began")
        ax.set_ylabel("share of calls answered")
        ax.set_ylim(-0.03, 1.04)
        ax.set_title("A minute of slowdown, with and without rationed retries", pad=20.0)
        _legend(ax)
    return ax


def detector_trade_off(series: Mapping[str, Sequence[Point]], *, ax: Axes | None = None) -> Axes:
    """Plot mean detection time against the false alarms of a live node, one curve for each kind of detector.

    Parameters
    ----------
    series : mapping of str to sequence of Point
        x is the mean detection time in seconds; the value is false alarms per beat, 0 where none was seen; the exact
        value is drawn as a line.
    ax : Axes, optional
        Where to draw; by default new ones.
    """
    with styled():
        ax = axes_or_new(ax)
        ax.set_yscale("log")
        _draw(ax, _positive(series), joined=False)
        _draw_laws(ax, series)
        ax.set_xlabel("mean detection time (s)")
        ax.set_ylabel("false alarms per beat")
        ax.set_title("What quick detection costs (lines: exact laws)")
        _legend(ax)
    return ax


def availability_of_k_of_n(series: Mapping[str, Sequence[Point]], *, target: float, ax: Axes | None = None) -> Axes:
    """Plot unavailability of k of n nodes against that of one node, both axes logarithmic.

    Parameters
    ----------
    series : mapping of str to sequence of Point
        One curve for each (k, n); x is the unavailability of a node.
    target : float
        The availability to be reached, drawn as a line.
    ax : Axes, optional
        Where to draw; by default new ones.
    """
    with styled():
        ax = axes_or_new(ax)
        ax.set_xscale("log")
        ax.set_yscale("log")
        _draw(ax, _positive(series), joined=False)
        _draw_laws(ax, series)
        ax.axhline(1.0 - target, color=LAW_COLOUR, linewidth=1.0, linestyle="--")
        ax.text(
            1.0,
            1.0 - target,
            f"target {target:.1%} ",
            transform=ax.get_yaxis_transform(),
            ha="right",
            va="bottom",
            fontsize=8.5,
        )
        ax.set_xlabel("unavailability of one node")
        ax.set_ylabel("unavailability of the quorum")
        ax.set_title("k of n nodes against the target (lines: exact laws)")
        _legend(ax)
    return ax


def breaker_thresholds(series: Mapping[str, Sequence[Point]], *, ax: Axes | None = None) -> Axes:
    """Plot the share of calls that a breaker refuses against its threshold.

    Parameters
    ----------
    series : mapping of str to sequence of Point
        One curve for each failure rate; x is the threshold in failures in a row; the exact value is drawn as a line.
    ax : Axes, optional
        Where to draw; by default new ones.
    """
    with styled():
        ax = axes_or_new(ax)
        _draw(ax, series, joined=False)
        _draw_laws(ax, series)
        ax.set_ylim(-0.03, 1.03)
        ax.set_xlabel("failures in a row that open the breaker")
        ax.set_ylabel("share of calls refused")
        ax.set_title("What a breaker refuses (lines: exact law)")
        _legend(ax)
    return ax


def _draw(ax: Axes, series: Mapping[str, Sequence[Point]], *, joined: bool = True) -> None:
    """Draw each series as points with intervals."""
    looks = series_looks(len(series))
    for place, (name, points) in enumerate(series.items()):
        below = [max(0.0, each.value - each.low) for each in points]
        above = [max(0.0, each.high - each.value) for each in points]
        ax.errorbar(
            [each.x for each in points],
            [each.value for each in points],
            yerr=[below, above],
            **(looks[place] | ({} if joined else {"linestyle": "none"})),
            markersize=4.4,
            linewidth=1.2,
            elinewidth=1.0,
            capsize=2.0,
            zorder=3,
            label=name,
        )


def _positive(series: Mapping[str, Sequence[Point]]) -> dict[str, list[Point]]:
    """Leave out what a logarithmic axis cannot show."""
    return {name: [each for each in points if each.value > 0.0] for name, points in series.items()}


def _draw_laws(ax: Axes, series: Mapping[str, Sequence[Point]]) -> None:
    """Draw the exact values of each series as a line."""
    for look, points in zip(series_looks(len(series)), series.values(), strict=True):
        law = [
            (each.x if each.exact_x is None else each.exact_x, each.exact) for each in points if each.exact is not None
        ]
        ax.plot([x for x, _ in law], [exact for _, exact in law], linewidth=1.2, zorder=2, **(look | {"marker": ""}))


def _legend(ax: Axes) -> None:
    handles: list[Any]
    handles, labels = ax.get_legend_handles_labels()
    legend_below(ax, handles, labels, columns=2)
