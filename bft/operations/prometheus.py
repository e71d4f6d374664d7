"""Metrics in Prometheus' text format [1]_ and in OpenMetrics [2]_, written without a registry or a clock of its own.

Who asks for the page, and over what, is left to `metrics_server`.

References
----------
.. [1] Prometheus, "Exposition formats", text-based format, version 0.0.4.
.. [2] OpenMetrics, version 1.0.0, "Text format".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bft.core.refusal import require

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One value.

    Attributes
    ----------
    value : float
        Any float; for counters 0 or more.
    labels : tuple of (name, value)
        Each name once.
    """

    value: float
    labels: Labels = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric with its samples.

    Attributes
    ----------
    name : str
        Counters end in `_total`.
    help : str
        What it means; any text.
    kind : {"counter", "gauge"}
    samples : tuple of Sample
        Different in their labels.
    """

    name: str
    help: str
    kind: Literal["counter", "gauge"]
    samples: tuple[Sample, ...]

    def __post_init__(self) -> None:
        _check_name(self.name)
        require(self.kind in ("counter", "gauge"), "metric.kind", self.kind, "must be 'counter' or 'gauge'")
        ends = self.name.endswith("_total") == (self.kind == "counter")
        require(ends, "metric.name", self.name, "must end in _total exactly when it is a counter")
        keys = [tuple(sorted(sample.labels)) for sample in self.samples]
        require(len(set(keys)) == len(keys), "metric.samples", keys, "must differ in their labels")
        for sample in self.samples:
            _check_labels(sample.labels)
            holds = self.kind == "gauge" or sample.value >= 0.0
            require(holds, f"{self.name}", sample.value, "must be 0 or more: a counter only grows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Counts of observations by size.

    Attributes
    ----------
    name, help : str
    bounds : tuple of float
        Upper bounds of the buckets, growing; a last one at infinity is added.
    counts : tuple of int
        Observations of each bucket by itself, the one up to infinity included.
    total : float
        Sum of all observations.
    labels : tuple of (name, value)
    """

    name: str
    help: str
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float
    labels: Labels = ()

    def __post_init__(self) -> None:
        _check_name(self.name)
        _check_labels(self.labels)
        require("le" not in dict(self.labels), "histogram.labels", self.labels, "must not name the bucket's label le")
        growing = list(self.bounds) == sorted(set(self.bounds)) and all(map(math.isfinite, self.bounds))
        require(growing, "histogram.bounds", self.bounds, "must be finite and growing")
        holds = len(self.counts) == len(self.bounds) + 1 and min(self.counts) >= 0
        require(holds, "histogram.counts", self.counts, f"must be {len(self.bounds) + 1} counts, 0 or more")

    @classmethod
    def of(cls, name: str, text: str, values: Sequence[float], *, bounds: tuple[float, ...]) -> Histogram:
        """Count values."""
        edges = (*bounds, math.inf)
        counts = [0] * len(edges)
        for value in values:
            counts[next(place for place, edge in enumerate(edges) if value <= edge)] += 1
        return cls(name=name, help=text, bounds=bounds, counts=tuple(counts), total=math.fsum(values))


def exposition(metrics: Sequence[Metric | Histogram]) -> str:
    """Return the page that a Prometheus server scrapes.

    Examples
    --------
    >>> up = Metric(name="bft_up", help="Nodes that are up.", kind="gauge", samples=(Sample(value=4.0),))
    >>> print(exposition([up]), end="")
    # HELP bft_up Nodes that are up.
    # TYPE bft_up gauge
    bft_up 4
    """
    return "".join(f"{line}\n" for line in _lines(metrics, open_metrics=False))


def open_metrics(metrics: Sequence[Metric | Histogram]) -> str:
    """Return the same page in OpenMetrics: a counter's family goes without `_total`, and the end is marked.

    Examples
    --------
    >>> print(open_metrics([counter("bft_calls_total", "Calls.", {("ok",): 3}, labels=("outcome",))]), end="")
    # HELP bft_calls Calls.
    # TYPE bft_calls counter
    bft_calls_total{outcome="ok"} 3
    # EOF
    """
    return "".join(f"{line}\n" for line in (*_lines(metrics, open_metrics=True), "# EOF"))


def counter(name: str, text: str, counts: Mapping[tuple[str, ...], int], *, labels: tuple[str, ...]) -> Metric:
    """Return one counter with a sample for each combination of labels, such as the tally of policies' decisions."""
    samples = tuple(
        Sample(value=float(count), labels=tuple(zip(labels, values, strict=True))) for values, count in counts.items()
    )
    return Metric(name=name, help=text, kind="counter", samples=samples)


def gauges(values: Mapping[str, float | None], *, prefix: str = "bft", text: str = "") -> list[Metric]:
    """Return one gauge for each value; what is unknown is left out."""
    return [
        Metric(name=f"{prefix}_{name}", help=text or name, kind="gauge", samples=(Sample(value=value),))
        for name, value in values.items()
        if value is not None
    ]


def _lines(metrics: Sequence[Metric | Histogram], *, open_metrics: bool) -> list[str]:
    families = [_family(metric, open_metrics) for metric in metrics]
    require(len(set(families)) == len(families), "metrics", families, "must have different names")
    lines: list[str] = []
    for family, metric in zip(families, metrics, strict=True):
        kind = "histogram" if isinstance(metric, Histogram) else metric.kind
        text = _escaped(metric.help) if open_metrics else metric.help.replace("\\", r"\\").replace("\n", r"\n")
        lines += [f"# HELP {family} {text}", f"# TYPE {family} {kind}"]
        if isinstance(metric, Histogram):
            lines += _buckets(metric, open_metrics)
        else:
            lines += [_line(metric.name, sample.labels, sample.value) for sample in metric.samples]
    return lines


def _family(metric: Metric | Histogram, open_metrics: bool) -> str:
    counts = open_metrics and isinstance(metric, Metric) and metric.kind == "counter"
    return metric.name.removesuffix("_total") if counts else metric.name


def _buckets(metric: Histogram, open_metrics: bool) -> list[str]:
    lines, below = [], 0
    for edge, count in zip((*metric.bounds, math.inf), metric.counts, strict=True):
        below += count
        bound = repr(float(edge)) if open_metrics and math.isfinite(edge) else _number(edge)  # 1.0 there, 1 here
        lines.append(_line(f"{metric.name}_bucket", (*metric.labels, ("le", bound)), below))
    lines.append(_line(f"{metric.name}_sum", metric.labels, metric.total))
    lines.append(_line(f"{metric.name}_count", metric.labels, below))
    return lines


def _line(name: str, labels: Labels, value: float) -> str:
    pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
    return f"{name}{{{pairs}}} {_number(value)}" if pairs else f"{name} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0.0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def _check_name(name: str) -> None:
    require(_NAME.fullmatch(name) is not None, "metric.name", name, "must be letters, digits, _ and :, no digit first")


def _check_labels(labels: Labels) -> None:
    names = [name for name, _ in labels]
    require(len(set(names)) == len(names), "metric.labels", labels, "must name each label once")
    for name in names:
        holds = _LABEL.fullmatch(name) is not None
        require(holds, "metric.labels", name, "must be letters, digits and _, no digit or two _ first")
