"""A run as a moving picture: nodes on their places, messages on their way, what each node has reached."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter
from matplotlib.figure import Figure

from bft.errors import BftError, bad_value
from bft.plotting.style import QUALITATIVE, styled
from bft.record.diagram import SpaceTime
from bft.record.diagram_signs import ALARM, OTHER
from bft.record.folded_time import FoldedTime

STATES = {
    "accepted": "#FFFFFF",
    "refused": "#E8B4A0",
    "prepared": "#BBBBBB",
    "committed": "#555555",
    "executed": "#111111",
    "crashed": "#F4D03F",
}
"""Ground of a node by the last that it reported; a view change takes it back to white."""

FRESH = ("left the view", "entered a view", "recovered")
LENGTH_S, FRAMES_PER_S, PAUSE_S = 8.0, 12, 1.0
DPI = 80
MARKERS = "soD^vP*X"
"""Of the kinds of messages that have a look of their own, in the order of a view."""


def animation(
    diagram: SpaceTime,
    *,
    positions: Mapping[int, tuple[float, float]] | None = None,
    length_s: float = LENGTH_S,
    frames_per_s: int = FRAMES_PER_S,
    without: Collection[str] | None = None,
) -> FuncAnimation:
    """Return a moving picture of a run; long silences pass quickly, as in the space-time diagram.

    Parameters
    ----------
    diagram : SpaceTime
        From `Journal.diagram`.
    positions : mapping of int to pair of float, optional
        Where each node stands, for instance by a layout of networkx; by default on a circle.
    length_s : float
        How long the picture takes, in seconds; more than 0.
    frames_per_s : int
        At least 1.
    without : collection of str, optional
        Kinds of messages that are left out; by default those that the diagram hides.

    Raises
    ------
    BftError
        If the length is not positive, or a node has no position.
    """
    if not 0 < length_s < math.inf:
        raise BftError(bad_value("length_s", length_s, "must be a positive number of seconds"))
    if frames_per_s < 1:
        raise BftError(bad_value("frames_per_s", frames_per_s, "must be at least 1"))
    places = dict(positions) if positions is not None else _circle(len(diagram.lanes))
    missing = [node for node in range(len(diagram.lanes)) if node not in places]
    if missing:
        raise BftError(
            bad_value("positions", sorted(places), f"must have a place for every node; {missing[0]} has none")
        )
    frames = max(2, round(length_s * frames_per_s))
    with styled():
        stage = _Stage(diagram, places, diagram.hidden if without is None else without)
        still = round(PAUSE_S * frames_per_s)
        steps = [*(number / (frames - 1) for number in range(frames)), *[1.0] * still]
        return FuncAnimation(stage.figure, stage.show, frames=steps, interval=1000 / frames_per_s, blit=False)


def moment(diagram: SpaceTime, part: float, *, positions: Mapping[int, tuple[float, float]] | None = None) -> Figure:
    """Return one frame as a figure, at a part of the whole length from 0 to 1."""
    with styled():
        stage = _Stage(diagram, positions or _circle(len(diagram.lanes)), diagram.hidden)
        stage.show(part)
    return stage.figure


def save_animation(moving: FuncAnimation, file: str | Path, *, frames_per_s: int = FRAMES_PER_S) -> Path:
    """Write a moving picture to a file that ends in .gif, or in .mp4 where the program ffmpeg is installed.

    Raises
    ------
    BftError
        If the file has another ending, or ffmpeg is needed and not there.
    """
    file = Path(file)
    writer: Any
    if file.suffix == ".gif":
        writer = PillowWriter(fps=frames_per_s)
    elif file.suffix != ".mp4":
        raise BftError(bad_value("animation", str(file), "must end in .gif or .mp4"))
    elif not FFMpegWriter.isAvailable():
        raise BftError(
            f"animation = {str(file)!r}: a film needs the program ffmpeg, which is not here; .gif needs nothing"
        )
    else:
        writer = FFMpegWriter(fps=frames_per_s)
    with styled():
        moving.save(file, writer=writer, dpi=DPI)
    return file


def _circle(n: int) -> dict[int, tuple[float, float]]:
    """Return places on a circle, the first on top, then clockwise."""
    return {node: (math.sin(2 * math.pi * node / n), math.cos(2 * math.pi * node / n)) for node in range(n)}


class _Stage:
    """The figure of a moving picture and all that changes on it."""

    def __init__(self, diagram: SpaceTime, places: Mapping[int, tuple[float, float]], without: Collection[str]) -> None:
        self._places = places
        arrows = [each for each in diagram.arrows if each.kind not in without and each.received is not None]
        times = [time for each in arrows for time in (each.sent, each.received) if time is not None]
        self._time = FoldedTime([*times, *(each.at for each in diagram.marks)])
        self._arrows = [(self._time(each.sent), self._time(each.received or 0.0), each) for each in arrows]
        self._marks = sorted(((self._time(each.at), each) for each in diagram.marks), key=lambda pair: pair[0])
        self._end = self._time(self._time.end) or 1.0
        self.figure = Figure(figsize=(6.0, 6.2), layout=None)  # laid out once, not for every frame
        self.figure.subplots_adjust(left=0.02, right=0.98, bottom=0.1, top=0.92)
        self._draw_nodes(diagram)

    def _draw_nodes(self, diagram: SpaceTime) -> None:
        ax = self.figure.add_subplot()
        self._ax = ax
        ax.set_axis_off()
        xs, ys = zip(*self._places.values(), strict=True)
        room = 0.35 * max(max(xs) - min(xs), max(ys) - min(ys), 1.0)
        ax.set_xlim(min(xs) - room, max(xs) + room)
        ax.set_ylim(min(ys) - room, max(ys) + room)
        ax.set_aspect("equal")
        ax.set_title(diagram.title)
        self._grounds, self._words = [], []
        for node, lane in enumerate(diagram.lanes):
            edge = "black" if lane.honest else ALARM
            x, y = self._places[node]
            (ground,) = ax.plot(
                x, y, "o", markersize=24, markerfacecolor="white", markeredgecolor=edge, markeredgewidth=2, zorder=3
            )
            ax.text(
                x,
                y,
                str(node),
                ha="center",
                va="center",
                fontsize=10,
                color=edge,
                zorder=5,
                bbox={"boxstyle": "circle,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
            )
            self._grounds.append(ground)
            self._words.append(ax.annotate("", (x, y), (0, -26), textcoords="offset points", ha="center", fontsize=8))
        self._dots = {
            kind: ax.plot([], [], marker, color=colour, markersize=7, label=kind, zorder=4)[0]
            for kind, marker, colour in zip(diagram.phases, MARKERS, QUALITATIVE, strict=False)
        }
        self._dots["other"] = ax.plot([], [], ".", color=OTHER, markersize=7, label="other messages", zorder=4)[0]
        self._clock = ax.text(0.02, 0.98, "", transform=ax.transAxes, va="top", fontsize=10)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=3)

    def show(self, part: float) -> list[Any]:
        """Draw the moment at a part of the whole length, from 0 to 1."""
        now = part * self._end
        moving: dict[str, list[tuple[float, float]]] = {kind: [] for kind in self._dots}
        for sent, received, arrow in self._arrows:
            if sent <= now < received:
                moving[arrow.kind if arrow.kind in self._dots else "other"].append(
                    self._between(arrow, (now - sent) / (received - sent))
                )
        for kind, dots in self._dots.items():
            dots.set_data([x for x, _ in moving[kind]], [y for _, y in moving[kind]])
        self._report(now)
        self._clock.set_text(f"{_unfolded(self._time, now):.3f} s")
        return []

    def _between(self, arrow: Any, part: float) -> tuple[float, float]:
        (x1, y1), (x2, y2) = self._places[arrow.sender], self._places[arrow.recipient]
        return x1 + (x2 - x1) * part, y1 + (y2 - y1) * part

    def _report(self, now: float) -> None:
        ground, words = ["#FFFFFF"] * len(self._grounds), [""] * len(self._grounds)
        for at, mark in self._marks:
            if at > now:
                break
            ground[mark.lane] = "#FFFFFF" if mark.kind in FRESH else STATES.get(mark.kind, ground[mark.lane])
            words[mark.lane] = f"{mark.kind} {mark.words}" if mark.kind != "entered a view" else mark.words
        for node, colour in enumerate(ground):
            self._grounds[node].set_markerfacecolor(colour)
            self._words[node].set_text(words[node])


def _unfolded(time: FoldedTime, place: float) -> float:
    """Return the time at a place of the folded axis."""
    corners = time.corners
    for (start, low), (end, high) in pairwise(corners):
        if place <= high:
            return end if high == low else start + (end - start) * (place - low) / (high - low)
    return time.end
