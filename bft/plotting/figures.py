"""Whole figures: panels put together for the command line, the scripts and the notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bft.plotting.agreement import DASHED, agreement, source_documents
from bft.plotting.bands import WORDS, bands
from bft.plotting.estimates import DELTA, Estimates, Prediction, all_series, drawn_from, horizontal
from bft.plotting.scenario_words import behaviour_words, title_of, validator_words
from bft.plotting.share import draw_law, draw_points, frame, legend_of, share
from bft.plotting.style import REFERENCE_COLOUR, legend_under, new_figure, styled

PANEL_COLOURS = {
    "correct": "#1F6FA8",
    "wrong": "#B5450F",
    "partial": "#7A7A7A",
    "stalled": "#555555",
    "split": "#161616",
}
MOST_ABREAST = 4  # panels in a row
LONG_HANDLE = 4.5  # of a legend whose marks would hide the line
TITLE: dict[str, Any] = {"x": 0.01, "ha": "left", "fontsize": 10.5, "fontweight": "bold"}
PANEL_MARKERS = {"correct": "o", "wrong": "s", "partial": "v", "stalled": "D", "split": "X"}


def agreement_figure(perfect: Estimates, fallible: Estimates, *, over_formulas: bool = False) -> Figure:
    """Return the main figure: agreement of perfect validators for several n, and all outcomes of fallible ones.

    What source documents state is drawn apart, in a small panel with a sentence.

    Parameters
    ----------
    perfect : Sweep
        Over δ, and n perhaps.
    fallible : Sweep
        Over δ alone.
    over_formulas : bool
        Whether the source documents' curves are drawn in the first panel as well.
    """
    with styled():
        figure = new_figure(14.5, 6.1)
        left, middle, right = figure.subplots(1, 3, width_ratios=(1.0, 1.0, 0.6))
        agreement(perfect, ax=left, source_documents=over_formulas)
        bands(fallible, ax=middle)
        source_documents(perfect, ax=right)
    return figure


def protocols_figure(perfect: Estimates, fallible: Estimates) -> Figure:
    """Return protocols side by side: how often perfect validators agree, and all outcomes of fallible ones.

    Splits have panels of their own where there are any.

    Parameters
    ----------
    perfect, fallible : Sweep
        Over `protocol` and δ.
    """
    panels = [
        (perfect, "agree", "perfect validators agree"),
        *_if_any(perfect, "split", "perfect validators split"),
        (fallible, "correct", "fallible validators agree, correct"),
        (fallible, "wrong", "fallible validators agree, wrong"),
        (fallible, "stalled", "fallible validators stall"),
        *_if_any(fallible, "split", "fallible validators split"),
    ]
    rows = 1 if len(panels) <= MOST_ABREAST else 2
    with styled():
        figure = new_figure(16.0, 5.2 * rows)
        path = horizontal(perfect, DELTA)
        places = list(figure.subplots(rows, -(-len(panels) // rows), squeeze=False).flat)
        for ax, (estimates, outcome, title) in zip(places, panels, strict=False):
            share(estimates, outcome, x=DELTA, ax=ax, title=title, legend=False)
        for ax in places[len(panels) :]:
            ax.set_visible(False)
        words = f"n = {perfect.scenario.n}, {behaviour_words(perfect.scenario, perfect.over)}"
        figure.suptitle(
            f"{words}; fallible: {validator_words(fallible.scenario)}; seed {perfect.seed}",
            **TITLE,
        )
        handles, labels = legend_of(perfect, "agree", path)
        labels = ["exact law (thin: none, points joined)" if each == "exact law" else each for each in labels]
        legend_under(figure, handles, labels, columns=len(handles), handlelength=LONG_HANDLE)
    return figure


def _if_any(estimates: Estimates, outcome: str, title: str) -> list[tuple[Estimates, str, str]]:
    """Return a panel for an outcome, if it was seen or has a probability by the law."""
    level = estimates.level
    seen = any(each.share([outcome], level).value > 0 or each.exact([outcome]) for each in estimates.results)
    return [(estimates, outcome, title)] if seen else []


def share_panels(estimates: Estimates, outcomes: Sequence[str], x: str | None = None) -> Figure:
    """Return the shares of several outcomes side by side, with one legend.

    Parameters
    ----------
    estimates : Sweep
        Over any parameters.
    outcomes : sequence of str
        Panels from left to right.
    x : str, optional
        As for `share`.
    """
    with styled():
        figure = new_figure(4.4 * len(outcomes), 4.9)
        panels = figure.subplots(1, len(outcomes), squeeze=False)[0]
        path = horizontal(estimates, x)
        for ax, outcome in zip(panels, outcomes, strict=True):
            share(estimates, outcome, x=x, ax=ax, title="", legend=False)
        _title(figure, estimates, path)
        handles, labels = legend_of(estimates, outcomes[0], path)
        legend_under(figure, handles, labels, columns=4)
    return figure


def band_panels(several: Sequence[Estimates], x: str | None = None) -> Figure:
    """Return the stacked outcomes of several sweeps side by side."""
    with styled():
        figure = new_figure(6.6 * len(several), 6.0)
        for ax, estimates in zip(figure.subplots(1, len(several), squeeze=False)[0], several, strict=True):
            bands(estimates, x=x, ax=ax)
    return figure


def outcome_panels(
    estimates: Estimates,
    prediction: Prediction | None = None,
    *,
    outcomes: Sequence[str] = ("correct", "wrong", "stalled"),
) -> Figure:
    """Return one panel for each outcome, for a sweep over one parameter, with a prediction dashed beside it.

    Parameters
    ----------
    estimates : Sweep
        Over δ alone.
    prediction : Prediction, optional
        What another model says.
    outcomes : sequence of str
        Panels from left to right; "partial" and "split" come in addition where they occur.
    """
    shown = [*outcomes]
    for name in ("partial", "split"):
        if name not in shown and any(result.share([name], estimates.level).value > 0 for result in estimates.results):
            shown.append(name)
    with styled():
        figure = new_figure(3.9 * len(shown), 4.7)
        panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        path = horizontal(estimates, None)
        has_law = [_panel(ax, estimates, name, path, prediction) for ax, name in zip(panels, shown, strict=True)]
        panels[0].set_ylabel("probability")
        _title(figure, estimates, path)
        handles, labels = _legend(estimates, prediction, has_law=any(has_law))
        legend_under(figure, handles, labels, columns=len(handles))
    return figure


def _panel(ax: Axes, estimates: Estimates, name: str, path: str | None, prediction: Prediction | None) -> bool:
    colour = PANEL_COLOURS[name]
    series = all_series(estimates, path)[0]
    draw_points(ax, estimates, series, [name], path, colour=colour, marker=PANEL_MARKERS[name])
    has_law = draw_law(ax, estimates, series, [name], path, colour=colour)
    if prediction is not None and path == DELTA:
        values = getattr(prediction.law, name)
        ax.plot(prediction.deltas, values, color=REFERENCE_COLOUR, linestyle=DASHED, linewidth=1.6, zorder=1.5)
    frame(ax, estimates, path, "")
    ax.set_title(WORDS[name])
    return has_law


def _title(figure: Figure, estimates: Estimates, path: str | None) -> None:
    figure.suptitle(title_of(estimates, path), **TITLE)


def _legend(estimates: Estimates, prediction: Prediction | None, *, has_law: bool) -> tuple[list[Any], list[str]]:
    handles: list[Any] = []
    labels: list[str] = []
    if has_law:
        handles.append(Line2D([], [], color="#444444"))
        labels.append("exact law")
    if prediction is not None:
        handles.append(Line2D([], [], color=REFERENCE_COLOUR, linestyle=DASHED, linewidth=1.6))
        labels.append(prediction.label)
    handles.append(Line2D([], [], color="#444444", marker="o", markersize=4.5, linestyle="none"))
    labels.append(drawn_from(estimates))
    return handles, labels
