"""What came of operations in one run: reliability of nodes and of their quorum, repairs, calls, queues, alerts.

Every figure has its interval. For people `to_text`, for programs `to_json`, for Prometheus `to_metrics`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bft.llm_service.panel import ServicePanel
from bft.llm_service.queue_measures import QueueMeasures
from bft.llm_service.service import LlmService
from bft.operations.alerts import Alert
from bft.operations.estimates import Law, NodeRecord, Reliability, reliability
from bft.operations.intervals import Estimate, mean_estimate, share_estimate
from bft.operations.prometheus import Metric, Sample
from bft.operations.report import WORDS, Report
from bft.resilience.steady_state import Finding
from bft.simulation.lifecycles import Lives

QUEUE_WORDS = {
    "in_system": "L",
    "queue_length": "Lq",
    "response_s": "W (s)",
    "wait_s": "Wq (s)",
    "delayed": "P(wait)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineReport:
    """The machines.

    Attributes
    ----------
    nodes, quorum : Reliability
        Of the nodes, and of "a quorum of nodes is up".
    faults, actions : mapping of str to int
        How many of each kind.
    detection_s : Estimate
        From a fault to its detection.
    lost_requests : Estimate
        Executed requests that a node had lost when it came back from a backup, per such return.
    """

    nodes: Reliability
    quorum: Reliability
    faults: Mapping[str, int]
    actions: Mapping[str, int]
    detection_s: Estimate
    lost_requests: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceReport:
    """The LLM service, as its callers saw it.

    Attributes
    ----------
    calls : int
        Calls that ended; those of crashed nodes are not among them.
    votes, abstained, failed : int
        Calls that were votes, that brought an answer which is none, and that brought nothing.
    success : Estimate
        Share of calls answered by a model or a cache.
    target : Finding
        Whether that meets 99.9 %: holds, broken, or undecided.
    rates : mapping
        Of the tally: error, cache hits, fallback, retries per call.
    sources, failures : mapping of str to int
        Where answers came from, and why calls failed.
    endpoints : mapping
        How often each endpoint answered, and with what it failed.
    queues : mapping
        What each endpoint's queue was like; None where too few calls came.
    health : tuple of str
        Of each node's validator at the end.
    alerts : tuple of (float, int, Alert)
        Time, node and alert, in order.
    """

    calls: int
    votes: int
    abstained: int
    failed: int
    success: Estimate
    target: Finding
    rates: Mapping[str, float]
    sources: Mapping[str, int]
    failures: Mapping[str, int]
    endpoints: Mapping[str, Mapping[str, int]]
    queues: Mapping[str, QueueMeasures | None]
    health: tuple[str, ...]
    alerts: tuple[tuple[float, int, Alert], ...]

    @property
    def alerts_by_level(self) -> dict[str, int]:
        """How many alerts reached each level."""
        return dict(sorted(Counter(alert.level.name.lower() for _, _, alert in self.alerts).items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsReport:
    """All of it.

    Attributes
    ----------
    end_s : float
        When observation ended.
    machines : MachineReport or None
        Without machines that fail there is none.
    service : ServiceReport or None
        Without a service there is none.
    """

    end_s: float
    machines: MachineReport | None
    service: ServiceReport | None

    def to_json(self) -> dict[str, Any]:
        """Return JSON values; what is not finite is null."""
        told: dict[str, Any] = {"end_s": self.end_s, "machines": None, "service": None}
        if self.machines is not None:
            told["machines"] = {
                "nodes": Report(reliability=self.machines.nodes).to_json(),
                "quorum": Report(reliability=self.machines.quorum).to_json(),
                "faults": dict(self.machines.faults),
                "actions": dict(self.machines.actions),
                "detection_s": self.machines.detection_s.to_json(),
                "lost_requests": self.machines.lost_requests.to_json(),
            }
        if self.service is not None:
            told["service"] = _service_json(self.service)
        return told

    def to_text(self) -> str:
        """Return lines for a terminal."""
        lines: list[str] = []
        if self.machines is not None:
            for title, figures in (("nodes", self.machines.nodes), ("quorum", self.machines.quorum)):
                lines += [
                    f"{f'{title}: {label}':<34}{getattr(figures, name).to_text()}" for name, label in WORDS.items()
                ]
            lines.append(f"{'faults':<34}{_counts(self.machines.faults)}")
            lines.append(f"{'actions':<34}{_counts(self.machines.actions)}")
            lines.append(f"{'detection (s)':<34}{self.machines.detection_s.to_text()}")
            lines.append(f"{'requests lost per restore':<34}{self.machines.lost_requests.to_text()}")
        if self.service is not None:
            lines += _service_text(self.service)
        return "\n".join(lines)

    def to_metrics(self, *, prefix: str = "bft") -> list[Metric]:
        """Return what a Prometheus server may scrape."""
        metrics: list[Metric] = []
        if self.machines is not None:
            metrics += Report(reliability=self.machines.nodes).to_metrics(prefix=prefix)
            metrics += Report(reliability=self.machines.quorum).to_metrics(prefix=f"{prefix}_quorum")
        if self.service is not None:
            shown = ("votes", "abstained", "failed")
            samples = tuple(
                Sample(value=float(getattr(self.service, name)), labels=(("result", name),)) for name in shown
            )
            metrics.append(
                Metric(name=f"{prefix}_calls_total", help="calls of validators", kind="counter", samples=samples)
            )
        return metrics


def report(
    *,
    end_s: float,
    lives: Lives | None,
    laws: tuple[Law, Law],
    lost_requests: Sequence[int],
    panel: ServicePanel | None,
) -> OperationsReport:
    """Gather what came of operations; `laws` are those of the times up and down, as far as their intervals go."""
    return OperationsReport(
        end_s=end_s,
        machines=None if lives is None else _machines(lives, laws, lost_requests),
        service=None if panel is None else _service(panel, panel.service),
    )


def _machines(lives: Lives, laws: tuple[Law, Law], lost_requests: Sequence[int]) -> MachineReport:
    outages = lives.outages
    return MachineReport(
        nodes=_reliability(lives.nodes, lives.end_s, *laws),
        quorum=_reliability([lives.system], lives.end_s, "exponential", "any"),
        faults=dict(sorted(Counter(outage.kind.value for outage in outages).items())),
        actions=dict(sorted(Counter(action.value for each in outages for action, _ in each.actions).items())),
        detection_s=mean_estimate([outage.detection_s for outage in outages]),
        lost_requests=mean_estimate([float(lost) for lost in lost_requests]),
    )


def _service(panel: ServicePanel, service: LlmService) -> ServiceReport:
    served = panel.answered + panel.abstained + panel.failed
    return ServiceReport(
        calls=served,
        votes=panel.answered,
        abstained=panel.abstained,
        failed=panel.failed,
        success=share_estimate(panel.served, served),
        target=panel.finding(),
        rates=panel.tally.rates(),
        sources=panel.tally.sources,
        failures=panel.tally.reasons("pipeline", "failed"),
        endpoints=service.counts,
        queues={name: meter.measures() for name, meter in service.meters.items()},
        health=tuple(monitor.health.value for monitor in panel.monitors),
        alerts=tuple(panel.alerts),
    )


def _reliability(records: Sequence[NodeRecord], end_s: float, up: Law, down: Law) -> Reliability:
    """Times up and times down may follow different laws."""
    found = reliability(records, end_s=end_s, law=up)
    return found if up == down else replace(found, mttr_s=reliability(records, end_s=end_s, law=down).mttr_s)


def _service_json(service: ServiceReport) -> dict[str, Any]:
    told: dict[str, Any] = {
        name: getattr(service, name) for name in ("calls", "votes", "abstained", "failed", "rates", "sources")
    }
    told |= {"failures": dict(service.failures), "health": list(service.health)}
    told["success"] = service.success.to_json()
    told["target"] = {"standing": service.target.standing.value, "calls_needed": service.target.calls_needed}
    told["endpoints"] = {name: dict(counts) for name, counts in service.endpoints.items()}
    told["queues"] = {
        name: None if found is None else {word: getattr(found, word).to_json() for word in QUEUE_WORDS}
        for name, found in service.queues.items()
    }
    told["alerts"] = [
        {"at_s": at_s, "node": node, "metric": each.metric, "level": each.level.name.lower(), "value": each.value}
        for at_s, node, each in service.alerts
    ]
    return told


def _service_text(service: ServiceReport) -> list[str]:
    lines = [
        f"{'calls':<34}{_counts({name: getattr(service, name) for name in ('votes', 'abstained', 'failed')})}",
        f"{'calls answered':<34}{service.success.to_text()}",
        f"{'at least 99.9 % answered':<34}{service.target.standing.value}",
        *(f"{f'{name} per call':<34}{rate:.6g}" for name, rate in service.rates.items() if name != "success"),
        f"{'answers from':<34}{_counts(service.sources)}",
        f"{'failures':<34}{_counts(service.failures)}",
    ]
    for name, counts in service.endpoints.items():
        lines.append(f"{f'endpoint {name}':<34}{_counts(counts)}")
        queue = service.queues[name]
        if queue is not None:
            lines += [f"{f'  {label}':<34}{getattr(queue, word).to_text()}" for word, label in QUEUE_WORDS.items()]
    lines.append(f"{'health of the nodes':<34}{_counts(Counter(service.health))}")
    lines.append(f"{'alerts':<34}{_counts(service.alerts_by_level)}")
    return lines


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
