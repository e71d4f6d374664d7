"""The report of operations: what was watched and what came of it, for people (text), programs (JSON) and Prometheus.

The same figures in each form: reliability with intervals, health, traffic lights, alerts that were raised. The page
with pictures is left to `report_html`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bft.core.refusal import require
from bft.operations.alerts import Alert, Monitor
from bft.operations.estimates import NodeRecord, Reliability
from bft.operations.prometheus import Metric, Sample

WORDS = {
    "p_fault": "P(Fault) = N_F / N_S",
    "recovery_rate": "recovery rate N_R / N_F",
    "mtbf_s": "MTBF (s)",
    "mttr_s": "MTTR (s)",
    "availability": "availability",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is reported.

    Attributes
    ----------
    reliability : Reliability
        Of the nodes.
    monitor : Monitor or None
        Of the service's calls, where there were any.
    alerts : sequence of (time, Alert)
        In order.
    records : sequence of NodeRecord
        Of the nodes, to show who was up when.
    end_s : float or None
        When observation ended; needed with `records`.
    history : sequence of (time, metrics)
        What `Monitor.metrics` showed from time to time, in order.
    title : str
        Of the page.
    """

    reliability: Reliability
    monitor: Monitor | None = None
    alerts: Sequence[tuple[float, Alert]] = ()
    records: Sequence[NodeRecord] = ()
    end_s: float | None = None
    history: Sequence[tuple[float, Mapping[str, float | None]]] = ()
    title: str = "Operations"

    def __post_init__(self) -> None:
        holds = not self.records or self.end_s is not None
        require(holds, "report.end_s", self.end_s, "must be given with report.records")

    def to_json(self) -> dict[str, Any]:
        """Return JSON values; what is not finite is null."""
        figures = self.reliability
        told: dict[str, Any] = {name: getattr(figures, name).to_json() for name in WORDS}
        told |= {"failures": figures.failures, "repairs": figures.repairs, "observed_s": figures.observed_s}
        if self.monitor is not None:
            told["metrics"] = dict(self.monitor.metrics)
            told["lights"] = {metric: light.value for metric, light in self.monitor.lights.items()}
            told["health"] = self.monitor.health.value
            told["level"] = self.monitor.level.name.lower()
        told["alerts"] = [
            {"at_s": at_s, "metric": each.metric, "level": each.level.name.lower(), "value": each.value}
            for at_s, each in self.alerts
        ]
        return told

    def to_text(self) -> str:
        """Return lines for a terminal."""
        lines = [f"{label:<26}{getattr(self.reliability, name).to_text()}" for name, label in WORDS.items()]
        if self.monitor is not None:
            lines.append(f"{'health':<26}{self.monitor.health.value}")
            for metric, light in self.monitor.lights.items():
                value = self.monitor.metrics[metric]
                lines.append(f"{metric:<26}{'—' if value is None else f'{value:.4g}'}  {light.value}")
        for at_s, each in self.alerts:
            lines.append(f"{at_s:>12.1f} s  {each.metric}: {each.level.name.lower()} ({each.value:.4g})")
        return "\n".join(lines)

    def to_metrics(self, *, prefix: str = "bft") -> list[Metric]:
        """Return what a Prometheus server may scrape; intervals are samples with the label `bound`."""
        metrics = []
        for name, label in WORDS.items():
            value = getattr(self.reliability, name)
            bounds = (("value", value.value), ("low", value.low), ("high", value.high))
            samples = tuple(Sample(value=number, labels=(("bound", bound),)) for bound, number in bounds)
            metrics.append(
                Metric(
                    name=f"{prefix}_{name.replace('_s', '_seconds') if name.endswith('_s') else name}",
                    help=label,
                    kind="gauge",
                    samples=samples,
                )
            )
        for name, count in (("failures", self.reliability.failures), ("repairs", self.reliability.repairs)):
            sample = Sample(value=float(count))
            metrics.append(
                Metric(name=f"{prefix}_{name}_total", help=f"{name} of nodes", kind="counter", samples=(sample,))
            )
        if self.monitor is not None:
            known = {metric: value for metric, value in self.monitor.metrics.items() if value is not None}
            shown = tuple(Sample(value=value, labels=(("metric", metric),)) for metric, value in known.items())
            metrics.append(Metric(name=f"{prefix}_window", help="what the window shows", kind="gauge", samples=shown))
            level = Sample(value=float(self.monitor.level))
            metrics.append(
                Metric(name=f"{prefix}_alert_level", help="0 clear to 3 emergency", kind="gauge", samples=(level,))
            )
        return metrics
