"""What does an operator see of one bad hour?

Seven nodes of which five must be up fail and are repaired, and ask an LLM service of eight workers. From minute 20 to
minute 25 everything at the service takes four times as long, and from minute 40 to minute 42 it answers nothing at all.
A monitor with windows of 100 calls watches; the report is written as text, JSON, HTML and a Prometheus page.

Expected: the error rate alarms within a minute of the slowdown and clears after it; in the outage the emergency
("nothing answers") comes within seconds. Retries lie at their limit of 5 % all the hour, for 3.6 % of the calls exceed
the timeout, so that their warning comes and goes. Health at the end is good again: only the report tells what happened.

Run time: about 4 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

import json
from pathlib import Path

from bft.durations import Exponential, Lifetime
from bft.llm_service.load import CallRecord, open_loop
from bft.llm_service.service import LlmService
from bft.operations.alerts import Alert, Monitor
from bft.operations.estimates import reliability
from bft.operations.outages import DrawnRepair
from bft.operations.prometheus import exposition
from bft.operations.report import Report
from bft.operations.report_html import html
from bft.resilience.endpoints import Disturbance, Endpoint
from bft.resilience.pipeline import Level, Pipeline, Resilience
from bft.resilience.retry import Retry
from bft.simulation.lifecycles import Lifecycles

N, QUORUM = 7, 5
MTBF_S, MTTR_S = 1200.0, 60.0
WORKERS, SERVICE_S, CALLS_PER_S = 8, 1.5, 2.5
SLOW_S, OUTAGE_S = (1200.0, 1500.0), (2400.0, 2520.0)
SLOW_FACTOR = 4.0
HOUR_S = 3600.0
SEED = 3
OUT = Path("out/operations_report")


def main(out: Path = OUT) -> Report:
    """Run, print the report, write it in every form, and return it."""
    nodes = Lifecycles(
        n=N, k=QUORUM, up=Lifetime(mean_s=MTBF_S), repair=DrawnRepair(down=Lifetime(mean_s=MTTR_S)), seed=SEED
    ).run(HOUR_S)
    monitor, alerts, history = watched(calls())
    report = Report(
        reliability=reliability(nodes.nodes, end_s=HOUR_S),
        monitor=monitor,
        alerts=alerts,
        records=nodes.nodes,
        end_s=HOUR_S,
        history=history,
        title="One bad hour",
    )
    print(report.to_text())
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.html").write_text(html(report), encoding="utf-8")
    (out / "report.txt").write_text(report.to_text() + "\n", encoding="utf-8")
    (out / "report.json").write_text(json.dumps(report.to_json(), indent=1) + "\n", encoding="utf-8")
    (out / "metrics.txt").write_text(exposition(report.to_metrics()), encoding="utf-8")
    return report


def calls() -> list[CallRecord]:
    """Let the service have its bad hour."""
    slow = Disturbance(start_s=SLOW_S[0], end_s=SLOW_S[1], kind="slow", factor=SLOW_FACTOR)
    outage = Disturbance(start_s=OUTAGE_S[0], end_s=OUTAGE_S[1], kind="refuse")
    endpoint = Endpoint(
        name="model", workers=WORKERS, time=Exponential(mean_s=SERVICE_S), queue=20, disturbances=(slow, outage)
    )
    service = LlmService([endpoint], seed=SEED)
    retry = Retry(attempts=3, attempt_timeout_s=5.0, deadline_s=60.0)
    pipeline = Pipeline(Resilience(levels=(Level(name="primary", model="model", retry=retry),)))
    driver = service.driver()
    seen = open_loop(
        service.clock,
        lambda: driver.run(pipeline.ask("Is 7 prime?")),
        rate_per_s=CALLS_PER_S,
        until_s=HOUR_S,
        seed=SEED,
    )
    service.clock.run()
    return seen


def watched(
    seen: list[CallRecord],
) -> tuple[Monitor, list[tuple[float, Alert]], list[tuple[float, dict[str, float | None]]]]:
    """Show the calls to a monitor as they end; return it with its alerts and what its windows showed."""
    monitor = Monitor()
    alerts: list[tuple[float, Alert]] = []
    history: list[tuple[float, dict[str, float | None]]] = []
    for each in seen:
        raised = monitor.record(each.answered, latency_s=each.latency_s, retries=max(0, each.result.attempts - 1))
        alerts += [(each.end_s, alert) for alert in raised]
        history.append((each.end_s, monitor.metrics))
    return monitor, alerts, history


if __name__ == "__main__":
    main()
