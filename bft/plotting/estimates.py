"""What this room plots: the shape of a sweep, whoever made it, and how its axes and series are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bft.errors import SweepError, bad_value
from bft.scenario import Scenario

DELTA = "faults.delta"
NAMES = {
    "n": "n",
    DELTA: "δ",
    "quorum": "q",
    "views": "views",
    "faults.behaviour": "",
    "faults.draw": "draw",
    "protocol": "",
    "validators.kind": "",
    "validators.preset": "",
    "network.loss": "loss",
}
AXIS_LABELS = {
    "n": "number of nodes n",
    DELTA: "per-node fault probability δ",
    "quorum": "quorum q (nodes)",
    "views": "rounds of voting allowed t (views)",
    "faults.behaviour": "behaviour of faulty nodes",
    "validators.kind": "validators",
    "network.loss": "probability that a message is lost",
}
UNITS = {"_s": "seconds", "_per_s": "per second"}


class Share(Protocol):
    """An estimated probability and its interval."""

    @property
    def value(self) -> float:
        """Share of the runs."""

    @property
    def low(self) -> float:
        """Lower end of the interval."""

    @property
    def high(self) -> float:
        """Upper end of the interval."""


class Result(Protocol):
    """One cell of a sweep."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What the swept fields are set to."""

    @property
    def runs(self) -> int:
        """Number of runs behind the estimates."""

    def share(self, names: Sequence[str], level: float) -> Share:
        """Estimate the probability that one of these outcomes happens."""

    def exact(self, names: Sequence[str]) -> float | None:
        """Return the same by the exact law, or None."""


class Estimates(Protocol):
    """A sweep."""

    @property
    def scenario(self) -> Scenario:
        """What all cells have in common."""

    @property
    def over(self) -> Mapping[str, Sequence[Any]]:
        """Path and values of each axis."""

    @property
    def seed(self) -> int:
        """Master seed."""

    @property
    def level(self) -> float:
        """Confidence level of the intervals."""

    @property
    def results(self) -> Sequence[Result]:
        """The cells that ran."""

    def curve(self, place: int, path: str, values: Sequence[float]) -> Mapping[str, NDArray[np.float64]] | None:
        """Return the probabilities of outcomes by the exact law along other values of one parameter, or None."""


class Prediction(Protocol):
    """What another model says, to be drawn beside the estimates."""

    @property
    def label(self) -> str:
        """What it assumes."""

    @property
    def deltas(self) -> ArrayLike:
        """Where it was evaluated."""

    @property
    def law(self) -> Any:
        """Its probabilities there, by the names of the outcomes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The cells that differ in nothing but what is on the x axis."""

    label: str
    """What the others have not."""
    places: tuple[int, ...]
    """Their numbers in the sweep, in the order of the x axis."""


def horizontal(estimates: Estimates, x: str | None) -> str | None:
    """Return which axis of the sweep is drawn from left to right; None if it has none.

    Raises `SweepError` if the sweep has no axis of that name.
    """
    if not hasattr(estimates, "over"):
        raise SweepError(bad_value("estimates", estimates, "must be a sweep, as bft.sweep returns it"))
    if x is not None:
        if x not in estimates.over:
            raise SweepError(bad_value("x", x, f"must be one of {', '.join(estimates.over) or 'no axes'}"))
        return x
    several = [path for path, values in estimates.over.items() if len(values) > 1] or list(estimates.over)
    preferred = [path for path in several if path == DELTA] or [path for path in several if numeric(estimates, path)]
    return next(iter(preferred or several), None)


def numeric(estimates: Estimates, path: str | None) -> bool:
    """Return whether all values of an axis are numbers."""
    values = estimates.over[path] if path is not None else ("",)
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def continuous(estimates: Estimates, path: str) -> bool:
    """Return whether an axis is a quantity between whose values there are others: a number, but not a count."""
    values = estimates.over[path]
    return numeric(estimates, path) and (path == DELTA or any(isinstance(value, float) for value in values))


def positions(estimates: Estimates, path: str | None, places: Sequence[int]) -> NDArray[np.float64]:
    """Return where cells stand on the x axis: at their value, or in the order of the axis if that is not a number."""
    if path is None:
        return np.zeros(len(places))
    values = [estimates.results[place].parameters[path] for place in places]
    if not numeric(estimates, path):
        values = [list(estimates.over[path]).index(value) for value in values]
    return np.asarray(values, dtype=np.float64)


def all_series(estimates: Estimates, path: str | None) -> list[Series]:
    """Return the series of a sweep, in the order of its axes."""
    grouped: dict[tuple[tuple[str, Any], ...], list[int]] = {}
    for place, result in enumerate(estimates.results):
        key = tuple((name, value) for name, value in result.parameters.items() if name != path)
        grouped.setdefault(key, []).append(place)
    shown = {name for name, values in estimates.over.items() if len(values) > 1}
    return [
        Series(
            label=", ".join(called(name, value) for name, value in key if name in shown),
            places=tuple(places[index] for index in np.argsort(positions(estimates, path, places), kind="stable")),
        )
        for key, places in grouped.items()
    ]


def ordered_series(estimates: Estimates, path: str | None) -> bool:
    """Return whether the series differ in one number alone, so that their colours should be in its order."""
    others = [name for name, values in estimates.over.items() if name != path and len(values) > 1]
    return len(others) == 1 and numeric(estimates, others[0])


def called(path: str, value: Any) -> str:
    """Return how a value of a field is called in a legend."""
    name = NAMES.get(path, path)
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{name} = {shown}" if name else shown.replace("_", " ")


def axis_label(path: str | None) -> str:
    """Return the label of an axis, with its unit."""
    if path is None:
        return ""
    if path in AXIS_LABELS:
        return AXIS_LABELS[path]
    unit = next((unit for ending, unit in sorted(UNITS.items(), reverse=True) if path.endswith(ending)), None)
    return path if unit is None else f"{path} ({unit})"


def run_counts(estimates: Estimates) -> str:
    """Return how many runs stand behind each point."""
    runs = [result.runs for result in estimates.results] or [0]
    return f"{min(runs)}" if min(runs) == max(runs) else f"{min(runs)}–{max(runs)}"


def drawn_from(estimates: Estimates) -> str:
    """Return what a point is: run count and interval, and how many were run again by the other engine."""
    again = [getattr(result, "witnessed", 0) for result in estimates.results] or [0]
    told = f"simulated: {run_counts(estimates)} runs per point, {100 * estimates.level:g} % interval"
    if not max(again):
        return told
    count = f"{min(again)}" if min(again) == max(again) else f"{min(again)}–{max(again)}"
    return f"{told};\n{count} of them also event by event, with equal ends"
