"""What agreement costs in messages: copies sent by phase, stacked, one bar for each run or group of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from bft.errors import SweepError, bad_value
from bft.plotting.style import QUALITATIVE, axes_or_new, legend_below, styled
from bft.protocols.protocol import Protocol
from bft.protocols.registry import protocol_of

REST = "other messages"
HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "++", "oo", "**")


def messages_by_phase(
    sent_by_kind: Mapping[str, Mapping[str, float]],
    *,
    ax: Axes | None = None,
    title: str = "messages by phase",
    log: bool = False,
    protocol: str | Protocol = "pbft",
) -> Axes:
    """Draw how many copies of messages were sent in each phase.

    Parameters
    ----------
    sent_by_kind : mapping of str to mapping
        By label, the copies sent by kind of message, as in ``run.metrics.sent_by_kind`` (or means of several runs).
    ax : Axes, optional
        Where to; by default a new figure.
    title : str
        Of the axes.
    log : bool
        Whether the totals run on a logarithmic scale; bars are then not stacked but stand side by side.

    protocol : str or Protocol
        Whose phases they are.

    Returns
    -------
    Axes
        Bars with their totals.

    Raises
    ------
    SweepError
        If there is no label, or a count is negative.
    """
    if not sent_by_kind:
        raise SweepError(bad_value("sent_by_kind", {}, "must have at least one label"))
    labels = list(sent_by_kind)
    by_phase: dict[str, list[str]] = {}
    for kind in protocol_of(protocol).messages:
        by_phase.setdefault(kind.phase, []).append(kind.type.__name__)
    named = {kind for kinds in by_phase.values() for kind in kinds}
    by_phase[REST] = sorted({kind for sent in sent_by_kind.values() for kind in sent} - named)
    phases = {phase: [_sum(sent_by_kind[label], kinds) for label in labels] for phase, kinds in by_phase.items()}
    shown = {phase: counts for phase, counts in phases.items() if any(counts)}
    with styled():
        ax = axes_or_new(ax)
        places, base = np.arange(len(labels), dtype=float), np.zeros(len(labels))
        width = 0.8 / len(shown) if log and shown else 0.7
        for number, (phase, counts) in enumerate(phases.items()):
            if phase not in shown:
                continue
            look: dict[str, Any] = {
                "color": QUALITATIVE[number % len(QUALITATIVE)],
                "hatch": HATCHES[number % len(HATCHES)],
                "edgecolor": "white",
                "label": phase,
            }
            if log:
                order = list(shown).index(phase)
                ax.bar(places + (order - (len(shown) - 1) / 2) * width, counts, width=width, **look)
            else:
                ax.bar(places, counts, width=width, bottom=base, **look)
                base += counts
        totals = [sum(sent_by_kind[label].values()) for label in labels]
        tops = [
            max(counts[place] for counts in shown.values()) if log and shown else totals[place]
            for place in range(len(labels))
        ]
        for place, (total, top) in enumerate(zip(totals, tops, strict=True)):
            ax.annotate(f"{total:,.4g}", (place, top), (0, 3), textcoords="offset points", ha="center", fontsize=8)
        if log:
            ax.set_yscale("log")
        ax.set_xticks(places, labels)
        ax.set_ylabel("copies of messages sent")
        ax.set_title(title)
        if shown:
            legend_below(ax, *ax.get_legend_handles_labels(), columns=3)
    return ax


def _sum(sent: Mapping[str, float], kinds: Sequence[str]) -> float:
    total = sum(sent.get(kind, 0) for kind in kinds)
    if total < 0:
        raise SweepError(bad_value("sent_by_kind", total, "must not be negative"))
    return total
