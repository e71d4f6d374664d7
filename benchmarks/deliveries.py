"""How fast is the SimPy engine? Delivered messages per CPU-second and peak memory, by number of nodes.

Each row is measured in a process of its own, so that its peak memory is its own; invariants S1 to S3 are watched in
every run. Prints three tables:

1. Runs of one decision each. What a sweep pays for a replication is included: drawing the random numbers, making links,
   host and replicas, the run itself, trace, outcome and metrics. Importing and building the `Simulator` is not.
2. Runs of a thousand requests each, at 2 a second: the same, with the set-up spread over a thousand decisions and a
   checkpoint every sixteen.
3. Runs that stall, one node more than f being down: timers, view changes and retransmission until the last view.

Takes about two minutes.

    python benchmarks/deliveries.py
    python benchmarks/deliveries.py --sizes 4 7
"""

from __future__ import annotations

import argparse
import platform
import resource
import subprocess
import sys
from time import process_time

SIZES = (4, 7, 10, 16, 31, 64, 128, 256, 512, 1000)
STREAM_SIZES = (4, 7, 16)
STALLED_SIZES = (4, 7, 16)
DELIVERIES_WANTED = 300_000
REPEATS = 3


def scenario(kind: str, n: int) -> object:
    """Return what is run: "decision", "stream" or "stalled"."""
    import bft

    if kind == "stream":
        return bft.Scenario(n=n, requests=bft.Requests(count=1000, rate_per_s=2.0))
    if kind == "stalled":
        down = tuple(range(n - bft.Scenario(n=n).system.live_up_to - 1, n))
        return bft.Scenario(n=n, faults=bft.Faults(nodes=down))
    return bft.Scenario(n=n)


def measure(kind: str, n: int) -> tuple[float, float, float, float]:
    """Return deliveries a run, deliveries per CPU-second and CPU-seconds a run (best of three), and peak MB."""
    import bft

    simulator = bft.Simulator(scenario(kind, n), seed=1)  # type: ignore[arg-type]
    expected = "stalled" if kind == "stalled" else "agreed_correct"
    first = simulator.run(0).metrics.messages_delivered
    runs = max(1, DELIVERIES_WANTED // first)
    best = (0.0, 0.0, 0.0)
    for repeat in range(REPEATS if n < 1000 else 1):
        started_s = process_time()
        delivered = 0
        for replication in range(runs):
            run = simulator.run(1 + repeat * runs + replication)
            assert run.outcome.value == expected
            delivered += run.metrics.messages_delivered
        took_s = process_time() - started_s
        best = max(best, (delivered / took_s, delivered / runs, took_s / runs))
    if kind == "decision":
        assert best[1] == 2 * n * (n - 1)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return best[1], best[0], best[2], peak_mb


def table(kind: str, title: str, sizes: tuple[int, ...]) -> None:
    """Measure every size in its own process and print a table."""
    print(f"\n{title}\n{'n':>5} {'messages':>10} {'delivered / CPU-s':>18} {'CPU-s / run':>12} {'peak MB':>8}")
    for n in sizes:
        program = f"import benchmarks.deliveries as b; print(*b.measure({kind!r}, {n}))"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        messages, rate, each_s, peak_mb = (float(value) for value in done.stdout.split())
        print(f"{n:>5} {messages:>10,.0f} {rate:>18,.0f} {each_s:>12.5f} {peak_mb:>8.0f}", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Measures the event engine: deliveries per CPU-second, memory.")
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, metavar="N", help="nodes of single decisions")
    sizes: tuple[int, ...] = tuple(parser.parse_args().sizes)
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}, one process")
    table("decision", "one decision a run", sizes)
    table("stream", "a thousand requests a run", STREAM_SIZES)
    table("stalled", "one node more than f down", STALLED_SIZES)


if __name__ == "__main__":
    main()
