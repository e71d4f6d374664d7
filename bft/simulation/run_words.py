"""A finished run in words, for the terminal and for pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bft.simulation.client_latency import latency_words
from bft.simulation.run import Run


def address_words(run: Run) -> str:
    """Return which run it was."""
    return f"n = {run.scenario.n}, seed {run.seed}, replication {run.replication}"


def outcome_words(run: Run) -> str:
    """Return how it ended."""
    return run.outcome.value.replace("_", ", ")


def fact_words(run: Run) -> dict[str, str]:
    """Return what there is to know of every run, by name."""
    metrics = run.metrics
    sent, delivered, lost = metrics.messages_sent, metrics.messages_delivered, metrics.messages_lost
    return {
        "system": system_words(run),
        "requests": str(run.requests),
        "changes": "; ".join(map(str, run.changes)),
        "decided at": "never" if metrics.decided_at_s is None else f"{metrics.decided_at_s:.3f} s",
        "latency": latency_words(run.latencies(), run.requests.asked),
        "views": str(metrics.views),
        "messages": f"{sent} sent, {delivered} delivered, {lost} lost",
        "broken": "; ".join(f"{each.invariant} at {each.time_s:.3f} s: {each.detail}" for each in run.breaches),
        "trace": f"{len(run.trace)} events, sha256 {run.trace_hash}",
    }


def system_words(run: Run) -> str:
    """Return how many nodes there are, who of them are members at the end, and their quorum."""
    system, n = run.system, run.scenario.n
    quorum = f"quorum {system.quorum} of {system.total}, tolerates {system.tolerated}"
    if run.scenario.membership is None:
        return f"n = {n}, {quorum}"
    named = ", ".join(map(str, run.members))
    epochs = "" if len(run.memberships) == 1 else f", in epoch {len(run.memberships) - 1}"
    return f"members {named} of n = {n} nodes{epochs}; {quorum}"


def fault_words(told: Mapping[str, Any]) -> str:
    """Return what a faulty node did."""
    did = ", ".join(f"{what} {times}" for what, times in told.items() if what != "behaviour")
    return did or "had no occasion"
