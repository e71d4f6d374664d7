"""`bft run`: one replication."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bft
from bft.cli.scenario_words import scenario_of
from bft.errors import BftError, ScenarioError, bad_value
from bft.experiments.blocks import broken_promise
from bft.simulation.run import Run


def run_command(arguments: Namespace) -> int:
    """Run, print, and write the trace; return 1 if an invariant broke that the protocol guarantees."""
    scenario = scenario_of(arguments.scenario, arguments.settings)
    if arguments.replication < 0:
        raise ScenarioError(bad_value("replication", arguments.replication, "must be a whole number, 0 or more"))
    trace = None if arguments.trace is None else _writable(Path(arguments.trace))
    run = bft.simulate(scenario, arguments.seed, replication=arguments.replication, check=arguments.check)
    result = {**run.to_json(), "scenario": scenario.to_dict(), "version": bft.__version__}
    if trace is not None:
        trace.write_text(json.dumps({**result, "trace": run.trace.to_json()}, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2) if arguments.json else readable(run))
    return int(broken_promise(run))


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
    if run.faults:
        lines["faults"] = f"\n{'':12}".join(f"node {node}: {_told(told)}" for node, told in run.faults.items())
    return "\n".join(f"{name:<11} {value}" for name, value in lines.items())


def _told(told: Mapping[str, Any]) -> str:
    did = ", ".join(f"{what} {times}" for what, times in told.items() if what != "behaviour")
    return f"{told['behaviour']} ({did or 'had no occasion'})"


def _writable(file: Path) -> Path:
    """Refuse a file that cannot be written, before anything runs."""
    try:
        with file.open("a", encoding="utf-8"):
            return file
    except OSError as error:
        raise BftError(f"trace = {str(file)!r}: must be a file that can be written: {error.strerror}") from None
