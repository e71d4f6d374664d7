"""How fast is the event engine, beside another checkout's? CPU time of the same runs in both, in pairs.

Give the other checkout's folder, the partner (for instance one made with `git worktree add`). Each of the two runs in a
process of its own, new for every row, with the same interpreter, and runs the same replications of the same scenario,
each forgotten before the next; the two take turns, so that other work on the machine meets both, and who goes first
changes with every turn. To keep both on one core, start it with `taskset -c 0`.

Per scenario it prints the CPU milliseconds of a run in both (the median of the turns); the median, the least and the
greatest of the turns' speeds, which is how many times the partner's speed this checkout has (partner's CPU time by this
one's); and this one's peak memory by the partner's. The column "same" says whether outcomes, times of decisions,
messages sent and delivered, and hashes of traces were the same in both; "ends" whether outcomes and times were.

    python benchmarks/engine_pairs.py ../partner
    python benchmarks/engine_pairs.py ../partner --rows "decision 4" "stalled 31" --turns 31
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from partner import in_turns

TURNS = 15
DAY_S = 86_400.0


class Row(NamedTuple):
    """A scenario, how many replications of it make a turn of about a tenth of a second, and what a run keeps.

    `pbft` are the timers and windows of PBFT, which stand in a table of their own or, in older checkouts, in none.
    """

    scenario: Mapping[str, Any]
    runs: int
    keep: str = "all"
    pbft: Mapping[str, Any] = {}


def stalled(n: int) -> Mapping[str, Any]:
    """Return a scenario in which f + 1 nodes never vote, so that all views are used in vain."""
    return {"n": n, "faults": {"nodes": list(range(n))[-((n - 1) // 3) - 1 :], "behaviour": "withhold"}}


def lossy(n: int) -> Mapping[str, Any]:
    """Return a scenario in which every tenth message is lost, so that nearly every request needs retransmission."""
    return {"n": n, "requests": {"count": 10, "rate_per_s": 0.1}, "network": {"loss": 0.1}}


def stream(n: int) -> Mapping[str, Any]:
    """Return a scenario of a thousand requests."""
    return {"n": n, "requests": {"count": 1000, "rate_per_s": 20.0}}


def panel(days: float) -> Mapping[str, Any]:
    """Return the panel of `simulations/three_months.py`, for so many days."""
    outages = {"up": {"mean_s": 7 * DAY_S}, "down": {"mean_s": 900.0}}

    def model(workers: int, median_s: float, log_sd: float, provider: str) -> Mapping[str, Any]:
        time = {"law": "lognormal", "median_s": median_s, "log_sd": log_sd}
        return {"workers": workers, "time": time, "p_error": 0.02, "provider": provider}

    return {
        "n": 7,
        "requests": {
            "count": round(days * 1440),
            "rate_per_s": 1.0 / 60.0,
            "clients": min(60, round(days * 1440)),
            "operations": "account",
        },
        "machine": {
            "up": {"mean_s": 2 * DAY_S},
            "mix": {"crash": 0.5, "hang": 0.2, "leak": 0.15, "corruption": 0.1, "host": 0.05},
            "detector": {"kind": "phi_accrual"},
            "accuracy": 0.9,
            "snapshots": {"interval_s": 3600.0},
        },
        "service": {
            "preset": "test",
            "endpoints": {"large": model(8, 1.5, 0.5, "one"), "small": model(8, 0.8, 0.4, "other")},
            "providers": {"one": outages, "other": outages},
        },
        "retransmit_s": 20.0,
        "horizon_s": days * DAY_S + 3600.0,
    }


PANEL = {"checkpoint_interval": 64, "window": 256, "view_timeout_s": 60.0}
ROWS: Mapping[str, Row] = {
    "decision 4": Row({"n": 4}, 300),
    "decision 7": Row({"n": 7}, 150),
    "decision 10": Row({"n": 10}, 100),
    "decision 13": Row({"n": 13}, 60),
    "decision 16": Row({"n": 16}, 40),
    "decision 31": Row({"n": 31}, 15),
    "decision 64": Row({"n": 64}, 4),
    "decision 128": Row({"n": 128}, 1),
    **{f"stream {n}": Row(stream(n), 1) for n in (4, 7, 10, 13)},
    "stalled 4": Row(stalled(4), 40),
    "stalled 7": Row(stalled(7), 15),
    "stalled 10": Row(stalled(10), 8),
    "stalled 13": Row(stalled(13), 4),
    "stalled 16": Row(stalled(16), 3),
    "stalled 31": Row(stalled(31), 1),
    "lossy 4": Row(lossy(4), 20),
    "lossy 7": Row(lossy(7), 10),
    "lossy 10": Row(lossy(10), 6),
    "lossy 13": Row(lossy(13), 3),
    "panel, a day": Row(panel(1.0), 1, "summary", PANEL),
    "panel, 90 days": Row(panel(90.0), 1, "summary", PANEL),
}
SHORT = tuple(name for name in ROWS if name != "panel, 90 days")
"""The rows that are measured where none is named: the last takes minutes a turn."""

CHILD = """
import json, resource, sys
from time import process_time
sys.path.insert(0, sys.argv[1])
import bft
scenario, keep, pbft = json.loads(sys.argv[2])
flat = "view_timeout_s" in bft.Scenario.model_fields
scenario = {**scenario, **pbft} if flat or not pbft else {**scenario, "pbft": pbft}
simulator = bft.Simulator(bft.Scenario(**scenario), 7, keep=keep)
for line in sys.stdin:
    first, end = json.loads(line)
    cpu_s, ends, told = 0.0, [], []
    for replication in range(first, end):
        started_s = process_time()
        run = simulator.run(replication)
        cpu_s += process_time() - started_s
        ends.append([run.outcome.value, run.metrics.decided_at_s, run.metrics.last_decided_at_s])
        told.append([run.metrics.messages_delivered, run.metrics.messages_sent, run.trace_hash])
        started_s = process_time()
        del run
        cpu_s += process_time() - started_s
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([cpu_s, ends, told, peak_kb]), flush=True)
"""


class Turn(NamedTuple):
    """CPU time of some runs, how each ended and when, its messages with the trace's hash, and peak memory."""

    cpu_s: float
    ends: list[list[Any]]
    told: list[list[Any]]
    peak_kb: int


def measured(partner: Path, row: Row, turns: int) -> tuple[list[Turn], list[Turn]]:
    """Let both run the same replications in turns."""
    scenario = json.dumps([row.scenario, row.keep, row.pbft])
    ours, theirs = in_turns(
        partner, CHILD, scenario, turns=turns, ask=lambda turn: [turn * row.runs, (turn + 1) * row.runs]
    )
    return [Turn(*each) for each in ours], [Turn(*each) for each in theirs]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Compares the event engine with another checkout's.")
    parser.add_argument("partner", type=Path, help="folder of the other checkout")
    parser.add_argument("--rows", nargs="+", default=SHORT, choices=list(ROWS), metavar="ROW")
    parser.add_argument("--turns", type=int, default=TURNS)
    arguments = parser.parse_args()
    partner = arguments.partner.resolve()
    if not (partner / "bft" / "simulation" / "simulate.py").is_file():
        parser.error(f"{partner} is no checkout: it has no bft/simulation/simulate.py")
    print("scenario         here ms  partner ms   speed   least  greatest  memory  ends  same")
    for name in arguments.rows:
        row = ROWS[name]
        ours, theirs = measured(partner, row, arguments.turns)
        speeds = [there.cpu_s / here.cpu_s for here, there in zip(ours, theirs, strict=True)]
        here_ms, there_ms = (1000.0 * median(turn.cpu_s for turn in each) / row.runs for each in (ours, theirs))
        ends = all(here.ends == there.ends for here, there in zip(ours, theirs, strict=True))
        same = ends and all(here.told == there.told for here, there in zip(ours, theirs, strict=True))
        print(
            f"{name:<14} {here_ms:>9.3f} {there_ms:>11.3f} {median(speeds):>7.3f} {min(speeds):>7.3f}"
            f" {max(speeds):>9.3f} {ours[-1].peak_kb / theirs[-1].peak_kb:>7.3f}"
            f"  {'yes' if ends else 'no':<4}  {'yes' if same else 'no'}",
            flush=True,
        )


if __name__ == "__main__":
    main()
