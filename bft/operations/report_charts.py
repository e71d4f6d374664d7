"""The pictures of an operations report, as SVG to stand within a page: who was up when, and what the windows showed.

They are drawn in the page's own colour, with hatching and dashes instead of hues, so that they read the same in grey
and on a dark screen. However long the run, a picture has no more than a few marks for each of its columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from bft.operations.bands import Band
from bft.operations.estimates import NodeRecord

COLUMNS = 600  # of the plot; one for each unit of the drawing's width
LEFT, RIGHT, ROW, AXIS = 70, 16, 18, 26
CHART = 130
LETTERS = 12  # height of a line of text
MOST_ROWS = 40

Points = Sequence[tuple[float, float]]
Spans = Sequence[tuple[float, float]]


def availability_chart(records: Sequence[tuple[str, NodeRecord]], end_s: float) -> str:
    """Draw a row for each node, down where it is hatched; at most 40 rows, those that were down longest."""
    start_s = min(record.start_s for _, record in records)
    shown = sorted(records, key=lambda named: -sum(end - start for start, end in _outages(named[1], end_s)))[:MOST_ROWS]
    chosen = {name for name, _ in shown}
    rows = [(name, record) for name, record in records if name in chosen]
    marks = []
    for place, (name, record) in enumerate(rows):
        top = place * ROW + 4
        marks.append(f'<text x="{LEFT - 8}" y="{top + 10}" text-anchor="end">{escape(name)}</text>')
        marks.append(f'<line x1="{LEFT}" x2="{LEFT + COLUMNS}" y1="{top + 6}" y2="{top + 6}" class="up"/>')
        for first, last in _columns(_outages(record, end_s), start_s, end_s):
            marks.append(f'<rect x="{LEFT + first}" y="{top}" width="{last - first + 1}" height="12" class="down"/>')
    height = len(rows) * ROW + 8
    return _drawing(marks, height, start_s, end_s, f"{len(rows)} nodes over time; hatched where one was down")


def window_chart(
    points: Points, band: Band, alerts_s: Sequence[float], *, start_s: float, end_s: float, what: str
) -> str:
    """Draw the values of a window over time, the limits of its band dashed, an alert as a triangle below."""
    highest = max([value for _, value in points] + [band.good, band.bad]) * 1.1
    marks = []
    for limit, name in ((band.good, "good"), (band.bad, "bad")):
        y = _height(limit, highest)
        marks.append(f'<line x1="{LEFT}" x2="{LEFT + COLUMNS}" y1="{y}" y2="{y}" class="{name}"/>')
    marks += _scale([band.good, band.bad, *(value for _, value in points)], band, highest)
    path = " ".join(
        f"{LEFT + column},{_height(value, highest)}" for column, value in _worst(points, band, start_s, end_s)
    )
    marks.append(f'<polyline points="{path}" class="value"/>')
    for first, _ in _columns([(at_s, at_s) for at_s in alerts_s], start_s, end_s):
        x = LEFT + first
        marks.append(f'<path d="M{x - 4} {CHART + 8} L{x + 4} {CHART + 8} L{x} {CHART} Z" class="alert"/>')
    return _drawing(marks, CHART + 10, start_s, end_s, what)


def _scale(values: Sequence[float], band: Band, highest: float) -> list[str]:
    """Label the limits and the largest and smallest value, as far as there is room; the limits come first."""
    labels: list[str] = []
    taken: list[int] = []
    for value in (band.bad, band.good, max(values), min(values)):
        y = _height(value, highest)
        if all(abs(y - other) >= LETTERS for other in taken):
            taken.append(y)
            labels.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{value:.3g}</text>')
    return labels


def _drawing(marks: Sequence[str], height: int, start_s: float, end_s: float, what: str) -> str:
    axis = []
    for step in range(5):
        x = LEFT + COLUMNS * step // 4
        anchor = "start" if step == 0 else "end" if step == 4 else "middle"
        at_s = start_s + (end_s - start_s) * step / 4
        axis.append(f'<line x1="{x}" x2="{x}" y1="{height}" y2="{height + 5}" class="tick"/>')
        axis.append(f'<text x="{x}" y="{height + 18}" text-anchor="{anchor}">{duration(at_s)}</text>')
    axis.append(f'<line x1="{LEFT}" x2="{LEFT + COLUMNS}" y1="{height}" y2="{height}" class="tick"/>')
    width = LEFT + COLUMNS + RIGHT
    box = f"0 0 {width} {height + AXIS}"
    head = f'<svg viewBox="{box}" role="img" aria-label="{escape(what)}"><title>{escape(what)}</title>'
    return "".join([head, *marks, *axis, "</svg>"])


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it.

    Examples
    --------
    >>> [duration(each) for each in (0.0, 1.5, 90.0, 5400.0, 864000.0)]
    ['0 s', '1.5 s', '1.5 min', '1.5 h', '10 d']
    """
    for unit, length_s in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if abs(seconds) >= length_s:
            return f"{seconds / length_s:.3g} {unit}"
    return f"{seconds:.3g} s"


def _outages(record: NodeRecord, end_s: float) -> list[tuple[float, float]]:
    outages, at_s = [], record.start_s
    for place, up_s in enumerate(record.ups_s):
        at_s += up_s
        down_s = record.downs_s[place] if place < len(record.downs_s) else end_s - at_s
        outages.append((at_s, at_s + down_s))
        at_s += down_s
    return outages


def _columns(spans: Spans, start_s: float, end_s: float) -> list[tuple[int, int]]:
    """Return first and last column of each span, those that touch as one: never more than there are columns."""
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        first, last = _column(start, start_s, end_s), _column(end, start_s, end_s)
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def _worst(points: Points, band: Band, start_s: float, end_s: float) -> list[tuple[int, float]]:
    """Return the worst value of each column that has any."""
    worse = max if band.good < band.bad else min
    found: dict[int, float] = {}
    for at_s, value in points:
        column = _column(at_s, start_s, end_s)
        found[column] = worse(found.get(column, value), value)
    return sorted(found.items())


def _column(at_s: float, start_s: float, end_s: float) -> int:
    share = 0.0 if end_s <= start_s else (at_s - start_s) / (end_s - start_s)
    return min(COLUMNS - 1, max(0, math.floor(share * COLUMNS)))


def _height(value: float, highest: float) -> int:
    return round(CHART - CHART * value / highest) if highest > 0.0 else CHART
