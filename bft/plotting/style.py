"""How every figure looks: colours, markers, sizes, and what is written to disk.

Colours differ in lightness, and every series has a marker of its own, so that figures can be read in grey and by the
colour-blind. No global state is touched: figures are made without pyplot, and the settings hold only inside `styled`.

References
----------
Okabe & Ito, *Color Universal Design*, 2008 (the qualitative colours). Van der Walt & Smith, *A better default colormap
for matplotlib*, SciPy 2015 (viridis, for series in an order: lightness rises evenly).
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import Stroke, withStroke

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


def styled() -> Any:
    """Return the context in which figures are made and saved."""
    settings: Any = SETTINGS
    return matplotlib.rc_context(settings)


def new_figure(width_in: float = 6.0, height_in: float = 4.6) -> Figure:
    """Return an empty figure that no window and no global list knows about; sizes in inches."""
    return Figure(figsize=(width_in, height_in), layout="constrained")


def axes_or_new(ax: Axes | None) -> Axes:
    """Return the axes that were given, or those of a new figure."""
    return new_figure().add_subplot() if ax is None else ax


def series_colours(count: int, *, ordered: bool) -> list[Any]:
    """Return one colour for each series: from dark to light where they are ordered, else as different as possible."""
    if ordered:
        shades = np.linspace(DARKEST, LIGHTEST, count) if count > 1 else [DARKEST]
        return [matplotlib.colormaps["viridis"](shade) for shade in shades]
    return [QUALITATIVE[place % len(QUALITATIVE)] for place in range(count)]


def outlined(width: float) -> list[Any]:
    """Return a white outline for what is drawn over coloured ground."""
    return [Stroke(linewidth=width, foreground=GROUND), withStroke(linewidth=width, foreground=GROUND)]


def legend_below(ax: Axes, handles: Sequence[Any], labels: Sequence[str], columns: int) -> None:
    """Put the legend under the axes, where it covers no data."""
    ax.legend(
        handles,
        labels,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.15),
        ncols=columns,
        columnspacing=1.6,
        handlelength=2.6,
        borderaxespad=0.0,
    )


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
