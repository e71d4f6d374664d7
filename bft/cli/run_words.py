"""One run in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bft.simulation.run import Run


def title_of(run: Run) -> str:
    """Return what was run and how it ended, in one line."""
    outcome = run.outcome.value.replace("_", ", ")
    return f"n = {run.scenario.n}, seed {run.seed}, replication {run.replication}: {outcome}"


def readable(run: Run) -> str:
    """Return what happened, for reading."""
    metrics, system = run.metrics, run.scenario.system
    lines = {
        "outcome": run.outcome.value.replace("_", ", "),
        "system": f"n = {run.scenario.n}, quorum {system.quorum} of {system.total}, tolerates {system.tolerated}",
        "decided at": "never" if metrics.decided_at_s is None else f"{metrics.decided_at_s:.3f} s",
        "views": str(metrics.views),
        "messages": (
            f"{metrics.messages_sent} sent, {metrics.messages_delivered} delivered, {metrics.messages_lost} lost"
        ),
        "faults": "none",
        "broken": "; ".join(f"{each.invariant} at {each.time_s:.3f} s: {each.detail}" for each in run.breaches)
        or "nothing",
        "seed": f"{run.seed}, replication {run.replication}",
        "trace": f"{len(run.trace)} events, sha256 {run.trace_hash}",
    }
    if metrics.network is not None:
        lines["network"] = f"{metrics.network}\n{'':12}{_connectivity(run)}"
    if run.faults:
        lines["faults"] = f"\n{'':12}".join(f"node {node}: {_told(told)}" for node, told in run.faults.items())
    if run.balances:
        states = len(set(run.balances.values()))
        lines["accounts"] = "equal at all nodes" if states == 1 else f"{states} different states"
    told = "\n".join(f"{name:<11} {value}" for name, value in lines.items())
    return told if run.operations is None else f"{told}\n\n{run.operations.to_text()}"


def _connectivity(run: Run) -> str:
    """Return how many faulty relays the links survive."""
    scenario = run.scenario
    way = scenario.network.way(scenario.n)
    links = scenario.network.connectivity(scenario.n, scenario.system.tolerated)
    return links.sentence(signed=way is None or way.signed)


def _told(told: Mapping[str, Any]) -> str:
    did = ", ".join(f"{what} {times}" for what, times in told.items() if what != "behaviour")
    return f"{told['behaviour']} ({did or 'had no occasion'})"
