"""How many times faster is the vectorised engine than the SimPy engine? Replications per CPU-second of both.

Outcomes and times of decisions are found by both, from the same random streams; every row first compares some of them.
The engines take turns, so that other work on the machine meets both, and the best of several turns counts. The δ of the
rows are those at which a run may take many views (`silent_primary`), stall (`crash`), or both (`lie`); the last rows
are other laws of delays. Peak memory is that of the process, after all rows.

Takes about five minutes; sizes may be named.

    python benchmarks/engines.py
    python benchmarks/engines.py 10 31
"""

from __future__ import annotations

import resource
import sys
from math import isnan
from time import process_time

import bft
from bft.vectorised import NEEDS_EVENTS, VectorisedSimulator

SIZES = (4, 10, 31, 100)
DELTAS = (0.0, 0.1, 0.2, 0.3)
BEHAVIOURS = ("crash", "withhold", "silent_primary", "lie", "collude")
LAWS = ("constant", "uniform", "normal", "exponential")
TURNS = 3
DELIVERIES, ELEMENTS = 60_000, 1 << 23  # about as much work for each engine as a turn takes
COMPARED = 5


def measured(scenario: bft.Scenario) -> tuple[float, float, float]:
    """Return replications per CPU-second of the event engine and the vectorised one, and the share handed back."""
    events, vectorised = bft.Simulator(scenario, seed=1), VectorisedSimulator(scenario, seed=1)
    batch = vectorised.run(range(COMPARED))
    for replication in range(COMPARED):
        run, time_s = events.run(replication), float(batch.decided_at_s[replication])
        if batch.code[replication] != NEEDS_EVENTS:
            assert batch.outcome(replication) is run.outcome
            assert (None if isnan(time_s) else time_s) == run.metrics.decided_at_s
    runs, many = max(10, DELIVERIES // (2 * scenario.n**2)), max(64, ELEMENTS // (4 * scenario.n**2))
    slow_s, fast_s, handed_back = [], [], 0
    for turn in range(TURNS):
        started_s = process_time()
        for replication in range(turn * runs, (turn + 1) * runs):
            events.run(replication)
        slow_s.append((process_time() - started_s) / runs)
        started_s = process_time()
        handed_back += len(vectorised.run(range(turn * many, (turn + 1) * many)).needs_events)
        fast_s.append((process_time() - started_s) / many)
    return 1.0 / min(slow_s), 1.0 / min(fast_s), handed_back / (TURNS * many)


def main() -> None:
    """Print the table."""
    sizes = tuple(int(text) for text in sys.argv[1:]) or SIZES
    print("   n    δ behaviour       law              SimPy  vectorised  times  handed back")
    for n in sizes:
        cases = [("crash", 0.0, "lognormal")]
        cases += [(behaviour, delta, "lognormal") for behaviour in BEHAVIOURS for delta in DELTAS[1:]]
        cases += [("crash", delta, law) for law in LAWS for delta in (0.0, 0.1)]
        for behaviour, delta, law in cases:
            faults = bft.Faults(delta=delta, behaviour=behaviour)
            slow, fast, share = measured(bft.Scenario(n=n, faults=faults, network={"delay": law}))
            rates = f"{slow:>9,.0f} {fast:>11,.0f} {fast / slow:>6,.0f} {share:>12.2%}"
            print(f"{n:>4} {delta:>4} {behaviour:<15} {law:<12} {rates}", flush=True)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak memory: {peak_mb:,.0f} MB")


if __name__ == "__main__":
    main()
