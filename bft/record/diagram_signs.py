"""How a space-time diagram is read, whatever draws it: signs of what nodes report, what is named, what is hidden."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bft.record.diagram import SpaceTime

OTHER = "#9A9A9A"
ALARM = "#B5450F"
AT_WORK = ("#F2DFAF", "#B89B4B")
"""Filling and edge of a validator at work."""

SIGNS = {
    "accepted": ("o", "white"),
    "prepared": ("o", "#BBBBBB"),
    "locked": ("D", "#BBBBBB"),
    "committed": ("o", "black"),
    "executed": ("s", "black"),
    "left the view": (">", "white"),
    "entered a view": (">", "black"),
    "refused": ("D", "white"),
    "crashed": ("x", "none"),
    "recovered": ("^", "white"),
    "breach": ("X", "none"),
}
"""Shape and filling of each kind of mark."""

WORDED = ("accepted", "executed", "left the view", "entered a view", "refused", "breach")
"""Marks that are named where they stand, and those of them whose words stand below."""
BELOW = ("executed", "entered a view")


def times(diagram: SpaceTime, hidden: Collection[str] | None = None) -> Iterator[float]:
    """Yield when something happens that is shown; by default without what the diagram hides."""
    hidden = diagram.hidden if hidden is None else hidden
    for arrow in diagram.arrows:
        if arrow.kind not in hidden:
            yield arrow.sent
            if arrow.received is not None:
                yield arrow.received
    yield from (each.at for each in diagram.marks)
    for span in diagram.spans:
        yield span.start
        if span.end is not None:
            yield span.end
