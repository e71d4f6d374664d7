"""How every figure looks: colours, markers, sizes, and what is written to disk.

Colours differ in lightness, and every series has a marker of its own, so that figures can be read in grey and by the
colour-blind. No global state is touched: figures are made without pyplot, and the settings hold only inside `styled`.

References
----------
Okabe & Ito, *Color Universal Design*, 2008 (the qualitative colours). Van der Walt & Smith, *A better default colormap
for matplotlib*, SciPy 2015 (viridis, for series in an order: lightness rises evenly).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from textwrap import wrap
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.legend import Legend
from matplotlib.patheffects import Stroke, withStroke
from matplotlib.transforms import ScaledTranslation

SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # it comes with matplotlib: the same figure everywhere
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8.0,
    "axes.labelsize": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
    "legend.fontsize": 8.8,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "lines.markersize": 5.0,
    "hatch.linewidth": 0.6,
    "figure.dpi": 110,
    "savefig.dpi": 160,
    "svg.hashsalt": "bft",  # the same figure is the same file
}

QUALITATIVE = ("#0072B2", "#E69F00", "#444444", "#009E73", "#D55E00", "#56B4E9", "#8A6D00", "#CC79A7")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
LINES: tuple[Any, ...] = (
    "-",
    (0, (5, 2)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (9, 2)),
    (0, (5, 1, 1, 1, 1, 1)),
    (0, (2.5, 1)),
    (0, (3, 1, 1, 1)),
)
MARKS, WIDTHS = (11.0, 3.6), (5.0, 1.2)  # of the first and the last of nested series, in points
DARKEST, LIGHTEST = 0.0, 0.8  # of viridis; lighter ones vanish on white

OUTCOME_COLOURS = {
    "correct": "#6DB6E8",
    "wrong": "#B5450F",
    "agreed": "#2E9C7A",
    "partial": "#C9C9C9",
    "stalled": "#E6E6E6",
    "split": "#161616",
}
"""They differ in lightness, and so in grey."""

OUTCOME_HATCHES = {"partial": "////"}
LAW_COLOUR = "#000000"
REFERENCE_COLOUR = "#8C8C8C"  # what others state, beside what was found
GROUND = "white"
UNDER_AXES_IN = 0.5  # room for ticks and a label between axes and legend, in inches
LEGEND_SHARE = 0.2  # of the height of a figure; a longer legend makes the figure higher
FEWEST_LETTERS = 16  # of a line in a legend, however narrow the figure


def styled() -> Any:
    """Return the context in which figures are made and saved."""
    settings: Any = SETTINGS
    return matplotlib.rc_context(settings)


class OwnFigure(Figure):
    """A figure that was made here, and may grow where a long legend would leave no room for the data."""


def new_figure(width_in: float = 6.0, height_in: float = 4.6) -> Figure:
    """Return an empty figure that no window and no global list knows about; sizes in inches."""
    return OwnFigure(figsize=(width_in, height_in), layout="constrained")


def axes_or_new(ax: Axes | None) -> Axes:
    """Return the axes that were given, or those of a new figure."""
    return new_figure().add_subplot() if ax is None else ax


def series_colours(count: int, *, ordered: bool) -> list[Any]:
    """Return one colour for each series: from dark to light where they are ordered, else as different as possible."""
    if ordered:
        shades = np.linspace(DARKEST, LIGHTEST, count) if count > 1 else [DARKEST]
        return [matplotlib.colormaps["viridis"](shade) for shade in shades]
    return [QUALITATIVE[place % len(QUALITATIVE)] for place in range(count)]


def series_looks(count: int, *, ordered: bool = False, nested: bool = False) -> list[dict[str, Any]]:
    """Return colour, marker and line of each series: no two share both marker and line, up to 64 of them.

    Series in an order have colours from dark to light and whole lines; their markers tell them apart. Nested ones may
    lie on one another: from one to the next marks are smaller and lines thinner, so that each is seen.
    """
    looks = []
    for place, colour in enumerate(series_colours(count, ordered=ordered)):
        turn = place // len(MARKERS)  # each further turn pairs markers with other lines
        line = LINES[turn % len(LINES)] if ordered else LINES[(place + turn) % len(LINES)]
        looks.append({"color": colour, "marker": MARKERS[place % len(MARKERS)], "linestyle": line})
        if nested:
            inner = place / max(1, count - 1)
            looks[-1] |= {"markersize": (1 - inner) * MARKS[0] + inner * MARKS[1]}
            looks[-1] |= {"linewidth": (1 - inner) * WIDTHS[0] + inner * WIDTHS[1]}
    return looks


def outlined(width: float) -> list[Any]:
    """Return a white outline for what is drawn over coloured ground."""
    return [Stroke(linewidth=width, foreground=GROUND), withStroke(linewidth=width, foreground=GROUND)]


def legend_below(ax: Axes, handles: Sequence[Any], labels: Sequence[str], columns: int) -> None:
    """Put the legend under the axes, where it covers no data, in at most so many columns, and no more than fit."""
    grid = ax.get_gridspec()
    abreast = 1 if grid is None else grid.ncols
    room = ax.figure.bbox.width / abreast

    under = ax.transAxes + ScaledTranslation(0.0, -UNDER_AXES_IN, ax.figure.dpi_scale_trans)

    def drawn(ncols: int, shown: Sequence[str]) -> Legend:
        return ax.legend(
            handles,
            shown,
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            bbox_transform=under,
            ncols=ncols,
            columnspacing=1.6,
            handlelength=2.6,
            borderaxespad=0.0,
        )

    _fit(ax.figure, drawn, labels, columns, room)


def legend_under(
    figure: Figure,
    handles: Sequence[Any],
    labels: Sequence[str],
    columns: int,
    *,
    left: bool = False,
    handlelength: float = 2.0,
) -> None:
    """Put one legend under all panels of a figure, in at most so many columns, and no more than fit."""
    place: Literal["outside lower left", "outside lower center"] = (
        "outside lower left" if left else "outside lower center"
    )

    def drawn(ncols: int, shown: Sequence[str]) -> Legend:
        for earlier in list(figure.legends):
            earlier.remove()
        return figure.legend(handles, shown, loc=place, ncols=ncols, handlelength=handlelength)

    _fit(figure, drawn, labels, columns, figure.bbox.width)


def _fit(
    figure: Figure | SubFigure,
    drawn: Callable[[int, Sequence[str]], Legend],
    labels: Sequence[str],
    columns: int,
    room: float,
) -> None:
    """Draw a legend in fewer and fewer columns until it fits the room, in pixels; then break its longest lines."""
    tries = [(ncols, list(labels)) for ncols in range(max(1, min(columns, len(labels))), 0, -1)]
    lengths = range(max(map(len, labels), default=0), FEWEST_LETTERS, -4)
    tries += [(1, ["\n".join(wrap(label, letters)) for label in labels]) for letters in lengths]
    extents = (drawn(ncols, shown).get_window_extent() for ncols, shown in tries)
    extent = next((each for each in extents if each.width <= room), None) or drawn(*tries[-1]).get_window_extent()
    if isinstance(figure, OwnFigure):
        too_high = extent.height - LEGEND_SHARE * figure.bbox.height
        figure.set_figheight(figure.get_figheight() + max(0.0, too_high) / figure.dpi)


def save(figure: Figure | Axes, folder: str | Path, name: str) -> tuple[Path, Path]:
    """Write a figure as PNG and SVG, without the time of writing.

    Parameters
    ----------
    figure : Figure or Axes
        What to write; of axes the whole figure.
    folder : str or Path
        Existing folder.
    name : str
        File name without its ending.

    Returns
    -------
    tuple of Path
        The files.
    """
    png, svg = Path(folder) / f"{name}.png", Path(folder) / f"{name}.svg"
    write(figure, png)
    write(figure, svg)
    return png, svg


METADATA: dict[str, dict[str, Any]] = {
    ".png": {"Software": "bft"},
    ".svg": {"Date": None, "Creator": "bft"},
    ".pdf": {"CreationDate": None, "Creator": "bft"},
}


def write(figure: Figure | Axes, file: Path) -> None:
    """Write a figure, or the whole figure of axes, to a file that ends in .png, .svg or .pdf."""
    with styled():
        _whole(figure).savefig(file, metadata=METADATA[file.suffix])


def png_of(figure: Figure | Axes) -> bytes:
    """Return a figure, or the whole figure of axes, as the content of a PNG file."""
    file = BytesIO()
    with styled():
        _whole(figure).savefig(file, format="png", metadata=METADATA[".png"])
    return file.getvalue()


def _whole(figure: Figure | Axes) -> Any:
    return figure.get_figure(root=True) if isinstance(figure, Axes) else figure
