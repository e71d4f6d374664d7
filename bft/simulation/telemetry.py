"""Simulated telemetry of a node, and what detectors make of it: latency, error rate, CPU, memory, log lines.

Each metric is normal noise about its mean; a fault moves some of them at once, or ever further as time goes on, and
writes lines to the log. Harmless lines that look like a fault's come by themselves. Detectors see nothing but this.
Each alarm restarts its chart, and so does the repair of a fault.

**Assumptions.** Means, deviations, symptoms and rates below were not measured on any system: they are magnitudes with
which detectors have something to do. All of them are fields of `Telemetry`; put your own there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bft.errors import ScenarioError, bad_value
from bft.operations.detection import Detection, score
from bft.operations.ewma import Ewma, EwmaChart
from bft.operations.logs import DEFAULT_PATTERNS, LogPattern, LogWatch
from bft.operations.recovery import FaultKind
from bft.randomness import Randomness

Floats = NDArray[np.float64]
LOGS = "logs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric without faults: mean, and standard deviation from sample to sample; positive."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not 0.0 < self.sd < math.inf:
            raise ScenarioError(bad_value("metric.sd", self.sd, "must be positive and finite"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """What a fault does to one metric, in its standard deviations: at once, and more with each second."""

    metric: str
    jump: float = 0.0
    drift_per_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault of a node: from `start_s`, included, to `end_s`, not."""

    kind: FaultKind
    start_s: float
    end_s: float


METRICS: Mapping[str, Metric] = {
    "latency_s": Metric(mean=1.5, sd=0.3),
    "error": Metric(mean=0.02, sd=0.01),
    "cpu": Metric(mean=0.4, sd=0.08),
    "memory": Metric(mean=0.5, sd=0.03),
}
SYMPTOMS: Mapping[FaultKind, tuple[Symptom, ...]] = {
    FaultKind.CRASH: (Symptom(metric="error", jump=10.0),),
    FaultKind.HANG: (Symptom(metric="latency_s", jump=3.0), Symptom(metric="cpu", jump=2.0)),
    FaultKind.LEAK: (Symptom(metric="memory", drift_per_s=0.01),),
    FaultKind.CORRUPTION: (Symptom(metric="error", jump=2.0),),
    FaultKind.HOST: (Symptom(metric="error", jump=10.0),),
}
LINES: Mapping[FaultKind, str] = {
    FaultKind.CRASH: "panic: index out of range",
    FaultKind.HANG: "request timed out",
    FaultKind.LEAK: "out of memory: killed",
    FaultKind.CORRUPTION: "snapshot checksum differs",
    FaultKind.HOST: "i/o error on device",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """What a node reports.

    Attributes
    ----------
    period_s : float
        Between two samples; positive.
    metrics, symptoms, lines : mapping
        Metrics by name; what each kind of fault does to them; what it writes.
    lines_per_s : float
        Rate at which a fault writes its line; 0 or more.
    harmless_line : str
        Written now and then though nothing is wrong; by default what a hang would write.
    harmless_per_s : float
        Its rate; 0 or more.
    """

    period_s: float = 10.0
    metrics: Mapping[str, Metric] = field(default_factory=lambda: METRICS)
    symptoms: Mapping[FaultKind, tuple[Symptom, ...]] = field(default_factory=lambda: SYMPTOMS)
    lines: Mapping[FaultKind, str] = field(default_factory=lambda: LINES)
    lines_per_s: float = 0.05
    harmless_line: str = LINES[FaultKind.HANG]
    harmless_per_s: float = 0.001

    def __post_init__(self) -> None:
        if not 0.0 < self.period_s < math.inf:
            raise ScenarioError(bad_value("telemetry.period_s", self.period_s, "must be positive and finite"))
        for name, rate in (("lines_per_s", self.lines_per_s), ("harmless_per_s", self.harmless_per_s)):
            if not 0.0 <= rate < math.inf:
                raise ScenarioError(bad_value(f"telemetry.{name}", rate, "must be 0 or more, and finite"))
        for symptoms in self.symptoms.values():
            for each in symptoms:
                if each.metric not in self.metrics:
                    allowed = f"must be one of {', '.join(self.metrics)}"
                    raise ScenarioError(bad_value("telemetry.symptoms.metric", each.metric, allowed))


def detections(
    telemetry: Telemetry,
    faults: Sequence[Fault],
    *,
    end_s: float,
    seed: int,
    replication: int = 0,
    charts: Ewma | None = None,
    patterns: tuple[LogPattern, ...] = DEFAULT_PATTERNS,
) -> dict[str, Detection]:
    """Return what each detector made of a node's telemetry: one chart for each metric, and the log.

    Parameters
    ----------
    telemetry : Telemetry
    faults : sequence of Fault
        In order, not overlapping. Each counts for every detector, also where it shows in another metric only.
    end_s : float
        When observation ends.
    seed, replication : int
        Address of the randomness.
    charts : Ewma, optional
        Rules of the charts; their baseline is known.
    patterns : tuple of LogPattern
        What the log is searched for.
    """
    rules = Ewma() if charts is None else charts
    spans = [(fault.start_s, fault.end_s) for fault in faults]
    randomness = Randomness(seed)
    found = {}
    for number, name in enumerate(telemetry.metrics):
        noise = randomness.generator("operations.telemetry", replication, number)
        alarms = _chart_alarms(telemetry, name, faults, noise, end_s, rules)
        found[name] = score(spans, alarms, end_s=end_s)
    lines = randomness.generator("operations.logs", replication)
    found[LOGS] = score(spans, _log_alarms(telemetry, faults, lines, end_s, patterns), end_s=end_s)
    return found


def _chart_alarms(
    telemetry: Telemetry, name: str, faults: Sequence[Fault], noise: np.random.Generator, end_s: float, rules: Ewma
) -> list[float]:
    times: Floats = np.arange(1, int(end_s / telemetry.period_s) + 1, dtype=np.float64) * telemetry.period_s
    metric = telemetry.metrics[name]
    values = metric.mean + metric.sd * (noise.standard_normal(len(times)) + _moved(telemetry, name, faults, times))
    repaired = {int(np.searchsorted(times, fault.end_s)) for fault in faults}
    chart, alarms = EwmaChart(rules, mean=metric.mean, sd=metric.sd), []
    for place, (at_s, value) in enumerate(zip(times.tolist(), values.tolist(), strict=True)):
        if place in repaired:
            chart.restart()
        if chart.sample(value):
            alarms.append(at_s)
            chart.restart()
    return alarms


def _moved(telemetry: Telemetry, name: str, faults: Sequence[Fault], times: Floats) -> Floats:
    """How far faults move a metric, in its standard deviations."""
    moved = np.zeros(len(times))
    for fault in faults:
        during = (fault.start_s <= times) & (times < fault.end_s)
        for symptom in telemetry.symptoms.get(fault.kind, ()):
            if symptom.metric == name:
                moved[during] += symptom.jump + symptom.drift_per_s * (times[during] - fault.start_s)
    return moved


def _log_alarms(
    telemetry: Telemetry,
    faults: Sequence[Fault],
    source: np.random.Generator,
    end_s: float,
    patterns: tuple[LogPattern, ...],
) -> list[float]:
    lines = [(at_s, telemetry.harmless_line) for at_s in _poisson(source, telemetry.harmless_per_s, 0.0, end_s)]
    for fault in faults:
        text = telemetry.lines.get(fault.kind)
        if text is not None:
            until_s = min(fault.end_s, end_s)
            lines += [(at_s, text) for at_s in _poisson(source, telemetry.lines_per_s, fault.start_s, until_s)]
    watch = LogWatch(patterns)
    return [at_s for at_s, text in sorted(lines) if watch.line(at_s, text) is not None]


def _poisson(source: np.random.Generator, rate_per_s: float, start_s: float, end_s: float) -> list[float]:
    count = source.poisson(rate_per_s * (end_s - start_s))
    times: list[float] = np.sort(source.uniform(start_s, end_s, count)).tolist()
    return times
