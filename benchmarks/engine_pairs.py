"""How fast is the event engine, beside another checkout's? CPU time of the same runs in both, in pairs.

Give the other checkout's folder, the partner (for instance one made with `git worktree add`). Each of the two runs in a
process of its own, new for every row, with the same interpreter, and runs the same replications of the same scenario;
the two take turns, so that other work on the machine meets both, and who goes first changes with every turn. The column
"same" says whether outcomes, times of decisions and delivered messages were the same in both; "ends" whether outcomes
and times were.

Per scenario it prints the CPU milliseconds of a run in both (the median of the turns), and the median, the least and
the greatest of the turns' ratios: how many times the partner's CPU time this checkout needs.

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


class Row(NamedTuple):
    """A scenario, and how many replications of it make a turn of about a tenth of a second."""

    scenario: Mapping[str, Any]
    runs: int


def stalled(n: int) -> Mapping[str, Any]:
    """Return a scenario in which f + 1 nodes never vote, so that all views are used in vain."""
    return {"n": n, "faults": {"nodes": list(range(n))[-((n - 1) // 3) - 1 :], "behaviour": "withhold"}}


ROWS: Mapping[str, Row] = {
    "decision 4": Row({"n": 4}, 200),
    "decision 16": Row({"n": 16}, 20),
    "decision 64": Row({"n": 64}, 2),
    "stream 4": Row({"n": 4, "requests": {"count": 200, "rate_per_s": 20.0}}, 2),
    "stream 7": Row({"n": 7, "requests": {"count": 200, "rate_per_s": 20.0}}, 1),
    "stalled 4": Row(stalled(4), 40),
    "stalled 7": Row(stalled(7), 15),
    "stalled 16": Row(stalled(16), 3),
    "stalled 31": Row(stalled(31), 1),
}

CHILD = """
import json, sys
from time import process_time
sys.path.insert(0, sys.argv[1])
import bft
simulator = bft.Simulator(bft.Scenario(**json.loads(sys.argv[2])), 7)
for line in sys.stdin:
    first, end = json.loads(line)
    started_s = process_time()
    runs = [simulator.run(replication) for replication in range(first, end)]
    cpu_s = process_time() - started_s
    ends = [[run.outcome.value, run.metrics.decided_at_s, run.metrics.last_decided_at_s] for run in runs]
    print(json.dumps([cpu_s, ends, [run.metrics.messages_delivered for run in runs]]), flush=True)
"""


class Turn(NamedTuple):
    """CPU time of some runs, how each ended and when, and the messages that were delivered."""

    cpu_s: float
    ends: list[list[Any]]
    delivered: list[int]


def measured(partner: Path, row: Row, turns: int) -> tuple[list[Turn], list[Turn]]:
    """Let both run the same replications in turns."""
    scenario = json.dumps(row.scenario)
    ours, theirs = in_turns(
        partner, CHILD, scenario, turns=turns, ask=lambda turn: [turn * row.runs, (turn + 1) * row.runs]
    )
    return [Turn(*each) for each in ours], [Turn(*each) for each in theirs]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Compares the event engine with another checkout's.")
    parser.add_argument("partner", type=Path, help="folder of the other checkout")
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS), metavar="ROW")
    parser.add_argument("--turns", type=int, default=TURNS)
    arguments = parser.parse_args()
    partner = arguments.partner.resolve()
    if not (partner / "bft" / "simulation" / "simulate.py").is_file():
        parser.error(f"{partner} is no checkout: it has no bft/simulation/simulate.py")
    print("scenario         here ms  partner ms   ratio   least  greatest  ends  same")
    for name in arguments.rows:
        row = ROWS[name]
        ours, theirs = measured(partner, row, arguments.turns)
        ratios = [here.cpu_s / there.cpu_s for here, there in zip(ours, theirs, strict=True)]
        here_ms, there_ms = (1000.0 * median(turn.cpu_s for turn in each) / row.runs for each in (ours, theirs))
        ends = all(here.ends == there.ends for here, there in zip(ours, theirs, strict=True))
        same = ends and all(here.delivered == there.delivered for here, there in zip(ours, theirs, strict=True))
        print(
            f"{name:<14} {here_ms:>9.3f} {there_ms:>11.3f} {median(ratios):>7.3f} {min(ratios):>7.3f}"
            f" {max(ratios):>9.3f}  {'yes' if ends else 'no':<4}  {'yes' if same else 'no'}",
            flush=True,
        )


if __name__ == "__main__":
    main()
