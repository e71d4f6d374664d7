"""One run in words."""

from __future__ import annotations

from bft.simulation.run import Run
from bft.simulation.run_words import address_words, fact_words, fault_words, outcome_words


def title_of(run: Run) -> str:
    """Return what was run and how it ended, in one line."""
    return f"{address_words(run)}: {outcome_words(run)}"


def readable(run: Run) -> str:
    """Return what happened, for reading."""
    metrics, facts = run.metrics, fact_words(run)
    lines = {
        "outcome": outcome_words(run),
        **{
            name: facts[name]
            for name in ("system", "requests", "changes", "decided at", "latency", "views", "messages")
        },
        "faults": "none",
        "broken": facts["broken"] or "nothing",
        "seed": f"{run.seed}, replication {run.replication}",
        "trace": facts["trace"],
    }
    if not run.changes:
        del lines["changes"]
    if metrics.network is not None:
        lines["network"] = f"{metrics.network}\n{'':12}{_connectivity(run)}"
    if run.faults:
        told = [f"node {node}: {did['behaviour']} ({fault_words(did)})" for node, did in run.faults.items()]
        lines["faults"] = f"\n{'':12}".join(told)
    if run.balances:
        states = len(set(run.balances.values()))
        lines["accounts"] = "equal at all nodes" if states == 1 else f"{states} different states"
    text = "\n".join(f"{name:<11} {value}" for name, value in lines.items())
    return text if run.operations is None else f"{text}\n\n{run.operations.to_text()}"


def _connectivity(run: Run) -> str:
    """Return how many faulty relays the links survive."""
    scenario = run.scenario
    way = scenario.network.way(scenario.n)
    links = scenario.network.connectivity(scenario.n, scenario.system.tolerated)
    return links.sentence(signed=way is None or way.signed)
