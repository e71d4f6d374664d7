"""How fast is the SimPy engine? Delivered messages per CPU-second and peak memory, by number of nodes.

Prints one table. Every row is measured in a process of its own, so that its peak memory is its own; `decisions` runs
of one decision each, monitors on, set-up of the run included. Takes about a minute.

    python benchmarks/deliveries.py
"""

from __future__ import annotations

import platform
import resource
import subprocess
import sys
from time import process_time

SIZES = (4, 7, 16, 32, 64, 128, 256, 512)
DELIVERIES_WANTED = 400_000
REPEATS = 3


def measure(n: int) -> tuple[int, float, float, float]:
    """Return decisions, deliveries per CPU-second (best of three), CPU-seconds per decision, and peak memory in MB."""
    import bft

    simulator = bft.Simulator(bft.Scenario(n=n), seed=1)
    simulator.run(0)
    decisions = max(1, DELIVERIES_WANTED // (2 * n * (n - 1)))
    best = float("inf")
    for repeat in range(REPEATS):
        started_s = process_time()
        delivered = 0
        for replication in range(decisions):
            run = simulator.run(1 + repeat * decisions + replication)
            assert run.outcome.agreed
            delivered += run.metrics.messages_delivered
        best = min(best, process_time() - started_s)
        assert delivered == decisions * 2 * n * (n - 1)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return decisions, decisions * 2 * n * (n - 1) / best, best / decisions, peak_mb


def main() -> None:
    """Measure every size in its own process and print the table."""
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}, one process")
    print(f"{'n':>5} {'messages':>9} {'delivered / CPU-s':>18} {'CPU-s / decision':>17} {'peak MB':>8}")
    for n in SIZES:
        program = f"import benchmarks.deliveries as b; print(*b.measure({n}))"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        _, rate, each_s, peak_mb = (float(value) for value in done.stdout.split())
        print(f"{n:>5} {2 * n * (n - 1):>9,} {rate:>18,.0f} {each_s:>17.4f} {peak_mb:>8.0f}")


if __name__ == "__main__":
    main()
