"""What are three months in the life of a seven-node panel like?

Seven nodes order one request a minute, deposits and withdrawals, by PBFT with checkpoints. Their machines fail every
two days on average, in five ways, are noticed by φ accrual on their heartbeats, diagnosed rightly nine times in ten,
and repaired by the adaptive policy; the state is backed up hourly. Validators are two models of two providers, each
with an outage of a quarter of an hour about once a week, behind retries, a breaker and fallback. All calls are
monitored.

Expected: nearly every machine outage is over in half a minute, so a node is up for more than 99.98 % of the time and a
quorum, five of seven, practically always; who was down catches up, and all seven nodes end with the same balances. A
provider's outage is bridged by the other's model: more than 99.9 % of the calls are answered, at the price of a
degraded window, and so of alerts, in each outage. The queues stay empty: eight workers for seven calls a minute.

Run time: about two minutes on one core, in bounded memory.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

import resource
import sys
from collections import Counter
from pathlib import Path

import bft
from bft.experiments.tables import align
from bft.operations.intervals import mean_estimate, share_estimate
from bft.plotting.operations import Stretch, timeline
from bft.plotting.style import save
from bft.simulation.run import Run

N = 7
DAY_S = 86_400.0
DAYS = 90.0
REQUESTS_PER_S = 1.0 / 60.0
CLIENTS = 60  # each asks once an hour
LAST_S = 3_600.0  # after the last request, so that everybody can catch up
MACHINE = {
    "up": {"mean_s": 2 * DAY_S},
    "mix": {"crash": 0.5, "hang": 0.2, "leak": 0.15, "corruption": 0.1, "host": 0.05},
    "detector": {"kind": "phi_accrual"},
    "accuracy": 0.9,
    "snapshots": {"interval_s": 3_600.0},
}
OUTAGES = {"up": {"mean_s": 7 * DAY_S}, "down": {"mean_s": 900.0}}
SERVICE = {
    "preset": "test",  # retries, breaker, fallback
    "endpoints": {
        "large": {
            "workers": 8,
            "time": {"law": "lognormal", "median_s": 1.5, "log_sd": 0.5},
            "p_error": 0.02,
            "provider": "one",
        },
        "small": {
            "workers": 8,
            "time": {"law": "lognormal", "median_s": 0.8, "log_sd": 0.4},
            "p_error": 0.02,
            "provider": "other",
        },
    },
    "providers": {"one": OUTAGES, "other": OUTAGES},
}
SEED = 1
OUT = Path("out/three_months")


def scenario(days: float) -> bft.Scenario:
    """Return the panel, for so many days."""
    count = max(1, round(days * DAY_S * REQUESTS_PER_S))
    return bft.Scenario(
        n=N,
        requests=bft.Requests(
            count=count, rate_per_s=REQUESTS_PER_S, clients=min(CLIENTS, count), operations="account"
        ),
        machine=MACHINE,
        service=SERVICE,
        # a view must outlast a call with its retries
        pbft={"checkpoint_interval": 64, "window": 256, "view_timeout_s": 60.0},
        retransmit_s=20.0,
        horizon_s=days * DAY_S * 1.05 + LAST_S,  # arrivals are random: the last may come a little later
    )


def main(days: float = DAYS, out: Path = OUT) -> Run:
    """Run, print the report, draw the figure; return the run."""
    run = bft.Simulator(scenario(days), SEED, keep="summary").run()
    print(table(run))
    assert run.operations is not None
    print(run.operations.to_text())
    out.mkdir(parents=True, exist_ok=True)
    save(timeline(stretches(run), alerts=alerts(run), end_days=run.scenario.end_s / DAY_S), out, "three_months")
    return run


def table(run: Run) -> str:
    """Return what clients saw, and what the run cost."""
    answered, asked = len(run.metrics.client_latency_s), run.scenario.requests.count
    share = share_estimate(answered, asked)
    latency = mean_estimate(run.metrics.client_latency_s)
    outcomes = Counter(outcome.value for outcome in run.outcomes)
    states = len(set(run.balances.values()))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return align(
        [
            ["what", "value"],
            ["requests answered", f"{share.value:.5f} ({share.low:.5f}–{share.high:.5f}) of {asked}"],
            ["seconds to an answer", f"{latency.value:.2f} ± {latency.high - latency.value:.2f}"],
            ["outcomes", ", ".join(f"{name} {count}" for name, count in sorted(outcomes.items()))],
            ["invariants broken", ", ".join(sorted({each.invariant for each in run.breaches})) or "none"],
            ["views", str(run.metrics.views)],
            ["balances", "equal at all nodes" if states == 1 else f"{states} different states"],
            ["messages", f"{run.metrics.messages_delivered} delivered, {run.metrics.messages_lost} lost"],
            ["CPU seconds, peak MB", f"{run.cpu_s:.1f}, {peak_mb:.0f}"],
        ]
    )


def stretches(run: Run) -> list[Stretch]:
    """Return when each node was down, in days."""
    down_at_s: dict[int, float] = {}
    found = []
    for time_s, node, event in run.trace:
        kind = type(event).__name__
        if kind == "Failed":
            down_at_s.setdefault(node, time_s)
        elif kind == "Repaired":
            found.append(Stretch(node, down_at_s.pop(node) / DAY_S, time_s / DAY_S))
    return found


def alerts(run: Run) -> list[tuple[float, int]]:
    """Return the days of all alerts, with the node that raised them."""
    assert run.operations is not None
    assert run.operations.service is not None
    return [(at_s / DAY_S, node) for at_s, node, alert in run.operations.service.alerts if alert.level > alert.before]


if __name__ == "__main__":
    main()
